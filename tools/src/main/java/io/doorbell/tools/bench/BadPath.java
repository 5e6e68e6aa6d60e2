package io.doorbell.tools.bench;

import io.doorbell.link.FramePool;
import io.doorbell.link.ImpairedLink;
import io.doorbell.link.Impairment;
import io.doorbell.link.Link;
import java.lang.foreign.MemorySegment;

/**
 * A cable that loses, delays and reorders: it carries every frame from one link to the other, each direction through an
 * {@link Impairment} of its own. Between two interfaces it does the same to whatever TCP is at their far ends. It works
 * on a thread of its own, and only between {@link #start} and {@link #stop}, so that it costs nothing while others are
 * measured.
 */
final class BadPath implements AutoCloseable {
    private static final int BURST = 256;

    private final ImpairedLink left;
    private final ImpairedLink right;
    private volatile boolean running;
    private Thread thread;

    /** Takes both links over. */
    BadPath(Link left, Link right, Impairment each) {
        this.left = new ImpairedLink(left, each, Impairment.NONE);
        this.right = new ImpairedLink(right, each.toBuilder().seed(~each.seed()).build(), Impairment.NONE);
    }

    void start() {
        running = true;
        thread = new Thread(this::carry, "bench-path");
        thread.setDaemon(true);
        thread.start();
    }

    /** Returns when the thread has ended. Idempotent. */
    void stop() {
        running = false;
        boolean interrupted = false;
        while (thread != null) {
            try {
                thread.join();
                thread = null;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Frames that the path has lost so far, in both directions. */
    long lost() {
        return left.transmitCounts().dropped() + right.transmitCounts().dropped();
    }

    private void carry() {
        while (running) {
            long now = System.nanoTime();
            int count = left.receive((memory, at, length) -> forward(right, memory, at, length, now), BURST, now)
                    + right.receive((memory, at, length) -> forward(left, memory, at, length, now), BURST, now);
            left.flush(now);
            right.flush(now);
            if (count == 0) {
                Thread.yield();
            }
        }
    }

    /** What finds no frame is lost, as in a switch whose buffers are full. */
    private static void forward(Link to, MemorySegment memory, long at, int length, long now) {
        FramePool frames = to.frames();
        if (length > frames.frameSize()) {
            return;
        }
        long frame = frames.allocate();
        if (frame == FramePool.NONE) {
            return;
        }
        MemorySegment.copy(memory, at, frames.memory(), frame, length);
        to.transmit(frame, length, now);
        frames.release(frame);
    }

    @Override
    public void close() {
        stop();
        left.close();
        right.close();
    }
}
