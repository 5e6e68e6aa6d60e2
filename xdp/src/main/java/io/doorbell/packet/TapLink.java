package io.doorbell.packet;

import io.doorbell.link.FramePool;
import io.doorbell.link.FrameReceiver;
import io.doorbell.link.Link;
import io.doorbell.link.LinkStatistics;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.xdp.ffi.Errno;
import io.doorbell.xdp.ffi.IfPacket;
import io.doorbell.xdp.ffi.IfTun;
import io.doorbell.xdp.ffi.Libc;
import io.doorbell.xdp.ffi.Rtnetlink;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * A link whose other end is the kernel itself: a TAP interface (Documentation/networking/tuntap.rst). What the kernel
 * sends on the interface is received here, what is transmitted here comes in there. For a stack beside the programs of
 * the same machine, without hardware, or on a bridge.
 *
 * <p><b>Cost.</b> One system call for each frame, in both directions: the device takes and gives one frame at a time.
 * A frame leaves at {@link #transmit} already, so the link never holds one, and {@link #flush} has nothing to do;
 * every write is counted as a doorbell. Offloads are off: the kernel finishes checksums and cuts segments itself.
 *
 * <p><b>The interface.</b> If there is none of the name, it is made, and goes with {@link #close}; a persistent one
 * ({@code ip tuntap add}) is used as it is. It is set up. Its own address and routes are the caller's business. The
 * interface's MAC address is the kernel's end; {@link #mac} is another one.
 *
 * <p>It may be opened by one thread, in whose network namespace the interface then is, and used by another.
 */
public final class TapLink implements Link {
    private static final int VLAN_TAG_BYTES = 4;
    private static final long LOCALLY_ADMINISTERED = 0x0200_0000_0000L;

    private final String name;
    private final Arena arena;
    private final MemorySegment errno;
    private final int fd;
    private final FramePool frames;
    /** Where frames are read to: the first of the region, outside the pool. */
    private final MemorySegment[] burst;
    private final MemorySegment vector;
    private final long base;
    private final int mtu;
    private final int largestFrame;
    private final long mac;
    private final LinkStatistics statistics = new LinkStatistics();
    private boolean closed;

    private TapLink(Builder builder, int fd, Rtnetlink.Interface device) {
        this.fd = fd;
        this.name = device.name();
        this.mtu = device.mtu();
        this.largestFrame = mtu + EthernetHeader.LENGTH + VLAN_TAG_BYTES;
        this.mac = builder.mac != 0 ? builder.mac : (device.mac() ^ 1) | LOCALLY_ADMINISTERED;
        this.arena = Arena.ofShared();
        try {
            this.errno = Errno.allocate(arena);
            this.vector = arena.allocate(IfPacket.IOVEC_BYTES, 8);
            MemorySegment memory = MappedMemory.anonymous(arena,
                    (long) (builder.burst + builder.frames) * builder.frameSize);
            this.base = memory.address();
            this.burst = new MemorySegment[builder.burst];
            for (int i = 0; i < burst.length; i++) {
                burst[i] = memory.asSlice((long) i * builder.frameSize, builder.frameSize);
            }
            this.frames = new FramePool(memory, builder.frameSize, builder.burst, builder.frames);
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
        statistics.mode = "tap";
    }

    /** Starts the description of a link on a TAP interface of the calling thread's network namespace. */
    public static Builder on(String interfaceName) {
        return new Builder(interfaceName);
    }

    /** The interface's name: the kernel's choice if {@code tap%d} was asked for. */
    public String name() {
        return name;
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

    /** As {@link Link#receive}, and at most as many frames as the burst that was asked for at opening. */
    @Override
    public int receive(FrameReceiver receiver, int limit, long nowNanos) {
        int handed = 0;
        int most = Math.min(limit, burst.length);
        for (int i = 0; i < most; i++) {
            MemorySegment frame = burst[i];
            int length = Libc.read(errno, fd, frame, frame.byteSize());
            if (length <= 0) {
                break;
            }
            if (length > largestFrame) {
                statistics.rxDropped++;
                continue;
            }
            handed++;
            statistics.rxFrames++;
            statistics.rxBytes += length;
            receiver.frame(frame, 0, length);
        }
        return handed;
    }

    /**
     * As {@link Link#transmit}, but the frame leaves at once. What the kernel refuses (longer than the MTU and an
     * Ethernet header, interface down) is dropped and counted.
     */
    @Override
    public boolean transmit(long address, int length, long nowNanos) {
        if (length > mtu + EthernetHeader.LENGTH) {
            statistics.txDropped++;
            return true;
        }
        vector.set(ValueLayout.JAVA_LONG, 0, base + address);
        vector.set(ValueLayout.JAVA_LONG, IfPacket.IOV_LEN, length);
        int result = Libc.writev(errno, fd, vector, 1);
        statistics.doorbells++;
        if (result == -Errno.EAGAIN || result == -Errno.EINTR) {
            statistics.txRefused++;
            return false;
        }
        if (result < 0) {
            statistics.txDropped++;
            return true;
        }
        statistics.txFrames++;
        statistics.txBytes += length;
        return true;
    }

    @Override
    public void flush(long nowNanos) {
        // Every frame left when it was posted.
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
        arena.close();
        Libc.close(Errno.ofThread(), fd);
    }

    /** What the link shall be like. */
    public static final class Builder {
        private final String interfaceName;
        private int[] addresses = {};
        private long mac;
        private int frames = 4096;
        private int frameSize = 2048;
        private int burst = 64;
        private String device = "/dev/net/tun";

        private Builder(String interfaceName) {
            this.interfaceName = interfaceName;
        }

        /**
         * An address of the stack, {@code 10.0.0.2}; repeatable. If any is given, only ARP for them and IPv4 to them is
         * received; without one, everything that the kernel sends on the interface.
         */
        public Builder address(String dottedDecimal) {
            this.addresses = Arrays.copyOf(addresses, addresses.length + 1);
            addresses[addresses.length - 1] = NetworkInterfaces.parse(dottedDecimal);
            return this;
        }

        /** The stack's MAC address, in the low 48 bits; made from the interface's if not set. */
        public Builder mac(long address) {
            this.mac = address;
            return this;
        }

        /** Frames to send from. */
        public Builder frames(int count) {
            this.frames = count;
            return this;
        }

        /** Bytes of a frame: a power of two that an MTU-sized packet, an Ethernet header and a VLAN tag fit into. */
        public Builder frameSize(int bytes) {
            this.frameSize = bytes;
            return this;
        }

        /** The most frames that one {@link TapLink#receive} hands over, 64 if not set. */
        public Builder burst(int count) {
            this.burst = count;
            return this;
        }

        /** Another device file, for tests of its absence. */
        Builder device(String path) {
            this.device = path;
            return this;
        }

        /**
         * Opens the link.
         *
         * @throws IllegalArgumentException if an option is wrong or does not fit the interface
         * @throws IllegalStateException    if the TAP device is not there, or the interface cannot be had
         * @throws io.doorbell.xdp.ffi.SystemCallException if the kernel refuses something else
         */
        public TapLink open() {
            checkOptions();
            NetworkInterfaces.requireFree(addresses);
            int fd = TapDevice.open(device);
            try {
                String name = TapDevice.attach(fd, interfaceName);
                TapDevice.filter(fd, addresses);
                TapDevice.setUp(name);
                Rtnetlink.Interface made = NetworkInterfaces.require(name);
                int largest = frameSize - EthernetHeader.LENGTH - VLAN_TAG_BYTES;
                if (made.mtu() > largest) {
                    throw new IllegalArgumentException("the MTU of " + name + " is " + made.mtu()
                            + ", too much for frames of " + frameSize + " bytes: raise frameSize(...), or ip link set "
                            + "dev " + name + " mtu " + largest);
                }
                return new TapLink(this, fd, made);
            } catch (RuntimeException e) {
                Libc.close(Errno.ofThread(), fd);
                throw e;
            }
        }

        private void checkOptions() {
            if (Integer.bitCount(frameSize) != 1 || frameSize < 64) {
                throw new IllegalArgumentException("frameSize " + frameSize + ": give a power of two of at least 64");
            }
            if (frames < 1 || burst < 1) {
                throw new IllegalArgumentException(frames + " frames and a burst of " + burst
                        + ": a link needs at least one of each");
            }
            if (interfaceName.isEmpty() || interfaceName.length() >= IfTun.IFNAMSIZ) {
                throw new IllegalArgumentException("'" + interfaceName + "' cannot name an interface: give 1 to 15 "
                        + "characters");
            }
            if (mac < 0 || mac >>> 48 != 0 || EthernetHeader.isGroup(mac)) {
                throw new IllegalArgumentException("mac " + Long.toHexString(mac)
                        + " is not a station's address: give 48 bits whose first byte is even");
            }
        }
    }
}
