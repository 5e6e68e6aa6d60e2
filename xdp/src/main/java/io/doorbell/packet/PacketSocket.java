package io.doorbell.packet;

import io.doorbell.xdp.ffi.Errno;
import io.doorbell.xdp.ffi.IfPacket;
import io.doorbell.xdp.ffi.Libc;
import io.doorbell.xdp.ffi.SystemCallException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Sets a packet socket up (packet(7)). It sees nothing until {@link #bind}, so that no frame slips past the filter. */
final class PacketSocket {
    private static final ValueLayout.OfShort BIG_ENDIAN_SHORT =
            ValueLayout.JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN);

    private PacketSocket() {
    }

    /**
     * A raw, non-blocking socket with the filter, not bound to any interface.
     *
     * @param addresses empty for one that only sends
     */
    static int open(int[] addresses, int sendBufferBytes) {
        int fd = SystemCallException.check("socket(AF_PACKET)", Libc.socket(Errno.ofThread(), Libc.AF_PACKET,
                Libc.SOCK_RAW | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0),
                "a raw socket needs CAP_NET_RAW: run as root, for example with sudo");
        try (Arena arena = Arena.ofConfined()) {
            option(arena, fd, IfPacket.PACKET_VERSION, "PACKET_VERSION", IfPacket.TPACKET_V2);
            option(arena, fd, IfPacket.PACKET_IGNORE_OUTGOING, "PACKET_IGNORE_OUTGOING (Linux 4.20)", 1);
            option(arena, fd, IfPacket.PACKET_QDISC_BYPASS, "PACKET_QDISC_BYPASS (Linux 3.14)", 1);
            if (addresses.length > 0) {
                SystemCallException.check("SO_ATTACH_FILTER", Libc.setsockopt(Errno.ofThread(), fd, Libc.SOL_SOCKET,
                        IfPacket.SO_ATTACH_FILTER, AddressFilter.program(arena, addresses), 16));
            }
            raiseSendBuffer(arena, fd, sendBufferBytes);
            return fd;
        } catch (RuntimeException e) {
            Libc.close(Errno.ofThread(), fd);
            throw e;
        }
    }

    /**
     * From now on the socket sends on this interface, and receives what comes in there if it is to: a protocol of 0
     * receives nothing (packet(7)).
     */
    static void bind(int fd, String name, int index, boolean receives) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(IfPacket.SOCKADDR_LL_BYTES, 8);
            address.set(ValueLayout.JAVA_SHORT, 0, (short) Libc.AF_PACKET);
            address.set(BIG_ENDIAN_SHORT, IfPacket.SLL_PROTOCOL, (short) (receives ? IfPacket.ETH_P_ALL : 0));
            address.set(ValueLayout.JAVA_INT, IfPacket.SLL_IFINDEX, index);
            SystemCallException.check("bind to " + name, Libc.bind(Errno.ofThread(), fd, address,
                    IfPacket.SOCKADDR_LL_BYTES), "is the interface still there and up? (ip link show dev " + name + ")");
        }
    }

    /** Puts another filter, a {@code struct sock_fprog}, in the place of the one that the socket has. */
    static void filter(int fd, MemorySegment program) {
        SystemCallException.check("SO_ATTACH_FILTER", Libc.setsockopt(Errno.ofThread(), fd, Libc.SOL_SOCKET,
                IfPacket.SO_ATTACH_FILTER, program, 16));
    }

    private static void option(Arena arena, int fd, int option, String name, int value) {
        MemorySegment word = arena.allocate(4, 4);
        word.set(ValueLayout.JAVA_INT, 0, value);
        SystemCallException.check(name, Libc.setsockopt(Errno.ofThread(), fd, IfPacket.SOL_PACKET, option, word, 4));
    }

    /** Beyond the system's limit where that is allowed (CAP_NET_ADMIN), up to it elsewhere: then batches may split. */
    private static void raiseSendBuffer(Arena arena, int fd, int bytes) {
        MemorySegment word = arena.allocate(4, 4);
        word.set(ValueLayout.JAVA_INT, 0, bytes);
        if (Libc.setsockopt(Errno.ofThread(), fd, Libc.SOL_SOCKET, Libc.SO_SNDBUFFORCE, word, 4) < 0) {
            Libc.setsockopt(Errno.ofThread(), fd, Libc.SOL_SOCKET, Libc.SO_SNDBUF, word, 4);
        }
    }
}
