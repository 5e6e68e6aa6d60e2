package io.doorbell.tcp;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A copy of what a user has in an array, in a segment that is there already: one around the array would be allocated at each
 * call, wherever the compiler cannot do without it. The stack's thread's.
 */
public final class ArrayCopy {
    /** Longer messages are rare, and what a segment around them costs is little beside their bytes. */
    private static final int MOST = 1 << 16;

    private final MemorySegment memory = Arena.ofAuto().allocate(MOST, 64);

    /** Whether {@link #of} takes so much; wrong ranges are left to whoever knows how to answer them. */
    public static boolean takes(byte[] source, int offset, int length) {
        return (offset | length) >= 0 && length <= MOST && length <= source.length - offset;
    }

    /** The bytes, from 0 on, until the next call. */
    public MemorySegment of(byte[] source, int offset, int length) {
        MemorySegment.copy(source, offset, memory, ValueLayout.JAVA_BYTE, 0, length);
        return memory;
    }
}
