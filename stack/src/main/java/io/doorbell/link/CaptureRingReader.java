package io.doorbell.link;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * Reads a {@link CaptureRing} from where it is now, without the writer's knowledge, and trusts nothing in it. It wants
 * write access to the ring's first bytes only, to say that frames are wanted. One thread.
 */
public final class CaptureRingReader {
    /** What {@link #read} answers if the stack has overwritten meanwhile what it showed. */
    public static final int OVERTAKEN = -1;

    /** So much is looked at before it is asked whether the stack has overtaken this reader. */
    private static final int LOOK_BYTES = 1 << 16;

    /** Takes a frame as it lies in the ring; valid during the call, and to be believed only if {@link #read} says so. */
    @FunctionalInterface
    public interface Sink {
        /**
         * @param kept        bytes of the frame from {@code offset} on
         * @param frameLength bytes that it had
         * @param timeNanos   of the duty cycle that received or sent it, by the stack's clock
         */
        void frame(MemorySegment memory, long offset, int kept, int frameLength, long timeNanos);
    }

    private final MemorySegment memory;
    private final long capacity;
    private long cursor;
    private long expected;
    private long lost;

    public CaptureRingReader(MemorySegment memory) {
        this.memory = memory;
        this.capacity = CaptureRing.capacity(memory);
        long before;
        do {
            before = tail();
            expected = (long) CaptureRing.SHARED.getAcquire(memory, (long) CaptureRing.RECORDS);
            VarHandle.loadLoadFence();
            cursor = tail();
        } while (before != cursor);
    }

    /** Says that frames are wanted; to be called again before that time. Never takes back what another reader wants. */
    public void want(long untilNanos, int snaplen) {
        long until = (long) CaptureRing.SHARED.getOpaque(memory, (long) CaptureRing.UNTIL_NANOS);
        long theirs = (long) CaptureRing.SHARED.getOpaque(memory, (long) CaptureRing.SNAPLEN);
        boolean others = until > untilNanos - 1_000_000_000L;
        CaptureRing.SHARED.setOpaque(memory, (long) CaptureRing.SNAPLEN, others ? Math.max(theirs, snaplen) : snaplen);
        CaptureRing.SHARED.setOpaque(memory, (long) CaptureRing.UNTIL_NANOS, others ? Math.max(until, untilNanos) : untilNanos);
    }

    private long tail() {
        return (long) CaptureRing.SHARED.getAcquire(memory, (long) CaptureRing.TAIL) & -8L;
    }

    /** How far this reader is, in bytes of the ring since the stack began; grows only. */
    public long position() {
        return cursor;
    }

    /** Bytes of the ring that were written since the last {@link #read}, overtaken ones not included. */
    public long unreadBytes() {
        return Math.clamp(tail() - cursor, 0, capacity);
    }

    /** How many bytes of records the ring holds. */
    public long capacity() {
        return capacity;
    }

    /**
     * Shows up to {@code limit} frames that were written since the last call, some 64 KiB at most, where they lie: what the
     * sink made of them it has to take back if the answer is {@link #OVERTAKEN}. Those are lost, then.
     *
     * @return how many, 0 if there is nothing new
     */
    public int read(Sink sink, int limit) {
        long tail = tail();
        if (tail < cursor || tail - cursor > capacity) {
            skipTo(tail);
            return 0;
        }
        long at = cursor;
        long first = -1;
        int count = 0;
        boolean possible = true;
        while (possible && count < limit && at != tail && at - cursor < LOOK_BYTES) {
            long offset = Math.floorMod(at, capacity);
            long record = CaptureRing.FIRST + offset;
            int size = memory.get(CaptureRing.INT, record);
            int kept = memory.get(CaptureRing.INT, record + 4);
            possible = possible(offset, size, kept);
            if (possible) {
                at += size;
            }
            if (possible && kept != CaptureRing.PADDING) {
                first = count == 0 ? memory.get(CaptureRing.LONG, record + 24) : first;
                sink.frame(memory, record + CaptureRing.RECORD_HEADER, kept, memory.get(CaptureRing.INT, record + 8),
                        memory.get(CaptureRing.LONG, record + 16));
                count++;
            }
        }
        VarHandle.loadLoadFence();
        if ((long) CaptureRing.SHARED.getOpaque(memory, (long) CaptureRing.INTENT) - cursor > capacity) {
            skipTo(tail());
            return OVERTAKEN;
        }
        cursor = possible ? at : tail;
        if (count > 0) {
            lost += Math.max(0, first - expected);
            expected = first + count;
        }
        return count;
    }

    private boolean possible(long offset, int size, int kept) {
        if (kept == CaptureRing.PADDING) {
            return size == capacity - offset;
        }
        return kept >= 0 && size >= CaptureRing.RECORD_HEADER + (long) kept && size <= capacity - offset && (size & 7) == 0;
    }

    /** The writer has overtaken this reader: what lies between is counted when the next record tells its number. */
    private void skipTo(long tail) {
        cursor = tail;
    }

    /** Frames that the stack wrote since this reader began and that it could not get. */
    public long lost() {
        long written = (long) CaptureRing.SHARED.getAcquire(memory, (long) CaptureRing.RECORDS);
        return lost + (cursor == tail() ? Math.max(0, written - expected) : 0);
    }
}
