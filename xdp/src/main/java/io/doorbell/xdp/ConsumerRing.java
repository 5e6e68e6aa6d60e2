package io.doorbell.xdp;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * A ring that the kernel fills and this side empties: the completion ring (64-bit frame addresses) and the RX ring
 * (descriptors of 16 bytes). Single producer, single consumer.
 *
 * <p>{@link #available} loads the producer index with acquire, so that the entries before it can be read by plain
 * loads; {@link #release} gives entries back with a release store of the consumer index. Until then they stay as they
 * are, and can be read again.
 */
final class ConsumerRing {
    private static final VarHandle INDEX = ValueLayout.JAVA_INT.varHandle();

    private final MemorySegment map;
    private final long producer;
    private final long consumer;
    private final long entries;
    private final int mask;
    private int first;
    private int produced;

    ConsumerRing(RingMap ring) {
        map = ring.memory();
        producer = ring.producer();
        consumer = ring.consumer();
        entries = ring.entries();
        mask = ring.size() - 1;
        first = (int) INDEX.getAcquire(map, consumer);
        produced = first;
    }

    /** How many entries can be read, at most {@code limit}; the kernel is asked only if none is known. */
    int available(int limit) {
        int known = produced - first;
        if (known == 0) {
            produced = (int) INDEX.getAcquire(map, producer);
            known = produced - first;
        }
        return Math.min(known, limit);
    }

    /** Entry number {@code index} of those available, of a ring of addresses. */
    long address(int index) {
        return map.get(ValueLayout.JAVA_LONG, entries + ((long) ((first + index) & mask) << 3));
    }

    /** The address in entry number {@code index} of those available, of a ring of descriptors. */
    long descriptorAddress(int index) {
        return map.get(ValueLayout.JAVA_LONG, entries + ((long) ((first + index) & mask) << 4));
    }

    /** The length in entry number {@code index} of those available, of a ring of descriptors. */
    int descriptorLength(int index) {
        return map.get(ValueLayout.JAVA_INT, entries + ((long) ((first + index) & mask) << 4) + 8);
    }

    /** Gives the first {@code count} entries back to the kernel. */
    void release(int count) {
        first += count;
        INDEX.setRelease(map, consumer, first);
    }
}
