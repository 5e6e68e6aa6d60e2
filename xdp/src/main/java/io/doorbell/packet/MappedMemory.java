package io.doorbell.packet;

import io.doorbell.xdp.ffi.Errno;
import io.doorbell.xdp.ffi.Libc;
import io.doorbell.xdp.ffi.SystemCallException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Memory from mmap(2) that is unmapped when its arena is closed. */
final class MappedMemory {
    private MappedMemory() {
    }

    /** Pages of zeros, present from the start, so that no page fault waits for the first frame. */
    static MemorySegment anonymous(Arena arena, long bytes) {
        return map(arena, bytes, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS | Libc.MAP_POPULATE, -1,
                "lower frames(...) or frameSize(...)");
    }

    /** What a file descriptor shares with the kernel. */
    static MemorySegment shared(Arena arena, long bytes, int fd) {
        return map(arena, bytes, Libc.MAP_SHARED | Libc.MAP_POPULATE, fd, "lower receiveSlots(...)");
    }

    private static MemorySegment map(Arena arena, long bytes, int flags, int fd, String fix) {
        long address = Libc.mmap(Errno.ofThread(), bytes, Libc.PROT_READ | Libc.PROT_WRITE, flags, fd, 0);
        if (address < 0) {
            throw new SystemCallException("mmap of " + bytes + " bytes", (int) -address, fix);
        }
        return MemorySegment.ofAddress(address).reinterpret(bytes, arena,
                segment -> Libc.munmap(Errno.ofThread(), segment, bytes));
    }
}
