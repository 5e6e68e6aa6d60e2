package io.doorbell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.counters.Counter;
import io.doorbell.link.ImpairedLink;
import io.doorbell.link.Impairment;
import io.doorbell.link.Link;
import io.doorbell.link.PipeLink;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.CongestionAlgorithm;
import io.doorbell.tcp.EcnMode;
import io.doorbell.tcp.Keepalive;
import io.doorbell.tcp.Pacing;
import io.doorbell.tcp.TcpConfig;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole transfers with ECN, pacing, corking, keepalive and user timeout, over a path that marks, loses and delays. */
class TransferOptionsTest {
    private static final long SECOND = 1_000_000_000L;

    private final byte[] bytes = new byte[1 << 16];

    private static byte at(long position) {
        return (byte) (position * 0x9e37_79b9_7f4a_7c15L >>> 56);
    }

    /** Sends a stream whose bytes follow from their positions, in pieces of random sizes. */
    private final class Sender implements ConnectionHandler {
        private final SplittableRandom random;
        private final long total;
        private final boolean corks;
        private long sent;
        private CloseReason closed;

        Sender(long seed, long total, boolean corks) {
            this.random = new SplittableRandom(seed);
            this.total = total;
            this.corks = corks;
        }

        @Override
        public void connected(Connection c) {
            writable(c);
        }

        @Override
        public void writable(Connection c) {
            int refused = 0;
            while (sent < total && refused == 0) {
                if (corks && random.nextInt(4) == 0) {
                    if (random.nextBoolean()) {
                        c.cork();
                    } else {
                        c.uncork();
                    }
                }
                int size = (int) Math.min(total - sent, 1 + random.nextInt(20_000));
                for (int i = 0; i < size; i++) {
                    bytes[i] = at(sent + i);
                }
                int taken = c.write(MemorySegment.ofArray(bytes), 0, size);
                sent += Math.max(0, taken);
                refused = size - taken;
            }
            if (sent == total) {
                c.closeOutput();
            }
        }

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            return length;
        }

        @Override
        public void closed(Connection c, CloseReason reason) {
            closed = reason;
        }
    }

    private static final class Receiver implements ConnectionHandler {
        private long received;
        private String fault;

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            for (int i = 0; i < length && fault == null; i++) {
                if (memory.get(java.lang.foreign.ValueLayout.JAVA_BYTE, offset + i) != at(received + i)) {
                    fault = "wrong byte at " + (received + i);
                }
            }
            received += length;
            return length;
        }
    }

    /** Two stacks on one cable; only what goes towards the server is impaired. */
    private final class Run {
        private final Receiver receiver = new Receiver();
        private final TcpStack client;
        private final TcpStack server;
        private final ImpairedLink path;
        private long now = 1_000_000_000L;

        Run(long seed, TcpConfig config, Impairment impairment) {
            PipeLink.Pair pair = PipeLink.options().pair();
            path = new ImpairedLink(pair.left(), impairment, Impairment.NONE);
            client = TcpStack.on(path).address("10.1.0.1/24").tcp(config).seed(seed).build();
            server = TcpStack.on(pair.right()).address("10.1.0.2/24").tcp(config).seed(seed + 1).build();
            server.listen(80, c -> receiver);
        }

        void transfer(Sender sender, String where) {
            client.connect("10.1.0.2", 80, sender);
            long until = now + 1_000 * SECOND;
            while (sender.closed == null && now < until) {
                int work = client.poll(now) + server.poll(now);
                long next = Math.min(client.nextDeadlineNanos(), server.nextDeadlineNanos());
                now = work > 0 || next == Link.NEVER ? now + 1_000 : Math.max(now + 1_000, Math.min(next, now + SECOND));
            }
            // ARP may meet with nothing but loss, three times in a row: then there is no way to the peer.
            boolean noWay = sender.sent == 0 && client(Counter.ARP_FAILURES) > 0;
            assertEquals(noWay ? CloseReason.UNREACHABLE : CloseReason.NORMAL, sender.closed, where);
            assertNull(receiver.fault, where);
            assertEquals(noWay ? 0 : sender.total, receiver.received, where);
            client.close();
            server.close();
        }

        long client(Counter counter) {
            return client.counters().get(counter);
        }

        long server(Counter counter) {
            return server.counters().get(counter);
        }
    }

    @Test
    void rfc3168_5_aMarkReducesTheRateWithoutALoss() {
        TcpConfig config = TcpConfig.builder().ecn(EcnMode.ON).build();
        Impairment marking = Impairment.builder().seed(7).congestionMark(0.01).delayNanos(2_000_000).build();
        Run run = new Run(7, config, marking);
        run.transfer(new Sender(7, 5_000_000, false), "seed 7");
        long marked = run.path.transmitCounts().marked;
        assertTrue(marked > 10, "only " + marked + " packets were marked");
        assertEquals(marked, run.server(Counter.TCP_ECN_CE_IN));
        long reductions = run.client(Counter.TCP_ECN_REDUCTIONS);
        assertTrue(reductions > 2 && reductions <= marked, reductions + " reductions for " + marked + " marks");
        assertEquals(0, run.client(Counter.TCP_RETRANSMITTED_SEGMENTS));
    }

    @Test
    void rfc3168_6_1_1_withoutAnAgreementNothingCanBeMarked() {
        Impairment marking = Impairment.builder().seed(7).congestionMark(1).build();
        Run run = new Run(7, TcpConfig.defaults(), marking);
        run.transfer(new Sender(7, 500_000, false), "seed 7");
        assertEquals(0, run.path.transmitCounts().marked);
    }

    static LongStream seeds() {
        return LongStream.concat(LongStream.rangeClosed(1, 30), new SplittableRandom().longs(20, 0, Long.MAX_VALUE >> 8));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void everythingAtOnceOverABadPath(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        TcpConfig config = TcpConfig.builder().ecn(EcnMode.values()[random.nextInt(3)]).nagle(random.nextBoolean())
                .pacing(random.nextBoolean() ? Pacing.ON : Pacing.OFF)
                .keepalive(random.nextBoolean() ? Keepalive.after(50_000_000, 10_000_000, 500) : Keepalive.OFF)
                .userTimeoutNanos(random.nextBoolean() ? 300 * SECOND : 0)
                .timestampTickNanos(random.nextBoolean() ? 1_000_000 : 10_000_000)
                .congestionControl(CongestionAlgorithm.values()[random.nextInt(2)])
                .sack(random.nextInt(4) > 0).timestamps(random.nextInt(4) > 0).build();
        Impairment path = Impairment.builder().seed(seed).congestionMark(random.nextDouble(0.2))
                .loss(random.nextDouble(0.05)).delayNanos(random.nextLong(10_000_000))
                .reorder(random.nextDouble(0.05), 1 + random.nextLong(3_000_000)).build();
        String where = "seed " + seed + " " + path + " " + config;
        Run run = new Run(seed, config, path);
        run.transfer(new Sender(seed, 1 + random.nextLong(400_000), random.nextBoolean()), where);
    }
}
