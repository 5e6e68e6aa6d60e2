package io.doorbell.link;

import java.lang.foreign.MemorySegment;

/**
 * A link over another link, which does what that one does but for what a subclass says. It belongs to the thread of the
 * link below, and closing it closes that one.
 *
 * <p>{@link #scatter} and {@link #warm} are not passed on: whoever looks at frames on their way out has to say whether he
 * can do so for frames in two pieces, and for frames that do not leave.
 */
public abstract class LinkDecorator implements Link {
    /** The link below. */
    protected final Link link;

    protected LinkDecorator(Link link) {
        this.link = link;
    }

    @Override
    public FramePool frames() {
        return link.frames();
    }

    @Override
    public int mtu() {
        return link.mtu();
    }

    @Override
    public long mac() {
        return link.mac();
    }

    @Override
    public boolean partialChecksums() {
        return link.partialChecksums();
    }

    @Override
    public MemorySegment engineMemory() {
        return link.engineMemory();
    }

    @Override
    public int receive(FrameReceiver receiver, int limit, long nowNanos) {
        return link.receive(receiver, limit, nowNanos);
    }

    @Override
    public boolean transmit(long address, int length, long nowNanos) {
        return link.transmit(address, length, nowNanos);
    }

    @Override
    public void flush(long nowNanos) {
        link.flush(nowNanos);
    }

    @Override
    public void publish() {
        link.publish();
    }

    @Override
    public long nextDeadlineNanos() {
        return link.nextDeadlineNanos();
    }

    @Override
    public LinkStatistics statistics() {
        return link.statistics();
    }

    @Override
    public void close() {
        link.close();
    }
}
