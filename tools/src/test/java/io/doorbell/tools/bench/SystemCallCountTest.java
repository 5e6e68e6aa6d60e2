package io.doorbell.tools.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.doorbell.tools.RequiresRoot;
import io.doorbell.tools.cli.UserError;
import io.doorbell.xdp.ffi.Errno;
import io.doorbell.xdp.ffi.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** What the kernel counts for the benchmark. */
@RequiresRoot
class SystemCallCountTest {
    @Test
    void eachCallOfTheThreadCountsAndNoOther() throws InterruptedException {
        try (Arena arena = Arena.ofConfined(); SystemCallCount count = SystemCallCount.of("sendto")) {
            assertEquals(0, count.get());
            MemorySegment errno = Errno.allocate(arena);
            for (int i = 0; i < 3; i++) {
                Libc.sendto(errno, -1, MemorySegment.NULL, 0, Libc.MSG_DONTWAIT, MemorySegment.NULL, 0);
            }
            Thread other = new Thread(() -> Libc.sendto(Errno.ofThread(), -1, MemorySegment.NULL, 0, Libc.MSG_DONTWAIT,
                    MemorySegment.NULL, 0));
            other.start();
            other.join();
            assertEquals(3, count.get());
        }
    }

    @Test
    void aCallThatIsNoneIsNamed() {
        UserError error = assertThrows(UserError.class, () -> SystemCallCount.of("doorbell").close());
        assertEquals(3, error.exitCode());
    }
}
