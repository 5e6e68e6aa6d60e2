package io.doorbell.tcp;

import io.doorbell.wire.Bytes;
import java.lang.foreign.MemorySegment;

/** The options of a SYN or SYN-ACK. */
final class SynOptions {
    private SynOptions() {
    }

    /**
     * Writes MSS, window scale, SACK permitted and timestamps, padded to 32 bits.
     *
     * @param scale the shift count, -1 to leave the option out
     * @return bytes written
     */
    static int write(MemorySegment memory, long options, int maxSegmentSize, int scale, boolean sack,
                     boolean timestamps, int tsValue, int tsEcho) {
        Bytes.put32(memory, options, 0x0204_0000 | maxSegmentSize);
        int length = 4;
        if (scale >= 0) {
            Bytes.put32(memory, options + length, 0x0103_0300 | scale);
            length += 4;
        }
        if (sack) {
            Bytes.put32(memory, options + length, 0x0101_0402);
            length += 4;
        }
        if (timestamps) {
            TcpOptions.writeTimestamps(memory, options + length, tsValue, tsEcho);
            length += TcpOptions.TIMESTAMPS_LENGTH;
        }
        return length;
    }
}
