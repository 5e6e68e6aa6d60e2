package io.doorbell.xdp;

import io.doorbell.link.FramePool;
import io.doorbell.link.FrameReceiver;
import io.doorbell.link.Link;
import io.doorbell.link.LinkStatistics;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.xdp.ffi.Errno;
import io.doorbell.xdp.ffi.IfXdp;
import io.doorbell.xdp.ffi.Libc;
import io.doorbell.xdp.ffi.Rtnetlink;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A link on one queue of a network interface, over AF_XDP (kernel: Documentation/networking/af_xdp.rst). The frames of
 * its region, the UMEM, go around four rings that the kernel and this class share:
 * <pre>
 *            fill ring            RX ring
 *   free  ------------>  kernel  --------->  receive()     frames 0 .. ringSize-1
 *     ^-----------------------------------------'
 *            TX ring              completion ring
 *   pool  ------------>  kernel  --------->  pool          frames ringSize .. frames-1
 * </pre>
 * A filter on the interface ({@link XdpFilter}) sends the traffic of the link's addresses here and leaves everything
 * else to the kernel. Links on several queues of an interface share that filter; each must have its own thread's
 * attention, and nothing else is shared. A link that only sends ({@link XdpLinkBuilder#transmitOnly}) has the lower two
 * rings and no filter; {@link #receive} only takes sent frames back then.
 *
 * <p>One thread at a time, as for every {@link Link}; it need not be the thread, nor in the network namespace, that
 * opened the link. After {@link #open}, nothing allocates, and nothing throws for what the network or the kernel does.
 */
public final class XdpLink implements Link {
    /** How long after a doorbell that did not empty the TX ring the next one is worth it. */
    private static final long RETRY_NANOS = 20_000;

    private final FrameRegion region;
    private final MemorySegment memory;
    private final FramePool frames;
    private final Arena arena;
    private final XskSocket socket;
    private final XdpAttachment attachment;
    private final ProducerRing fill;
    private final ConsumerRing completion;
    private final ConsumerRing rx;
    private final ProducerRing tx;
    private final MemorySegment errno;
    private final MemorySegment kernelStatistics;
    private final MemorySegment kernelStatisticsLength;
    private final LinkStatistics statistics = new LinkStatistics();
    private final int fd;
    private final int queue;
    private final int mtu;
    private final int longestFrame;
    private final int frameSize;
    private final long frameMask;
    private final long mac;
    private final boolean partialChecksums;
    private final boolean scatter;
    private final int ringsPerFlush;
    private final int manyFrames;

    /** Received frames that are still the receiver's to look at; they lie at the front of the RX ring. */
    private int handed;
    private long retryAtNanos = NEVER;
    private int lastErrno;
    private boolean warm;
    private boolean closed;

    /** Starts the description of a link; {@link XdpLinkBuilder#open} makes it. */
    public static XdpLinkBuilder on(String interfaceName) {
        return new XdpLinkBuilder(interfaceName);
    }

    /** @param attachment null for a link that only sends */
    XdpLink(XdpLinkBuilder options, Rtnetlink.Interface on, FrameRegion region, Arena arena, XskSocket socket,
            XdpAttachment attachment, boolean zeroCopy) {
        this.region = region;
        this.memory = region.frames;
        this.arena = arena;
        this.socket = socket;
        this.attachment = attachment;
        this.fill = socket.fill;
        this.completion = socket.completion;
        this.rx = socket.rx;
        this.tx = socket.tx;
        this.fd = socket.fd;
        this.queue = options.queue();
        this.mtu = on.mtu();
        this.mac = on.mac();
        this.longestFrame = on.mtu() + EthernetHeader.LENGTH;
        this.frameSize = options.frameSize();
        this.frameMask = -options.frameSize();
        this.partialChecksums = attachment != null && options.partialChecksums(on, attachment.nativeMode());
        this.scatter = options.scatter();
        this.errno = Errno.allocate(arena);
        this.kernelStatistics = arena.allocate(IfXdp.STATISTICS_BYTES, 8);
        this.kernelStatisticsLength = arena.allocate(ValueLayout.JAVA_INT);
        int ringSize = options.ringSize();
        int receiving = attachment == null ? 0 : ringSize;
        this.frames = new FramePool(memory, frameSize, receiving, options.frames() - receiving, region.engineFrames);
        this.manyFrames = ringSize / 4;
        this.ringsPerFlush = options.ringsPerFlush(socket, zeroCopy);
        statistics.mode = "xdp " + (attachment == null ? "transmit" : attachment.nativeMode() ? "native" : "generic")
                + (zeroCopy ? " zero-copy" : " copy");
        for (int i = 0; i < receiving; i++) {
            fill.putAddress((long) i * frameSize);
        }
        fill.submit();
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
    public boolean partialChecksums() {
        return partialChecksums;
    }

    @Override
    public MemorySegment engineMemory() {
        return region.directory;
    }

    /** The queue that the link is bound to. */
    public int queue() {
        return queue;
    }

    @Override
    public int receive(FrameReceiver receiver, int limit, long nowNanos) {
        if (rx == null) {
            reclaim();
            return 0;
        }
        takeBack();
        int count = rx.available(limit);
        if (count == 0) {
            // What nobody waits for is done while nothing waits.
            reclaim();
            return 0;
        }
        // Noted before the first call, so that no frame is lost if a receiver fails.
        handed = count;
        long bytes = 0;
        for (int i = 0; i < count; i++) {
            int length = rx.descriptorLength(i);
            bytes += length;
            receiver.frame(memory, rx.descriptorAddress(i), length);
        }
        statistics.rxFrames += count;
        statistics.rxBytes += bytes;
        return count;
    }

    /**
     * {@inheritDoc}
     *
     * <p>What cannot be a frame of this link (shorter than an Ethernet header, longer than its MTU allows, beyond the
     * end of its frame) is dropped and counted: the kernel would take it from the ring without ever completing it.
     */
    @Override
    public boolean transmit(long address, int length, long nowNanos) {
        if (length < EthernetHeader.LENGTH || length > longestFrame || (address & ~frameMask) + length > frameSize) {
            statistics.txDropped += warm ? 0 : 1;
            return true;
        }
        if (tx.free(1) <= 0) {
            if (warm) {
                return false;
            }
            reclaim();
            statistics.txRefused++;
            return false;
        }
        frames.hold(address);
        tx.putDescriptor(address, length, 0);
        if (warm) {
            tx.withdraw();
            frames.release(address);
            return true;
        }
        statistics.txFrames++;
        statistics.txBytes += length;
        return true;
    }

    @Override
    public boolean scatter() {
        return scatter;
    }

    @Override
    public boolean transmit(long address, int length, long rest, int restLength, long nowNanos) {
        if (length < EthernetHeader.LENGTH || restLength < 1 || length + restLength > longestFrame
                || (address & ~frameMask) + length > frameSize || (rest & ~frameMask) + restLength > frameSize) {
            statistics.txDropped += warm ? 0 : 1;
            return true;
        }
        if (tx.free(2) < 2) {
            if (warm) {
                return false;
            }
            reclaim();
            statistics.txRefused++;
            return false;
        }
        frames.hold(address);
        frames.hold(rest);
        tx.putDescriptor(address, length, IfXdp.XDP_PKT_CONTD);
        tx.putDescriptor(rest, restLength, 0);
        if (warm) {
            tx.withdraw();
            tx.withdraw();
            frames.release(rest);
            frames.release(address);
            return true;
        }
        statistics.txFrames++;
        statistics.txBytes += length + restLength;
        return true;
    }

    @Override
    public void publish() {
        tx.submit();
    }

    @Override
    public boolean warm(boolean on) {
        warm = on;
        return true;
    }

    /**
     * {@inheritDoc}
     *
     * <p>On a kernel without {@code XDP_MAX_TX_SKB_BUDGET} (an older one) a call sends 32 frames, and this one repeats
     * it as often as a full ring needs.
     */
    @Override
    public void flush(long nowNanos) {
        tx.submit();
        retryAtNanos = NEVER;
        if (tx.backlog() == 0) {
            return;
        }
        if (tx.needsWakeup()) {
            // The kernel stops sending when the completion ring is full; a small batch need not wait for that.
            if (tx.backlog() > manyFrames) {
                reclaim();
            }
            ring();
            reclaim();
            if (tx.backlog() > 0) {
                retryAtNanos = nowNanos + RETRY_NANOS;
            }
        }
    }

    /** When to {@link #flush} again because the device did not take all frames. */
    @Override
    public long nextDeadlineNanos() {
        return retryAtNanos;
    }

    /** What the last refused doorbell was refused with, 0 if none was; {@link Errno#describe} says what it means. */
    public int lastErrno() {
        return lastErrno;
    }

    @Override
    public LinkStatistics statistics() {
        kernelStatisticsLength.set(ValueLayout.JAVA_INT, 0, (int) IfXdp.STATISTICS_BYTES);
        int result = Libc.getsockopt(errno, fd, IfXdp.SOL_XDP, IfXdp.XDP_STATISTICS,
                kernelStatistics, kernelStatisticsLength);
        if (result == 0) {
            statistics.rxDropped = IfXdp.dropped(kernelStatistics);
            statistics.fillRingEmpty = IfXdp.fillRingEmpty(kernelStatistics);
            statistics.txRingEmpty = IfXdp.txRingEmpty(kernelStatistics);
            statistics.invalidDescriptors = IfXdp.invalidDescriptors(kernelStatistics);
        }
        return statistics;
    }

    /**
     * {@inheritDoc}
     *
     * <p>The filter goes first, so that the kernel gets what comes from now on; with the last link on its interface it
     * is detached. Frames that are still in the TX ring are not sent. The frame region is unmapped: a segment of it,
     * if anybody kept one, throws on access.
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            if (attachment != null) {
                attachment.leave(queue);
            }
        } finally {
            // Before libxdp unmaps the rings: a thread that polls on by mistake gets an exception, not a fault.
            arena.close();
            socket.close();
            region.unlink();
        }
    }

    /** Gives the frames of the last burst back to the fill ring; it has room for all frames that receive. */
    private void takeBack() {
        int count = handed;
        if (count > 0) {
            for (int i = 0; i < count; i++) {
                fill.putAddress(rx.descriptorAddress(i) & frameMask);
            }
            fill.submit();
            rx.release(count);
            handed = 0;
        }
        if (fill.needsWakeup()) {
            // Only drivers with zero copy sleep on the fill ring.
            Libc.recvfrom(errno, fd, MemorySegment.NULL, 0, Libc.MSG_DONTWAIT, MemorySegment.NULL, MemorySegment.NULL);
        }
    }

    /** Frames that have left: their holds are released. No call is needed for it. */
    private void reclaim() {
        int count = completion.available(Integer.MAX_VALUE);
        if (count > 0) {
            for (int i = 0; i < count; i++) {
                frames.release(completion.address(i));
            }
            completion.release(count);
        }
    }

    private void ring() {
        int result = -Errno.EAGAIN;
        for (int i = 0; i < ringsPerFlush && result == -Errno.EAGAIN; i++) {
            statistics.doorbells++;
            result = Libc.sendto(errno, fd, MemorySegment.NULL, 0, Libc.MSG_DONTWAIT, MemorySegment.NULL, 0);
        }
        if (result < 0) {
            lastErrno = -result;
            if (result == -Errno.EBUSY) {
                // The device dropped one frame and the kernel left the rest in the ring (net/xdp/xsk.c).
                statistics.txDropped++;
            }
        }
    }
}
