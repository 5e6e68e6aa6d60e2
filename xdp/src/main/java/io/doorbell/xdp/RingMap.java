package io.doorbell.xdp;

import io.doorbell.xdp.ffi.LibXdp;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Where a ring is that libxdp mapped: one segment over all of it, and the offsets of its parts.
 *
 * @param memory valid as long as the arena that was given; the mapping itself is libxdp's to remove
 * @param size   entries
 */
record RingMap(MemorySegment memory, long producer, long consumer, long flags, long entries, int size) {
    private static final long SIZE = LibXdp.RING.byteOffset(PathElement.groupElement("size"));
    private static final long PRODUCER = LibXdp.RING.byteOffset(PathElement.groupElement("producer"));
    private static final long CONSUMER = LibXdp.RING.byteOffset(PathElement.groupElement("consumer"));
    private static final long RING = LibXdp.RING.byteOffset(PathElement.groupElement("ring"));
    private static final long FLAGS = LibXdp.RING.byteOffset(PathElement.groupElement("flags"));

    /**
     * Reads a {@code struct xsk_ring_prod} or {@code xsk_ring_cons} that libxdp has filled in.
     *
     * @param entryBytes 8 for addresses, 16 for descriptors
     */
    static RingMap of(MemorySegment ring, int entryBytes, Arena arena) {
        int size = ring.get(ValueLayout.JAVA_INT, SIZE);
        long producer = ring.get(ValueLayout.JAVA_LONG, PRODUCER);
        long consumer = ring.get(ValueLayout.JAVA_LONG, CONSUMER);
        long flags = ring.get(ValueLayout.JAVA_LONG, FLAGS);
        long entries = ring.get(ValueLayout.JAVA_LONG, RING);
        long start = Math.min(Math.min(producer, consumer), Math.min(flags, entries));
        long end = Math.max(entries + (long) size * entryBytes,
                Math.max(flags, Math.max(producer, consumer)) + Integer.BYTES);
        MemorySegment memory = MemorySegment.ofAddress(start).reinterpret(end - start, arena, null);
        return new RingMap(memory, producer - start, consumer - start, flags - start, entries - start, size);
    }
}
