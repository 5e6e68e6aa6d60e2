package io.doorbell.xdp.ffi;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;

/**
 * Linux error numbers: where a call leaves them, their names and what they mean (errno(3)).
 *
 * <p>Every call of {@link Libc} leaves its errno in a segment that the caller owns, since the JVM may change the
 * thread's own errno between the call and the next instruction. A link owns one for its life ({@link #allocate}),
 * set-up code uses that of its thread ({@link #ofThread}).
 */
public final class Errno {
    public static final int EPERM = 1;
    public static final int ENOENT = 2;
    public static final int EINTR = 4;
    public static final int EIO = 5;
    public static final int ENXIO = 6;
    public static final int EBADF = 9;
    public static final int EAGAIN = 11;
    public static final int ENOMEM = 12;
    public static final int EACCES = 13;
    public static final int EFAULT = 14;
    public static final int EBUSY = 16;
    public static final int EEXIST = 17;
    public static final int ENODEV = 19;
    public static final int EINVAL = 22;
    public static final int ENOTTY = 25;
    public static final int ENOSPC = 28;
    public static final int ERANGE = 34;
    public static final int ENOSYS = 38;
    public static final int EOVERFLOW = 75;
    public static final int EMSGSIZE = 90;
    public static final int ENOPROTOOPT = 92;
    public static final int EPROTONOSUPPORT = 93;
    public static final int EOPNOTSUPP = 95;
    public static final int EAFNOSUPPORT = 97;
    public static final int EADDRINUSE = 98;
    public static final int EADDRNOTAVAIL = 99;
    public static final int ENETDOWN = 100;
    public static final int ENOBUFS = 105;

    static final StructLayout LAYOUT = Linker.Option.captureStateLayout();

    private static final ThreadLocal<MemorySegment> OF_THREAD =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(LAYOUT));

    private Errno() {
    }

    /** A place for the errno of one owner's calls. */
    public static MemorySegment allocate(Arena arena) {
        return arena.allocate(LAYOUT);
    }

    /** The calling thread's place for set-up calls; looking it up is too slow for a hot path. */
    public static MemorySegment ofThread() {
        return OF_THREAD.get();
    }

    /** The number that the last failed call left. */
    public static int get(MemorySegment errno) {
        return errno.get(ValueLayout.JAVA_INT, 0);
    }

    /** {@code EBUSY}, or {@code errno 999} for a number without a name here. */
    public static String name(int number) {
        String text = describe(number);
        int colon = text.indexOf(':');
        return colon < 0 ? text : text.substring(0, colon);
    }

    /** {@code EBUSY: device or resource busy}. */
    public static String describe(int number) {
        return switch (number) {
            case EPERM -> "EPERM: operation not permitted";
            case ENOENT -> "ENOENT: no such file or directory";
            case EINTR -> "EINTR: interrupted system call";
            case EIO -> "EIO: input/output error";
            case ENXIO -> "ENXIO: no such device or address";
            case EBADF -> "EBADF: bad file descriptor";
            case EAGAIN -> "EAGAIN: try again";
            case ENOMEM -> "ENOMEM: out of memory";
            case EACCES -> "EACCES: permission denied";
            case EFAULT -> "EFAULT: bad address";
            case EBUSY -> "EBUSY: device or resource busy";
            case EEXIST -> "EEXIST: exists already";
            case ENODEV -> "ENODEV: no such device";
            case EINVAL -> "EINVAL: invalid argument";
            case ENOTTY -> "ENOTTY: not a device for this ioctl";
            case ENOSPC -> "ENOSPC: no space left";
            case ERANGE -> "ERANGE: out of range";
            case ENOSYS -> "ENOSYS: the kernel does not have this call";
            case EOVERFLOW -> "EOVERFLOW: value too large";
            case EMSGSIZE -> "EMSGSIZE: message too long";
            case ENOPROTOOPT -> "ENOPROTOOPT: protocol option not available";
            case EPROTONOSUPPORT -> "EPROTONOSUPPORT: protocol not supported";
            case EOPNOTSUPP -> "EOPNOTSUPP: operation not supported";
            case EAFNOSUPPORT -> "EAFNOSUPPORT: address family not supported by the kernel";
            case EADDRINUSE -> "EADDRINUSE: address in use";
            case EADDRNOTAVAIL -> "EADDRNOTAVAIL: address not available";
            case ENETDOWN -> "ENETDOWN: network is down";
            case ENOBUFS -> "ENOBUFS: no buffer space";
            default -> "errno " + number;
        };
    }

    /** For what a downcall throws before it reaches the kernel: a closed arena, or wrong linkage. */
    static AssertionError unexpected(Throwable cause) {
        if (cause instanceof RuntimeException unchecked) {
            throw unchecked;
        }
        if (cause instanceof Error error) {
            throw error;
        }
        return new AssertionError("a downcall itself failed", cause);
    }
}
