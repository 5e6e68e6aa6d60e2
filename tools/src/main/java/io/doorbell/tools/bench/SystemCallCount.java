package io.doorbell.tools.bench;

import io.doorbell.tools.cli.ExitCode;
import io.doorbell.tools.cli.UserError;
import io.doorbell.xdp.ffi.Errno;
import io.doorbell.xdp.ffi.Libc;
import io.doorbell.xdp.ffi.PerfEvents;
import io.doorbell.xdp.ffi.SystemCallException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * How often one thread enters one system call, as the kernel counts it at the call's tracepoint: no code of this process
 * has a part in the number. While such a count is open every system call of the machine takes a little longer.
 */
final class SystemCallCount implements AutoCloseable {
    private static final String TRACEFS = "/sys/kernel/tracing";

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment number = arena.allocate(ValueLayout.JAVA_LONG);
    private final int fd;

    private SystemCallCount(long tracepoint) {
        fd = PerfEvents.countTracepoint(tracepoint);
    }

    /** Counts the calling thread's entries into a call, named as in the kernel, from now on. */
    static SystemCallCount of(String call) {
        return new SystemCallCount(tracepoint("/events/syscalls/sys_enter_" + call + "/id"));
    }

    /** Entries so far. */
    long get() {
        SystemCallException.check("read of a perf event", Libc.read(Errno.ofThread(), fd, number, Long.BYTES));
        return number.get(ValueLayout.JAVA_LONG, 0);
    }

    @Override
    public void close() {
        Libc.close(Errno.ofThread(), fd);
        arena.close();
    }

    private static long tracepoint(String name) {
        Path file = Path.of(TRACEFS + name);
        try {
            return Long.parseLong((Files.exists(file) ? Files.readString(file) : fromPrivateMount(file)).strip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NumberFormatException e) {
            throw new UserError(ExitCode.ENVIRONMENT, "system calls can't be counted: this kernel has no " + file
                    + " (it needs CONFIG_FTRACE_SYSCALLS), or tracefs can't be mounted: " + e.getMessage());
        }
    }

    /** Where tracefs is not mounted, as on many machines: a process of its own mounts it for itself alone. */
    private static String fromPrivateMount(Path file) throws IOException {
        Process process = new ProcessBuilder("unshare", "--mount", "sh", "-c",
                "mount -t tracefs tracefs " + TRACEFS + " && cat " + file).redirectErrorStream(true).start();
        return new String(process.getInputStream().readAllBytes());
    }
}
