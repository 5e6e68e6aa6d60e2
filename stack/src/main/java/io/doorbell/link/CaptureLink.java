package io.doorbell.link;

import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;

/**
 * Writes every frame that passes, in both directions, as pcap: what tcpdump shows of a kernel interface.
 *
 * <p>A frame received is recorded before the stack sees it, a frame sent when the link below took it; the time of both
 * is that of the duty cycle. Frames gather in a bounded buffer that goes to the sink once a fair amount is together, or
 * when a receive finds nothing to do; frames that find no room pass uncaptured and are counted. The sink belongs to the
 * caller, who closes it after this link, and is called on the link's thread: one that blocks stalls the stack.
 *
 * <p>Put it inside an {@link ImpairedLink} to record what is on the wire, outside to record what the stack sees.
 */
public final class CaptureLink extends LinkDecorator {
    /** Room for records on their way to the sink, if not said otherwise. */
    public static final int DEFAULT_BUFFER_BYTES = 1 << 20;

    private final PcapWriter writer;
    private final long epochOffsetNanos;
    private final int drainBytes;
    private final Tap tap = new Tap();
    private final GatheredFrame pieces = new GatheredFrame();
    private boolean warm;
    private boolean closed;

    /** Whole frames, a buffer of 1 MB, times as the clock gives them. */
    public CaptureLink(Link link, WritableByteChannel sink) {
        this(link, sink, 0, PcapWriter.MAX_SNAPLEN, DEFAULT_BUFFER_BYTES);
    }

    /**
     * @param epochOffsetNanos added to {@code nowNanos} to give the nanoseconds since 1970 that pcap wants
     * @param snaplen          bytes kept of each frame, at most
     * @param bufferBytes      room for records that the sink has not taken
     */
    public CaptureLink(Link link, WritableByteChannel sink, long epochOffsetNanos, int snaplen, int bufferBytes) {
        super(link);
        this.writer = new PcapWriter(sink, bufferBytes, snaplen);
        this.epochOffsetNanos = epochOffsetNanos;
        this.drainBytes = Math.min(bufferBytes / 4, 1 << 16);
    }

    /** Frames captured and lost, and whether the sink still works. */
    public PcapWriter writer() {
        return writer;
    }

    @Override
    public int receive(FrameReceiver receiver, int limit, long nowNanos) {
        tap.receiver = receiver;
        tap.timeNanos = nowNanos + epochOffsetNanos;
        int count = link.receive(tap, limit, nowNanos);
        tap.receiver = null;
        if (count == 0 || writer.pending() >= drainBytes) {
            writer.drain();
        }
        return count;
    }

    @Override
    public boolean transmit(long address, int length, long nowNanos) {
        if (!link.transmit(address, length, nowNanos)) {
            return false;
        }
        if (warm) {
            return true;
        }
        writer.write(link.frames().memory(), address, length, nowNanos + epochOffsetNanos);
        return true;
    }

    @Override
    public boolean scatter() {
        return link.scatter();
    }

    @Override
    public boolean transmit(long address, int length, long rest, int restLength, long nowNanos) {
        if (!link.transmit(address, length, rest, restLength, nowNanos)) {
            return false;
        }
        if (!warm) {
            writer.write(pieces.gather(link.frames().memory(), address, length, rest, restLength), 0, length + restLength,
                    nowNanos + epochOffsetNanos);
        }
        return true;
    }

    @Override
    public boolean warm(boolean on) {
        boolean able = link.warm(on);
        warm = on && able;
        return able;
    }

    /** Flushes the link first: the wire does not wait for the capture. */
    @Override
    public void flush(long nowNanos) {
        link.flush(nowNanos);
        if (writer.pending() >= drainBytes) {
            writer.drain();
        }
    }

    /** Offers the sink what is left, as long as it takes anything, then closes the link below; not the sink. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        int before;
        do {
            before = writer.pending();
            writer.drain();
        } while (writer.pending() > 0 && writer.pending() < before);
        link.close();
    }

    /** Records what the link below hands over, then hands it on; one object for the link's life. */
    private final class Tap implements FrameReceiver {
        private FrameReceiver receiver;
        private long timeNanos;

        @Override
        public void frame(MemorySegment memory, long offset, int length) {
            writer.write(memory, offset, length, timeNanos);
            receiver.frame(memory, offset, length);
        }
    }
}
