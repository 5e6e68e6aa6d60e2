package io.doorbell.xdp.ffi;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;

/**
 * The C library's calls, one method each. Every method takes the place for its errno first ({@link Errno}) and returns
 * what the call returns, or {@code -errno} when it failed: never an exception. {@link SystemCallException#check} turns
 * that into one where something is being set up. Pointers are native segments; NULL is {@link MemorySegment#NULL}.
 *
 * <p>No handle is linked as critical: any of these may block or take locks in the kernel, and a critical call would
 * hold up every safepoint meanwhile. Constants are those of the x86-64 and AArch64 headers, which agree.
 */
public final class Libc {
    public static final int AF_UNIX = 1;
    public static final int AF_INET = 2;
    public static final int AF_NETLINK = 16;
    public static final int AF_PACKET = 17;
    public static final int AF_XDP = 44;
    public static final int SOCK_STREAM = 1;
    public static final int SOCK_DGRAM = 2;
    public static final int SOCK_RAW = 3;
    public static final int SOCK_NONBLOCK = 0x800;
    public static final int SOCK_CLOEXEC = 0x80000;
    public static final int SOL_SOCKET = 1;
    public static final int SO_SNDBUF = 7;
    public static final int SO_RCVBUF = 8;
    public static final int SO_SNDBUFFORCE = 32;
    public static final int SO_NETNS_COOKIE = 71;
    public static final int MSG_DONTWAIT = 0x40;
    public static final int O_RDONLY = 0;
    public static final int O_RDWR = 2;
    public static final int O_NONBLOCK = 0x800;
    public static final int O_NOFOLLOW = switch (System.getProperty("os.arch")) {
        case "aarch64" -> 0x8000;
        default -> 0x20000;
    };
    public static final int O_CLOEXEC = 0x80000;
    public static final int PROT_READ = 1;
    public static final int PROT_WRITE = 2;
    public static final int MAP_SHARED = 0x01;
    public static final int MAP_PRIVATE = 0x02;
    public static final int MAP_FIXED = 0x10;
    public static final int MAP_ANONYMOUS = 0x20;
    public static final int MAP_LOCKED = 0x2000;
    public static final int MAP_POPULATE = 0x8000;
    public static final int POLLIN = 1;
    public static final int POLLOUT = 4;
    public static final int CLONE_NEWNET = 0x4000_0000;

    private static final int NOT_VARIADIC = -1;
    private static final long SYS_BPF = switch (System.getProperty("os.arch")) {
        case "amd64" -> 321;
        // The table that AArch64, RISC-V and later architectures share (asm-generic/unistd.h).
        default -> 280;
    };
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle SOCKET = link("socket", JAVA_INT, NOT_VARIADIC, JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle BIND = link("bind", JAVA_INT, NOT_VARIADIC, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle CLOSE = link("close", JAVA_INT, NOT_VARIADIC, JAVA_INT);
    private static final MethodHandle SENDTO = link("sendto", JAVA_LONG, NOT_VARIADIC,
            JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle RECVFROM = link("recvfrom", JAVA_LONG, NOT_VARIADIC,
            JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS);
    private static final MethodHandle SENDMMSG = link("sendmmsg", JAVA_INT, NOT_VARIADIC,
            JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
    private static final MethodHandle RECVMMSG = link("recvmmsg", JAVA_INT, NOT_VARIADIC,
            JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS);
    private static final MethodHandle SETSOCKOPT = link("setsockopt", JAVA_INT, NOT_VARIADIC,
            JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle GETSOCKOPT = link("getsockopt", JAVA_INT, NOT_VARIADIC,
            JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);
    private static final MethodHandle IOCTL = link("ioctl", JAVA_INT, 2, JAVA_INT, JAVA_LONG, ADDRESS);
    private static final MethodHandle OPEN = link("open", JAVA_INT, 2, ADDRESS, JAVA_INT, JAVA_INT);
    private static final MethodHandle READ = link("read", JAVA_LONG, NOT_VARIADIC, JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle WRITE = link("write", JAVA_LONG, NOT_VARIADIC, JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle WRITEV = link("writev", JAVA_LONG, NOT_VARIADIC, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle POLL = link("poll", JAVA_INT, NOT_VARIADIC, ADDRESS, JAVA_LONG, JAVA_INT);
    private static final MethodHandle MUNMAP = link("munmap", JAVA_INT, NOT_VARIADIC, ADDRESS, JAVA_LONG);
    private static final MethodHandle SETNS = link("setns", JAVA_INT, NOT_VARIADIC, JAVA_INT, JAVA_INT);
    private static final MethodHandle SCHED_SETAFFINITY = link("sched_setaffinity", JAVA_INT, NOT_VARIADIC,
            JAVA_INT, JAVA_LONG, ADDRESS);
    private static final MethodHandle IF_NAMETOINDEX = link("if_nametoindex", JAVA_INT, NOT_VARIADIC, ADDRESS);
    private static final MethodHandle MMAP = link("mmap", JAVA_LONG, NOT_VARIADIC,
            ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle SYSCALL = link("syscall", JAVA_LONG, 1, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG);
    private static final MethodHandle GETEUID = link("geteuid", JAVA_INT, NOT_VARIADIC);

    private Libc() {
    }

    /** socket(2): the new file descriptor. */
    public static int socket(MemorySegment errno, int domain, int type, int protocol) {
        try {
            int result = (int) SOCKET.invokeExact(errno, domain, type, protocol);
            return result < 0 ? -Errno.get(errno) : result;
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    /** bind(2). */
    public static int bind(MemorySegment errno, int fd, MemorySegment address, int addressLength) {
        try {
            int result = (int) BIND.invokeExact(errno, fd, address, addressLength);
            return result < 0 ? -Errno.get(errno) : result;
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    /** close(2). */
    public static int close(MemorySegment errno, int fd) {
        try {
            int result = (int) CLOSE.invokeExact(errno, fd);
            return result < 0 ? -Errno.get(errno) : result;
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    /** sendto(2): the bytes sent. With no buffer and no address it is the doorbell of an AF_XDP socket. */
    public static int sendto(MemorySegment errno, int fd, MemorySegment buffer, long length, int flags,
                             MemorySegment address, int addressLength) {
        try {
            long result = (long) SENDTO.invokeExact(errno, fd, buffer, length, flags, address, addressLength);
            return result < 0 ? -Errno.get(errno) : (int) result;
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    /** recvfrom(2): the bytes received. With no buffer it wakes the receive side of an AF_XDP socket. */
    public static int recvfrom(MemorySegment errno, int fd, MemorySegment buffer, long length, int flags,
                               MemorySegment address, MemorySegment addressLength) {
        try {
            long result = (long) RECVFROM.invokeExact(errno, fd, buffer, length, flags, address, addressLength);
            return result < 0 ? -Errno.get(errno) : (int) result;
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    /** sendmmsg(2): how many messages were sent. */
    public static int sendmmsg(MemorySegment errno, int fd, MemorySegment messages, int count, int flags) {
        try {
            int result = (int) SENDMMSG.invokeExact(errno, fd, messages, count, flags);
            return result < 0 ? -Errno.get(errno) : result;
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    /** recvmmsg(2): how many messages were received. */
    public static int recvmmsg(MemorySegment errno, int fd, MemorySegment messages, int count, int flags,
                               MemorySegment timeout) {
        try {
            int result = (int) RECVMMSG.invokeExact(errno, fd, messages, count, flags, timeout);
            return result < 0 ? -Errno.get(errno) : result;
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    /** setsockopt(2). */
    public static int setsockopt(MemorySegment errno, int fd, int level, int option, MemorySegment value, int length) {
        try {
            int result = (int) SETSOCKOPT.invokeExact(errno, fd, level, option, value, length);
            return result < 0 ? -Errno.get(errno) : result;
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    /** getsockopt(2). */
    public static int getsockopt(MemorySegment errno, int fd, int level, int option, MemorySegment value,
                                 MemorySegment length) {
        try {
            int result = (int) GETSOCKOPT.invokeExact(errno, fd, level, option, value, length);
            return result < 0 ? -Errno.get(errno) : result;
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    /** ioctl(2) with a pointer argument. */
    public static int ioctl(MemorySegment errno, int fd, long request, MemorySegment argument) {
        try {
            int result = (int) IOCTL.invokeExact(errno, fd, request, argument);
            return result < 0 ? -Errno.get(errno) : result;
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    /** open(2): the new file descriptor. {@code path} ends with a zero byte. */
    public static int open(MemorySegment errno, MemorySegment path, int flags, int mode) {
        try {
            int result = (int) OPEN.invokeExact(errno, path, flags, mode);
            return result < 0 ? -Errno.get(errno) : result;
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    /** read(2): the bytes read, 0 at the end. */
    public static int read(MemorySegment errno, int fd, MemorySegment buffer, long length) {
        try {
            long result = (long) READ.invokeExact(errno, fd, buffer, length);
            return result < 0 ? -Errno.get(errno) : (int) result;
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    /** write(2): the bytes written. */
    public static int write(MemorySegment errno, int fd, MemorySegment buffer, long length) {
        try {
            long result = (long) WRITE.invokeExact(errno, fd, buffer, length);
            return result < 0 ? -Errno.get(errno) : (int) result;
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    /** writev(2): the bytes written. {@code vectors} are {@code struct iovec}. */
    public static int writev(MemorySegment errno, int fd, MemorySegment vectors, int count) {
        try {
            long result = (long) WRITEV.invokeExact(errno, fd, vectors, count);
            return result < 0 ? -Errno.get(errno) : (int) result;
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    /** poll(2): how many descriptors are ready. */
    public static int poll(MemorySegment errno, MemorySegment descriptors, long count, int timeoutMillis) {
        try {
            int result = (int) POLL.invokeExact(errno, descriptors, count, timeoutMillis);
            return result < 0 ? -Errno.get(errno) : result;
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    /** munmap(2). */
    public static int munmap(MemorySegment errno, MemorySegment address, long length) {
        try {
            int result = (int) MUNMAP.invokeExact(errno, address, length);
            return result < 0 ? -Errno.get(errno) : result;
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    /** setns(2), for the calling thread only. */
    public static int setns(MemorySegment errno, int fd, int type) {
        try {
            int result = (int) SETNS.invokeExact(errno, fd, type);
            return result < 0 ? -Errno.get(errno) : result;
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    /** sched_setaffinity(2); pid 0 is the calling thread. */
    public static int schedSetaffinity(MemorySegment errno, int pid, long size, MemorySegment mask) {
        try {
            int result = (int) SCHED_SETAFFINITY.invokeExact(errno, pid, size, mask);
            return result < 0 ? -Errno.get(errno) : result;
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    /** if_nametoindex(3): the interface's index in the calling thread's network namespace. */
    public static int ifNametoindex(MemorySegment errno, MemorySegment name) {
        try {
            int result = (int) IF_NAMETOINDEX.invokeExact(errno, name);
            return result == 0 ? -Errno.get(errno) : result;
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    /**
     * mmap(2): the address, or {@code -errno}. {@code MemorySegment.ofAddress(address).reinterpret(length, arena, ...)}
     * makes it a segment; a cleanup action there may call {@link #munmap}.
     */
    public static long mmap(MemorySegment errno, long length, int protection, int flags, int fd, long fileOffset) {
        return mmap(errno, MemorySegment.NULL, length, protection, flags, fd, fileOffset);
    }

    /** {@link #mmap} at an address: with {@link #MAP_FIXED} it takes the place of what is mapped there. */
    public static long mmap(MemorySegment errno, MemorySegment at, long length, int protection, int flags, int fd,
                            long fileOffset) {
        try {
            long result = (long) MMAP.invokeExact(errno, at, length, protection, flags, fd, fileOffset);
            return result == -1 ? -Errno.get(errno) : result;
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    /** bpf(2), through syscall(2) because the C library has no wrapper for it. */
    static int bpf(MemorySegment errno, int command, MemorySegment attributes) {
        try {
            long result = (long) SYSCALL.invokeExact(errno, SYS_BPF, (long) command, attributes, attributes.byteSize());
            return result < 0 ? -Errno.get(errno) : (int) result;
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    /** geteuid(2): 0 is root. */
    public static int geteuid() {
        try {
            return (int) GETEUID.invokeExact(Errno.ofThread());
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }

    static MethodHandle link(String name, MemoryLayout result, int firstVariadic, MemoryLayout... arguments) {
        List<Linker.Option> options = new ArrayList<>();
        options.add(Linker.Option.captureCallState("errno"));
        if (firstVariadic != NOT_VARIADIC) {
            options.add(Linker.Option.firstVariadicArg(firstVariadic));
        }
        MemorySegment symbol = LINKER.defaultLookup().find(name).orElseThrow(() ->
                new UnsupportedOperationException("there is no " + name + " in the C library: Doorbell needs Linux"));
        return LINKER.downcallHandle(symbol, FunctionDescriptor.of(result, arguments),
                options.toArray(Linker.Option[]::new));
    }
}
