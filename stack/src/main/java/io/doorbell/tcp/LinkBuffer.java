package io.doorbell.tcp;

import io.doorbell.link.FramePool;
import java.lang.foreign.MemorySegment;

/**
 * A user's buffer in the link's region, so that what is written there can leave from there, uncopied: the last part of
 * a {@link MessageTemplate}. It is one frame of the link; set up once, used again and again.
 *
 * <p>It belongs to its user while it {@link #isFree}; from {@link MessageTemplate#last} on it belongs to the stack, and
 * its content must not change: until the message is acknowledged, since a retransmission leaves from there too, or until
 * the connection has ended and the link is done with it. If the part was copied it is free again at once. There is no
 * call that tells: who needs a buffer asks, and has as many as he wants to have out at the same time.
 *
 * <p>One thread, the stack's. Nothing here allocates after the making.
 */
public final class LinkBuffer {
    private final TemplateReferences references;
    private final FramePool pool;
    private final SegmentTable segments;
    private final long address;
    /** The armed template that names it. */
    MessageTemplate template;
    private boolean closed;

    LinkBuffer(TemplateReferences references, FramePool pool, SegmentTable segments, long address) {
        this.references = references;
        this.pool = pool;
        this.segments = segments;
        this.address = address;
    }

    /** The link's region. Valid until the link is closed. */
    public MemorySegment memory() {
        return pool.memory();
    }

    /** Where the buffer begins in {@link #memory}. What lies before it is for headers. */
    public long address() {
        return address;
    }

    /** Its bytes. */
    public int capacity() {
        return pool.frameSize() - SendSpace.HEADROOM;
    }

    /** Whether the user may write to it, and use it in a template. */
    public boolean isFree() {
        return !closed && template == null && !segments.has(frame(), SegmentTable.LENT) && pool.holds(address) == 1;
    }

    /** Gives the frame back, now or as soon as it has been acknowledged. Idempotent. */
    public void close() {
        if (closed) {
            return;
        }
        if (template != null) {
            template.copyLast();
        }
        closed = true;
        references.closed();
        if (segments.has(frame(), SegmentTable.LENT)) {
            segments.clear(frame(), SegmentTable.LENT);
        } else {
            pool.release(address);
        }
    }

    int frame() {
        return pool.indexOf(address);
    }
}
