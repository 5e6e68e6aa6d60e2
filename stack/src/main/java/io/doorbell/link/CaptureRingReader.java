package io.doorbell.link;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * Reads a {@link CaptureRing} from where it is now, without the writer's knowledge, and trusts nothing in it. It wants
 * write access to the ring's first bytes only, to say that frames are wanted. One thread.
 */
public final class CaptureRingReader {
    /** Takes a frame; valid during the call. */
    @FunctionalInterface
    public interface Sink {
        /**
         * @param kept        bytes of the frame from {@code offset} on
         * @param frameLength bytes that it had
         * @param timeNanos   of the duty cycle that received or sent it, by the stack's clock
         */
        void frame(MemorySegment memory, long offset, int kept, int frameLength, long timeNanos);
    }

    // The copy lies in an array of bytes, whose alignment is not known.
    private static final ValueLayout.OfLong NUMBER = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfInt LENGTH = ValueLayout.JAVA_INT_UNALIGNED;

    private final MemorySegment memory;
    private final long capacity;
    private final MemorySegment copy;
    private long cursor;
    private long expected;
    private long lost;

    public CaptureRingReader(MemorySegment memory) {
        this.memory = memory;
        this.capacity = CaptureRing.capacity(memory);
        this.copy = MemorySegment.ofArray(new byte[(int) Math.min(capacity, CaptureRing.RECORD_HEADER + 65_536 + 8)]);
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

    /** Hands over up to {@code limit} frames that were written since the last call; answers how many. */
    public int read(Sink sink, int limit) {
        int count = 0;
        long tail = tail();
        while (count < limit && cursor != tail) {
            long offset = Math.floorMod(cursor, capacity);
            int size = memory.get(CaptureRing.INT, CaptureRing.FIRST + offset);
            int kept = memory.get(CaptureRing.INT, CaptureRing.FIRST + offset + 4);
            if (!possible(offset, size, kept) || tail < cursor || tail - cursor > capacity) {
                skipTo(tail);
                break;
            }
            if (kept != CaptureRing.PADDING) {
                MemorySegment.copy(memory, CaptureRing.FIRST + offset, copy, 0, CaptureRing.RECORD_HEADER + kept);
            }
            VarHandle.loadLoadFence();
            if ((long) CaptureRing.SHARED.getOpaque(memory, (long) CaptureRing.INTENT) - cursor > capacity) {
                skipTo(tail());
                break;
            }
            cursor += size;
            if (kept != CaptureRing.PADDING) {
                long number = copy.get(NUMBER, 24);
                lost += Math.max(0, number - expected);
                expected = number + 1;
                sink.frame(copy, CaptureRing.RECORD_HEADER, kept, copy.get(LENGTH, 8), copy.get(NUMBER, 16));
                count++;
            }
        }
        return count;
    }

    private boolean possible(long offset, int size, int kept) {
        if (kept == CaptureRing.PADDING) {
            return size == capacity - offset;
        }
        return kept >= 0 && size >= CaptureRing.RECORD_HEADER + (long) kept && size <= capacity - offset
                && (size & 7) == 0 && CaptureRing.RECORD_HEADER + (long) kept <= copy.byteSize();
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
