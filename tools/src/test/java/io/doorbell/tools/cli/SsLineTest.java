package io.doorbell.tools.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.doorbell.counters.ConnectionField;
import io.doorbell.counters.ConnectionFlag;
import io.doorbell.counters.InspectionBlock;
import io.doorbell.run.PublishedFile;
import io.doorbell.tcp.TcpState;
import io.doorbell.tools.inspect.StackFile;
import io.doorbell.tools.inspect.WaitingRow;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The line of {@code ss}, to the character. */
class SsLineTest {
    @TempDir
    private Path parent;

    private String line(boolean all) throws IOException {
        try (PublishedFile published = PublishedFile.open(parent.resolve("stacks"), 1, 0)) {
            InspectionBlock block = published.block();
            long row = block.beginRow(0);
            for (ConnectionField field : ConnectionField.values()) {
                block.set(row, field, all ? field.ordinal() + 1 : 0);
            }
            block.set(row, ConnectionField.ID, 12);
            block.set(row, ConnectionField.LOCAL_ADDRESS, 0x0a00_0002L);
            block.set(row, ConnectionField.REMOTE_ADDRESS, 0xc0a8_00ffL);
            block.set(row, ConnectionField.STATE, (all ? TcpState.ESTABLISHED : TcpState.SYN_SENT).ordinal());
            block.set(row, ConnectionField.FLAGS, all ? ConnectionFlag.TIMESTAMPS.bit(true) | ConnectionFlag.SACK.bit(true)
                    | ConnectionFlag.ECN.bit(true) | ConnectionFlag.WINDOW_SCALING.bit(true) : 0);
            block.set(row, ConnectionField.LIMIT, 0);
            block.set(row, ConnectionField.CONGESTION_ALGORITHM, 0);
            block.set(row, ConnectionField.SND_MSS, all ? 1448 : 0);
            block.set(row, ConnectionField.CWND, 14_480);
            block.set(row, ConnectionField.SSTHRESH, all ? 28_960 : Integer.MAX_VALUE);
            block.set(row, ConnectionField.SND_UNA, 1001);
            block.set(row, ConnectionField.ISS, 0xffff_ffffL);
            block.set(row, ConnectionField.SRTT_NANOS, 12_345_600);
            block.set(row, ConnectionField.RTO_NANOS, -1_500);
            block.endRow(row);
            block.rowsUsed(1);
            try (StackFile file = StackFile.open(published.path())) {
                AsciiText text = new AsciiText(1);
                file.forEachConnection(each -> SsLine.add(text, each));
                return text.toString();
            }
        }
    }

    @Test
    void aLineWithEverything() throws IOException {
        assertEquals("ESTAB       28      37      10.0.0.2:4            192.168.0.255:5       id:12 ts sack ecn cubic"
                + " wscale:21,27 rto:-0.001 rtt:12.346/0.000 mss:1448 cwnd:10 ssthresh:20 bytes_acked:1001"
                + " bytes_received:0 inflight:34 backoff:44 retrans:45 lost:35 sacked:36 rcv_ooo:29 snd_wnd:15"
                + " rcv_wnd:24 minrtt:0.000 limited:state\n", line(true));
    }

    @Test
    void aLineWithLittle() throws IOException {
        assertEquals("SYN-SENT    0       0       10.0.0.2:0            192.168.0.255:0       id:12 cubic rto:-0.001"
                + " rtt:12.346/0.000 mss:0 cwnd:0 bytes_acked:1001 bytes_received:0 snd_wnd:0 rcv_wnd:0 minrtt:0.000"
                + " limited:state\n", line(false));
    }

    @Test
    void aConnectionWithoutARowTellsWhatItWaitsFor() {
        AsciiText text = new AsciiText(1);
        SsLine.add(text, new WaitingRow("TIME-WAIT", 0x0a00_0002, 80, 0x0a00_0003, 40_000, 9_000_000, 1, 2, 0), 2_000_000);
        SsLine.add(text, new WaitingRow("SYN-RECEIVED", 0x0a00_0002, 80, 0x0a00_0003, 40_000, 0, 1, 2, 3), 1);
        assertEquals("TIME-WAIT   0       0       10.0.0.2:80           10.0.0.3:40000        timer:(timewait,7ms,0)\n"
                + "SYN-RECV    0       0       10.0.0.2:80           10.0.0.3:40000        timer:(on,0ms,3)\n",
                text.toString());
    }
}
