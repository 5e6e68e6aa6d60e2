package io.doorbell.counters;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The stack's counters: one 64-bit slot each in one block of memory, written with plain stores by the stack's thread
 * and readable by anyone who maps the block.
 */
public final class Counters {
    private static final long SIZE = Counter.values().length * 8L;

    /** Slots are aligned, and the compiler need not be told: it would check it at each access. */
    private static final ValueLayout.OfLong SLOT = ValueLayout.JAVA_LONG_UNALIGNED;

    private final MemorySegment block;

    /** Counters in memory of their own, freed by the garbage collector. */
    public Counters() {
        this(Arena.ofAuto().allocate(blockSize(), 64));
    }

    /**
     * Counters in a given block.
     *
     * @param block at least {@link #blockSize()} bytes, 8-byte aligned, zeroed; it must outlive the stack
     */
    public Counters(MemorySegment block) {
        if (block.byteSize() < blockSize()) {
            throw new IllegalArgumentException("a counters block needs " + blockSize() + " bytes, not " + block.byteSize());
        }
        this.block = block;
    }

    /** Bytes that all counters take. */
    public static long blockSize() {
        return SIZE;
    }

    public void increment(Counter counter) {
        add(counter, 1);
    }

    public void add(Counter counter, long amount) {
        long offset = counter.ordinal() * 8L;
        block.set(SLOT, offset, block.get(SLOT, offset) + amount);
    }

    public long get(Counter counter) {
        return block.get(SLOT, counter.ordinal() * 8L);
    }

    /** Copies all counters, so that {@link #copyFrom} can set them back. */
    public void copyTo(MemorySegment target) {
        MemorySegment.copy(block, 0, target, 0, blockSize());
    }

    /** Sets all counters to what {@link #copyTo} has copied. */
    public void copyFrom(MemorySegment source) {
        MemorySegment.copy(source, 0, block, 0, blockSize());
    }

    /** The sum of all drops, whatever their reason. */
    public long drops() {
        long sum = 0;
        for (Counter counter : Counter.values()) {
            if (counter.isDrop()) {
                sum += get(counter);
            }
        }
        return sum;
    }
}
