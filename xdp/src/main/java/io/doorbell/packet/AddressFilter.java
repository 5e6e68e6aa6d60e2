package io.doorbell.packet;

import io.doorbell.wire.EthernetHeader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The socket filter (classic BPF, linux/filter.h) that lets a packet socket see only what is the stack's: IPv4 to one
 * of its addresses, ARP for IPv4 whose target or sender is one of them (the sender so that a conflict is seen, RFC 5227
 * section 2.4). Tagged frames are the kernel's: their tag is not in the frame any more, and without it a frame of
 * another network would look like one of this. The kernel drops what is too short for a load.
 */
final class AddressFilter {
    static final int MAX_ADDRESSES = 512;

    /** {@code SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT}. */
    private static final int VLAN_TAG_PRESENT = -0x1000 + 48;

    private static final int IPV4_DESTINATION = EthernetHeader.LENGTH + 16;
    private static final int ARP_KINDS = EthernetHeader.LENGTH;
    private static final int ARP_SENDER = EthernetHeader.LENGTH + 14;
    private static final int ARP_TARGET = EthernetHeader.LENGTH + 24;
    private static final int ETHERNET_AND_IPV4 = 0x0001_0800;

    private final SocketFilter filter;

    private AddressFilter(SocketFilter filter) {
        this.filter = filter;
    }

    /** The {@code struct sock_fprog} of a filter for these addresses, in memory of the arena. */
    static MemorySegment program(Arena arena, int[] addresses) {
        if (addresses.length == 0 || addresses.length > MAX_ADDRESSES) {
            throw new IllegalArgumentException(addresses.length + " addresses: give 1 to " + MAX_ADDRESSES);
        }
        int comparison = 2 * addresses.length;
        int length = 13 + 3 * (1 + comparison);
        SocketFilter filter = new SocketFilter(arena, length);
        AddressFilter accepting = new AddressFilter(filter);
        filter.emit(SocketFilter.LD_W_ABS, 0, 0, VLAN_TAG_PRESENT);
        filter.emit(SocketFilter.JMP_JEQ_K, 1, 0, 0);
        filter.emit(SocketFilter.RET_K, 0, 0, 0);
        filter.emit(SocketFilter.LD_H_ABS, 0, 0, 12);
        filter.emit(SocketFilter.JMP_JEQ_K, 1, 0, EthernetHeader.TYPE_IPV4);
        filter.emit(SocketFilter.JMP_JA, 0, 0, comparison + 2);
        accepting.acceptIfEqual(IPV4_DESTINATION, addresses);
        filter.emit(SocketFilter.RET_K, 0, 0, 0);
        filter.emit(SocketFilter.JMP_JEQ_K, 1, 0, EthernetHeader.TYPE_ARP);
        filter.emit(SocketFilter.RET_K, 0, 0, 0);
        filter.emit(SocketFilter.LD_W_ABS, 0, 0, ARP_KINDS);
        filter.emit(SocketFilter.JMP_JEQ_K, 1, 0, ETHERNET_AND_IPV4);
        filter.emit(SocketFilter.RET_K, 0, 0, 0);
        accepting.acceptIfEqual(ARP_TARGET, addresses);
        accepting.acceptIfEqual(ARP_SENDER, addresses);
        filter.emit(SocketFilter.RET_K, 0, 0, 0);
        return filter.program(arena);
    }

    private void acceptIfEqual(int offset, int[] addresses) {
        filter.emit(SocketFilter.LD_W_ABS, 0, 0, offset);
        for (int address : addresses) {
            filter.emit(SocketFilter.JMP_JEQ_K, 0, 1, address);
            filter.emit(SocketFilter.RET_K, 0, 0, SocketFilter.WHOLE_FRAME);
        }
    }
}
