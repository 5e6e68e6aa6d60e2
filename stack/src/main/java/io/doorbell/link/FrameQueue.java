package io.doorbell.link;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * Frames on their way from one end of a pipe to the other: a bounded queue with one producer and one consumer, which
 * may be two threads or one.
 *
 * <p>The two indices count frames since the start and only grow; each is stored by one side alone, with release
 * semantics, and loaded by the other with acquire semantics. Slots and lengths are therefore plain memory: the
 * producer's stores to them happen before the consumer sees the index that covers them, and the consumer's loads
 * before the producer sees the slot given back. Nothing is allocated after construction.
 * <pre>
 *  control:  0 produced | 128 consumed | 256 consumer closed      (128 apart: a pair of cache lines each)
 *  slots:    capacity times slotSize bytes
 * </pre>
 */
final class FrameQueue {
    private static final VarHandle INDEX = ValueLayout.JAVA_LONG.varHandle();
    private static final long PRODUCED = 0;
    private static final long CONSUMED = 128;
    private static final long CLOSED = 256;

    private final MemorySegment control;
    private final MemorySegment slots;
    private final int[] lengths;
    private final int slotShift;
    private final int mask;

    /** The producer's own: frames written, frames published, and what it last saw of the consumer. */
    private long written;
    private long published;
    private long consumedSeen;
    /** The consumer's own: frames looked at, frames given back, and what it last saw of the producer. */
    private long taken;
    private long givenBack;
    private long producedSeen;

    /**
     * @param capacity frames, a power of two
     * @param slotSize bytes, a power of two
     */
    FrameQueue(Arena arena, int capacity, int slotSize) {
        this.control = arena.allocate(384, 128);
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
        if (written - consumedSeen > mask) {
            consumedSeen = (long) INDEX.getAcquire(control, CONSUMED);
            if (written - consumedSeen > mask) {
                return false;
            }
        }
        int slot = (int) written & mask;
        MemorySegment.copy(memory, offset, slots, (long) slot << slotShift, length);
        lengths[slot] = length;
        written++;
        return true;
    }

    /** Shows the consumer all that was offered, with one store; false if there was nothing new. */
    boolean publish() {
        if (written == published) {
            return false;
        }
        published = written;
        INDEX.setRelease(control, PRODUCED, written);
        return true;
    }

    /** Whether nobody will take anything from this queue any more. */
    boolean consumerClosed() {
        return (long) INDEX.getAcquire(control, CLOSED) != 0;
    }

    // ---- the consumer's side

    /** Gives every slot taken so far back to the producer, and looks how many more there are to take. */
    int releaseAndCount() {
        if (givenBack != taken) {
            givenBack = taken;
            INDEX.setRelease(control, CONSUMED, taken);
        }
        if (producedSeen == taken) {
            producedSeen = (long) INDEX.getAcquire(control, PRODUCED);
        }
        return (int) (producedSeen - taken);
    }

    /** Takes the next frame's slot number; to be called at most as often as {@link #releaseAndCount} allowed. */
    int take() {
        return (int) taken++ & mask;
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
