package io.doorbell.grant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.tcp.MessageGrant;
import io.doorbell.tcp.PartialMessage;
import io.doorbell.tcp.Tcb;
import io.doorbell.tcp.TcpConfig;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Stacks in one thread and an engine in another, with a cable of its own to the same peer. The engine completes one message
 * after the other, while its owner, at about the same instant, takes the right away, asks it back or tries to complete the
 * message himself. Each would supply other bytes: the stream must have those of the engine if it was told so, and those of
 * the owner if not, as a whole. {@code -Dgrant.seed=N} has both sides choose the same again; how their threads meet is the
 * machine's. {@code -Dtest.jvm.args=-Dgrant.race.completions=N} for a longer race.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class MessageGrantThreadsTest {
    private static final int MESSAGES = Integer.getInteger("grant.race.completions", 2_000);

    private final long seed = Long.getLong("grant.seed", new SplittableRandom().nextLong());
    private final SplittableRandom random = new SplittableRandom(seed);
    private final AtomicReference<Turn> handed = new AtomicReference<>();
    private final CompletedStream stream = new CompletedStream(seed);
    private final PartialMessage message = new PartialMessage();
    /** Messages that the owner was told to be the engine's. */
    private final BitSet known = new BitSet();
    /** And those that the engine was told to be its own. */
    private final BitSet told = new BitSet();
    private volatile boolean over;
    private volatile String fault;
    private TwoCables cables;
    private Connection connection;

    /** One message of the engine's. */
    private static final class Turn {
        private final GrantedMessage message;
        private final int number;
        /** The engine has supplied everything, and is about to send. */
        private volatile boolean supplied;

        Turn(GrantedMessage message, int number) {
            this.message = message;
            this.number = number;
        }
    }

    /** Seldom for much longer than a send takes. */
    private static void linger(SplittableRandom random) {
        int spins = random.nextInt(16) == 0 ? random.nextInt(1_000) : random.nextInt(30);
        for (int i = 0; i < spins; i++) {
            Thread.onSpinWait();
        }
    }

    // ---- the engine's thread

    private void engine(long own) {
        SplittableRandom engineRandom = new SplittableRandom(own);
        try {
            while (!over) {
                Turn turn = handed.get();
                if (turn == null) {
                    Thread.yield();
                } else {
                    if (complete(turn, engineRandom)) {
                        told.set(turn.number);
                    }
                    handed.set(null);
                }
            }
        } catch (RuntimeException | Error e) {
            fault = "the engine: " + e;
        }
    }

    /** @return whether it is told that the message is its own */
    private boolean complete(Turn turn, SplittableRandom engineRandom) {
        GrantedMessage granted = turn.message;
        byte[] bytes = stream.bytes(turn.number, CompletedStream.ENGINE);
        int code = supply(granted, bytes, engineRandom);
        turn.supplied = true;
        linger(engineRandom);
        if (engineRandom.nextInt(16) == 0 || granted.isRecalled() && engineRandom.nextInt(2) == 0) {
            granted.giveBack();
        }
        do {
            code = code < 0 ? code : granted.send(System.nanoTime());
        } while (code == GrantedSender.BACKPRESSURE);
        if (code >= 0 ? granted.send(System.nanoTime()) != GrantedSender.RETURNED
                : code != GrantedSender.FENCED && code != GrantedSender.RETURNED) {
            fault = "the engine was answered " + code + " and " + granted.send(System.nanoTime());
        }
        return code >= 0;
    }

    /** In pieces of any length. */
    private static int supply(GrantedMessage granted, byte[] bytes, SplittableRandom engineRandom) {
        MemorySegment source = MemorySegment.ofArray(bytes);
        int missing = granted.missing();
        while (missing > 0) {
            int at = granted.nextMissing();
            int most = 1 + engineRandom.nextInt(Math.min(missing, bytes.length - at));
            int code = granted.supply(at, source, at, most);
            while (code == GrantedMessage.OUT_OF_RANGE) {
                most = (most + 1) / 2;
                code = granted.supply(at, source, at, most);
            }
            missing = code;
        }
        return missing;
    }

    // ---- the stack's thread

    /** Where the engine is waited for, it must have a processor. */
    private void pollAndYield() {
        poll();
        Thread.yield();
    }

    private void poll() {
        cables.poll();
        fault = fault != null ? fault : stream.fault;
        assertEquals(null, fault, () -> "seed " + seed);
    }

    private MessageGrant begin(int number) {
        byte[] bytes = stream.bytes(number, CompletedStream.KNOWN);
        while (connection.begin(message, bytes.length) != 0) {
            poll();
        }
        BitSet holes = stream.holes(number);
        for (int at = holes.nextClearBit(0); at < bytes.length; at = holes.nextClearBit(at)) {
            int end = holes.nextSetBit(at) < 0 ? bytes.length : holes.nextSetBit(at);
            message.complete(at, bytes, at, end - at);
            at = end;
        }
        for (int i = random.nextInt(3); i > 0; i--) {
            poll();
        }
        MessageGrant grant = message.grant();
        while (grant == null) {
            poll();
            grant = message.grant();
        }
        return grant;
    }

    private void rule(MessageGrant grant, Turn turn) {
        int deed = random.nextInt(8);
        boolean meet = random.nextInt(16) > 0;
        for (int i = 0; meet && !turn.supplied && i < 10_000; i++) {
            Thread.onSpinWait();
        }
        linger(random);
        switch (deed) {
            case 1 -> grant.recall(System.nanoTime() + random.nextInt(20_000));
            case 2 -> grant.recall(Long.MAX_VALUE);
            case 3 -> {
                poll();
                grant.fence();
            }
            case 4, 5, 6 -> grant.fence();
            default -> { }
        }
        // As the owner would without asking: refused until the right is his.
        if (message.isOpen() && message.isGranted()) {
            byte[] own = stream.bytes(turn.number, CompletedStream.OWNER);
            int hole = stream.holes(turn.number).nextSetBit(0);
            assertEquals(Tcb.GRANTED, message.complete(hole, own, hole, 1));
        }
    }

    private void complete(int number) {
        byte[] own = stream.bytes(number, CompletedStream.OWNER);
        BitSet holes = stream.holes(number);
        for (int at = holes.nextSetBit(0); at >= 0; at = holes.nextSetBit(at)) {
            int end = holes.nextClearBit(at);
            assertTrue(message.complete(at, own, at, end - at) >= 0, () -> "seed " + seed);
            at = end;
        }
        assertFalse(message.isOpen());
    }

    private void compete(int number) {
        MessageGrant grant = begin(number);
        while (handed.get() != null) {
            // The one before may still have to notice that it has no right any more.
            pollAndYield();
        }
        Turn turn = new Turn(grant.engine(cables.engineLink()), number);
        handed.set(turn);
        rule(grant, turn);
        while (!grant.isOver()) {
            pollAndYield();
        }
        if (grant.isCompleted()) {
            known.set(number);
            assertFalse(message.isOpen(), () -> "seed " + seed);
        } else {
            complete(number);
        }
        if (random.nextInt(4) == 0) {
            poll();
        }
    }

    /** As the engine was told. */
    private void mustAgree(BitSet others, String where) {
        BitSet difference = (BitSet) told.clone();
        difference.xor(others);
        assertTrue(difference.isEmpty(), () -> "of the engine or not, otherwise " + where + ": " + difference + ", seed " + seed);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theOneOrTheOtherCompletesItAsAWhole(boolean multiSegment) throws InterruptedException {
        System.out.println("seed " + seed);
        cables = new TwoCables(TcpConfig.builder().multiSegment(multiSegment).build(), seed);
        cables.server.listen(7, c -> stream);
        connection = cables.client.connect(TwoCables.SERVER, 7, new CompletedStream(seed));
        long engineSeed = random.nextLong();
        Thread engine = new Thread(() -> engine(engineSeed), "engine");
        engine.setDaemon(true);
        engine.start();
        for (int number = 0; number < MESSAGES; number++) {
            compete(number);
        }
        while (handed.get() != null) {
            pollAndYield();
        }
        over = true;
        engine.join();
        connection.closeOutput();
        while (!stream.ended) {
            poll();
        }
        Counters counters = cables.client.counters();
        System.out.println("the engine has completed " + told.cardinality() + " of " + MESSAGES + " messages, "
                + counters.get(Counter.GRANTS_FENCED) + " were fenced, "
                + counters.get(Counter.GRANTS_RETURNED) + " returned");
        assertEquals(null, fault, () -> "seed " + seed);
        mustAgree(known, "known to the owner");
        mustAgree(stream.engines, "in the stream");
        assertEquals(MESSAGES, stream.messages());
        assertTrue(counters.get(Counter.GRANTS_FENCED) > 0 && told.cardinality() > 0);
        assertEquals(0, counters.get(Counter.GRANTS_MISUSED));
        cables.allFramesAreBack();
        cables.close();
    }
}
