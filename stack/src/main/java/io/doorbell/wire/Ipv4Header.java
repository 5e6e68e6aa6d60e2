package io.doorbell.wire;

import java.lang.foreign.MemorySegment;

/**
 * IPv4 (RFC 791 section 3.1). Offsets are those of the header's first byte.
 * <pre>
 *  0       1        2                4                6                8
 *  +-------+--------+----------------+----------------+----------------+
 *  |ver|ihl|DSCP|ECN|  total length  | identification |flg| frag offset|
 *  +-------+--------+----------------+----------------+----------------+
 *  |  TTL  |protocol| header checksum|          source address         |
 *  +-------+--------+----------------+---------------------------------+
 *  |      destination address        |  options ...
 *  +---------------------------------+
 * </pre>
 */
public final class Ipv4Header {
    public static final int LENGTH = 20;
    public static final int PROTOCOL_ICMP = 1;
    public static final int PROTOCOL_TCP = 6;
    public static final int DONT_FRAGMENT = 0x4000;
    public static final int MORE_FRAGMENTS = 0x2000;

    private Ipv4Header() {
    }

    /** The first eight bytes, of which several fields may be taken without looking at memory again. */
    public static long first(MemorySegment memory, long ip) {
        return Bytes.u64(memory, ip);
    }

    public static int version(long first) {
        return (int) (first >>> 60);
    }

    public static int headerLength(long first) {
        return (int) (first >>> 54) & 0x3c;
    }

    public static int ecn(long first) {
        return (int) (first >>> 48) & 3;
    }

    public static int totalLength(long first) {
        return (int) (first >>> 32) & 0xffff;
    }

    public static boolean isFragment(long first) {
        return (first & 0x3fff) != 0;
    }

    public static int version(MemorySegment memory, long ip) {
        return Bytes.u8(memory, ip) >>> 4;
    }

    /** Header length in bytes, options included. */
    public static int headerLength(MemorySegment memory, long ip) {
        return (Bytes.u8(memory, ip) & 0x0f) << 2;
    }

    /** The ECN field (RFC 3168 section 5). */
    public static int ecn(MemorySegment memory, long ip) {
        return Bytes.u8(memory, ip + 1) & 3;
    }

    public static int totalLength(MemorySegment memory, long ip) {
        return Bytes.u16(memory, ip + 2);
    }

    public static int identification(MemorySegment memory, long ip) {
        return Bytes.u16(memory, ip + 4);
    }

    /** Flags and fragment offset as one 16-bit word. */
    public static int fragmentWord(MemorySegment memory, long ip) {
        return Bytes.u16(memory, ip + 6);
    }

    /** Whether this is a piece of a larger datagram: more fragments follow, or the offset is not zero. */
    public static boolean isFragment(MemorySegment memory, long ip) {
        return (fragmentWord(memory, ip) & 0x3fff) != 0;
    }

    public static int ttl(MemorySegment memory, long ip) {
        return Bytes.u8(memory, ip + 8);
    }

    public static int protocol(MemorySegment memory, long ip) {
        return Bytes.u8(memory, ip + 9);
    }

    public static int source(MemorySegment memory, long ip) {
        return Bytes.u32(memory, ip + 12);
    }

    public static int destination(MemorySegment memory, long ip) {
        return Bytes.u32(memory, ip + 16);
    }

    /** Whether the header checksum is right (RFC 1071: the sum over the header with its field is all ones). */
    public static boolean checksumValid(MemorySegment memory, long ip, int headerLength) {
        long first = Bytes.native64(memory, ip);
        long third = Bytes.native64(memory, ip + 12);
        long sum = (first >>> 32) + (first & 0xffff_ffffL) + (Bytes.native32(memory, ip + 8) & 0xffff_ffffL)
                + (third >>> 32) + (third & 0xffff_ffffL);
        if (headerLength > LENGTH) {
            sum += Checksum.sum(memory, ip + LENGTH, headerLength - LENGTH);
        }
        return Checksum.fold(sum) == 0xffff;
    }

    /** Writes a 20-byte header with its checksum; {@code dscpEcn} is the whole second byte. */
    public static void write(MemorySegment memory, long ip, int dscpEcn, int totalLength, int identification,
                             int fragmentWord, int ttl, int protocol, int source, int destination) {
        long first = (0x4500_0000L | dscpEcn << 16 | totalLength) << 32 | (long) identification << 16 | fragmentWord;
        long third = (long) ttl << 24 | (long) protocol << 16;
        long addresses = (long) source << 32 | destination & 0xffff_ffffL;
        long sum = (first >>> 32) + (first & 0xffff_ffffL) + third
                + (addresses >>> 32) + (addresses & 0xffff_ffffL);
        Bytes.put64(memory, ip, first);
        Bytes.put32(memory, ip + 8, (int) third | Checksum.finish(sum));
        Bytes.put64(memory, ip + 12, addresses);
    }
}
