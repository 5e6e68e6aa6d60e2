package io.doorbell.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.counters.Counter;
import io.doorbell.tcp.TcpConfig;
import io.doorbell.wire.IcmpHeader;
import io.doorbell.wire.TcpHeader;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * An attacker who knows addresses and ports but sees nothing goes through the whole sequence space, in steps that are
 * small enough for every window to be hit.
 */
class BlindSweepTest {
    private static final int STEP = 1 << 15;
    private static final int PROBES = (int) ((1L << 32) / STEP);
    private static final int PER_TICK = 150;

    private final SplittableRandom random = new SplittableRandom(Long.getLong("sweep.seed", 1));
    private final Siege siege = new Siege(TcpConfig.builder().receiveWindowBytes(65_000).timestamps(false).build());
    private final Siege.Stream sender = new Siege.Stream(true);
    private final Siege.Stream receiver = new Siege.Stream(false);
    private Connection connection;
    private Connection accepted;
    private int port;

    private interface Probe {
        boolean send(int seq);
    }

    @BeforeEach
    void connect() {
        siege.server.listen(Siege.PORT, c -> {
            accepted = c;
            return receiver;
        });
        connection = siege.connect(sender);
        port = connection.localPort();
        siege.rest(100_000_000L);
    }

    @AfterEach
    void close() {
        siege.close();
    }

    /** Probes while the connection is in use, then sees that nothing has come of it. */
    private void sweep(Probe probe) {
        long before = receiver.received;
        int start = random.nextInt();
        for (int i = 0; i < PROBES; ) {
            for (int n = 0; n < PER_TICK && i < PROBES && probe.send(start + i * STEP); n++) {
                i++;
            }
            siege.tick();
        }
        assertTrue(receiver.received > before, "the connection has come to a halt");
        sender.running = false;
        siege.rest(5_000_000_000L);
        assertEquals("ESTABLISHED", connection.state());
        assertEquals("ESTABLISHED", accepted.state());
        assertNull(receiver.fault);
        assertEquals(sender.sent, receiver.received, "bytes were lost");
        assertTrue(accepted.segmentSize() > 1000, "segments have shrunk to " + accepted.segmentSize());
    }

    private long counted(Counter counter) {
        return siege.server.counters().get(counter);
    }

    @Test
    void rfc5961_3_2_aSweepOfResets() {
        sweep(seq -> siege.attacker.segment(Siege.CLIENT, port, Siege.PORT, seq, 0, TcpHeader.RST, 0));
        assertEquals(PROBES, counted(Counter.DROP_TCP_BLIND_RST));
        assertTrue(counted(Counter.TCP_CHALLENGE_ACKS) <= 20, "more than those in the window were challenged");
    }

    @Test
    void rfc5961_4_2_aSweepOfSyns() {
        sweep(seq -> siege.attacker.segment(Siege.CLIENT, port, Siege.PORT, seq, 0, TcpHeader.SYN, 0));
        assertTrue(counted(Counter.DROP_TCP_BLIND_SYN) + counted(Counter.DROP_TCP_WINDOW) >= PROBES, "not all were counted");
    }

    @Test
    void rfc5961_5_2_aSweepOfData() {
        sweep(seq -> siege.attacker.segment(Siege.CLIENT, port, Siege.PORT, seq, random.nextInt(), TcpHeader.ACK, 100));
        assertTrue(counted(Counter.DROP_TCP_ACK) + counted(Counter.DROP_TCP_WINDOW) >= PROBES, "not all were counted");
        assertTrue(counted(Counter.DROP_TCP_ACK) >= 1, "no probe has hit the window");
    }

    @Test
    void rfc5927_4_1_aSweepOfIcmpErrors() {
        int[] codes = {IcmpHeader.CODE_FRAGMENTATION_NEEDED, IcmpHeader.CODE_PORT_UNREACHABLE,
            IcmpHeader.CODE_PROTOCOL_UNREACHABLE, 0, 1};
        sweep(seq -> {
            int code = codes[random.nextInt(codes.length)];
            return siege.attacker.icmp(Siege.CLIENT, code, 68, Siege.CLIENT, Siege.PORT, port, seq);
        });
        assertEquals(PROBES, counted(Counter.DROP_TCP_BLIND_ICMP));
    }
}
