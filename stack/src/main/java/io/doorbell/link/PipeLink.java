package io.doorbell.link;

import io.doorbell.wire.EthernetHeader;

import java.lang.foreign.Arena;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One end of a cable in memory: what one end transmits and flushes, the other receives.
 *
 * <p>Two stacks may own the two ends in one thread, with a virtual clock, where the cable has no delay and no
 * randomness of its own; or in a thread each. Either way each direction is one bounded queue of copied frames, whose
 * flush is a single release store: the doorbell of this link, and counted as such.
 *
 * <p>{@link #transmit} copies, so the sender's frame is free again at once: the link never holds one. A received
 * frame is read in the queue's memory and its slot goes back to the sender at the next {@link #receive}. When the
 * other end is closed, frames that no longer fit are accepted and counted as dropped, as on a cable pulled out.
 *
 * <p>The memory of both ends and both queues is one allocation, given back when the second end is closed.
 */
public final class PipeLink implements Link {
    private final FramePool frames;
    private final FrameQueue out;
    private final FrameQueue in;
    private final Arena arena;
    private final AtomicInteger openEnds;
    private final int mtu;
    private final long mac;
    private final boolean scatter;
    private final LinkStatistics statistics = new LinkStatistics();
    private boolean warm;
    private boolean closed;

    private PipeLink(Options options, long mac, Arena arena, AtomicInteger openEnds, FrameQueue out, FrameQueue in) {
        long bytes = (long) options.frames * options.frameSize;
        this.frames = new FramePool(arena.allocate(bytes, 4096), options.frameSize, 0, options.frames);
        this.out = out;
        this.in = in;
        this.arena = arena;
        this.openEnds = openEnds;
        this.mtu = options.mtu;
        this.mac = mac;
        this.scatter = options.scatter;
        statistics.mode = "pipe";
    }

    /** A cable with an MTU of 1500, 4096 frames of 2048 bytes at each end, and 1024 frames in flight each way. */
    public static Pair pair() {
        return options().pair();
    }

    /** A cable to be described before it is made with {@link Options#pair()}. */
    public static Options options() {
        return new Options();
    }

    @Override
    public FramePool frames() {
        return frames;
    }

    @Override
    public int mtu() {
        return mtu;
    }

    @Override
    public long mac() {
        return mac;
    }

    @Override
    public int receive(FrameReceiver receiver, int limit, long nowNanos) {
        int count = in.releaseAndCount(limit);
        long bytes = 0;
        for (int i = 0; i < count; i++) {
            int slot = in.take();
            int length = in.lengthOf(slot);
            bytes += length;
            receiver.frame(in.slots(), in.offsetOf(slot), length);
        }
        if (count <= 0) {
            return 0;
        }
        statistics.rxFrames += count;
        statistics.rxBytes += bytes;
        return count;
    }

    /** As {@link Link#transmit}; a frame longer than the MTU and an Ethernet header is dropped and counted. */
    @Override
    public boolean transmit(long address, int length, long nowNanos) {
        return transmit(address, length, address, 0, nowNanos);
    }

    @Override
    public boolean scatter() {
        return scatter;
    }

    @Override
    public boolean transmit(long address, int length, long rest, int restLength, long nowNanos) {
        if (length + restLength > mtu + EthernetHeader.LENGTH) {
            statistics.txDropped += warm ? 0 : 1;
            return true;
        }
        if (!out.offer(frames.memory(), address, length)) {
            if (out.consumerClosed()) {
                statistics.txDropped += warm ? 0 : 1;
                return true;
            }
            statistics.txRefused += warm ? 0 : 1;
            return false;
        }
        if (restLength > 0) {
            out.append(frames.memory(), rest, restLength);
        }
        if (warm) {
            out.withdraw();
            return true;
        }
        statistics.txFrames++;
        statistics.txBytes += length + restLength;
        return true;
    }

    @Override
    public void flush(long nowNanos) {
        if (out.publish()) {
            statistics.doorbells++;
        }
    }

    /** {@inheritDoc} A frame that waits at this end is due: on a virtual clock no time passes before it is received. */
    @Override
    public long nextDeadlineNanos() {
        return in.hasMore() ? Long.MIN_VALUE : NEVER;
    }

    @Override
    public boolean warm(boolean on) {
        warm = on;
        return true;
    }

    @Override
    public LinkStatistics statistics() {
        return statistics;
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        out.publish();
        in.closeConsumer();
        if (openEnds.decrementAndGet() == 0) {
            arena.close();
        }
    }

    /** The two ends of a cable. Each belongs to the thread that polls its stack. */
    public record Pair(PipeLink left, PipeLink right) implements AutoCloseable {
        /** Closes both ends; only when no thread uses either any more. */
        @Override
        public void close() {
            left.close();
            right.close();
        }
    }

    /** What a cable is like. The two ends are alike but for their addresses. */
    public static final class Options {
        private int mtu = 1500;
        private int frames = 4096;
        private int frameSize = 2048;
        private int queueLength = 1024;
        private boolean scatter;
        private long leftMac = 0x02_00_00_00_00_01L;
        private long rightMac = 0x02_00_00_00_00_02L;

        private Options() {
        }

        /** The largest IP packet, in bytes. */
        public Options mtu(int bytes) {
            this.mtu = bytes;
            return this;
        }

        /** Frames in the region of each end. */
        public Options frames(int count) {
            this.frames = count;
            return this;
        }

        /** Bytes of a frame, a power of two that an MTU-sized packet and its Ethernet header fit into. */
        public Options frameSize(int bytes) {
            this.frameSize = bytes;
            return this;
        }

        /** Frames that one direction can hold between two receives, a power of two. */
        public Options queueLength(int count) {
            this.queueLength = count;
            return this;
        }

        /** Whether frames are taken in two pieces, too; no unless set. */
        public Options scatter(boolean on) {
            this.scatter = on;
            return this;
        }

        /** The addresses of the two ends, in the low 48 bits. */
        public Options macs(long left, long right) {
            this.leftMac = left;
            this.rightMac = right;
            return this;
        }

        /** Makes the cable. */
        public Pair pair() {
            check();
            Arena arena = Arena.ofShared();
            AtomicInteger openEnds = new AtomicInteger(2);
            FrameQueue rightward = new FrameQueue(arena, queueLength, frameSize);
            FrameQueue leftward = new FrameQueue(arena, queueLength, frameSize);
            return new Pair(new PipeLink(this, leftMac, arena, openEnds, rightward, leftward),
                    new PipeLink(this, rightMac, arena, openEnds, leftward, rightward));
        }

        private void check() {
            if (Integer.bitCount(frameSize) != 1 || frameSize < 64) {
                throw new IllegalArgumentException("frame size " + frameSize + " is not a power of two of at least 64");
            }
            if (mtu < 68) {
                throw new IllegalArgumentException("mtu " + mtu + " is below the 68 bytes that RFC 791 asks of a link");
            }
            if (mtu + EthernetHeader.LENGTH > frameSize) {
                throw new IllegalArgumentException("mtu " + mtu + " and an Ethernet header do not fit into frames of "
                        + frameSize + " bytes: lower mtu(...) or raise frameSize(...)");
            }
            if (Integer.bitCount(queueLength) != 1) {
                throw new IllegalArgumentException("queue length " + queueLength + " is not a power of two");
            }
            if (frames < 1) {
                throw new IllegalArgumentException("frames " + frames + ": a link needs at least one");
            }
        }
    }
}
