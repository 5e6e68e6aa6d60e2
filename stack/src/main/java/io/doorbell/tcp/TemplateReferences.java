package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.link.FramePool;
import io.doorbell.link.Link;

/** Buffers of users in the link's region, and when a template's last part leaves from one of them instead of a copy. */
public final class TemplateReferences {
    private final FramePool pool;
    private final SegmentTable segments;
    private final SendSpace sendSpace;
    private final Counters counters;
    private final int leastBytes;
    private int open;

    TemplateReferences(Link link, SegmentTable segments, SendSpace sendSpace, TcpConfig config, Counters counters) {
        this.pool = link.frames();
        this.segments = segments;
        this.sendSpace = sendSpace;
        this.counters = counters;
        this.leastBytes = link.scatter() ? config.referenceBytes() : Integer.MAX_VALUE;
    }

    /** @return null, counted, for want of frames */
    public LinkBuffer open() {
        if (sendSpace.freeFrames() < 1) {
            counters.increment(Counter.TEMPLATES_REFUSED);
            return null;
        }
        long address = pool.allocate() + SendSpace.HEADROOM;
        segments.clear(pool.indexOf(address), SegmentTable.LENT);
        open++;
        return new LinkBuffer(this, pool, segments, address);
    }

    /** A message of one segment, so that its first part and this one fit into one packet. */
    boolean refers(MessageTemplate t, int bytes) {
        return bytes >= leastBytes && t.count == 1 && bytes < t.length;
    }

    /**
     * The two pieces of a message that has left enter the send space, each as a segment of its own: there they are
     * acknowledged, and sent again, like any others.
     *
     * @return the first; the second follows it
     */
    int adopt(Tcb c, MessageTemplate t) {
        LinkBuffer buffer = t.last;
        int rest = t.lastBytes;
        int first = sendSpace.adopt(c, t.payload(0), t.length - rest, t.firstSum(), 0);
        sendSpace.adopt(c, buffer.address(), rest, t.lastSum(), SegmentTable.PUSH | SegmentTable.LENT);
        buffer.template = null;
        t.last = null;
        counters.increment(Counter.TEMPLATE_SENDS_BY_REFERENCE);
        return first;
    }

    void closed() {
        open--;
    }

    /** Frames that users have, those in a send space among them. */
    int frames() {
        return open;
    }
}
