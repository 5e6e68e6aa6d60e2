package io.doorbell.xdp;

import io.doorbell.wire.EthernetHeader;
import io.doorbell.xdp.ffi.Ethtool;
import io.doorbell.xdp.ffi.IfXdp;
import io.doorbell.xdp.ffi.LibXdp;
import io.doorbell.xdp.ffi.Rtnetlink;
import io.doorbell.xdp.ffi.SystemCallException;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What an {@link XdpLink} shall be. {@link #open} checks everything that can be known before it changes anything, and
 * says what to do about what is wrong. The interface is looked up in the calling thread's network namespace.
 */
public final class XdpLinkBuilder {
    static final String PRIVILEGES = "AF_XDP needs root, or the capabilities CAP_NET_RAW, CAP_BPF and CAP_NET_ADMIN";

    private static final int MIN_RING = 64;
    private static final int MAX_RING = 1 << 15;
    private static final int MAX_FRAMES = 1 << 20;

    /**
     * Devices that pass packets between programs of one machine: a sender may leave a checksum to hardware that is
     * never reached (kernel: CHECKSUM_PARTIAL in include/linux/skbuff.h), and AF_XDP does not tell.
     */
    private static final Set<String> VIRTUAL =
            Set.of("veth", "tun", "bridge", "macvlan", "macvtap", "ipvlan", "netkit", "dummy");

    private final String interfaceName;
    private int queue;
    private int[] addresses = new int[0];
    private int frameSize = 2048;
    private int frames;
    private int ringSize;
    private boolean transmitOnly;
    private EngineMemory engines;
    private Preference zeroCopy = Preference.AUTO;
    private Preference nativeMode = Preference.AUTO;
    private boolean scatter;
    private boolean raiseTxBudget = true;

    XdpLinkBuilder(String interfaceName) {
        this.interfaceName = interfaceName;
    }

    /** The receive queue to take frames from, and the one to send through; 0 unless set. */
    public XdpLinkBuilder queue(int queue) {
        this.queue = queue;
        return this;
    }

    /** An IPv4 address, {@code 10.0.0.2}, whose traffic comes to this link instead of the kernel; repeatable. */
    public XdpLinkBuilder address(String address) {
        addresses = Arrays.copyOf(addresses, addresses.length + 1);
        addresses[addresses.length - 1] = parse(address);
        return this;
    }

    /** Bytes in a frame, 2048 or 4096; of those, 256 are the kernel's when it receives. 2048 unless set. */
    public XdpLinkBuilder frameSize(int bytes) {
        this.frameSize = bytes;
        return this;
    }

    /**
     * How many frames there are in all; {@link #ringSize} of them receive, the rest can be sent. 8192 unless set, 1024 in a
     * link that only sends.
     */
    public XdpLinkBuilder frames(int count) {
        this.frames = count;
        return this;
    }

    /**
     * Entries in each ring, a power of two, and the longest batch of one doorbell. 2048 unless set, 512 in a link that only
     * sends.
     */
    public XdpLinkBuilder ringSize(int entries) {
        this.ringSize = entries;
        return this;
    }

    /** Whether frames go to and from the device without a copy. */
    public XdpLinkBuilder zeroCopy(Preference preference) {
        this.zeroCopy = preference;
        return this;
    }

    /** Whether the filter runs in the driver; otherwise it runs in the kernel's slower generic path. */
    public XdpLinkBuilder nativeMode(Preference preference) {
        this.nativeMode = preference;
        return this;
    }

    /**
     * Whether a frame to send may lie in two places ({@code XDP_USE_SG}, Linux 6.6), so that the last part of a message
     * can leave from a buffer of its own; no unless set.
     */
    public XdpLinkBuilder scatter(boolean on) {
        this.scatter = on;
        return this;
    }

    /**
     * A link that sends and never receives, for an engine with a granted right to send: it needs no address and no filter,
     * and takes a queue that no other AF_XDP socket has, also one of an interface on which a stack has its link, in this
     * process or another. What comes in on that queue goes where it went before.
     */
    public XdpLinkBuilder transmitOnly() {
        this.transmitOnly = true;
        return this;
    }

    /**
     * Lets engines of other processes send on connections of this link's stack: their memory, and nothing else, is in a
     * file. It is removed when the link is closed.
     */
    public XdpLinkBuilder engines(EngineMemory memory) {
        this.engines = memory;
        return this;
    }

    /** Leaves the TX budget as it is, as a kernel without the option does. */
    XdpLinkBuilder withoutTxBudget() {
        this.raiseTxBudget = false;
        return this;
    }

    /**
     * Opens the link: from here on the addresses' traffic on this queue is the link's.
     *
     * @throws IllegalArgumentException if an option is wrong or does not fit the interface
     * @throws IllegalStateException    if something is missing, or in use by somebody else
     * @throws SystemCallException      if the kernel refuses something
     */
    public XdpLink open() {
        frames = frames != 0 ? frames : transmitOnly ? 1024 : 8192;
        ringSize = ringSize != 0 ? ringSize : transmitOnly ? 512 : 2048;
        checkOptions();
        LibXdp.require();
        Rtnetlink.Interface on = findInterface();
        checkInterface(on);
        checkAddresses(on);
        if (zeroCopy == Preference.REQUIRE && nativeMode == Preference.OFF) {
            throw new IllegalArgumentException("zero copy needs native mode: do not set nativeMode(OFF)");
        }
        Arena memory = Arena.ofShared();
        XdpAttachment attachment = null;
        XskSocket socket = null;
        FrameRegion region = null;
        try {
            region = FrameRegion.map(frames, frameSize, engines, memory);
            if (!transmitOnly) {
                attachment = XdpAttachment.join(on, queue, addresses, nativeMode);
            }
            socket = XskSocket.open(interfaceName, queue, region.frames, frameSize, ringSize,
                    bindFlags(attachment == null || attachment.nativeMode()), !transmitOnly, memory);
            boolean zeroCopyInForce = socket.zeroCopy();
            if (zeroCopy == Preference.REQUIRE && !zeroCopyInForce) {
                throw new IllegalStateException("the driver of " + interfaceName
                        + " fell back to copying: ask for zeroCopy(AUTO)");
            }
            socket.raiseSendBuffer(Math.max(1 << 20, 2 * ringSize * frameSize));
            XdpLink link = new XdpLink(this, on, region, memory, socket, attachment, zeroCopyInForce);
            if (attachment != null) {
                attachment.publish(queue, socket.fd);
            }
            return link;
        } catch (RuntimeException | Error e) {
            if (attachment != null) {
                attachment.leave(queue);
            }
            if (region != null) {
                region.unlink();
            }
            memory.close();
            if (socket != null) {
                socket.close();
            }
            throw e;
        }
    }

    int queue() {
        return queue;
    }

    boolean scatter() {
        return scatter;
    }

    int frameSize() {
        return frameSize;
    }

    int frames() {
        return frames;
    }

    int ringSize() {
        return ringSize;
    }

    /** How often one flush may ring: once, unless this kernel sends only 32 frames for each call. */
    int ringsPerFlush(XskSocket socket, boolean zeroCopyInForce) {
        return zeroCopyInForce || raiseTxBudget && socket.raiseTxBudget(ringSize)
                ? 1 : ringSize / XskSocket.TX_BATCH_SIZE + 1;
    }

    /** Whether a frame's sum may be left unfinished by its sender. */
    boolean partialChecksums(Rtnetlink.Interface on, boolean inNativeMode) {
        // virtio_net switches the feature off for a program in the driver, not for one in the generic path.
        return VIRTUAL.contains(on.kind()) || !inNativeMode && Ethtool.driver(on.name()).equals("virtio_net");
    }

    private int bindFlags(boolean inNativeMode) {
        int flags = IfXdp.XDP_USE_NEED_WAKEUP | (scatter ? IfXdp.XDP_USE_SG : 0);
        if (zeroCopy == Preference.REQUIRE) {
            flags |= IfXdp.XDP_ZEROCOPY;
        } else if (zeroCopy == Preference.OFF || !inNativeMode) {
            flags |= IfXdp.XDP_COPY;
        }
        return flags;
    }

    private void checkOptions() {
        if (frameSize != 2048 && frameSize != 4096) {
            throw new IllegalArgumentException("frame size " + frameSize + ": AF_XDP takes 2048 or 4096");
        }
        if (Integer.bitCount(ringSize) != 1 || ringSize < MIN_RING || ringSize > MAX_RING) {
            throw new IllegalArgumentException("ring size " + ringSize + ": give a power of two from " + MIN_RING
                    + " to " + MAX_RING);
        }
        if (transmitOnly) {
            checkTransmitOnly();
        } else if (frames < 2 * ringSize || frames > MAX_FRAMES) {
            throw new IllegalArgumentException(frames + " frames: " + ringSize + " of them receive and as many must"
                    + " be left to send; give from " + 2 * ringSize + " to " + MAX_FRAMES);
        }
        if (queue < 0) {
            throw new IllegalArgumentException("queue " + queue + ": queues count from 0");
        }
        if (addresses.length == 0 && !transmitOnly) {
            throw new IllegalArgumentException("no address: name at least one with address(\"10.0.0.2\")");
        }
        if (addresses.length > XdpFilter.MAX_ADDRESSES) {
            throw new IllegalArgumentException(addresses.length + " addresses: the filter takes at most "
                    + XdpFilter.MAX_ADDRESSES);
        }
    }

    private void checkTransmitOnly() {
        if (frames < ringSize || frames > MAX_FRAMES) {
            throw new IllegalArgumentException(frames + " frames: as many as the ring has entries, " + ringSize
                    + ", can be on their way; give from " + ringSize + " to " + MAX_FRAMES);
        }
        if (addresses.length != 0) {
            throw new IllegalArgumentException("a link that only sends gets no traffic of any address: leave address("
                    + text(addresses[0]) + ") out, or transmitOnly()");
        }
        if (engines != null) {
            throw new IllegalArgumentException("engines share memory with the stack's link, and this one only sends:"
                    + " leave engines(...) out, or transmitOnly()");
        }
    }

    private Rtnetlink.Interface findInterface() {
        var all = Rtnetlink.interfaces();
        return all.stream().filter(i -> i.name().equals(interfaceName)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no interface " + interfaceName + ": here are "
                        + all.stream().map(Rtnetlink.Interface::name).collect(Collectors.joining(", "))
                        + "; one in another network namespace must be opened from within it"));
    }

    private void checkInterface(Rtnetlink.Interface on) {
        if ((on.flags() & Rtnetlink.IFF_LOOPBACK) != 0) {
            throw new IllegalArgumentException(interfaceName + " is a loopback interface, which never reaches a wire:"
                    + " use a veth pair, or PipeLink for two stacks in one process");
        }
        if ((on.flags() & Rtnetlink.IFF_UP) == 0) {
            throw new IllegalStateException(interfaceName + " is down: ip link set dev " + interfaceName + " up");
        }
        if (on.mac() == 0) {
            throw new IllegalArgumentException(interfaceName + " has no Ethernet address: use an Ethernet interface");
        }
        int channels = Ethtool.channels(interfaceName);
        int queues = channels > 0 ? channels : on.rxQueues();
        if (queue >= queues) {
            throw new IllegalArgumentException("queue " + queue + " of " + interfaceName + ": it has " + queues
                    + (queues == 1 ? " queue: use queue 0" : " queues: use 0 to " + (queues - 1))
                    + ", or give it more with ethtool -L");
        }
        int largest = largestPacket(frameSize);
        if (on.mtu() > largest) {
            throw new IllegalArgumentException(interfaceName + " has MTU " + on.mtu() + ", a frame of " + frameSize
                    + " bytes takes packets of " + largest + " at the most: " + (on.mtu() <= largestPacket(4096)
                    ? "use frameSize(4096), or " : "") + "ip link set dev " + interfaceName + " mtu "
                    + (largest >= 1500 ? 1500 : largest));
        }
    }

    /** The kernel keeps its headroom free in every frame that it receives into. */
    private static int largestPacket(int frameSize) {
        return frameSize - IfXdp.XDP_PACKET_HEADROOM - EthernetHeader.LENGTH;
    }

    private void checkAddresses(Rtnetlink.Interface on) {
        for (Rtnetlink.Address own : Rtnetlink.addresses()) {
            for (int address : addresses) {
                if (own.address() == address) {
                    throw new IllegalArgumentException(text(address) + " is the kernel's own address"
                            + (own.interfaceIndex() == on.index() ? " on " + interfaceName : " on another interface")
                            + ", and both would answer: take an address of the same network that nobody has,"
                            + " or remove it with ip address del");
                }
            }
        }
    }

    private static int parse(String address) {
        String[] parts = address.split("\\.", -1);
        int value = 0;
        boolean good = parts.length == 4;
        for (int i = 0; good && i < 4; i++) {
            good = parts[i].matches("0|[1-9][0-9]{0,2}") && Integer.parseInt(parts[i]) <= 255;
            value = good ? value << 8 | Integer.parseInt(parts[i]) : 0;
        }
        if (!good) {
            throw new IllegalArgumentException("'" + address + "' is not an IPv4 address: write it like 10.0.0.2,"
                    + " without a prefix length");
        }
        int first = value >>> 24;
        if (first == 0 || first == 127 || first >= 224) {
            throw new IllegalArgumentException(address
                    + " cannot be a host's address on a network: take a unicast one");
        }
        return value;
    }

    private static String text(int address) {
        return (address >>> 24) + "." + (address >>> 16 & 255) + "." + (address >>> 8 & 255) + "." + (address & 255);
    }
}
