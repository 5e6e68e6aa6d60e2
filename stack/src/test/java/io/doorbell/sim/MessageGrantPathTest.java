package io.doorbell.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.counters.Counter;
import io.doorbell.grant.GrantedMessage;
import io.doorbell.link.Impairment;
import io.doorbell.link.Link;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.MessageGrant;
import io.doorbell.tcp.PartialMessage;
import io.doorbell.tcp.TcpConfig;
import io.doorbell.wire.Bytes;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Messages that engines complete, over a path that strips, changes, splits and merges what the engines send: what reaches
 * the peer wrongly is dropped and counted there, the stack sends it again, and no byte is ever wrong.
 */
class MessageGrantPathTest {
    private static final int MESSAGES = 120;
    private static final int SHORTEST = 60;

    /** What the peer took and dropped, and how often the option was given up. */
    private record Result(long taken, long layout, long check, long fallbacks, long touched) {
    }

    private static final class Reader implements ConnectionHandler {
        private final StringBuilder wrong = new StringBuilder();
        private long received;
        private CloseReason closed;

        @Override
        public void closed(Connection c, CloseReason reason) {
            closed = reason;
        }

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            for (int i = 0; i < length; i++) {
                if (Bytes.u8(memory, offset + i) != content(received + i) && wrong.isEmpty()) {
                    wrong.append("byte ").append(received + i);
                }
            }
            received += length;
            return length;
        }
    }

    private static int content(long position) {
        return (int) (position * 0x9e37_79b9_7f4a_7c15L >>> 56);
    }

    private static byte[] content(long position, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) content(position + i);
        }
        return bytes;
    }

    static LongStream seeds() {
        Long one = Long.getLong("sim.seed");
        return one != null ? LongStream.of(one) : LongStream.concat(LongStream.rangeClosed(1, 20),
                new SplittableRandom().longs(Integer.getInteger("sim.fresh", 20), 0, Long.MAX_VALUE >> 8));
    }

    @Test
    void aCleanPathCarriesThemTogether() {
        Result result = exchange(1, 0, 0, Impairment.NONE);
        // The owner's parts and the engine's: two for each message.
        assertTrue(result.taken > MESSAGES * 3 / 2, result::toString);
        assertEquals(0, result.layout + result.check + result.fallbacks, result::toString);
    }

    @Test
    void changedTheyAreDroppedAndCountedByThePeerAndGivenUp() {
        Result result = exchange(2, Mangler.CHANGE, 1, Impairment.NONE);
        assertTrue(result.check > 0 && result.check + result.layout >= 3, result::toString);
        assertEquals(1, result.fallbacks, result::toString);
    }

    @Test
    void rfc2883_4_strippedTheyAreGivenUpByThePeersReport() {
        Result result = exchange(3, Mangler.STRIP_DATA, 1, Impairment.NONE);
        assertEquals(1, result.fallbacks, result::toString);
        assertTrue(result.touched > 0, result::toString);
    }

    @Test
    void splitTheyAreDroppedAndCounted() {
        Result result = exchange(4, Mangler.SPLIT, 1, Impairment.NONE);
        // What the owner sends gets through whole, and so the option goes on.
        assertTrue(result.layout > MESSAGES / 2, result::toString);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void aPathThatDoesEverythingNowAndThen(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        exchange(seed, random.nextInt(64), random.nextDouble(), Impairment.builder().seed(seed).loss(random.nextDouble(0.05))
                .duplicate(random.nextDouble(0.03)).reorder(random.nextDouble(0.05), 1 + random.nextLong(2_000_000))
                .delayNanos(random.nextLong(3_000_000)).build());
    }

    private static Result exchange(long seed, int deeds, double often, Impairment impairment) {
        SplittableRandom random = new SplittableRandom(seed);
        TcpConfig config = TcpConfig.builder().multiSegment(true).timestamps(random.nextBoolean()).build();
        String where = "seed " + seed;
        try (TwoStacks two = new TwoStacks(seed, config, impairment)) {
            two.admitEngines();
            Reader reader = new Reader();
            two.server().listen(80, c -> reader);
            Reader opener = new Reader();
            Connection connection = two.client().connect(TwoStacks.SERVER, 80, opener);
            while (connection.sendSpace() == 0 && opener.closed == null) {
                two.step();
            }
            if (opener.closed != null) {
                // ARP met with nothing but loss, three times in a row: there is no connection to send on.
                assertEquals(CloseReason.UNREACHABLE, opener.closed, where);
                assertEquals(1, two.client().counters().get(Counter.ARP_FAILURES), where);
                return new Result(0, 0, 0, 0, 0);
            }
            Link engines = new EngineLink(new PromptEngine(), two, two.client(), 64);
            Mangler path = new Mangler(engines, deeds, often, seed);
            long position = 0;
            for (int i = 0; i < MESSAGES; i++) {
                int length = SHORTEST + random.nextInt(600);
                complete(two, connection, path, position, length, random, where);
                position += length;
                engines.receive(null, 0, two.nowNanos());
            }
            for (int i = 0; i < 200_000 && reader.received < position; i++) {
                two.step();
            }
            assertEquals("", reader.wrong.toString(), where);
            assertEquals(position, reader.received, where);
            return new Result(two.server().counters().get(Counter.TCP_MULTI_SEGMENTS_IN),
                    two.server().counters().get(Counter.DROP_TCP_LAYOUT),
                    two.server().counters().get(Counter.DROP_TCP_LAYOUT_CHECK),
                    two.client().counters().get(Counter.TCP_MULTI_FALLBACKS), path.touched);
        }
    }

    private static void complete(TwoStacks two, Connection connection, Link path, long position, int length,
                                 SplittableRandom random, String where) {
        PartialMessage message = new PartialMessage();
        while (connection.begin(message, length) != 0) {
            two.step();
        }
        byte[] bytes = content(position, length);
        int third = length / 3;
        message.complete(third, bytes, third, third - 5);
        message.complete(2 * third, bytes, 2 * third, third - random.nextInt(5) - 1);
        two.step();
        MessageGrant grant = message.grant();
        while (grant == null) {
            two.step();
            grant = message.grant();
        }
        GrantedMessage engine = grant.engine(path);
        for (int at = engine.nextMissing(); at < length; at = engine.nextMissing()) {
            int end = at + 1;
            while (end < length && engine.supply(at, MemorySegment.ofArray(bytes), at, end + 1 - at) >= 0) {
                end++;
            }
            engine.supply(at, MemorySegment.ofArray(bytes), at, end - at);
        }
        int code = engine.send(two.nowNanos());
        for (int i = 0; i < 1_000 && code == io.doorbell.grant.GrantedSender.BACKPRESSURE; i++) {
            two.step();
            code = engine.send(two.nowNanos());
        }
        assertTrue(code >= 0, where + ": answered " + code);
        while (!grant.isOver()) {
            two.step();
        }
        assertTrue(grant.isCompleted(), where);
    }
}
