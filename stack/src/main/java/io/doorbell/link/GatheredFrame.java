package io.doorbell.link;

import java.lang.foreign.MemorySegment;

/** Puts a frame that lies in two places together, for those who look at it whole. Valid until the next one. */
final class GatheredFrame {
    private MemorySegment whole = MemorySegment.ofArray(new byte[2048]);

    /** @return the frame, from offset 0 on; allocates only for one that is longer than all before */
    MemorySegment gather(MemorySegment memory, long address, int length, long rest, int restLength) {
        if (length + restLength > whole.byteSize()) {
            whole = MemorySegment.ofArray(new byte[length + restLength]);
        }
        MemorySegment.copy(memory, address, whole, 0, length);
        MemorySegment.copy(memory, rest, whole, length, restLength);
        return whole;
    }
}
