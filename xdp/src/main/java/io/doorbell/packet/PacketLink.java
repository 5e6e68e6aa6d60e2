package io.doorbell.packet;

import io.doorbell.link.FramePool;
import io.doorbell.link.FrameReceiver;
import io.doorbell.link.Link;
import io.doorbell.link.LinkStatistics;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.xdp.ffi.Errno;
import io.doorbell.xdp.ffi.IfPacket;
import io.doorbell.xdp.ffi.Libc;
import io.doorbell.xdp.ffi.Rtnetlink;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * A link over a raw packet socket (AF_PACKET), for interfaces and kernels without AF_XDP.
 *
 * <p>Receiving reads a ring that the kernel shares, without a call; sending is one sendmmsg(2) per flush, straight from
 * the frames. The kernel copies each frame once in either direction. It goes on serving the interface for its own
 * addresses; a socket filter keeps everything else than the stack's from being copied at all.
 *
 * <p><b>Large frames.</b> A kernel peer on a virtual link hands over what its segmentation offload has not cut
 * (TSO, UDP GSO), and a real interface what its receive offload has put together (GRO): frames of up to 64 KB, far
 * beyond the MTU. The ring's slots hold them whole, so {@link FrameReceiver#frame} may see a packet larger than
 * {@link #mtu}. A frame larger than a slot is dropped and counted in {@link LinkStatistics#rxDropped}.
 *
 * <p><b>Unfinished checksums.</b> On virtual interfaces {@link #partialChecksums} is true: what a kernel peer sends is
 * then accepted with the pseudo-header's sum alone, as its checksum offload leaves it.
 *
 * <p><b>Forwarding.</b> The kernel also sees the stack's packets and drops them, as they are not for it. With
 * {@code net.ipv4.ip_forward} on, it would try to forward them: leave it off for the interface.
 *
 * <p>It may be opened by one thread, in whose network namespace it then lives, and used by another. After a transmit
 * nothing is held once {@link #flush} returns, unless the kernel had no room: then the rest goes with the next flush,
 * which {@link #nextDeadlineNanos} asks for.
 */
public final class PacketLink implements Link {
    private static final long RETRY_NANOS = 50_000;

    private final Arena arena;
    private final MemorySegment errno;
    private final MemorySegment packetCounts;
    private final MemorySegment packetCountsLength;
    private final int fd;
    private final FramePool frames;
    private final ReceiveRing ring;
    private final SendBatch batch;
    private final int mtu;
    private final long mac;
    private final boolean partialChecksums;
    private final LinkStatistics statistics = new LinkStatistics();
    private long kernelDrops;
    private long retryNanos = NEVER;
    private boolean closed;

    private PacketLink(Builder builder, Rtnetlink.Interface device) {
        this.mtu = device.mtu();
        this.mac = device.mac();
        this.partialChecksums = NetworkInterfaces.isVirtual(device);
        this.fd = PacketSocket.open(builder.addresses, builder.sendBufferBytes());
        this.arena = Arena.ofShared();
        try {
            this.errno = Errno.allocate(arena);
            this.packetCounts = arena.allocate(IfPacket.TPACKET_STATS_BYTES, 8);
            this.packetCountsLength = arena.allocate(4, 4);
            this.frames = new FramePool(MappedMemory.anonymous(arena, (long) builder.frames * builder.frameSize),
                    builder.frameSize, 0, builder.frames);
            this.ring = builder.transmitOnly ? null
                    : ReceiveRing.open(arena, fd, builder.receiveSlots, builder.largestFrame);
            this.batch = new SendBatch(arena, frames, builder.transmitSlots);
            PacketSocket.bind(fd, device.name(), device.index(), !builder.transmitOnly);
        } catch (RuntimeException e) {
            arena.close();
            Libc.close(Errno.ofThread(), fd);
            throw e;
        }
        statistics.mode = builder.transmitOnly ? "packet transmit" : "packet";
    }

    /** Starts the description of a link on an interface of the calling thread's network namespace. */
    public static Builder on(String interfaceName) {
        return new Builder(interfaceName);
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
    public int receive(FrameReceiver receiver, int limit, long nowNanos) {
        if (ring == null) {
            return 0;
        }
        int count = ring.receive(receiver, limit);
        if (count > 0) {
            statistics.rxFrames += count;
            statistics.rxBytes += ring.bytesReceived();
        }
        return count;
    }

    /** As {@link Link#transmit}; a frame longer than the MTU and an Ethernet header is dropped and counted. */
    @Override
    public boolean transmit(long address, int length, long nowNanos) {
        if (length > mtu + EthernetHeader.LENGTH) {
            statistics.txDropped++;
            return true;
        }
        if (!batch.post(address, length)) {
            statistics.txRefused++;
            return false;
        }
        return true;
    }

    @Override
    public void flush(long nowNanos) {
        if (batch.pending() > 0) {
            batch.send(errno, fd, statistics);
            retryNanos = batch.pending() > 0 ? nowNanos + RETRY_NANOS : NEVER;
        }
    }

    @Override
    public long nextDeadlineNanos() {
        return retryNanos;
    }

    @Override
    public LinkStatistics statistics() {
        // The kernel starts again from zero after each question.
        packetCountsLength.set(ValueLayout.JAVA_INT, 0, IfPacket.TPACKET_STATS_BYTES);
        if (Libc.getsockopt(errno, fd, IfPacket.SOL_PACKET, IfPacket.PACKET_STATISTICS, packetCounts,
                packetCountsLength) == 0) {
            kernelDrops += packetCounts.get(ValueLayout.JAVA_INT, IfPacket.TP_DROPS) & 0xffff_ffffL;
        }
        statistics.rxDropped = ring == null ? 0 : kernelDrops + ring.cut();
        return statistics;
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        arena.close();
        Libc.close(Errno.ofThread(), fd);
    }

    /** What the link shall be like; only addresses must be given. */
    public static final class Builder {
        /** An IPv4 packet of the largest size, and its Ethernet header. */
        private static final int LARGEST_IPV4_FRAME = 65_535 + EthernetHeader.LENGTH;
        private static final int MAX_LARGEST_FRAME = 1 << 18;
        /** What the kernel charges a socket for a packet beside its data, at the most. */
        private static final int SKB_OVERHEAD_BYTES = 2048;

        private final String interfaceName;
        private int[] addresses = {};
        private int frames;
        private int frameSize = 2048;
        private int receiveSlots = 512;
        private int largestFrame = LARGEST_IPV4_FRAME;
        private int transmitSlots = 1024;
        private boolean transmitOnly;

        private Builder(String interfaceName) {
            this.interfaceName = interfaceName;
        }

        /** An address of the stack, {@code 10.0.0.2}: ARP for it and IPv4 to it is received; repeatable. */
        public Builder address(String dottedDecimal) {
            this.addresses = Arrays.copyOf(addresses, addresses.length + 1);
            addresses[addresses.length - 1] = NetworkInterfaces.parse(dottedDecimal);
            return this;
        }

        /**
         * A link that sends and never receives, for an engine with a granted right to send: it needs no address, has no
         * receive ring, and the kernel hands it nothing.
         */
        public Builder transmitOnly() {
            this.transmitOnly = true;
            return this;
        }

        /** Frames to send from; 4096 unless set, 1024 in a link that only sends. */
        public Builder frames(int count) {
            this.frames = count;
            return this;
        }

        /** Bytes of a frame to send from: a power of two that an MTU-sized packet and its Ethernet header fit into. */
        public Builder frameSize(int bytes) {
            this.frameSize = bytes;
            return this;
        }

        /** Frames received between two polls, at least; a power of two. Each takes kernel memory of the largest frame. */
        public Builder receiveSlots(int count) {
            this.receiveSlots = count;
            return this;
        }

        /**
         * Bytes of the largest frame to receive, Ethernet header included; 65549 if not set. Where neither the peer
         * nor the interface puts segments together, MTU + 14 is enough and makes the ring small.
         */
        public Builder largestFrame(int bytes) {
            this.largestFrame = bytes;
            return this;
        }

        /** Frames that one flush can send: a power of two up to 1024, the limit of sendmmsg(2). */
        public Builder transmitSlots(int count) {
            this.transmitSlots = count;
            return this;
        }

        /**
         * Opens the link.
         *
         * @throws IllegalArgumentException if an option is wrong or does not fit the interface
         * @throws IllegalStateException    if the interface is down
         * @throws io.doorbell.xdp.ffi.SystemCallException if the kernel refuses; without CAP_NET_RAW it does
         */
        public PacketLink open() {
            frames = frames != 0 ? frames : transmitOnly ? 1024 : 4096;
            requirePowerOfTwo("frameSize", frameSize, 64, 1 << 16);
            requirePowerOfTwo("receiveSlots", receiveSlots, 1, 1 << 16);
            requirePowerOfTwo("transmitSlots", transmitSlots, 1, IfPacket.UIO_MAXIOV);
            if (transmitOnly && addresses.length > 0) {
                throw new IllegalArgumentException("a link that only sends gets no traffic of any address: leave"
                        + " address(...) out, or transmitOnly()");
            }
            if (frames < 1) {
                throw new IllegalArgumentException("frames " + frames + ": a link needs at least one");
            }
            if (addresses.length == 0 && !transmitOnly) {
                throw new IllegalArgumentException("no address: name at least one with address(\"10.0.0.2\")");
            }
            Rtnetlink.Interface device = NetworkInterfaces.require(interfaceName);
            NetworkInterfaces.requireFree(addresses);
            int wire = device.mtu() + EthernetHeader.LENGTH;
            if (wire > frameSize) {
                throw new IllegalArgumentException("the MTU of " + interfaceName + " is " + device.mtu()
                        + ", with an Ethernet header too much for frames of " + frameSize
                        + " bytes: raise frameSize(...), or ip link set dev " + interfaceName + " mtu "
                        + (frameSize - EthernetHeader.LENGTH));
            }
            if (largestFrame < wire || largestFrame > MAX_LARGEST_FRAME) {
                throw new IllegalArgumentException("largestFrame " + largestFrame + ": give " + wire
                        + " (the MTU and an Ethernet header) to " + MAX_LARGEST_FRAME);
            }
            return new PacketLink(this, device);
        }

        private int sendBufferBytes() {
            return transmitSlots * (frameSize + SKB_OVERHEAD_BYTES);
        }

        private static void requirePowerOfTwo(String name, int value, int least, int most) {
            if (Integer.bitCount(value) != 1 || value < least || value > most) {
                throw new IllegalArgumentException(name + " " + value + ": give a power of two from " + least + " to "
                        + most);
            }
        }
    }
}
