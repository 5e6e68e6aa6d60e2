package io.doorbell.link;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * Frames for whoever captures, in memory that others may map: the newest overwrite the oldest, so that the writer never
 * waits, and every record has a number, so that a reader knows what it lost.
 * <pre>
 *    0  until: the stack's time up to which somebody wants frames | 8 bytes of each frame, at most   written by readers
 *   64  end of what may be being written | 72 end of what is written | 80 records written            written by the stack
 *  128  records: 0 length in all, 4 bytes kept (-1: nothing more up to the end), 8 length of the frame, 12 free,
 *                16 time of the duty cycle, 24 number, 32 the frame; a multiple of 8 bytes
 * </pre>
 *
 * <p>One thread writes. Any number of {@link CaptureRingReader} read, in other processes, too. What is written is shown to
 * them by {@link #publish}: a line of memory that two processors share is written once for many frames.
 */
public final class CaptureRing {
    static final int UNTIL_NANOS = 0;
    static final int SNAPLEN = 8;
    static final int INTENT = 64;
    static final int TAIL = 72;
    static final int RECORDS = 80;
    static final int FIRST = 128;
    static final int RECORD_HEADER = 32;
    static final int PADDING = -1;
    /** The least memory that a ring can work with. */
    public static final int MIN_BYTES = 1 << 12;

    static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    static final VarHandle SHARED = LONG.varHandle();

    private final MemorySegment memory;
    private final long capacity;
    /** How much is announced at once as being written: so much less of the ring is safe to read. */
    private final long ahead;
    private long intent;
    private long tail;
    private long published;
    private long offset;
    private long records;
    private int snaplen;

    /** @param memory at least {@link #MIN_BYTES}, 8-byte aligned, zeroed; it must outlive the link */
    public CaptureRing(MemorySegment memory) {
        this.memory = memory;
        this.capacity = capacity(memory);
        this.ahead = capacity / 32 & -8L;
    }

    static long capacity(MemorySegment memory) {
        if (memory.byteSize() < MIN_BYTES) {
            throw new IllegalArgumentException("a capture ring of " + memory.byteSize() + " bytes is too small: give "
                    + MIN_BYTES + " or more");
        }
        return memory.byteSize() - FIRST & -8L;
    }

    /** Whether somebody wants frames now: to be asked once in a duty cycle. */
    boolean wanted(long nowNanos) {
        if ((long) SHARED.getOpaque(memory, (long) UNTIL_NANOS) <= nowNanos) {
            return false;
        }
        // Written by others: whatever it says, a record stays a small part of the ring.
        snaplen = (int) Math.clamp((long) SHARED.getOpaque(memory, (long) SNAPLEN), 1, Math.min(65_536, capacity / 4));
        return true;
    }

    void write(MemorySegment from, long at, int length, long nowNanos) {
        int kept = Math.min(length, snaplen);
        long size = RECORD_HEADER + kept + 7 & -8L;
        long rest = capacity - offset;
        long padding = size > rest ? rest : 0;
        if (tail + padding + size > intent) {
            announce(tail + padding + size + ahead);
        }
        if (padding > 0) {
            // Records are multiples of 8 bytes, and so is the ring: there is room for these two numbers.
            memory.set(INT, FIRST + offset, (int) padding);
            memory.set(INT, FIRST + offset + 4, PADDING);
            offset = 0;
        }
        long record = FIRST + offset;
        memory.set(INT, record, (int) size);
        memory.set(INT, record + 4, kept);
        memory.set(INT, record + 8, length);
        memory.set(LONG, record + 16, nowNanos);
        memory.set(LONG, record + 24, records++);
        MemorySegment.copy(from, at, memory, record + RECORD_HEADER, kept);
        offset = offset + size == capacity ? 0 : offset + size;
        tail += padding + size;
    }

    /** Readers know that what lies before may be overwritten before it is. */
    private void announce(long end) {
        intent = end;
        SHARED.setOpaque(memory, (long) INTENT, end);
        VarHandle.storeStoreFence();
    }

    /** Shows readers everything written until now. */
    void publish() {
        if (published != tail) {
            published = tail;
            SHARED.setOpaque(memory, (long) RECORDS, records);
            SHARED.setRelease(memory, (long) TAIL, tail);
        }
    }
}
