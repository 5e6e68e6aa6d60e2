package io.doorbell;

import io.doorbell.wire.Checksum;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Messages of a {@link Batch}, each written and summed once, in slots of one size. A slot is free again when nobody
 * holds it: the batch until its flush, and every client for which the message waits. It grows with the largest batch.
 */
final class MessageStore {
    private static final int SLOTS_PER_CHUNK = 256;
    private static final int SHIFT = Integer.numberOfTrailingZeros(SLOTS_PER_CHUNK);

    private final int slotBytes;
    private MemorySegment[] chunks = new MemorySegment[0];
    private int[] lengths = new int[0];
    private int[] sums = new int[0];
    private int[] holds = new int[0];
    private long[] keys = new long[0];
    private boolean[] keyed = new boolean[0];
    private int[] free = new int[0];
    private int available;

    MessageStore(int messageBytes) {
        // Every message begins on a cache line.
        slotBytes = Math.addExact(messageBytes, 63) & -64;
    }

    /** Writes a message and sums it on the way; it has one hold then. */
    int write(MemorySegment source, long offset, int length, boolean hasKey, long key) {
        if (available == 0) {
            grow();
        }
        int slot = free[--available];
        holds[slot] = 1;
        lengths[slot] = length;
        keyed[slot] = hasKey;
        keys[slot] = key;
        sums[slot] = Checksum.fold(Checksum.copyAndSum(source, offset, memory(slot), offset(slot), length));
        return slot;
    }

    private void grow() {
        int chunk = chunks.length;
        int slots = (chunk + 1) * SLOTS_PER_CHUNK;
        chunks = Arrays.copyOf(chunks, chunk + 1);
        chunks[chunk] = Arena.ofAuto().allocate((long) SLOTS_PER_CHUNK * slotBytes, 64);
        lengths = Arrays.copyOf(lengths, slots);
        sums = Arrays.copyOf(sums, slots);
        holds = Arrays.copyOf(holds, slots);
        keys = Arrays.copyOf(keys, slots);
        keyed = Arrays.copyOf(keyed, slots);
        free = Arrays.copyOf(free, slots);
        for (int i = 0; i < SLOTS_PER_CHUNK; i++) {
            free[available++] = slots - 1 - i;
        }
    }

    /** Slots that somebody holds. */
    int held() {
        return free.length - available;
    }

    MemorySegment memory(int slot) {
        return chunks[slot >>> SHIFT];
    }

    long offset(int slot) {
        return (long) (slot & SLOTS_PER_CHUNK - 1) * slotBytes;
    }

    int length(int slot) {
        return lengths[slot];
    }

    int sum(int slot) {
        return sums[slot];
    }

    boolean hasKey(int slot) {
        return keyed[slot];
    }

    long key(int slot) {
        return keys[slot];
    }

    void hold(int slot) {
        holds[slot]++;
    }

    void release(int slot) {
        if (--holds[slot] == 0) {
            free[available++] = slot;
        }
    }
}
