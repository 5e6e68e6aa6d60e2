package io.doorbell.wire;

import java.lang.foreign.MemorySegment;

/**
 * The TCP header (RFC 9293 section 3.1). Offsets are those of the header's first byte.
 * <pre>
 *  0                2                4                                 8
 *  +----------------+----------------+---------------------------------+
 *  |  source port   |destination port|         sequence number         |
 *  +----------------+----+---+-------+----------------+----------------+
 *  |     acknowledgment number       |off|rsv| flags  |     window     |
 *  +----------------+----------------+----------------+----------------+
 *  |    checksum    | urgent pointer |  options ...
 *  +----------------+----------------+
 * </pre>
 */
public final class TcpHeader {
    public static final int LENGTH = 20;
    public static final int MAX_LENGTH = 60;

    /** The timestamps option (RFC 7323 section 3.2) behind two NOPs (appendix A), its first word and its length. */
    public static final int TIMESTAMPS_WORD = 0x0101_080a;
    public static final int TIMESTAMPS_LENGTH = 12;

    public static final int FIN = 0x01;
    public static final int SYN = 0x02;
    public static final int RST = 0x04;
    public static final int PSH = 0x08;
    public static final int ACK = 0x10;
    public static final int URG = 0x20;
    public static final int ECE = 0x40;
    public static final int CWR = 0x80;

    private TcpHeader() {
    }

    /** Ports and sequence number, of which each may be taken without looking at memory again. */
    public static long first(MemorySegment memory, long tcp) {
        return Bytes.u64(memory, tcp);
    }

    /** Source port in the high half, destination port in the low half. */
    public static int ports(long first) {
        return (int) (first >>> 32);
    }

    public static int seq(long first) {
        return (int) first;
    }

    /** Acknowledgment number, header length, flags and window. */
    public static long second(MemorySegment memory, long tcp) {
        return Bytes.u64(memory, tcp + 8);
    }

    public static int ack(long second) {
        return (int) (second >>> 32);
    }

    public static int headerLength(long second) {
        return (int) (second >>> 26) & 0x3c;
    }

    public static int flags(long second) {
        return (int) (second >>> 16) & 0xff;
    }

    public static int window(long second) {
        return (int) second & 0xffff;
    }

    public static int sourcePort(MemorySegment memory, long tcp) {
        return Bytes.u16(memory, tcp);
    }

    public static int destinationPort(MemorySegment memory, long tcp) {
        return Bytes.u16(memory, tcp + 2);
    }

    public static int seq(MemorySegment memory, long tcp) {
        return Bytes.u32(memory, tcp + 4);
    }

    public static int ack(MemorySegment memory, long tcp) {
        return Bytes.u32(memory, tcp + 8);
    }

    /** Header length in bytes, options included. */
    public static int headerLength(MemorySegment memory, long tcp) {
        return (Bytes.u8(memory, tcp + 12) & 0xf0) >>> 2;
    }

    public static int flags(MemorySegment memory, long tcp) {
        return Bytes.u8(memory, tcp + 13);
    }

    /** The window field as it stands: not scaled. */
    public static int window(MemorySegment memory, long tcp) {
        return Bytes.u16(memory, tcp + 14);
    }

    public static int checksum(MemorySegment memory, long tcp) {
        return Bytes.u16(memory, tcp + 16);
    }

    /**
     * Writes the fixed 20 bytes with a zero checksum and a zero urgent pointer.
     *
     * @return the sum of what was written, for {@link #writeChecksum}
     */
    public static long write(MemorySegment memory, long tcp, int ports, int seq, int ack, int headerLength, int flags,
                            int window) {
        long first = (long) ports << 32 | seq & 0xffff_ffffL;
        long second = (long) ack << 32 | (headerLength << 26 | flags << 16 | window) & 0xffff_ffffL;
        Bytes.put64(memory, tcp, first);
        Bytes.put64(memory, tcp + 8, second);
        Bytes.put32(memory, tcp + 16, 0);
        return Checksum.ofNetworkWords((first >>> 32) + (first & 0xffff_ffffL)
                + (second >>> 32) + (second & 0xffff_ffffL));
    }

    /** Stores the checksum for the unfolded sum of pseudo-header, header with options, and payload. */
    public static void writeChecksum(MemorySegment memory, long tcp, long sum) {
        Bytes.putNative16(memory, tcp + 16, Checksum.finish(sum));
    }
}
