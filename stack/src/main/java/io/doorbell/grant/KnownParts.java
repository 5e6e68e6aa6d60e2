package io.doorbell.grant;

import java.lang.foreign.MemorySegment;

/** What takes known bytes of a message, part by part, in ascending order. */
public interface KnownParts {
    /** @return negative if they were refused */
    int known(int offset, MemorySegment source, long sourceOffset, int count);
}
