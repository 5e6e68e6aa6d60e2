package io.doorbell.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.link.Impairment;
import io.doorbell.link.PipeLink;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.TcpConfig;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import org.junit.jupiter.api.Test;

/**
 * What connections cost that do nothing: memory, and time of those that do something. Both ends are ours and both are
 * counted. {@code -Dtest.jvm.args="-Didle.connections=1000000 -Xmx4g"} runs it with so many connections at each end.
 */
class IdleConnectionsTest {
    private static final int CONNECTIONS = Integer.getInteger("idle.connections", 100_000);
    /** Of heap and off-heap memory together, for each connection. */
    private static final int MOST_BYTES = 512;
    /** RFC 6056: a client has so many ports for each port of a server. */
    private static final int PORTS_OF_A_CLIENT = 16_000;
    private static final int BATCH = 400;
    private static final byte[] MESSAGE = new byte[100];
    private static final int ROUNDS = 30;
    private static final int EXCHANGES = 2_000;
    /** Others may use the processor meanwhile. */
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    /** Stacks with the same handler for all connections, so that only what is the stack's own is counted. */
    private static final class Crowd implements AutoCloseable, ConnectionHandler {
        final TwoStacks two = new TwoStacks(1, TcpConfig.defaults(), Impairment.NONE, PipeLink.options());
        final Connection[] clients;
        int received;
        int connected;
        boolean answering;

        Crowd(int count) {
            clients = new Connection[count];
            for (int port = 1; port <= count / PORTS_OF_A_CLIENT + 1; port++) {
                two.server.listen(port, c -> this);
            }
        }

        void connect() {
            for (int i = 0; i < clients.length; i++) {
                clients[i] = two.client.connect(TwoStacks.SERVER, 1 + i / PORTS_OF_A_CLIENT, this);
                if (i % BATCH == BATCH - 1) {
                    stepUntil(2 * (i + 1));
                }
            }
            stepUntil(2 * clients.length);
        }

        private void stepUntil(int connections) {
            long until = two.now + 60_000_000_000L;
            while (connected < connections && two.now < until) {
                two.step();
            }
            assertEquals(connections, connected);
        }

        /** Every connection sends a message and receives one. */
        void talk() {
            answering = true;
            for (int i = 0; i < clients.length; i++) {
                assertEquals(MESSAGE.length, clients[i].send(MESSAGE, 0, MESSAGE.length));
                if (i % BATCH == BATCH - 1 || i == clients.length - 1) {
                    long until = two.now + 60_000_000_000L;
                    while (received < 2 * (i + 1) * MESSAGE.length && two.now < until) {
                        two.step();
                    }
                    // The delayed ACKs of the clients give the servers their frames back.
                    two.run(100_000_000L);
                }
            }
            answering = false;
            assertEquals(2 * clients.length * MESSAGE.length, received);
        }

        /** As many exchanges on the first connection, one after the other; the processor time that they took. */
        long exchangeNanos(int count) {
            answering = true;
            long start = THREADS.getCurrentThreadCpuTime();
            for (int i = 0; i < count; i++) {
                int before = received;
                clients[0].send(MESSAGE, 0, MESSAGE.length);
                while (received < before + 2 * MESSAGE.length) {
                    two.step();
                }
            }
            answering = false;
            return THREADS.getCurrentThreadCpuTime() - start;
        }

        @Override
        public void connected(Connection c) {
            connected++;
        }

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            received += length;
            if (answering && c.localPort() < 49152) {
                c.send(MESSAGE, 0, MESSAGE.length);
            }
            return length;
        }

        @Override
        public void closed(Connection c, CloseReason reason) {
            connected--;
        }

        @Override
        public void close() {
            two.close();
        }
    }

    static long usedBytes() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 5; i++) {
            System.gc();
            least = Math.min(least, Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
        }
        return least;
    }

    private static void assertSmall(String what, long before, int connections) {
        long each = (usedBytes() - before) / connections;
        System.out.println("an idle connection that " + what + ": " + each + " bytes, of " + connections);
        assertTrue(each <= MOST_BYTES, each + " bytes for a connection that " + what);
        assertTrue(each > 100, "a connection cannot be so small: " + each + " bytes were measured");
    }

    @Test
    void anIdleConnectionTakesAtMost512Bytes() {
        try (Crowd crowd = new Crowd(CONNECTIONS)) {
            long before = usedBytes();
            crowd.connect();
            crowd.two.run(2_000_000_000L);
            assertTrue(crowd.two.framesAreBack(), "idle connections hold frames");
            assertSmall("has sent nothing", before, 2 * CONNECTIONS);
            crowd.talk();
            crowd.two.run(5_000_000_000L);
            assertTrue(crowd.two.framesAreBack(), "idle connections hold frames");
            assertSmall("has sent and received", before, 2 * CONNECTIONS);
            assertNoWork(crowd.two.client, crowd.two.now);
            assertNoWork(crowd.two.server, crowd.two.now);
        }
    }

    /** Nobody looks at a connection that has nothing to do. */
    private static void assertNoWork(TcpStack stack, long now) {
        int work = 0;
        for (int i = 0; i < 1000; i++) {
            work += stack.poll(now + i * 1_000_000L);
        }
        assertTrue(work <= 10, "polls of idle connections looked at " + work);
        assertTrue(stack.nextDeadlineNanos() > now + 1_000_000_000L, "a timer runs for idle connections");
    }

    @Test
    void idleConnectionsTakeNoTimeFromOthers() {
        try (Crowd few = new Crowd(1); Crowd many = new Crowd(CONNECTIONS)) {
            few.connect();
            many.connect();
            many.talk();
            many.two.run(5_000_000_000L);
            long least = Long.MAX_VALUE;
            long leastAmongMany = Long.MAX_VALUE;
            for (int round = 0; round < ROUNDS; round++) {
                least = Math.min(least, few.exchangeNanos(EXCHANGES));
                leastAmongMany = Math.min(leastAmongMany, many.exchangeNanos(EXCHANGES));
            }
            double ratio = (double) leastAmongMany / least;
            System.out.printf("an exchange among %d idle connections takes %.2f times as long as alone%n",
                    2 * CONNECTIONS, ratio);
            assertTrue(ratio < 2, "idle connections slow others down by " + ratio);
        }
    }
}
