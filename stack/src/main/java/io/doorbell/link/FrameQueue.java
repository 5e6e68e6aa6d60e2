package io.doorbell.link;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * Frames on their way from one end of a pipe to the other: a bounded queue with one producer and one consumer, which
 * may be two threads or one.
 *
 * <p>The indices count frames since the start and only grow. {@code produced} and {@code consumed} are each stored by
 * one side alone, with release semantics, and loaded by the other with acquire semantics. Slots and lengths are
 * therefore plain memory: the producer's stores to them happen before the consumer sees the index that covers them,
 * and the consumer's loads before the producer sees the slot given back. Nothing is allocated after construction.
 *
 * <p>What one side writes often lies apart from what the other reads, by pairs of cache lines: hence not in fields.
 * <pre>
 *  control:    0 produced                                  128 consumed
 *            256 consumer closed
 *            384 producer's own: written, consumed seen    512 consumer's own: taken, produced seen
 *  slots:    capacity times slotSize bytes
 * </pre>
 */
final class FrameQueue {
    private static final VarHandle INDEX = ValueLayout.JAVA_LONG.varHandle();
    private static final ValueLayout.OfLong OWN = ValueLayout.JAVA_LONG;
    private static final long PRODUCED = 0;
    private static final long CONSUMED = 128;
    private static final long CLOSED = 256;
    private static final long WRITTEN = 384;
    private static final long CONSUMED_SEEN = 392;
    private static final long TAKEN = 512;
    private static final long PRODUCED_SEEN = 520;
    private static final long CONTROL_BYTES = 640;

    private final MemorySegment control;
    private final MemorySegment slots;
    private final int[] lengths;
    private final int slotShift;
    private final int mask;

    /**
     * @param capacity frames, a power of two
     * @param slotSize bytes, a power of two
     */
    FrameQueue(Arena arena, int capacity, int slotSize) {
        this.control = arena.allocate(CONTROL_BYTES, 128);
        this.slots = arena.allocate((long) capacity * slotSize, 64);
        this.lengths = new int[capacity];
        this.slotShift = Integer.numberOfTrailingZeros(slotSize);
        this.mask = capacity - 1;
    }

    MemorySegment slots() {
        return slots;
    }

    // ---- the producer's side

    /** Copies a frame into the next slot, unseen by the consumer until {@link #publish}; false if there is none. */
    boolean offer(MemorySegment memory, long offset, int length) {
        long written = control.get(OWN, WRITTEN);
        if (written - control.get(OWN, CONSUMED_SEEN) > mask) {
            long consumed = (long) INDEX.getAcquire(control, CONSUMED);
            control.set(OWN, CONSUMED_SEEN, consumed);
            if (written - consumed > mask) {
                return false;
            }
        }
        int slot = (int) written & mask;
        MemorySegment.copy(memory, offset, slots, (long) slot << slotShift, length);
        lengths[slot] = length;
        control.set(OWN, WRITTEN, written + 1);
        return true;
    }

    /** Appends to the frame that was offered last; both together are not longer than a slot. */
    void append(MemorySegment memory, long offset, int length) {
        int slot = (int) (control.get(OWN, WRITTEN) - 1) & mask;
        MemorySegment.copy(memory, offset, slots, ((long) slot << slotShift) + lengths[slot], length);
        lengths[slot] += length;
    }

    /** Takes the frame that was offered last back; the consumer has not seen it yet. */
    void withdraw() {
        control.set(OWN, WRITTEN, control.get(OWN, WRITTEN) - 1);
    }

    /** Shows the consumer all that was offered, with one store; false if there was nothing new. */
    boolean publish() {
        long written = control.get(OWN, WRITTEN);
        if (written == control.get(OWN, PRODUCED)) {
            return false;
        }
        INDEX.setRelease(control, PRODUCED, written);
        return true;
    }

    /** Whether nobody will take anything from this queue any more. */
    boolean consumerClosed() {
        return (long) INDEX.getAcquire(control, CLOSED) != 0;
    }

    // ---- the consumer's side

    /** Gives every slot taken so far back to the producer, and tells how many more may be taken: up to a limit. */
    int releaseAndCount(int limit) {
        long taken = control.get(OWN, TAKEN);
        if (control.get(OWN, CONSUMED) != taken) {
            INDEX.setRelease(control, CONSUMED, taken);
        }
        long produced = control.get(OWN, PRODUCED_SEEN);
        if (produced - taken < limit) {
            produced = (long) INDEX.getAcquire(control, PRODUCED);
            control.set(OWN, PRODUCED_SEEN, produced);
        }
        return (int) Math.min(produced - taken, limit);
    }

    /** Whether a frame waits to be taken. */
    boolean hasMore() {
        return (long) INDEX.getAcquire(control, PRODUCED) != control.get(OWN, TAKEN);
    }

    /** Takes the next frame's slot number; to be called at most as often as {@link #releaseAndCount} allowed. */
    int take() {
        long taken = control.get(OWN, TAKEN);
        control.set(OWN, TAKEN, taken + 1);
        return (int) taken & mask;
    }

    long offsetOf(int slot) {
        return (long) slot << slotShift;
    }

    int lengthOf(int slot) {
        return lengths[slot];
    }

    void closeConsumer() {
        INDEX.setRelease(control, CLOSED, 1L);
    }
}
