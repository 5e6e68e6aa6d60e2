package io.doorbell.xdp.ffi;

/** A system call failed while something was being set up. The hot path never throws it: it returns {@code -errno}. */
public final class SystemCallException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String call;
    private final int errno;

    public SystemCallException(String call, int errno) {
        super(call + " failed with " + Errno.describe(errno));
        this.call = call;
        this.errno = errno;
    }

    /** With words that tell what to do about it. */
    public SystemCallException(String call, int errno, String fix) {
        super(call + " failed with " + Errno.describe(errno) + ": " + fix);
        this.call = call;
        this.errno = errno;
    }

    public String call() {
        return call;
    }

    public int errno() {
        return errno;
    }

    /** {@code result} itself, unless it is a negative errno: then it is thrown. */
    public static int check(String call, int result) {
        if (result < 0) {
            throw new SystemCallException(call, -result);
        }
        return result;
    }

    /** As {@link #check(String, int)}, with words that tell what to do about it. */
    public static int check(String call, int result, String fix) {
        if (result < 0) {
            throw new SystemCallException(call, -result, fix);
        }
        return result;
    }
}
