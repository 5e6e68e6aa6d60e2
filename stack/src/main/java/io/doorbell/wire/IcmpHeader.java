package io.doorbell.wire;

import java.lang.foreign.MemorySegment;

/**
 * ICMP (RFC 792). Offsets are those of the header's first byte. The last 32 bits depend on the type: identifier and
 * sequence number of an echo, the next-hop MTU of "fragmentation needed" (RFC 1191 section 4).
 */
public final class IcmpHeader {
    public static final int LENGTH = 8;
    public static final int ECHO_REPLY = 0;
    public static final int DESTINATION_UNREACHABLE = 3;
    public static final int ECHO_REQUEST = 8;
    public static final int TIME_EXCEEDED = 11;
    public static final int PARAMETER_PROBLEM = 12;

    public static final int CODE_NET_UNREACHABLE = 0;
    public static final int CODE_HOST_UNREACHABLE = 1;
    public static final int CODE_PROTOCOL_UNREACHABLE = 2;
    public static final int CODE_PORT_UNREACHABLE = 3;
    public static final int CODE_FRAGMENTATION_NEEDED = 4;
    /** Of time exceeded: fragments have not come in time. */
    public static final int CODE_REASSEMBLY_TIME = 1;

    private IcmpHeader() {
    }

    public static int type(MemorySegment memory, long icmp) {
        return Bytes.u8(memory, icmp);
    }

    public static int code(MemorySegment memory, long icmp) {
        return Bytes.u8(memory, icmp + 1);
    }

    /** The 32 bits behind the checksum. */
    public static int rest(MemorySegment memory, long icmp) {
        return Bytes.u32(memory, icmp + 4);
    }

    public static boolean checksumValid(MemorySegment memory, long icmp, int length) {
        return Checksum.fold(Checksum.sum(memory, icmp, length)) == 0xffff;
    }

    /** Writes the header in front of a body that is already in place; {@code length} covers both. */
    public static void write(MemorySegment memory, long icmp, int type, int code, int rest, int length) {
        Bytes.put32(memory, icmp, type << 24 | code << 16);
        Bytes.put32(memory, icmp + 4, rest);
        Bytes.putNative16(memory, icmp + 2, Checksum.finish(Checksum.sum(memory, icmp, length)));
    }
}
