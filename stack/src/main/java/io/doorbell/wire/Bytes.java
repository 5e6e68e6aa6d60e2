package io.doorbell.wire;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Unaligned loads and stores over a memory segment.
 *
 * <p>Plain names ({@code u16}, {@code u32}) are network byte order (big-endian), as headers are written. Names with
 * {@code native} keep the machine's order: the Internet checksum is the same in either order (RFC 1071 section 2(B)),
 * so sums are formed and stored without swapping.
 */
public final class Bytes {
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort SHORT_BE = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfInt INT_BE = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfLong LONG_BE = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    private Bytes() {
    }

    public static int u8(MemorySegment memory, long offset) {
        return memory.get(BYTE, offset) & 0xff;
    }

    public static int u16(MemorySegment memory, long offset) {
        return memory.get(SHORT_BE, offset) & 0xffff;
    }

    /** All 32 bits; sequence numbers and addresses are compared as raw ints. */
    public static int u32(MemorySegment memory, long offset) {
        return memory.get(INT_BE, offset);
    }

    public static long u48(MemorySegment memory, long offset) {
        return ((long) u16(memory, offset) << 32) | (u32(memory, offset + 2) & 0xffff_ffffL);
    }

    public static long u64(MemorySegment memory, long offset) {
        return memory.get(LONG_BE, offset);
    }

    public static void put8(MemorySegment memory, long offset, int value) {
        memory.set(BYTE, offset, (byte) value);
    }

    public static void put16(MemorySegment memory, long offset, int value) {
        memory.set(SHORT_BE, offset, (short) value);
    }

    public static void put32(MemorySegment memory, long offset, int value) {
        memory.set(INT_BE, offset, value);
    }

    public static void put48(MemorySegment memory, long offset, long value) {
        put16(memory, offset, (int) (value >>> 32));
        put32(memory, offset + 2, (int) value);
    }

    public static void put64(MemorySegment memory, long offset, long value) {
        memory.set(LONG_BE, offset, value);
    }

    public static int native16(MemorySegment memory, long offset) {
        return memory.get(SHORT, offset) & 0xffff;
    }

    public static int native32(MemorySegment memory, long offset) {
        return memory.get(INT, offset);
    }

    public static long native64(MemorySegment memory, long offset) {
        return memory.get(LONG, offset);
    }

    public static void putNative16(MemorySegment memory, long offset, int value) {
        memory.set(SHORT, offset, (short) value);
    }

    public static void putNative32(MemorySegment memory, long offset, int value) {
        memory.set(INT, offset, value);
    }

    public static void putNative64(MemorySegment memory, long offset, long value) {
        memory.set(LONG, offset, value);
    }
}
