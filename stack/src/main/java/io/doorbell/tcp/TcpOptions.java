package io.doorbell.tcp;

import io.doorbell.wire.Bytes;
import io.doorbell.wire.Checksum;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.MultiSegmentOption;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;

/** The options of one received segment (RFC 9293 section 3.2, RFC 7323), reused from segment to segment. */
final class TcpOptions {
    static final int TIMESTAMPS_LENGTH = TcpHeader.TIMESTAMPS_LENGTH;
    static final int TIMESTAMPS_WORD = TcpHeader.TIMESTAMPS_WORD;

    private static final int END = 0;
    static final int NO_OPERATION = 1;
    private static final int MAX_SEGMENT_SIZE = 2;
    private static final int WINDOW_SCALE = 3;
    private static final int SACK_PERMITTED = 4;
    private static final int SACK = 5;
    private static final int TIMESTAMPS = 8;

    /** The MSS option's value, 0 if there was none. */
    int maxSegmentSize;
    /** The shift count, -1 if there was no window scale option. */
    int windowScale;
    boolean timestamps;
    int tsValue;
    int tsEcho;
    boolean sackPermitted;
    /** How many SACK blocks there are, at most four; their first sequence numbers, and those behind their last. */
    int sackBlocks;
    final int[] sackStart = new int[4];
    final int[] sackEnd = new int[4];
    /** Bytes of the multi-segment option, 0 if there was none; and where it begins. */
    int multiLength;
    long multi;

    /** @return false if an option's length is impossible: the segment is malformed */
    boolean parse(MemorySegment memory, long tcp, int headerLength, int flags) {
        maxSegmentSize = 0;
        windowScale = -1;
        timestamps = false;
        sackPermitted = false;
        sackBlocks = 0;
        multiLength = 0;
        int length = headerLength - TcpHeader.LENGTH;
        long options = tcp + TcpHeader.LENGTH;
        if (length == TIMESTAMPS_LENGTH && Bytes.u32(memory, options) == TIMESTAMPS_WORD) {
            readTimestamps(memory, options + 2);
            return true;
        }
        return length == 0 || parseAll(memory, options, length, (flags & TcpHeader.SYN) != 0);
    }

    private boolean parseAll(MemorySegment memory, long options, int length, boolean syn) {
        int at = 0;
        while (at < length) {
            int kind = Bytes.u8(memory, options + at);
            if (kind == END) {
                return true;
            }
            if (kind == NO_OPERATION) {
                at++;
                continue;
            }
            if (at + 1 >= length) {
                return false;
            }
            int size = Bytes.u8(memory, options + at + 1);
            if (size < 2 || at + size > length) {
                return false;
            }
            option(memory, options + at, kind, size, syn);
            at += size;
        }
        return true;
    }

    private void option(MemorySegment memory, long option, int kind, int size, boolean syn) {
        if (kind == TIMESTAMPS && size == 10) {
            readTimestamps(memory, option);
        } else if (kind == MAX_SEGMENT_SIZE && size == 4 && syn) {
            maxSegmentSize = Bytes.u16(memory, option + 2);
        } else if (kind == WINDOW_SCALE && size == 3 && syn) {
            // RFC 7323 section 2.3: a shift above 14 is taken as 14.
            windowScale = Math.min(14, Bytes.u8(memory, option + 2));
        } else if (kind == SACK_PERMITTED && size == 2 && syn) {
            sackPermitted = true;
        } else if (kind == SACK && (size & 7) == 2) {
            readSack(memory, option + 2, size >>> 3);
        } else if (kind == MultiSegmentOption.KIND && size >= MultiSegmentOption.FIXED_LENGTH
                && Bytes.u16(memory, option + 2) == MultiSegmentOption.EXPERIMENT) {
            multi = option;
            multiLength = size;
        }
    }

    private void readSack(MemorySegment memory, long blocks, int count) {
        sackBlocks = count;
        for (int i = 0; i < count; i++) {
            sackStart[i] = Bytes.u32(memory, blocks + 8L * i);
            sackEnd[i] = Bytes.u32(memory, blocks + 8L * i + 4);
        }
    }

    private void readTimestamps(MemorySegment memory, long option) {
        long values = Bytes.u64(memory, option + 2);
        timestamps = true;
        tsValue = (int) (values >>> 32);
        tsEcho = (int) values;
    }

    /** @return the sum of what was written */
    static long writeTimestamps(MemorySegment memory, long options, int value, int echo) {
        Bytes.put32(memory, options, TIMESTAMPS_WORD);
        Bytes.put64(memory, options + 4, (long) value << 32 | echo & 0xffff_ffffL);
        return Checksum.ofNetworkWords(TIMESTAMPS_WORD + (value & 0xffff_ffffL) + (echo & 0xffff_ffffL));
    }

    /**
     * The payload bytes of a full segment towards a peer (RFC 6691: options are taken off).
     *
     * @param announced the peer's MSS option, 0 if it sent none: 536 (RFC 9293 section 3.7.1)
     */
    static int segmentSize(int announced, int mtu, boolean timestamps) {
        int peer = announced == 0 ? 536 : Math.max(announced, 48);
        int path = mtu - Ipv4Header.LENGTH - TcpHeader.LENGTH;
        return Math.min(peer, path) - (timestamps ? TIMESTAMPS_LENGTH : 0);
    }
}
