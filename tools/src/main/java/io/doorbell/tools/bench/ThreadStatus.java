package io.doorbell.tools.bench;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the JVM and the kernel have counted about the calling thread. */
final class ThreadStatus {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private ThreadStatus() {
    }

    /** Bytes that the calling thread has allocated on the heap since it began. Allocates nothing itself. */
    static long allocatedBytes() {
        return THREADS.getCurrentThreadAllocatedBytes();
    }

    /** How often the kernel has taken the processor from the calling thread for somebody else (proc(5)). */
    static long preemptions() {
        try {
            return Long.parseLong(field(Files.readString(Path.of("/proc/thread-self/status")),
                    "nonvoluntary_ctxt_switches"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The value of one line of a status file. */
    static String field(String status, String name) {
        return status.lines().filter(line -> line.startsWith(name + ":")).findFirst()
                .map(line -> line.substring(name.length() + 1).strip())
                .orElseThrow(() -> new IllegalStateException("/proc has no " + name));
    }
}
