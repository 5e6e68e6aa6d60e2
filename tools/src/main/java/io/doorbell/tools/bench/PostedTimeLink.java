package io.doorbell.tools.bench;

import io.doorbell.link.FrameReceiver;
import io.doorbell.link.LinkDecorator;
import io.doorbell.xdp.XdpLink;

/**
 * A link that notes when its descriptors were published and ready for the doorbell. Calls go to the link below as they
 * would from the stack: through a field of an interface's type they would be slower, and some of what is measured would
 * be this class.
 */
final class PostedTimeLink extends LinkDecorator {
    private final XdpLink below;
    private long postedNanos;
    private long flushNanos;
    private long frames;

    PostedTimeLink(XdpLink link) {
        super(link);
        below = link;
    }

    /** When the last flush had shown the other side what it flushed, before it rang. */
    long postedNanos() {
        return postedNanos;
    }

    /** How long all flushes have taken together, from the moment at which their descriptors were published. */
    long flushNanos() {
        return flushNanos;
    }

    /** Frames posted so far. */
    long posted() {
        return frames;
    }

    @Override
    public int receive(FrameReceiver receiver, int limit, long nowNanos) {
        return below.receive(receiver, limit, nowNanos);
    }

    @Override
    public boolean transmit(long address, int length, long nowNanos) {
        frames++;
        return below.transmit(address, length, nowNanos);
    }

    @Override
    public boolean scatter() {
        return below.scatter();
    }

    @Override
    public boolean transmit(long address, int length, long rest, int restLength, long nowNanos) {
        frames++;
        return below.transmit(address, length, rest, restLength, nowNanos);
    }

    @Override
    public boolean warm(boolean on) {
        return below.warm(on);
    }

    @Override
    public void flush(long nowNanos) {
        below.publish();
        postedNanos = System.nanoTime();
        below.flush(nowNanos);
        flushNanos += System.nanoTime() - postedNanos;
    }
}
