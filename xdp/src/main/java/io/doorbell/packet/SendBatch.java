package io.doorbell.packet;

import io.doorbell.link.FramePool;
import io.doorbell.link.LinkStatistics;
import io.doorbell.xdp.ffi.Errno;
import io.doorbell.xdp.ffi.IfPacket;
import io.doorbell.xdp.ffi.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Posted frames, as the message array of sendmmsg(2): built once, one entry of it and one iovec for each frame, so that
 * posting writes an address and a length, and sending a whole batch is one call. The kernel copies; a frame is free
 * when the call that sent it returns.
 */
final class SendBatch {
    private final FramePool frames;
    private final MemorySegment vectors;
    /** The array from each entry on: a call that goes on in the middle must not make a slice. */
    private final MemorySegment[] messagesFrom;
    private final long base;
    private final int capacity;
    private int count;

    SendBatch(Arena arena, FramePool frames, int capacity) {
        this.frames = frames;
        this.base = frames.memory().address();
        this.capacity = capacity;
        this.vectors = arena.allocate((long) capacity * IfPacket.IOVEC_BYTES, 64);
        this.messagesFrom = new MemorySegment[capacity];
        MemorySegment messages = arena.allocate((long) capacity * IfPacket.MMSGHDR_BYTES, 64);
        for (int i = 0; i < capacity; i++) {
            long message = (long) i * IfPacket.MMSGHDR_BYTES;
            long vector = vectors.address() + (long) i * IfPacket.IOVEC_BYTES;
            messages.set(ValueLayout.JAVA_LONG, message + IfPacket.MSG_IOV, vector);
            messages.set(ValueLayout.JAVA_LONG, message + IfPacket.MSG_IOVLEN, 1);
            messagesFrom[i] = messages.asSlice(message);
        }
    }

    /** Adds a frame, and holds it; false if the batch is full. */
    boolean post(long address, int length) {
        if (count == capacity) {
            return false;
        }
        long vector = (long) count * IfPacket.IOVEC_BYTES;
        vectors.set(ValueLayout.JAVA_LONG, vector, base + address);
        vectors.set(ValueLayout.JAVA_LONG, vector + IfPacket.IOV_LEN, length);
        frames.hold(address);
        count++;
        return true;
    }

    /** Frames posted that the kernel has not taken. */
    int pending() {
        return count;
    }

    /**
     * Sends the batch: with one call if the kernel takes all of it. What it cannot take now stays for the next time;
     * what it refuses for good is dropped and counted.
     */
    void send(MemorySegment errno, int fd, LinkStatistics statistics) {
        int done = 0;
        boolean any = false;
        while (done < count) {
            int result = Libc.sendmmsg(errno, fd, messagesFrom[done], count - done, Libc.MSG_DONTWAIT);
            statistics.doorbells++;
            if (result > 0) {
                countSent(done, result, statistics);
                done += result;
                any = true;
                continue;
            }
            int dropped = dropped(-result, any, count - done);
            statistics.txDropped += dropped;
            done += dropped;
            if (dropped == 0 || result == -Errno.ENOBUFS) {
                break;
            }
        }
        releaseUpTo(done);
    }

    /** How many of {@code rest} frames an error costs; 0 if they may all be tried again later. */
    private static int dropped(int error, boolean afterSome, int rest) {
        return switch (error) {
            case 0, Errno.EAGAIN, Errno.EINTR -> 0;
            // The driver's queue is full, which passes; or it has no carrier, which may not: then a frame a time goes.
            case Errno.ENOBUFS -> afterSome ? 0 : 1;
            case Errno.EMSGSIZE, Errno.EINVAL -> 1;
            // An interface that is down or gone meets all of them.
            default -> rest;
        };
    }

    private void countSent(int from, int sent, LinkStatistics statistics) {
        statistics.txFrames += sent;
        for (int i = from; i < from + sent; i++) {
            statistics.txBytes += length(i);
        }
    }

    private void releaseUpTo(int done) {
        for (int i = 0; i < done; i++) {
            frames.release(vectors.get(ValueLayout.JAVA_LONG, (long) i * IfPacket.IOVEC_BYTES) - base);
        }
        count -= done;
        if (count > 0 && done > 0) {
            MemorySegment.copy(vectors, (long) done * IfPacket.IOVEC_BYTES, vectors, 0,
                    (long) count * IfPacket.IOVEC_BYTES);
        }
    }

    private long length(int index) {
        return vectors.get(ValueLayout.JAVA_LONG, (long) index * IfPacket.IOVEC_BYTES + IfPacket.IOV_LEN);
    }
}
