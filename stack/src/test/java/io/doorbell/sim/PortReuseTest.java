package io.doorbell.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.counters.Counter;
import io.doorbell.link.Impairment;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.TcpConfig;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A client that has used up all its ports for one destination: only TIME-WAIT keeps them (RFC 6191, RFC 6056). */
class PortReuseTest {
    private static final int PORTS = 65536 - 49152;

    private final List<CloseReason> ends = new ArrayList<>();
    private int established;

    /** Closes as soon as it is connected; TIME-WAIT is the client's. */
    private final class Brief implements ConnectionHandler {
        @Override
        public void connected(Connection c) {
            established++;
            c.close();
        }

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            return length;
        }

        @Override
        public void closed(Connection c, CloseReason reason) {
            ends.add(reason);
        }
    }

    private static final class Follower implements ConnectionHandler {
        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            return length;
        }

        @Override
        public void peerClosed(Connection c) {
            c.close();
        }
    }

    private void useUp(TwoStacks two) {
        two.server.listen(80, c -> new Follower());
        for (int i = 0; i < PORTS; i++) {
            two.client.connect(TwoStacks.SERVER, 80, new Brief());
            if (i % 200 == 199 || i == PORTS - 1) {
                for (int steps = 0; ends.size() <= i && steps < 10_000; steps++) {
                    two.step();
                }
            }
        }
        assertEquals(PORTS, ends.size());
        assertEquals(PORTS, established);
        assertEquals(PORTS, two.client.timeWait());
    }

    private void connectOnceMore(TwoStacks two) {
        two.client.connect(TwoStacks.SERVER, 80, new Brief());
        for (int steps = 0; ends.size() <= PORTS && steps < 10_000; steps++) {
            two.step();
        }
    }

    @Test
    void rfc6191_2_aPortInTimeWaitIsUsedAgainWhenTimestampsTellTheTwoApart() {
        TcpConfig config = TcpConfig.builder().timeWaitNanos(3_600_000_000_000L).build();
        try (TwoStacks two = new TwoStacks(1, config, Impairment.NONE)) {
            useUp(two);
            two.run(1_100_000_000L);
            connectOnceMore(two);
            assertEquals(CloseReason.NORMAL, ends.getLast());
            assertEquals(PORTS + 1, established);
            assertEquals(1, two.client.counters().get(Counter.TCP_TIME_WAIT_REUSES));
            assertEquals(PORTS, two.client.timeWait());
        }
    }

    @Test
    void rfc6191_2_withoutTimestampsTheyAreKept() {
        TcpConfig config = TcpConfig.builder().timeWaitNanos(3_600_000_000_000L).timestamps(false).build();
        try (TwoStacks two = new TwoStacks(1, config, Impairment.NONE)) {
            useUp(two);
            two.run(1_100_000_000L);
            connectOnceMore(two);
            assertEquals(CloseReason.UNREACHABLE, ends.getLast());
            assertEquals(0, two.client.counters().get(Counter.TCP_TIME_WAIT_REUSES));
            assertTrue(two.client.timeWait() == PORTS, "a row was given up");
        }
    }
}
