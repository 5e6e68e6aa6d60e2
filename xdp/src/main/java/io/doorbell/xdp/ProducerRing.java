package io.doorbell.xdp;

import io.doorbell.xdp.ffi.IfXdp;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * A ring that this side fills and the kernel empties: the fill ring (64-bit frame addresses) and the TX ring
 * (descriptors of 16 bytes). Single producer, single consumer (kernel: Documentation/networking/af_xdp.rst).
 *
 * <p>Entries are plain stores; {@link #submit} publishes them with one release store of the producer index, which the
 * kernel loads with acquire. Indices run freely through 32 bits and are masked only to find an entry. The consumer
 * index is read only when the last known one leaves too little room, since its cache line belongs to the kernel.
 */
final class ProducerRing {
    private static final VarHandle INDEX = ValueLayout.JAVA_INT.varHandle();

    private final MemorySegment map;
    private final long producer;
    private final long consumer;
    private final long flags;
    private final long entries;
    private final int size;
    private final int mask;
    private int next;
    private int published;
    private int consumed;

    ProducerRing(RingMap ring) {
        map = ring.memory();
        producer = ring.producer();
        consumer = ring.consumer();
        flags = ring.flags();
        entries = ring.entries();
        size = ring.size();
        mask = size - 1;
        next = (int) INDEX.getAcquire(map, producer);
        published = next;
        consumed = (int) INDEX.getAcquire(map, consumer);
    }

    /** How many entries may be put, asked of the kernel only if fewer than {@code wanted} are known to be free. */
    int free(int wanted) {
        int free = size - (next - consumed);
        if (free < wanted) {
            consumed = (int) INDEX.getAcquire(map, consumer);
            free = size - (next - consumed);
        }
        return free;
    }

    /** The caller has made sure that there is room. */
    void putAddress(long address) {
        map.set(ValueLayout.JAVA_LONG, entries + ((long) (next++ & mask) << 3), address);
    }

    /** The caller has made sure that there is room. */
    void putDescriptor(long address, int length, int options) {
        long entry = entries + ((long) (next++ & mask) << 4);
        map.set(ValueLayout.JAVA_LONG, entry, address);
        map.set(ValueLayout.JAVA_INT, entry + 8, length);
        map.set(ValueLayout.JAVA_INT, entry + 12, options);
    }

    /** Takes the entry that was put last back, before it was submitted. */
    void withdraw() {
        next--;
    }

    /** Makes everything that was put visible to the kernel. */
    void submit() {
        if (published != next) {
            published = next;
            INDEX.setRelease(map, producer, next);
        }
    }

    /** How many published entries the kernel has not taken yet. */
    int backlog() {
        consumed = (int) INDEX.getAcquire(map, consumer);
        return published - consumed;
    }

    /** Whether the kernel sleeps and wants a call to look at this ring. */
    boolean needsWakeup() {
        return ((int) INDEX.getOpaque(map, flags) & IfXdp.XDP_RING_NEED_WAKEUP) != 0;
    }
}
