package io.doorbell.packet;

import io.doorbell.xdp.ffi.Errno;
import io.doorbell.xdp.ffi.IfTun;
import io.doorbell.xdp.ffi.Libc;
import io.doorbell.xdp.ffi.Rtnetlink;
import io.doorbell.xdp.ffi.SystemCallException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Sets a TAP interface up (Documentation/networking/tuntap.rst). */
final class TapDevice {
    private TapDevice() {
    }

    static int open(String path) {
        try (Arena arena = Arena.ofConfined()) {
            int fd = Libc.open(Errno.ofThread(), arena.allocateFrom(path),
                    Libc.O_RDWR | Libc.O_NONBLOCK | Libc.O_CLOEXEC, 0);
            return switch (-fd) {
                case Errno.ENOENT -> throw new IllegalStateException(path + " does not exist: modprobe tun; in a "
                        + "container let it in (docker run --device /dev/net/tun --cap-add NET_ADMIN), or "
                        + "mkdir -p /dev/net && mknod /dev/net/tun c 10 200");
                case Errno.ENODEV, Errno.ENXIO -> throw new IllegalStateException(path
                        + " is there, but the kernel has no TUN/TAP driver: modprobe tun");
                case Errno.EACCES, Errno.EPERM -> throw new IllegalStateException(path + " may not be opened ("
                        + Errno.name(-fd) + "): run as root, for example with sudo");
                default -> SystemCallException.check("open " + path, fd);
            };
        }
    }

    /** Makes the interface, or attaches to a persistent one; its name. */
    static String attach(int fd, String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = request(arena, name);
            request.set(ValueLayout.JAVA_SHORT, IfTun.IFR_FLAGS, (short) (IfTun.IFF_TAP | IfTun.IFF_NO_PI));
            int result = Libc.ioctl(Errno.ofThread(), fd, IfTun.TUNSETIFF, request);
            return switch (-result) {
                case Errno.EPERM -> throw new IllegalStateException("a TAP interface needs CAP_NET_ADMIN: run as root,"
                        + " or make it for this user first (ip tuntap add mode tap user NAME dev " + name + ")");
                case Errno.EBUSY -> throw new IllegalStateException(name + " is in use by another program: end that,"
                        + " or choose another name");
                case Errno.EINVAL -> throw new IllegalStateException(name + " is there, but is not a TAP interface with"
                        + " one queue: choose another name");
                default -> {
                    SystemCallException.check("TUNSETIFF " + name, result);
                    yield request.getString(0);
                }
            };
        }
    }

    /** With at least one address, the kernel passes on only what is for them. */
    static void filter(int fd, int[] addresses) {
        if (addresses.length > 0) {
            try (Arena arena = Arena.ofConfined()) {
                SystemCallException.check("TUNATTACHFILTER", Libc.ioctl(Errno.ofThread(), fd, IfTun.TUNATTACHFILTER,
                        AddressFilter.program(arena, addresses)));
            }
        }
    }

    static void setUp(String name) {
        MemorySegment errno = Errno.ofThread();
        int socket = SystemCallException.check("socket(AF_INET)",
                Libc.socket(errno, Libc.AF_INET, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = request(arena, name);
            SystemCallException.check("SIOCGIFFLAGS " + name,
                    Libc.ioctl(errno, socket, IfTun.SIOCGIFFLAGS, request));
            short flags = request.get(ValueLayout.JAVA_SHORT, IfTun.IFR_FLAGS);
            if ((flags & Rtnetlink.IFF_UP) == 0) {
                request.set(ValueLayout.JAVA_SHORT, IfTun.IFR_FLAGS, (short) (flags | Rtnetlink.IFF_UP));
                SystemCallException.check("SIOCSIFFLAGS " + name,
                        Libc.ioctl(errno, socket, IfTun.SIOCSIFFLAGS, request),
                        "it needs CAP_NET_ADMIN; or set it up first: ip link set dev " + name + " up");
            }
        } finally {
            Libc.close(errno, socket);
        }
    }

    private static MemorySegment request(Arena arena, String name) {
        MemorySegment request = arena.allocate(IfTun.IFREQ_BYTES, 8);
        request.setString(0, name);
        return request;
    }
}
