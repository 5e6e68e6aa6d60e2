package io.doorbell.xdp;

import io.doorbell.xdp.ffi.Errno;
import io.doorbell.xdp.ffi.IfXdp;
import io.doorbell.xdp.ffi.LibXdp;
import io.doorbell.xdp.ffi.Libc;
import io.doorbell.xdp.ffi.SystemCallException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;

/** A UMEM and the AF_XDP socket on it, made by libxdp, with their four rings. */
final class XskSocket {
    /** Frames that one sendto sends in copy mode unless told otherwise (net/xdp/xsk.c). */
    static final int TX_BATCH_SIZE = 32;

    /**
     * A queue stays busy for some milliseconds after its last socket was closed, as the kernel tears it down later;
     * a queue that is busy for this long belongs to somebody else.
     */
    private static final long BUSY_NANOS = 1_500_000_000L;
    private static final long BIND_FLAGS = LibXdp.SOCKET_CONFIG.byteOffset(PathElement.groupElement("bind_flags"));

    final ProducerRing fill;
    final ConsumerRing completion;
    /** Null if it only sends. */
    final ConsumerRing rx;
    final ProducerRing tx;
    final int fd;
    private final MemorySegment umem;
    private final MemorySegment socket;
    /** What libxdp keeps pointers to; it must outlive both handles. */
    private final MemorySegment[] ringStructs;

    private XskSocket(MemorySegment umem, MemorySegment socket, MemorySegment[] ringStructs, Arena rings) {
        this.umem = umem;
        this.socket = socket;
        this.ringStructs = ringStructs;
        this.fd = LibXdp.socketFd(socket);
        this.fill = new ProducerRing(RingMap.of(ringStructs[0], Long.BYTES, rings));
        this.completion = new ConsumerRing(RingMap.of(ringStructs[1], Long.BYTES, rings));
        this.rx = ringStructs[2].equals(MemorySegment.NULL) ? null
                : new ConsumerRing(RingMap.of(ringStructs[2], 2 * Long.BYTES, rings));
        this.tx = new ProducerRing(RingMap.of(ringStructs[3], 2 * Long.BYTES, rings));
    }

    /**
     * Registers the area, makes the socket and binds it; waits for a queue that was closed just now.
     *
     * @param receives whether it has an RX ring
     * @param rings    how long the rings can be accessed; to be closed before {@link #close}
     */
    static XskSocket open(String interfaceName, int queue, MemorySegment area, int frameSize, int ringSize,
                          int bindFlags, boolean receives, Arena rings) {
        Arena structs = Arena.ofAuto();
        MemorySegment umemConfig = structs.allocate(LibXdp.UMEM_CONFIG);
        umemConfig.set(ValueLayout.JAVA_INT, 0, ringSize);
        umemConfig.set(ValueLayout.JAVA_INT, 4, ringSize);
        umemConfig.set(ValueLayout.JAVA_INT, 8, frameSize);
        MemorySegment socketConfig = structs.allocate(LibXdp.SOCKET_CONFIG);
        socketConfig.set(ValueLayout.JAVA_INT, 0, ringSize);
        socketConfig.set(ValueLayout.JAVA_INT, 4, ringSize);
        socketConfig.set(ValueLayout.JAVA_INT, 8, LibXdp.XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD);
        socketConfig.set(ValueLayout.JAVA_SHORT, BIND_FLAGS, (short) bindFlags);
        MemorySegment name = structs.allocateFrom(interfaceName);
        long startNanos = System.nanoTime();
        long pauseMillis = 1;
        while (true) {
            MemorySegment[] rs = new MemorySegment[4];
            for (int i = 0; i < rs.length; i++) {
                rs[i] = i == 2 && !receives ? MemorySegment.NULL : structs.allocate(LibXdp.RING);
            }
            MemorySegment handle = structs.allocate(ValueLayout.ADDRESS);
            checkUmem(LibXdp.umemCreate(handle, area, rs[0], rs[1], umemConfig));
            MemorySegment umem = handle.get(ValueLayout.ADDRESS, 0);
            MemorySegment socket = structs.allocate(ValueLayout.ADDRESS);
            int result = LibXdp.socketCreate(socket, name, queue, umem, rs[2], rs[3], socketConfig);
            if (result == 0) {
                return new XskSocket(umem, socket.get(ValueLayout.ADDRESS, 0), rs, rings);
            }
            LibXdp.umemDelete(umem);
            if (result != -Errno.EBUSY || System.nanoTime() - startNanos > BUSY_NANOS) {
                throw refusal(interfaceName, queue, result, bindFlags);
            }
            pause(pauseMillis);
            pauseMillis = Math.min(2 * pauseMillis, 50);
        }
    }

    /** Whether the kernel passes frames to the device without copying them. */
    boolean zeroCopy() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
            MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, Integer.BYTES);
            SystemCallException.check("getsockopt(XDP_OPTIONS)", Libc.getsockopt(Errno.ofThread(), fd,
                    IfXdp.SOL_XDP, IfXdp.XDP_OPTIONS, value, length));
            return (value.get(ValueLayout.JAVA_INT, 0) & IfXdp.XDP_OPTIONS_ZEROCOPY) != 0;
        }
    }

    /**
     * Lets one sendto send a whole TX ring instead of 32 frames.
     *
     * @return whether this kernel can
     */
    boolean raiseTxBudget(int ringSize) {
        return ringSize >= TX_BATCH_SIZE && setOption(IfXdp.SOL_XDP, IfXdp.XDP_MAX_TX_SKB_BUDGET, ringSize) == 0;
    }

    /** Copy mode charges every frame under way to the socket's send buffer, and stops when that is full. */
    void raiseSendBuffer(int bytes) {
        if (setOption(Libc.SOL_SOCKET, Libc.SO_SNDBUFFORCE, bytes) < 0) {
            setOption(Libc.SOL_SOCKET, Libc.SO_SNDBUF, bytes);
        }
    }

    /** Unbinds the socket and unmaps the rings. */
    void close() {
        LibXdp.socketDelete(socket);
        LibXdp.umemDelete(umem);
        Reference.reachabilityFence(ringStructs);
    }

    private int setOption(int level, int option, int value) {
        try (Arena arena = Arena.ofConfined()) {
            return Libc.setsockopt(Errno.ofThread(), fd, level, option,
                    arena.allocateFrom(ValueLayout.JAVA_INT, value), Integer.BYTES);
        }
    }

    private static void checkUmem(int result) {
        String call = "registering the UMEM";
        switch (-result) {
            case 0 -> { }
            case Errno.EPERM -> throw new SystemCallException(call, Errno.EPERM, XdpLinkBuilder.PRIVILEGES);
            case Errno.EAFNOSUPPORT -> throw new SystemCallException(call, Errno.EAFNOSUPPORT,
                    "this kernel has no AF_XDP (CONFIG_XDP_SOCKETS): use a PacketLink");
            case Errno.ENOBUFS -> throw new SystemCallException(call, Errno.ENOBUFS,
                    "more memory would be locked than allowed: raise the limit (ulimit -l), use fewer frames,"
                            + " or run as root");
            // Pages of a file on a disk cannot be pinned: ENOMEM if others before them could.
            case Errno.EFAULT, Errno.ENOMEM -> throw new SystemCallException(call, -result,
                    "use fewer frames, and put a file for engines on a tmpfs, such as /dev/shm: the kernel does not send"
                            + " from pages of a file on a disk");
            default -> SystemCallException.check(call, result);
        }
    }

    private static SystemCallException refusal(String interfaceName, int queue, int result, int bindFlags) {
        String call = "binding an AF_XDP socket to queue " + queue + " of " + interfaceName;
        boolean scatter = (bindFlags & IfXdp.XDP_USE_SG) != 0;
        boolean zeroCopy = (bindFlags & IfXdp.XDP_ZEROCOPY) != 0;
        return new SystemCallException(call, -result, switch (-result) {
            case Errno.EPERM -> XdpLinkBuilder.PRIVILEGES;
            case Errno.EBUSY -> "another AF_XDP socket uses this queue: stop the process that has it"
                    + " (ss --xdp -p shows it), or take another queue";
            case Errno.EOPNOTSUPP, Errno.EPROTONOSUPPORT, Errno.EINVAL -> zeroCopy
                    ? "the driver offers no zero copy for this queue: ask for zeroCopy(AUTO)"
                    : scatter ? "this kernel takes no frames in several pieces (Linux 6.6 does): leave scatter(true) out"
                    : "the driver does not accept the socket for this queue: try zeroCopy(OFF) or another queue";
            case Errno.ENETDOWN -> "the interface is down: ip link set dev " + interfaceName + " up";
            default -> "see dmesg";
        });
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for a busy queue", e);
        }
    }
}
