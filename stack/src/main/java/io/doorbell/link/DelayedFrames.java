package io.doorbell.link;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Frames that are kept until they are due: copies in memory of its own, found in the order of their times, equal times
 * in the order of arrival. A binary heap over slot numbers; nothing is allocated after construction.
 */
final class DelayedFrames {
    static final int NONE = -1;

    private final MemorySegment memory;
    private final int slotSize;
    private final int[] lengths;
    private final long[] due;
    private final long[] order;
    private final int[] heap;
    private final int[] free;
    private int size;
    private int available;
    private long arrivals;

    DelayedFrames(Arena arena, int slots, int slotSize) {
        this.memory = arena.allocate((long) slots * slotSize, 64);
        this.slotSize = slotSize;
        this.lengths = new int[slots];
        this.due = new long[slots];
        this.order = new long[slots];
        this.heap = new int[slots];
        this.free = new int[slots];
        for (int i = 0; i < slots; i++) {
            free[i] = slots - 1 - i;
        }
        this.available = slots;
    }

    int capacity() {
        return free.length;
    }

    MemorySegment memory() {
        return memory;
    }

    /** How many are waiting; slots that were taken out and not yet freed do not count. */
    int size() {
        return size;
    }

    long offsetOf(int slot) {
        return (long) slot * slotSize;
    }

    int lengthOf(int slot) {
        return lengths[slot];
    }

    /** When the first frame is due, {@link Link#NEVER} if none waits. */
    long earliest() {
        return size == 0 ? Link.NEVER : due[heap[0]];
    }

    boolean hasDue(long nowNanos) {
        return size > 0 && due[heap[0]] <= nowNanos;
    }

    /** Copies a frame; its slot, or {@link #NONE} if there is none or the frame is larger than one. */
    int add(MemorySegment from, long offset, int length, long dueNanos) {
        if (available == 0 || length > slotSize) {
            return NONE;
        }
        int slot = free[--available];
        MemorySegment.copy(from, offset, memory, offsetOf(slot), length);
        lengths[slot] = length;
        due[slot] = dueNanos;
        order[slot] = arrivals++;
        siftUp(slot);
        return slot;
    }

    /** The slot of the first frame, which stays where it is. */
    int first() {
        return heap[0];
    }

    /** Takes the first frame out of the order; its content stays until {@link #free}. */
    int removeFirst() {
        int slot = heap[0];
        size--;
        if (size > 0) {
            siftDown(heap[size]);
        }
        return slot;
    }

    void free(int slot) {
        free[available++] = slot;
    }

    private void siftUp(int slot) {
        int at = size++;
        while (at > 0) {
            int parent = (at - 1) >>> 1;
            if (!before(slot, heap[parent])) {
                break;
            }
            heap[at] = heap[parent];
            at = parent;
        }
        heap[at] = slot;
    }

    private void siftDown(int slot) {
        int at = 0;
        for (int child = 1; child < size; child = 2 * at + 1) {
            if (child + 1 < size && before(heap[child + 1], heap[child])) {
                child++;
            }
            if (!before(heap[child], slot)) {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = slot;
    }

    private boolean before(int a, int b) {
        return due[a] < due[b] || (due[a] == due[b] && order[a] < order[b]);
    }
}
