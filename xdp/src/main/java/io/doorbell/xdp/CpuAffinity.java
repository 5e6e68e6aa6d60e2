package io.doorbell.xdp;

import io.doorbell.xdp.ffi.Errno;
import io.doorbell.xdp.ffi.Libc;
import io.doorbell.xdp.ffi.SystemCallException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Ties threads to processors, so that a spinning stack keeps its caches. */
public final class CpuAffinity {
    /** Bits in a glibc {@code cpu_set_t}. */
    private static final int CPU_SETSIZE = 1024;

    private CpuAffinity() {
    }

    /**
     * Lets the calling platform thread, and those it starts later, run on one processor only.
     *
     * @param cpu number of the processor, from 0
     */
    public static void pinCurrentThread(int cpu) {
        if (Thread.currentThread().isVirtual()) {
            throw new IllegalStateException("a virtual thread cannot be pinned: use a platform thread");
        }
        if (cpu < 0 || cpu >= CPU_SETSIZE) {
            throw new IllegalArgumentException("there is no processor " + cpu + ": give one from 0 to "
                    + (Runtime.getRuntime().availableProcessors() - 1));
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mask = arena.allocate(CPU_SETSIZE / 8, Long.BYTES);
            mask.set(ValueLayout.JAVA_BYTE, cpu >>> 3, (byte) (1 << (cpu & 7)));
            int result = Libc.schedSetaffinity(Errno.ofThread(), 0, mask.byteSize(), mask);
            SystemCallException.check("sched_setaffinity", result, "processor " + cpu
                    + " is not one that this process may use (nproc and taskset -p show them)");
        }
    }
}
