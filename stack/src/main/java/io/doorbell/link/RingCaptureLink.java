package io.doorbell.link;

import java.lang.foreign.MemorySegment;

/**
 * Shows every frame that passes, in both directions, to those who read a {@link CaptureRing}, as long as one of them
 * wants it; else it costs one look at the ring for each duty cycle. A frame received is recorded before the stack sees
 * it, a frame sent when the link below took it; the time of both is that of the duty cycle. Readers see them after the
 * burst, and after the doorbell.
 */
public final class RingCaptureLink extends LinkDecorator {
    private final CaptureRing ring;
    private final Tap tap = new Tap();
    private final GatheredFrame pieces = new GatheredFrame();
    private boolean wanted;
    private boolean warm;

    public RingCaptureLink(Link link, CaptureRing ring) {
        super(link);
        this.ring = ring;
    }

    @Override
    public int receive(FrameReceiver receiver, int limit, long nowNanos) {
        wanted = ring.wanted(nowNanos);
        if (!wanted) {
            return link.receive(receiver, limit, nowNanos);
        }
        tap.receiver = receiver;
        tap.timeNanos = nowNanos;
        int count = link.receive(tap, limit, nowNanos);
        tap.receiver = null;
        ring.publish();
        return count;
    }

    @Override
    public boolean transmit(long address, int length, long nowNanos) {
        boolean sent = link.transmit(address, length, nowNanos);
        if (wanted && sent && !warm) {
            ring.write(link.frames().memory(), address, length, nowNanos);
        }
        return sent;
    }

    @Override
    public boolean scatter() {
        return link.scatter();
    }

    @Override
    public boolean transmit(long address, int length, long rest, int restLength, long nowNanos) {
        boolean sent = link.transmit(address, length, rest, restLength, nowNanos);
        if (wanted && sent && !warm) {
            ring.write(pieces.gather(link.frames().memory(), address, length, rest, restLength), 0, length + restLength,
                    nowNanos);
        }
        return sent;
    }

    @Override
    public void flush(long nowNanos) {
        link.flush(nowNanos);
        ring.publish();
    }

    @Override
    public boolean warm(boolean on) {
        boolean able = link.warm(on);
        warm = on && able;
        return able;
    }

    /** Records what the link below hands over, then hands it on; one object for the link's life. */
    private final class Tap implements FrameReceiver {
        private FrameReceiver receiver;
        private long timeNanos;

        @Override
        public void frame(MemorySegment memory, long offset, int length) {
            ring.write(memory, offset, length, timeNanos);
            receiver.frame(memory, offset, length);
        }
    }
}
