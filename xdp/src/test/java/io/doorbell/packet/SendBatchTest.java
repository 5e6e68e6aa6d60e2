package io.doorbell.packet;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.link.FramePool;
import io.doorbell.link.LinkStatistics;
import io.doorbell.wire.Bytes;
import io.doorbell.xdp.ffi.Errno;
import io.doorbell.xdp.ffi.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Over a Unix datagram socket pair: it needs no privileges, and its queue fills where a device's rarely does. */
@EnabledOnOs(OS.LINUX)
class SendBatchTest {
    private static final int FRAME = 2048;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment errno = Errno.ofThread();
    private final LinkStatistics statistics = new LinkStatistics();
    private final MemorySegment buffer = arena.allocate(FRAME);
    private final FramePool frames = new FramePool(arena.allocate(1024L * FRAME, 4096), FRAME, 0, 1024);
    private int sender;
    private int receiver;

    @BeforeEach
    void openPair() throws Throwable {
        Linker linker = Linker.nativeLinker();
        var socketpair = linker.downcallHandle(linker.defaultLookup().findOrThrow("socketpair"),
                FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS));
        MemorySegment pair = arena.allocate(8, 4);
        int type = Libc.SOCK_DGRAM | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC;
        assertEquals(0, (int) socketpair.invokeExact(Libc.AF_UNIX, type, 0, pair));
        sender = pair.get(JAVA_INT, 0);
        receiver = pair.get(JAVA_INT, 4);
    }

    @AfterEach
    void closePair() {
        Libc.close(errno, sender);
        Libc.close(errno, receiver);
        arena.close();
    }

    private boolean post(SendBatch batch, int number, int length) {
        long frame = frames.allocate();
        Bytes.put32(frames.memory(), frame, number);
        boolean posted = batch.post(frame, length);
        frames.release(frame);
        return posted;
    }

    /** The number of the next frame, -1 if there is none. */
    private int read(int expectedLength) {
        int got = Libc.read(errno, receiver, buffer, FRAME);
        if (got == -Errno.EAGAIN) {
            return -1;
        }
        assertEquals(expectedLength, got);
        return Bytes.u32(buffer, 0);
    }

    @Test
    void whatTheKernelCannotTakeNowGoesNextTimeInOrderAndHeldUntilThen() {
        SendBatch batch = new SendBatch(arena, frames, 512);
        int posted = 0;
        int seen = 0;
        boolean everLeft = false;
        for (int round = 0; round < 500 && seen < 5000; round++) {
            while (posted < 5000 && post(batch, posted, 64 + posted % 100)) {
                posted++;
            }
            batch.send(errno, sender, statistics);
            everLeft |= batch.pending() > 0;
            assertEquals(frames.capacity() - batch.pending(), frames.available());
            for (int number = read(64 + seen % 100); number >= 0; number = read(64 + seen % 100)) {
                assertEquals(seen++, number);
            }
        }
        assertEquals(5000, seen);
        assertTrue(everLeft, "the socket's queue never filled");
        assertEquals(5000, statistics.txFrames);
        assertEquals(0, statistics.txDropped);
        assertEquals(frames.capacity(), frames.available());
    }

    @Test
    void aFullBatchRefusesAndHoldsNothingMore() {
        SendBatch batch = new SendBatch(arena, frames, 4);
        for (int i = 0; i < 4; i++) {
            assertTrue(post(batch, i, 60));
        }
        assertFalse(post(batch, 4, 60));
        assertEquals(frames.capacity() - 4, frames.available());
    }

    @Test
    void aPeerThatIsGoneDropsTheWholeBatchWithOneCall() {
        SendBatch batch = new SendBatch(arena, frames, 64);
        Libc.close(errno, receiver);
        for (int i = 0; i < 64; i++) {
            post(batch, i, 60);
        }
        batch.send(errno, sender, statistics);
        assertEquals(64, statistics.txDropped);
        assertEquals(1, statistics.doorbells);
        assertEquals(0, batch.pending());
        assertEquals(frames.capacity(), frames.available());
    }
}
