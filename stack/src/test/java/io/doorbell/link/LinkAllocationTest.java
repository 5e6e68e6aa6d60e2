package io.doorbell.link;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import org.junit.jupiter.api.Test;

/** Receive, transmit and flush allocate nothing once they are warm. */
class LinkAllocationTest {
    private static final int ROUNDS = 20_000;
    private static final int BURST = 16;
    /** Less than a tenth of a byte a frame: what the measurement itself and the compiler's threads may leave. */
    private static final long TOLERATED_BYTES = 16_384;

    private static final class Discard implements WritableByteChannel {
        @Override
        public int write(ByteBuffer source) {
            int bytes = source.remaining();
            source.position(source.limit());
            return bytes;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {
            // Nothing is open.
        }
    }

    private static final class Count implements FrameReceiver {
        private long frames;

        @Override
        public void frame(MemorySegment memory, long offset, int length) {
            frames++;
        }
    }

    private static long exchange(Link left, Link right, int rounds, Count count) {
        long now = 0;
        for (int round = 0; round < rounds; round++) {
            now += 1_000_000;
            for (int i = 0; i < BURST; i++) {
                long frame = left.frames().allocate();
                left.transmit(frame, 60 + i, now);
                left.frames().release(frame);
            }
            left.flush(now);
            right.receive(count, 64, now);
            left.receive(count, 64, now);
            left.nextDeadlineNanos();
        }
        return count.frames;
    }

    private static void assertNoAllocation(Link left, Link right) {
        Count count = new Count();
        exchange(left, right, ROUNDS, count);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        exchange(left, right, ROUNDS, count);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(count.frames > ROUNDS, "frames " + count.frames);
        assertTrue(allocated < TOLERATED_BYTES, allocated + " bytes for " + ROUNDS * BURST + " frames");
    }

    @Test
    void pipe() {
        try (PipeLink.Pair pair = PipeLink.pair()) {
            assertNoAllocation(pair.left(), pair.right());
        }
    }

    @Test
    void capture() {
        try (PipeLink.Pair pair = PipeLink.pair()) {
            assertNoAllocation(new CaptureLink(pair.left(), new Discard()), pair.right());
        }
    }

    @Test
    void impairment() {
        Impairment everything = Impairment.builder().seed(1).loss(0.1).burstLoss(0.01, 0.3, 0.8).duplicate(0.1)
                .corrupt(0.1).reorder(0.1, 3_000_000).delayNanos(2_000_000).jitterNanos(500_000)
                .rate(10_000_000, 20_000).down(5, 10).build();
        try (PipeLink.Pair pair = PipeLink.pair()) {
            assertNoAllocation(new ImpairedLink(pair.left(), everything),
                    new ImpairedLink(pair.right(), everything));
        }
    }
}
