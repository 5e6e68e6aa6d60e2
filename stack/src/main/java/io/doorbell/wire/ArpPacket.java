package io.doorbell.wire;

import java.lang.foreign.MemorySegment;

/**
 * ARP for IPv4 over Ethernet (RFC 826). Offsets are those of the packet's first byte, behind the Ethernet header.
 * <pre>
 *  0        2        4     5     6        8            14         18           24
 *  +--------+--------+-----+-----+--------+------------+----------+------------+----------+
 *  |hardware|protocol| hln | pln |  op    | sender MAC | sender IP| target MAC | target IP|
 *  +--------+--------+-----+-----+--------+------------+----------+------------+----------+
 * </pre>
 */
public final class ArpPacket {
    public static final int LENGTH = 28;
    public static final int REQUEST = 1;
    public static final int REPLY = 2;

    private ArpPacket() {
    }

    /** Whether hardware, protocol and lengths are Ethernet and IPv4. */
    public static boolean isIpv4OverEthernet(MemorySegment memory, long arp) {
        return Bytes.u32(memory, arp) == 0x0001_0800 && Bytes.u16(memory, arp + 4) == 0x0604;
    }

    public static int operation(MemorySegment memory, long arp) {
        return Bytes.u16(memory, arp + 6);
    }

    public static long senderMac(MemorySegment memory, long arp) {
        return Bytes.u48(memory, arp + 8);
    }

    public static int senderAddress(MemorySegment memory, long arp) {
        return Bytes.u32(memory, arp + 14);
    }

    public static long targetMac(MemorySegment memory, long arp) {
        return Bytes.u48(memory, arp + 18);
    }

    public static int targetAddress(MemorySegment memory, long arp) {
        return Bytes.u32(memory, arp + 24);
    }

    public static void write(MemorySegment memory, long arp, int operation, long senderMac, int senderAddress,
                             long targetMac, int targetAddress) {
        Bytes.put64(memory, arp, 0x0001_0800_0604_0000L | operation);
        Bytes.put48(memory, arp + 8, senderMac);
        Bytes.put32(memory, arp + 14, senderAddress);
        Bytes.put48(memory, arp + 18, targetMac);
        Bytes.put32(memory, arp + 24, targetAddress);
    }
}
