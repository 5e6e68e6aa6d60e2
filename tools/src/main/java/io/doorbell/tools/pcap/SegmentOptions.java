package io.doorbell.tools.pcap;

import io.doorbell.wire.Bytes;
import java.lang.foreign.MemorySegment;

/** The options of a TCP segment (RFC 9293 section 3.2, RFC 2018, RFC 7323), read without trust in their lengths. */
final class SegmentOptions {
    static final int MAX_SEGMENT_SIZE = 2;
    static final int WINDOW_SCALE = 3;
    static final int SACK_PERMITTED = 4;
    static final int SACK = 5;
    static final int TIMESTAMPS = 8;

    /** 0 if there is none. */
    int maxSegmentSize;
    /** -1 if there is none. */
    int windowScale;
    boolean sackPermitted;
    boolean timestamps;
    int tsValue;
    int tsEcho;
    int sackBlocks;
    final int[] sackStart = new int[4];
    final int[] sackEnd = new int[4];
    /** A length that cannot be: what follows was not read. */
    boolean malformed;

    void read(MemorySegment memory, long from, int length) {
        maxSegmentSize = 0;
        windowScale = -1;
        sackPermitted = false;
        timestamps = false;
        sackBlocks = 0;
        malformed = false;
        int at = 0;
        while (at < length) {
            int kind = Bytes.u8(memory, from + at);
            if (kind == 0) {
                return;
            }
            if (kind == 1) {
                at++;
                continue;
            }
            int size = at + 1 < length ? Bytes.u8(memory, from + at + 1) : 0;
            if (size < 2 || at + size > length) {
                malformed = true;
                return;
            }
            option(memory, from + at, kind, size);
            at += size;
        }
    }

    private void option(MemorySegment memory, long option, int kind, int size) {
        if (kind == MAX_SEGMENT_SIZE && size == 4) {
            maxSegmentSize = Bytes.u16(memory, option + 2);
        } else if (kind == WINDOW_SCALE && size == 3) {
            windowScale = Bytes.u8(memory, option + 2);
        } else if (kind == SACK_PERMITTED && size == 2) {
            sackPermitted = true;
        } else if (kind == TIMESTAMPS && size == 10) {
            timestamps = true;
            tsValue = Bytes.u32(memory, option + 2);
            tsEcho = Bytes.u32(memory, option + 6);
        } else if (kind == SACK && (size & 7) == 2) {
            sackBlocks = Math.min(4, size >>> 3);
            for (int i = 0; i < sackBlocks; i++) {
                sackStart[i] = Bytes.u32(memory, option + 2 + 8L * i);
                sackEnd[i] = Bytes.u32(memory, option + 6 + 8L * i);
            }
        }
    }
}
