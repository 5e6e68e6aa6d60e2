package io.doorbell.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.counters.Counter;
import io.doorbell.link.Impairment;
import io.doorbell.link.PipeLink;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.TcpConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Many connections on a pool of frames that is too small for them: none is stuck for ever, no byte is lost. */
class MemoryPressureTest {
    private static final long SECOND = 1_000_000_000L;

    static LongStream seeds() {
        Long one = Long.getLong("sim.seed");
        return one != null ? LongStream.of(one) : LongStream.concat(LongStream.rangeClosed(1, 30),
                new SplittableRandom().longs(10, 0, Long.MAX_VALUE >> 8));
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void rfc9293_3_8_6_manyConnectionsShareATinyPool(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int count = 5 + random.nextInt(30);
        int frames = 64 << random.nextInt(3);
        Impairment impairment = Impairment.builder().seed(seed).loss(random.nextDouble(0.03))
                .reorder(random.nextDouble(0.1), 1 + random.nextLong(5_000_000)).delayNanos(random.nextLong(10_000_000))
                .build();
        TcpConfig config = TcpConfig.builder().timeWaitNanos(30 * SECOND).sack(random.nextInt(4) > 0).maxRtoNanos(2 * SECOND)
                .retries(200).build();
        String where = "seed " + seed + ": " + count + " connections, " + frames + " frames, " + impairment;
        List<PatternedPeer> peers = new ArrayList<>();
        try (TwoStacks two = new TwoStacks(seed, config, impairment, PipeLink.options().frames(frames))) {
            two.server.listen(80, c -> add(peers, new PatternedPeer(random.nextLong(100_000), peers.size(), true)));
            List<PatternedPeer> openers = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                openers.add(add(peers, new PatternedPeer(random.nextLong(100_000), peers.size(), true)));
                two.client.connect(TwoStacks.SERVER, 80, openers.getLast());
            }
            long until = two.now + 3_000 * SECOND;
            long resume = 0;
            while (two.now < until && !(peers.size() == 2 * count - unconnected(openers)
                    && peers.stream().allMatch(p -> p.closed != null))) {
                two.step();
                if (two.now > resume) {
                    // Some read late, some very late: what was not taken stays in the pool meanwhile.
                    resume = two.now + 50_000_000L;
                    for (PatternedPeer peer : peers) {
                        if (peer.connection != null && random.nextInt(4) == 0) {
                            peer.connection.resume();
                        }
                    }
                }
            }
            for (PatternedPeer peer : peers) {
                assertNull(peer.fault, where);
                CloseReason right = neverConnected(peer) && two.client.counters().get(Counter.ARP_FAILURES) > 0
                        ? CloseReason.UNREACHABLE : CloseReason.NORMAL;
                assertEquals(right, peer.closed, () -> where + ", " + two.frames() + " "
                        + two.server.counters().get(Counter.DROP_TCP_NO_MEMORY));
            }
            assertEquals(2 * count - unconnected(openers), peers.size(), where);
            assertEquals(peers.stream().mapToLong(p -> p.sent).sum(), peers.stream().mapToLong(p -> p.received).sum(),
                    where);
            two.run(60 * SECOND);
            assertTrue(two.framesAreBack(), () -> where + ": " + two.frames());
        }
    }

    /** ARP met with nothing but loss, three times in a row: who waited for its answer has no way to the peer. */
    private static boolean neverConnected(PatternedPeer peer) {
        return peer.closed != null && peer.connection == null;
    }

    private static int unconnected(List<PatternedPeer> openers) {
        return (int) openers.stream().filter(MemoryPressureTest::neverConnected).count();
    }

    private static PatternedPeer add(List<PatternedPeer> peers, PatternedPeer peer) {
        peers.add(peer);
        return peer;
    }
}
