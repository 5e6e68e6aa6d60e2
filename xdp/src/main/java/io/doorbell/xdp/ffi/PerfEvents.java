package io.doorbell.xdp.ffi;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** perf_event_open(2), as far as it counts how often a thread passes a tracepoint of the kernel. */
public final class PerfEvents {
    private static final int PERF_TYPE_TRACEPOINT = 2;
    /** Bytes of the first published {@code struct perf_event_attr}, which all kernels take (linux/perf_event.h). */
    private static final int PERF_ATTR_SIZE_VER0 = 64;
    private static final int ANY_CPU = -1;
    private static final int NO_GROUP = -1;
    private static final long PERF_FLAG_FD_CLOEXEC = 8;
    private static final long SYS_PERF_EVENT_OPEN = switch (System.getProperty("os.arch")) {
        case "amd64" -> 298;
        // The table that AArch64, RISC-V and later architectures share (asm-generic/unistd.h).
        default -> 241;
    };
    private static final MethodHandle SYSCALL = Libc.link("syscall", JAVA_LONG, 1,
            JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

    private PerfEvents() {
    }

    /**
     * Begins to count how often the calling thread passes a tracepoint. {@link Libc#read} of eight bytes gives the
     * number, {@link Libc#close} ends it.
     *
     * @param id as tracefs tells it, in the file {@code id} of the event
     * @return a file descriptor
     */
    public static int countTracepoint(long id) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attr = arena.allocate(PERF_ATTR_SIZE_VER0, 8);
            attr.set(JAVA_INT, 0, PERF_TYPE_TRACEPOINT);
            attr.set(JAVA_INT, 4, PERF_ATTR_SIZE_VER0);
            attr.set(JAVA_LONG, 8, id);
            return SystemCallException.check("perf_event_open", open(Errno.ofThread(), attr),
                    "tracepoints can be counted by root only, or with CAP_PERFMON: run as root, outside of a container");
        }
    }

    private static int open(MemorySegment errno, MemorySegment attr) {
        try {
            long result = (long) SYSCALL.invokeExact(errno, SYS_PERF_EVENT_OPEN, attr, 0L, (long) ANY_CPU,
                    (long) NO_GROUP, PERF_FLAG_FD_CLOEXEC);
            return result < 0 ? -Errno.get(errno) : (int) result;
        } catch (Throwable failure) {
            throw Errno.unexpected(failure);
        }
    }
}
