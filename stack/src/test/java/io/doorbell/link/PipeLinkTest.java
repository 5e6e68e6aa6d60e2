package io.doorbell.link;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.wire.Bytes;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class PipeLinkTest {
    private static final FrameReceiver NOTHING = (memory, offset, length) -> { };

    private static boolean send(Link link, long value, int length) {
        long frame = link.frames().allocate();
        assertTrue(frame != FramePool.NONE);
        for (int i = 0; i + 8 <= length; i += 8) {
            Bytes.put64(link.frames().memory(), frame + i, value);
        }
        boolean posted = link.transmit(frame, length, 0);
        link.frames().release(frame);
        return posted;
    }

    @Test
    void framesCrossInOrderAndOnlyAfterTheFlush() {
        try (PipeLink.Pair pair = PipeLink.pair()) {
            for (int i = 0; i < 10; i++) {
                assertTrue(send(pair.left(), i, 64 + i));
            }
            assertEquals(0, pair.right().receive(NOTHING, 64, 0));
            pair.left().flush(0);
            List<Long> seen = new ArrayList<>();
            assertEquals(10, pair.right().receive((memory, offset, length) -> {
                seen.add(Bytes.u64(memory, offset));
                assertEquals(64 + seen.getLast(), (long) length);
            }, 64, 0));
            assertEquals(List.of(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L), seen);
            assertEquals(1, pair.left().statistics().doorbells);
            assertEquals(10, pair.left().statistics().txFrames);
            assertEquals(10, pair.right().statistics().rxFrames);
            assertEquals(pair.left().statistics().txBytes, pair.right().statistics().rxBytes);
        }
    }

    @Test
    void aFrameThatWaitsIsDue() {
        try (PipeLink.Pair pair = PipeLink.pair()) {
            send(pair.left(), 1, 64);
            assertEquals(Link.NEVER, pair.right().nextDeadlineNanos());
            pair.left().flush(0);
            assertEquals(Long.MIN_VALUE, pair.right().nextDeadlineNanos());
            assertEquals(Link.NEVER, pair.left().nextDeadlineNanos());
            pair.right().receive(NOTHING, 64, 0);
            assertEquals(Link.NEVER, pair.right().nextDeadlineNanos());
        }
    }

    @Test
    void receiveIsBoundedByItsLimit() {
        try (PipeLink.Pair pair = PipeLink.pair()) {
            for (int i = 0; i < 10; i++) {
                send(pair.left(), i, 64);
            }
            pair.left().flush(0);
            assertEquals(0, pair.right().receive(NOTHING, 0, 0));
            assertEquals(4, pair.right().receive(NOTHING, 4, 0));
            assertEquals(6, pair.right().receive(NOTHING, 64, 0));
            assertEquals(0, pair.right().receive(NOTHING, 64, 0));
        }
    }

    @Test
    void aFlushWithNothingPostedRingsNoDoorbell() {
        try (PipeLink.Pair pair = PipeLink.pair()) {
            pair.left().flush(0);
            send(pair.left(), 1, 64);
            pair.left().flush(0);
            pair.left().flush(0);
            assertEquals(1, pair.left().statistics().doorbells);
        }
    }

    @Test
    void aFullQueueRefusesUntilTheOtherEndReceivedTwice() {
        try (PipeLink.Pair pair = PipeLink.options().queueLength(4).frames(8).pair()) {
            for (int i = 0; i < 4; i++) {
                assertTrue(send(pair.left(), i, 64));
            }
            assertFalse(send(pair.left(), 4, 64));
            assertEquals(1, pair.left().statistics().txRefused);
            pair.left().flush(0);
            assertEquals(4, pair.right().receive(NOTHING, 64, 0));
            assertFalse(send(pair.left(), 4, 64), "the burst is still readable");
            assertEquals(0, pair.right().receive(NOTHING, 64, 0));
            assertTrue(send(pair.left(), 4, 64));
            assertEquals(8, pair.left().frames().available());
        }
    }

    @Test
    void aBurstStaysReadableUntilTheNextReceive() {
        try (PipeLink.Pair pair = PipeLink.options().queueLength(4).pair()) {
            send(pair.left(), 7, 64);
            pair.left().flush(0);
            List<Runnable> later = new ArrayList<>();
            pair.right().receive((memory, offset, length) ->
                    later.add(() -> assertEquals(7, Bytes.u64(memory, offset))), 64, 0);
            for (int i = 0; i < 8; i++) {
                send(pair.left(), 100 + i, 64);
            }
            pair.left().flush(0);
            later.forEach(Runnable::run);
        }
    }

    @Test
    void transmitCopiesSoTheFrameMayChangeAtOnce() {
        try (PipeLink.Pair pair = PipeLink.pair()) {
            PipeLink left = pair.left();
            long frame = left.frames().allocate();
            Bytes.put64(left.frames().memory(), frame, 1);
            left.transmit(frame, 64, 0);
            assertEquals(1, left.frames().holds(frame));
            Bytes.put64(left.frames().memory(), frame, 2);
            left.flush(0);
            pair.right().receive((memory, offset, length) -> assertEquals(1, Bytes.u64(memory, offset)), 1, 0);
            left.frames().release(frame);
        }
    }

    @Test
    void aFrameBeyondTheMtuIsDroppedAndCounted() {
        try (PipeLink.Pair pair = PipeLink.options().mtu(576).pair()) {
            assertTrue(send(pair.left(), 1, 576 + 14));
            assertTrue(send(pair.left(), 1, 576 + 15));
            pair.left().flush(0);
            assertEquals(1, pair.right().receive(NOTHING, 64, 0));
            assertEquals(1, pair.left().statistics().txDropped);
        }
    }

    @Test
    void aClosedPeerIsACablePulledOut() {
        try (PipeLink.Pair pair = PipeLink.options().queueLength(4).pair()) {
            pair.right().close();
            pair.right().close();
            for (int i = 0; i < 100; i++) {
                assertTrue(send(pair.left(), i, 64));
                pair.left().flush(0);
            }
            assertEquals(96, pair.left().statistics().txDropped);
            assertEquals(0, pair.left().receive(NOTHING, 64, 0));
        }
    }

    @Test
    void whatAnEndPostedBeforeItClosedStillArrives() {
        try (PipeLink.Pair pair = PipeLink.pair()) {
            send(pair.left(), 3, 64);
            pair.left().close();
            assertEquals(1, pair.right().receive(NOTHING, 64, 0));
        }
    }

    @Test
    void wrongOptionsSayWhatToChange() {
        assertMessage("power of two", () -> PipeLink.options().frameSize(2000).pair());
        assertMessage("raise frameSize", () -> PipeLink.options().mtu(9000).pair());
        assertMessage("queue length 1000", () -> PipeLink.options().queueLength(1000).pair());
        assertMessage("RFC 791", () -> PipeLink.options().mtu(67).pair());
        assertMessage("at least one", () -> PipeLink.options().frames(0).pair());
    }

    private static void assertMessage(String part, Runnable setUp) {
        String message = assertThrows(IllegalArgumentException.class, setUp::run).getMessage();
        assertTrue(message.contains(part), message);
    }

    /** Any order of calls, against a plain queue: what is published, refused, handed over, and in which order. */
    @Property(tries = 300)
    void behavesAsABoundedQueueWhoseEndMovesAtTheFlush(@ForAll long seed) {
        Random random = new Random(seed);
        int capacity = 1 << random.nextInt(5);
        ArrayDeque<Long> unpublished = new ArrayDeque<>();
        ArrayDeque<Long> published = new ArrayDeque<>();
        int[] readable = {0};
        try (PipeLink.Pair pair = PipeLink.options().queueLength(capacity).frames(2).frameSize(128).mtu(100).pair()) {
            for (long number = 0; number < 400; number++) {
                switch (random.nextInt(4)) {
                    case 0, 1 -> {
                        boolean room = unpublished.size() + published.size() + readable[0] < capacity;
                        assertEquals(room, send(pair.left(), number, 64), () -> "seed " + seed);
                        if (room) {
                            unpublished.add(number);
                        }
                    }
                    case 2 -> {
                        pair.left().flush(number);
                        published.addAll(unpublished);
                        unpublished.clear();
                    }
                    default -> {
                        readable[0] = 0;
                        int limit = random.nextInt(capacity + 1);
                        int expected = Math.min(limit, published.size());
                        int count = pair.right().receive((memory, offset, length) -> {
                            assertEquals(published.removeFirst(), Bytes.u64(memory, offset), () -> "seed " + seed);
                            readable[0]++;
                        }, limit, number);
                        assertEquals(expected, count, () -> "seed " + seed);
                        assertEquals(expected, readable[0]);
                    }
                }
            }
        }
    }

    /** Every frame carries its number and a pattern made from it; the receiver must see each, whole and in order. */
    @Test
    void twoThreadsExchangeFramesWithoutLossOrTearing() throws InterruptedException {
        int count = 300_000;
        try (PipeLink.Pair pair = PipeLink.options().queueLength(64).frames(128).pair()) {
            AtomicReference<Throwable> failure = new AtomicReference<>();
            AtomicLong echoed = new AtomicLong();
            Thread echo = Thread.ofPlatform().start(() -> {
                try {
                    echoed.set(echo(pair.right(), count));
                } catch (Throwable t) {
                    failure.set(t);
                }
            });
            long returned = produceAndCheck(pair.left(), count, echo);
            echo.join();
            if (failure.get() != null) {
                throw new AssertionError(failure.get());
            }
            assertEquals(count, echoed.get());
            assertEquals(count, returned);
            assertEquals(128, pair.left().frames().available());
            assertEquals(128, pair.right().frames().available());
        }
    }

    private static int lengthFor(long number) {
        return 64 + 8 * (int) (number % 180);
    }

    private static long echo(PipeLink link, int count) {
        long[] next = {0};
        FrameReceiver receiver = (memory, offset, length) -> {
            check(next[0], memory.asSlice(offset, length));
            long frame = link.frames().allocate();
            MemorySegment.copy(memory, offset, link.frames().memory(), frame, length);
            while (!link.transmit(frame, length, 0)) {
                link.flush(0);
                Thread.onSpinWait();
            }
            link.frames().release(frame);
            next[0]++;
        };
        while (next[0] < count) {
            if (link.receive(receiver, 16, 0) == 0) {
                Thread.yield();
            }
            link.flush(0);
        }
        return next[0];
    }

    private static long produceAndCheck(PipeLink link, int count, Thread peer) {
        long[] next = {0};
        FrameReceiver receiver = (memory, offset, length) -> check(next[0]++, memory.asSlice(offset, length));
        long sent = 0;
        while (next[0] < count) {
            boolean last = !peer.isAlive();
            for (int i = 0; i < 32 && sent < count && send(link, sent, lengthFor(sent)); i++) {
                sent++;
            }
            link.flush(0);
            if (link.receive(receiver, 64, 0) == 0) {
                if (last) {
                    break;
                }
                Thread.yield();
            }
        }
        return next[0];
    }

    private static void check(long number, MemorySegment frame) {
        if (frame.byteSize() != lengthFor(number)) {
            throw new AssertionError("frame " + number + " has " + frame.byteSize() + " bytes");
        }
        for (long i = 0; i < frame.byteSize(); i += 8) {
            if (Bytes.u64(frame, i) != number) {
                throw new AssertionError("frame " + number + " is torn at " + i + ": " + Bytes.u64(frame, i));
            }
        }
    }
}
