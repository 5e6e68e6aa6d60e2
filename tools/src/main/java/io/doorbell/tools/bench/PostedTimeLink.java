package io.doorbell.tools.bench;

import io.doorbell.link.Link;
import io.doorbell.link.LinkDecorator;

/** A link that notes when its descriptors were published and ready for the doorbell. */
final class PostedTimeLink extends LinkDecorator {
    private long postedNanos;
    private long flushNanos;
    private long frames;

    PostedTimeLink(Link link) {
        super(link);
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
    public boolean transmit(long address, int length, long nowNanos) {
        frames++;
        return link.transmit(address, length, nowNanos);
    }

    @Override
    public boolean scatter() {
        return link.scatter();
    }

    @Override
    public boolean transmit(long address, int length, long rest, int restLength, long nowNanos) {
        frames++;
        return link.transmit(address, length, rest, restLength, nowNanos);
    }

    @Override
    public boolean warm(boolean on) {
        return link.warm(on);
    }

    @Override
    public void flush(long nowNanos) {
        link.publish();
        postedNanos = System.nanoTime();
        link.flush(nowNanos);
        flushNanos += System.nanoTime() - postedNanos;
    }
}
