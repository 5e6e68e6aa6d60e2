package io.doorbell.link;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A link whose path is as bad as one asks: an {@link Impairment} for each direction over any other link.
 *
 * <p>Everything follows from the seeds, the calls and their {@code nowNanos}: the same again gives the same frames, to
 * the byte. Frames that must wait or change are copied into memory that is allocated at construction, so that neither
 * the sender's frame nor the receiver's ring is held up by a delay. Frames that are due leave at the next
 * {@link #transmit}, {@link #flush} or {@link #receive}; {@link #nextDeadlineNanos} tells when one will be.
 *
 * <p>Delayed frames are sent from a few frames of the link's pool, which are taken at construction (only if the
 * transmit side can delay or change a frame) and returned at close: a path must not come to a halt because the sender
 * holds all other frames until they are acknowledged.
 *
 * <p>One thread, as every link. Closing closes the link below.
 */
public final class ImpairedLink extends LinkDecorator {
    private static final int MOST_STAGING_FRAMES = 32;

    private final Arena arena = Arena.ofShared();
    private final ImpairedPath outward;
    private final ImpairedPath inward;
    private final Inward collector = new Inward();
    private long[] staging = {};
    private int nextStaging;
    private int[] delivered = {};
    private int deliveredCount;
    private boolean closed;

    /** The same impairment in both directions, each with random numbers of its own. */
    public ImpairedLink(Link link, Impairment both) {
        this(link, both, both);
    }

    /**
     * @param transmit for the frames that this end sends
     * @param receive  for the frames that come in
     */
    public ImpairedLink(Link link, Impairment transmit, Impairment receive) {
        super(link);
        this.outward = new ImpairedPath(arena, transmit, 1, link.frames().frameSize());
        this.inward = new ImpairedPath(arena, receive, 2, link.frames().frameSize());
        prepare();
    }

    /**
     * From now on the path is like this. Frames on their way arrive as they would have; random numbers go on, the
     * seeds of the new impairments do not matter. May allocate when a direction begins to delay frames.
     */
    public void change(Impairment transmit, Impairment receive) {
        outward.change(arena, transmit, link.frames().frameSize());
        inward.change(arena, receive, link.frames().frameSize());
        prepare();
    }

    private void prepare() {
        FramePool pool = link.frames();
        outward.reportsOn(inward, arena, pool.frameSize());
        inward.reportsOn(outward, arena, pool.frameSize());
        if (outward.delayed != null && staging.length == 0) {
            staging = new long[Math.clamp(pool.capacity() / 16, 1, MOST_STAGING_FRAMES)];
            for (int i = 0; i < staging.length; i++) {
                staging[i] = pool.allocate();
                if (staging[i] == FramePool.NONE) {
                    throw new IllegalStateException("no free frame in the link for delayed frames: impair the link "
                            + "before a stack uses it, or give it more frames");
                }
            }
        }
        if (inward.delayed != null && delivered.length == 0) {
            delivered = new int[inward.delayed.capacity()];
        }
    }

    /** What was done to the frames sent. */
    public ImpairmentCounts transmitCounts() {
        return outward.counts;
    }

    /** What was done to the frames received. */
    public ImpairmentCounts receiveCounts() {
        return inward.counts;
    }

    @Override
    public long nextDeadlineNanos() {
        return Math.min(link.nextDeadlineNanos(), Math.min(outward.earliest(), inward.earliest()));
    }

    @Override
    public int receive(FrameReceiver receiver, int limit, long nowNanos) {
        if (sendDue(nowNanos)) {
            link.flush(nowNanos);
        }
        freeDelivered();
        if (inward.isTransparent()) {
            return link.receive(receiver, limit, nowNanos);
        }
        collector.receiver = receiver;
        collector.nowNanos = nowNanos;
        int handed = handOverDue(receiver, limit, nowNanos);
        collector.passed = 0;
        link.receive(collector, limit - handed, nowNanos);
        handed += collector.passed;
        collector.receiver = null;
        return handed + handOverDue(receiver, limit - handed, nowNanos);
    }

    private int handOverDue(FrameReceiver receiver, int limit, long nowNanos) {
        int handed = 0;
        while (handed < limit && inward.hasDue(nowNanos)) {
            DelayedFrames frames = inward.delayed;
            int slot = frames.removeFirst();
            delivered[deliveredCount++] = slot;
            inward.counts.waiting--;
            inward.counts.delivered++;
            handed++;
            receiver.frame(frames.memory(), frames.offsetOf(slot), frames.lengthOf(slot));
        }
        return handed;
    }

    private void freeDelivered() {
        while (deliveredCount > 0) {
            inward.delayed.free(delivered[--deliveredCount]);
        }
    }

    /**
     * As {@link Link#transmit}. A frame that the path loses, or has no room for, counts as sent; false comes only
     * from the link below being full.
     */
    @Override
    public boolean transmit(long address, int length, long nowNanos) {
        if (outward.isTransparent()) {
            return link.transmit(address, length, nowNanos);
        }
        sendDue(nowNanos);
        if (outward.hasDue(nowNanos)) {
            return false;
        }
        MemorySegment memory = link.frames().memory();
        if (outward.judge(memory, address, length, nowNanos) == ImpairedPath.PASSES) {
            if (!link.transmit(address, length, nowNanos)) {
                outward.unjudge();
                return false;
            }
            outward.counts.delivered++;
            return true;
        }
        sendDue(nowNanos);
        return true;
    }

    @Override
    public boolean scatter() {
        return link.scatter();
    }

    /** {@inheritDoc} What may be delayed or changed is put together first. */
    @Override
    public boolean transmit(long address, int length, long rest, int restLength, long nowNanos) {
        if (outward.isTransparent()) {
            return link.transmit(address, length, rest, restLength, nowNanos);
        }
        FramePool pool = link.frames();
        long whole = length + restLength > pool.frameSize() ? FramePool.NONE : pool.allocate();
        if (whole == FramePool.NONE) {
            return false;
        }
        MemorySegment.copy(pool.memory(), address, pool.memory(), whole, length);
        MemorySegment.copy(pool.memory(), rest, pool.memory(), whole + length, restLength);
        boolean posted = transmit(whole, length + restLength, nowNanos);
        pool.release(whole);
        return posted;
    }

    /** Only with a transparent way out: the fate of a frame is drawn when it is posted. */
    @Override
    public boolean warm(boolean on) {
        return outward.isTransparent() && link.warm(on);
    }

    @Override
    public void flush(long nowNanos) {
        sendDue(nowNanos);
        link.flush(nowNanos);
    }

    /** Posts what is due until the link below is full or all staging frames are on their way; whether any was. */
    private boolean sendDue(long nowNanos) {
        boolean any = false;
        while (outward.hasDue(nowNanos)) {
            long frame = staging[nextStaging];
            DelayedFrames frames = outward.delayed;
            int slot = frames.first();
            int length = frames.lengthOf(slot);
            if (link.frames().holds(frame) > 1) {
                break;
            }
            MemorySegment.copy(frames.memory(), frames.offsetOf(slot), link.frames().memory(), frame, length);
            if (!link.transmit(frame, length, nowNanos)) {
                break;
            }
            nextStaging = nextStaging + 1 == staging.length ? 0 : nextStaging + 1;
            frames.free(frames.removeFirst());
            outward.counts.waiting--;
            outward.counts.delivered++;
            any = true;
        }
        return any;
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        for (long frame : staging) {
            link.frames().release(frame);
        }
        link.close();
        arena.close();
    }

    /** Judges what the link below hands over; one object for the link's life. */
    private final class Inward implements FrameReceiver {
        private FrameReceiver receiver;
        private long nowNanos;
        private int passed;

        @Override
        public void frame(MemorySegment memory, long offset, int length) {
            if (inward.judge(memory, offset, length, nowNanos) == ImpairedPath.PASSES) {
                inward.counts.delivered++;
                passed++;
                receiver.frame(memory, offset, length);
            }
        }
    }
}
