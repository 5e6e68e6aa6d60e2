package io.doorbell.packet;

import io.doorbell.link.FrameReceiver;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.xdp.ffi.Errno;
import io.doorbell.xdp.ffi.Libc;
import io.doorbell.xdp.ffi.Rtnetlink;
import java.lang.foreign.Arena;

/**
 * Sees the segments that come in on an interface for one TCP port, and when each passed the interface. It takes nothing
 * from the kernel's own TCP, which receives them a moment later: a measuring instrument.
 *
 * <p>The kernel notes the time on the processor on which the frame came in, while the frame goes by; when the caller
 * looks does not matter. A frame that finds no free slot goes by unseen.
 *
 * <p>It may be opened by one thread, in whose network namespace it then lives, and used by another.
 */
public final class ArrivalTap implements AutoCloseable {
    private static final int SLOTS = 1024;
    private static final int TYPE = 12;
    private static final int PROTOCOL = EthernetHeader.LENGTH + 9;
    /** Where the IP header has no options. */
    private static final int DESTINATION_PORT = EthernetHeader.LENGTH + Ipv4Header.LENGTH + 2;

    private final Arena arena = Arena.ofShared();
    private final int fd;
    private final ReceiveRing ring;
    private boolean closed;

    private ArrivalTap(Rtnetlink.Interface device, int port) {
        fd = PacketSocket.open(new int[0], 0);
        try (Arena local = Arena.ofConfined()) {
            SocketFilter filter = new SocketFilter(local, 8);
            filter.emit(SocketFilter.LD_H_ABS, 0, 0, TYPE);
            filter.emit(SocketFilter.JMP_JEQ_K, 0, 5, EthernetHeader.TYPE_IPV4);
            filter.emit(SocketFilter.LD_B_ABS, 0, 0, PROTOCOL);
            filter.emit(SocketFilter.JMP_JEQ_K, 0, 3, Ipv4Header.PROTOCOL_TCP);
            filter.emit(SocketFilter.LD_H_ABS, 0, 0, DESTINATION_PORT);
            filter.emit(SocketFilter.JMP_JEQ_K, 0, 1, port);
            filter.emit(SocketFilter.RET_K, 0, 0, SocketFilter.WHOLE_FRAME);
            filter.emit(SocketFilter.RET_K, 0, 0, 0);
            PacketSocket.filter(fd, filter.program(local));
            ring = ReceiveRing.open(arena, fd, SLOTS, device.mtu() + EthernetHeader.LENGTH);
            PacketSocket.bind(fd, device.name(), device.index(), true);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** A tap on an interface of the calling thread's network namespace, for segments to {@code port}. */
    public static ArrivalTap open(String interfaceName, int port) {
        return new ArrivalTap(NetworkInterfaces.require(interfaceName), port);
    }

    /** Hands over what has gone by since the last call; never waits. The memory is valid until the next call. */
    public int receive(FrameReceiver receiver) {
        return ring.receive(receiver, SLOTS);
    }

    /** To be called from the receiver: when its frame passed the interface, in nanoseconds of CLOCK_REALTIME. */
    public long arrivedNanos() {
        return ring.arrivedNanos();
    }

    /** Idempotent. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            arena.close();
            Libc.close(Errno.ofThread(), fd);
        }
    }
}
