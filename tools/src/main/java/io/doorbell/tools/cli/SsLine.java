package io.doorbell.tools.cli;

import io.doorbell.counters.ConnectionField;
import io.doorbell.counters.ConnectionFlag;
import io.doorbell.tools.inspect.ConnectionRow;
import io.doorbell.tools.inspect.WaitingRow;
import java.util.Locale;

/** A connection in one line with the words of {@code ss -ti}; windows in segments and times in milliseconds, as there. */
final class SsLine {
    static final String HEADING = String.format(Locale.ROOT, "%-12s%-8s%-8s%-22s%-22s%s", "State", "Recv-Q", "Send-Q",
            "Local Address:Port", "Peer Address:Port", "Information");

    private static final int STATE = 12;
    private static final int QUEUE = 8;
    private static final int END = 22;

    private static final byte[] ID = AsciiText.word("id:");
    private static final byte[] TIMESTAMPS = AsciiText.word(" ts");
    private static final byte[] SACK = AsciiText.word(" sack");
    private static final byte[] ECN = AsciiText.word(" ecn");
    private static final byte[] SCALES = AsciiText.word(" wscale:");
    private static final byte[] RTO = AsciiText.word(" rto:");
    private static final byte[] RTT = AsciiText.word(" rtt:");
    private static final byte[] MSS = AsciiText.word(" mss:");
    private static final byte[] CWND = AsciiText.word(" cwnd:");
    private static final byte[] SSTHRESH = AsciiText.word(" ssthresh:");
    private static final byte[] ACKED = AsciiText.word(" bytes_acked:");
    private static final byte[] RECEIVED = AsciiText.word(" bytes_received:");
    private static final byte[] IN_FLIGHT = AsciiText.word(" inflight:");
    private static final byte[] BACKOFF = AsciiText.word(" backoff:");
    private static final byte[] RETRANSMISSIONS = AsciiText.word(" retrans:");
    private static final byte[] LOST = AsciiText.word(" lost:");
    private static final byte[] SACKED = AsciiText.word(" sacked:");
    private static final byte[] OUT_OF_ORDER = AsciiText.word(" rcv_ooo:");
    private static final byte[] SEND_WINDOW = AsciiText.word(" snd_wnd:");
    private static final byte[] RECEIVE_WINDOW = AsciiText.word(" rcv_wnd:");
    private static final byte[] MIN_RTT = AsciiText.word(" minrtt:");
    private static final byte[] LIMITED = AsciiText.word(" limited:");
    private static final byte[] GRANTED = AsciiText.word(" granted");
    private static final byte[] RECALLED = AsciiText.word(" recalled");

    private SsLine() {
    }

    static void add(AsciiText text, ConnectionRow row) {
        int start = text.length();
        text.add(shortState(row.state())).pad(start, STATE);
        queue(text, row.get(ConnectionField.UNREAD_BYTES));
        queue(text, row.get(ConnectionField.SEND_QUEUE));
        end(text, (int) row.get(ConnectionField.LOCAL_ADDRESS), row.get(ConnectionField.LOCAL_PORT));
        end(text, (int) row.get(ConnectionField.REMOTE_ADDRESS), row.get(ConnectionField.REMOTE_PORT));
        agreed(text, row);
        times(text, row);
        windows(text, row);
        text.add('\n');
    }

    private static void queue(AsciiText text, long bytes) {
        int start = text.length();
        text.add(bytes).pad(start, QUEUE);
    }

    private static void end(AsciiText text, int address, long port) {
        int start = text.length();
        text.addAddress(address).add(':').add(port).pad(start, END);
    }

    private static void agreed(AsciiText text, ConnectionRow row) {
        text.add(ID).add(row.id());
        word(text, row.has(ConnectionFlag.TIMESTAMPS), TIMESTAMPS);
        word(text, row.has(ConnectionFlag.SACK), SACK);
        word(text, row.has(ConnectionFlag.ECN), ECN);
        text.add(' ').add(row.algorithm());
        if (row.has(ConnectionFlag.WINDOW_SCALING)) {
            text.add(SCALES).add(row.get(ConnectionField.SND_SCALE)).add(',').add(row.get(ConnectionField.RCV_SCALE));
        }
    }

    private static void times(AsciiText text, ConnectionRow row) {
        text.add(RTO).addMillis(row.get(ConnectionField.RTO_NANOS));
        text.add(RTT).addMillis(row.get(ConnectionField.SRTT_NANOS)).add('/')
                .addMillis(row.get(ConnectionField.RTTVAR_NANOS));
    }

    private static void windows(AsciiText text, ConnectionRow row) {
        long mss = row.get(ConnectionField.SND_MSS);
        text.add(MSS).add(mss);
        text.add(CWND).add(segments(row.get(ConnectionField.CWND), mss));
        long ssthresh = row.get(ConnectionField.SSTHRESH);
        number(text, SSTHRESH, ssthresh == Integer.MAX_VALUE ? 0 : segments(ssthresh, mss));
        text.add(ACKED).add(Math.max(0, row.acknowledged() - 1));
        text.add(RECEIVED).add(Math.max(0, row.received() - 1));
        number(text, IN_FLIGHT, row.get(ConnectionField.IN_FLIGHT));
        number(text, BACKOFF, row.get(ConnectionField.RETRIES));
        number(text, RETRANSMISSIONS, row.get(ConnectionField.RETRANSMISSIONS));
        number(text, LOST, row.get(ConnectionField.LOST_SEGMENTS));
        number(text, SACKED, row.get(ConnectionField.SACKED_SEGMENTS));
        number(text, OUT_OF_ORDER, row.get(ConnectionField.OUT_OF_ORDER_RANGES));
        text.add(SEND_WINDOW).add(row.get(ConnectionField.SND_WND));
        text.add(RECEIVE_WINDOW).add(row.get(ConnectionField.RCV_WND));
        text.add(MIN_RTT).addMillis(row.get(ConnectionField.MIN_RTT_NANOS));
        text.add(LIMITED).add(row.limit());
        word(text, row.has(ConnectionFlag.GRANTED), GRANTED);
        word(text, row.has(ConnectionFlag.GRANT_RECALLED), RECALLED);
    }

    private static void word(AsciiText text, boolean wanted, byte[] word) {
        if (wanted) {
            text.add(word);
        }
    }

    private static void number(AsciiText text, byte[] name, long value) {
        if (value != 0) {
            text.add(name).add(value);
        }
    }

    private static long segments(long bytes, long mss) {
        return mss <= 0 ? 0 : bytes / mss;
    }

    /** A connection that has no row: what waits for its time. */
    static void add(AsciiText text, WaitingRow row, long nowNanos) {
        int start = text.length();
        text.add(shortState(row.state())).pad(start, STATE);
        queue(text, 0);
        queue(text, 0);
        end(text, row.localAddress(), row.localPort());
        end(text, row.remoteAddress(), row.remotePort());
        text.add("timer:(").add(row.state().equals("TIME-WAIT") ? "timewait" : "on").add(',')
                .add(Math.max(0, row.deadlineNanos() - nowNanos) / 1_000_000).add("ms,").add(row.retries()).add(")\n");
    }

    private static String shortState(String state) {
        return switch (state) {
            case "ESTABLISHED" -> "ESTAB";
            case "SYN-RECEIVED" -> "SYN-RECV";
            default -> state;
        };
    }
}
