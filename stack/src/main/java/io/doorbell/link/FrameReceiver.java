package io.doorbell.link;

import java.lang.foreign.MemorySegment;

/** Takes received frames, one call each. */
@FunctionalInterface
public interface FrameReceiver {
    /**
     * One frame, Ethernet header first.
     *
     * @param memory the segment that holds it, not necessarily the link's frame region
     * @param offset of its first byte in {@code memory}
     * @param length bytes
     */
    void frame(MemorySegment memory, long offset, int length);
}
