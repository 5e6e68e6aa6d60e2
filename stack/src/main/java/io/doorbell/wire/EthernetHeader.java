package io.doorbell.wire;

import java.lang.foreign.MemorySegment;

/**
 * Ethernet II (RFC 894). Offsets are those of the frame's first byte.
 * <pre>
 *  0            6            12      14
 *  +------------+------------+-------+---------
 *  | destination|   source   | type  | payload
 *  +------------+------------+-------+---------
 * </pre>
 */
public final class EthernetHeader {
    public static final int LENGTH = 14;
    public static final int TYPE_IPV4 = 0x0800;
    public static final int TYPE_ARP = 0x0806;
    public static final int TYPE_VLAN = 0x8100;
    public static final long BROADCAST = 0xffff_ffff_ffffL;

    private EthernetHeader() {
    }

    public static long destination(MemorySegment memory, long frame) {
        return Bytes.u64(memory, frame) >>> 16;
    }

    public static long source(MemorySegment memory, long frame) {
        return Bytes.u48(memory, frame + 6);
    }

    public static int type(MemorySegment memory, long frame) {
        return Bytes.u16(memory, frame + 12);
    }

    public static void write(MemorySegment memory, long frame, long destination, long source, int type) {
        Bytes.put64(memory, frame, (destination << 16) | (source >>> 32));
        Bytes.put32(memory, frame + 8, (int) source);
        Bytes.put16(memory, frame + 12, type);
    }

    /** Whether the address is a group address: multicast or broadcast (IEEE 802.3, the I/G bit). */
    public static boolean isGroup(long mac) {
        return (mac & 0x0100_0000_0000L) != 0;
    }
}
