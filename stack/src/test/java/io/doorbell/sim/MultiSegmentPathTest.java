package io.doorbell.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.TcpStack;
import io.doorbell.counters.Counter;
import io.doorbell.link.ImpairedLink;
import io.doorbell.link.Impairment;
import io.doorbell.link.PipeLink;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.TcpConfig;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The multi-segment option over paths that strip, change, split and merge: no wrong byte is ever delivered. */
class MultiSegmentPathTest {
    private static final long SECOND = 1_000_000_000L;
    private static final String CLIENT = "10.1.0.1";
    private static final String SERVER = "10.1.0.2";

    /** Counts of both stacks together. */
    private record Result(long out, long in, long fallbacks, long layout, long check, long touched) {
    }

    static LongStream seeds() {
        Long one = Long.getLong("sim.seed");
        if (one != null) {
            return LongStream.of(one);
        }
        return LongStream.concat(LongStream.rangeClosed(1, 60),
                new SplittableRandom().longs(Integer.getInteger("sim.fresh", 60), 0, Long.MAX_VALUE >> 8));
    }

    @Test
    void aCleanPathCarriesIt() {
        Result result = exchange(1, 0, 0, Impairment.NONE, true);
        assertTrue(result.in > 50, result::toString);
        assertEquals(result.out, result.in, result::toString);
        assertEquals(0, result.fallbacks + result.layout + result.check, result::toString);
    }

    @Test
    void strippedFromTheSynItIsNotUsed() {
        Result result = exchange(2, Mangler.STRIP_SYN, 1, Impairment.NONE, true);
        assertEquals(0, result.out, result::toString);
        assertTrue(result.touched > 0, result::toString);
    }

    @Test
    void strippedFromTheSynAckItIsGivenUpAtOnce() {
        Result result = exchange(3, Mangler.STRIP_SYN_ACK, 1, Impairment.NONE, true);
        assertTrue(result.out > 0 && result.out < 5, result::toString);
        assertEquals(0, result.in, result::toString);
        assertEquals(1, result.fallbacks, result::toString);
    }

    @Test
    void strippedFromDataItIsGivenUp() {
        Result result = exchange(4, Mangler.STRIP_DATA, 1, Impairment.NONE, true);
        assertEquals(0, result.in, result::toString);
        assertEquals(2, result.fallbacks, result::toString);
    }

    @Test
    void changedItIsDroppedAndGivenUp() {
        Result result = exchange(5, Mangler.CHANGE, 1, Impairment.NONE, true);
        assertEquals(0, result.in, result::toString);
        assertTrue(result.check + result.layout > 0, result::toString);
        assertEquals(2, result.fallbacks, result::toString);
    }

    @Test
    void splitItIsDroppedAndGivenUp() {
        Result result = exchange(6, Mangler.SPLIT, 1, Impairment.NONE, true);
        assertEquals(0, result.in, result::toString);
        assertTrue(result.layout > 0, result::toString);
        assertEquals(2, result.fallbacks, result::toString);
    }

    @Test
    void mergedItIsDropped() {
        Result result = exchange(7, Mangler.MERGE, 1, Impairment.NONE, true);
        assertTrue(result.touched > 0, result::toString);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void aPathThatDoesEverythingNowAndThen(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Impairment impairment = Impairment.builder().seed(seed).loss(random.nextDouble(0.05))
                .duplicate(random.nextDouble(0.03)).reorder(random.nextDouble(0.05), 1 + random.nextLong(2_000_000))
                .delayNanos(random.nextLong(3_000_000)).build();
        exchange(seed, random.nextInt(64), random.nextDouble(), impairment, random.nextInt(4) > 0);
    }

    private static Result exchange(long seed, int deeds, double often, Impairment impairment, boolean timestamps) {
        SplittableRandom random = new SplittableRandom(seed);
        TcpConfig config = TcpConfig.builder().multiSegment(true).timestamps(timestamps)
                .leastPartBytes(1 + random.nextInt(20)).receiveWindowBytes(1 << (14 + random.nextInt(6))).build();
        String where = "seed " + seed + " deeds " + deeds + " " + impairment + " " + config;
        PartialPeer a = new PartialPeer(60_000, seed * 5);
        PartialPeer b = new PartialPeer(60_000, seed * 5 + 1);
        PipeLink.Pair pair = PipeLink.options().pair();
        Mangler left = new Mangler(new ImpairedLink(pair.left(), impairment, Impairment.NONE), deeds, often, seed);
        Mangler right = new Mangler(new ImpairedLink(pair.right(), impairment.toBuilder().seed(seed + 1).build(),
                Impairment.NONE), deeds, often, seed + 1);
        int frames = left.frames().available() + right.frames().available();
        try (left; right; TcpStack client = TcpStack.on(left).address(CLIENT + "/24").tcp(config).seed(seed).build();
                TcpStack server = TcpStack.on(right).address(SERVER + "/24").tcp(config).seed(seed + 1).build()) {
            server.listen(80, c -> b);
            client.connect(SERVER, 80, a);
            long end = run(client, server, a, b, random, SECOND);
            if (a.connection != null) {
                for (PartialPeer peer : new PartialPeer[] {a, b}) {
                    assertNull(peer.fault, where);
                    assertEquals(CloseReason.NORMAL, peer.closed, () -> where + ": " + peer.connection);
                }
                assertEquals(a.sent, b.received, where);
                assertEquals(b.sent, a.received, where);
            }
            run(client, server, null, null, random, end);
            assertEquals(frames, left.frames().available() + right.frames().available(), where);
            return new Result(both(client, server, Counter.TCP_MULTI_SEGMENTS_OUT),
                    both(client, server, Counter.TCP_MULTI_SEGMENTS_IN), both(client, server, Counter.TCP_MULTI_FALLBACKS),
                    both(client, server, Counter.DROP_TCP_LAYOUT), both(client, server, Counter.DROP_TCP_LAYOUT_CHECK),
                    left.touched + right.touched);
        }
    }

    private static long both(TcpStack client, TcpStack server, Counter counter) {
        return client.counters().get(counter) + server.counters().get(counter);
    }

    private static long run(TcpStack client, TcpStack server, PartialPeer a, PartialPeer b, SplittableRandom random,
                            long start) {
        long now = start;
        long next = 0;
        long until = start + (a == null ? 400 : 4_000) * SECOND;
        while (now < until && (a == null || a.closed == null || a.connection != null && b.closed == null)) {
            int work = client.poll(now) + server.poll(now);
            if (a != null && now > next) {
                next = now + random.nextLong(1_000_000);
                step(a, random);
                step(b, random);
            }
            long due = Math.min(client.nextDeadlineNanos(), server.nextDeadlineNanos());
            long idle = a == null ? SECOND : 1_000_000L;
            now = work > 0 ? now + 1_000 : Math.max(now + 1_000, Math.min(due, now + idle));
        }
        return now;
    }

    private static void step(PartialPeer peer, SplittableRandom random) {
        for (int i = random.nextInt(4); i >= 0; i--) {
            peer.step();
        }
        if (peer.connection != null) {
            peer.connection.resume();
        }
    }
}
