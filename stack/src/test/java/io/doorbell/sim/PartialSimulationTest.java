package io.doorbell.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.link.Impairment;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.CongestionAlgorithm;
import io.doorbell.tcp.TcpConfig;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Partial messages over a bad cable, mixed at random with whole ones: both streams arrive whole and in order. */
class PartialSimulationTest {
    private static final long SECOND = 1_000_000_000L;

    /** Both windows are filled behind a hole, and both ACKs of what fills it are lost. */
    private static final long BOTH_WINDOWS_FULL = 1_402_038_526_306_681L;

    /** A fixed set and a fresh one; {@code -Dtest.jvm.args=-Dsim.seed=N} runs the one seed that a failure named. */
    static LongStream seeds() {
        Long one = Long.getLong("sim.seed");
        if (one != null) {
            return LongStream.of(one);
        }
        return LongStream.concat(LongStream.concat(LongStream.rangeClosed(1, 60), LongStream.of(BOTH_WINDOWS_FULL)),
                new SplittableRandom().longs(Integer.getInteger("sim.fresh", 60), 0, Long.MAX_VALUE >> 8));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void badCable(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Impairment impairment = Impairment.builder().seed(seed).loss(random.nextDouble(0.08))
                .duplicate(random.nextDouble(0.04)).reorder(random.nextDouble(0.08), 1 + random.nextLong(3_000_000))
                .delayNanos(random.nextLong(5_000_000)).jitterNanos(random.nextLong(500_000)).build();
        TcpConfig config = TcpConfig.builder().timestamps(random.nextInt(4) > 0).sack(random.nextInt(3) > 0)
                .nagle(random.nextInt(4) == 0).leastPartBytes(1 + random.nextInt(40))
                .congestionControl(random.nextBoolean() ? CongestionAlgorithm.CUBIC : CongestionAlgorithm.NEW_RENO)
                .receiveWindowBytes(1 << (12 + random.nextInt(9))).sendBufferBytes(1 << (14 + random.nextInt(6)))
                .build();
        exchange(seed, impairment, config, random);
    }

    private static void exchange(long seed, Impairment impairment, TcpConfig config, SplittableRandom random) {
        String where = "seed " + seed + " " + impairment + " " + config;
        PartialPeer client = new PartialPeer(random.nextLong(100_000), seed * 3);
        PartialPeer server = new PartialPeer(random.nextLong(100_000), seed * 3 + 1);
        try (TwoStacks two = new TwoStacks(seed, config, impairment)) {
            two.server.listen(80, c -> server);
            two.client.connect(TwoStacks.SERVER, 80, client);
            long until = two.now + 4_000 * SECOND;
            long next = 0;
            while (two.now < until && (client.closed == null || client.connection != null && server.closed == null)) {
                two.step();
                if (two.now > next) {
                    next = two.now + random.nextLong(1_000_000);
                    both(client, server);
                }
            }
            if (client.connection == null) {
                // The handshake or ARP met with nothing but loss.
                assertEquals(CloseReason.UNREACHABLE, client.closed, where);
                return;
            }
            assertNull(client.fault, where);
            assertNull(server.fault, where);
            assertEquals(CloseReason.NORMAL, client.closed, () -> where + ": " + client.connection);
            assertEquals(CloseReason.NORMAL, server.closed, where);
            assertEquals(client.sent, server.received, where);
            assertEquals(server.sent, client.received, where);
            two.run(400 * SECOND);
            assertEquals(0, two.client.connections() + two.server.connections(), where);
            assertTrue(two.framesAreBack(), () -> where + ": " + two.frames());
        }
    }

    private static void both(PartialPeer client, PartialPeer server) {
        for (PartialPeer peer : new PartialPeer[] {client, server}) {
            peer.step();
            if (peer.connection != null) {
                peer.connection.resume();
            }
        }
    }
}
