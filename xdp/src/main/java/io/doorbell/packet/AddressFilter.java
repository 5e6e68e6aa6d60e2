package io.doorbell.packet;

import io.doorbell.wire.EthernetHeader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The socket filter (classic BPF, linux/filter.h) that lets a packet socket see only what is the stack's: IPv4 to one
 * of its addresses, ARP for IPv4 whose target or sender is one of them (the sender so that a conflict is seen, RFC 5227
 * section 2.4). Tagged frames are the kernel's: their tag is not in the frame any more, and without it a frame of
 * another network would look like one of this. The kernel drops what is too short for a load.
 */
final class AddressFilter {
    static final int MAX_ADDRESSES = 512;

    private static final int LD_W_ABS = 0x20;
    private static final int LD_H_ABS = 0x28;
    private static final int JMP_JA = 0x05;
    private static final int JMP_JEQ_K = 0x15;
    private static final int RET_K = 0x06;
    /** {@code SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT}. */
    private static final int VLAN_TAG_PRESENT = -0x1000 + 48;
    private static final int WHOLE_FRAME = 0x40000;
    private static final int INSTRUCTION_BYTES = 8;

    private static final int IPV4_DESTINATION = EthernetHeader.LENGTH + 16;
    private static final int ARP_KINDS = EthernetHeader.LENGTH;
    private static final int ARP_SENDER = EthernetHeader.LENGTH + 14;
    private static final int ARP_TARGET = EthernetHeader.LENGTH + 24;
    private static final int ETHERNET_AND_IPV4 = 0x0001_0800;

    private final MemorySegment code;
    private int at;

    private AddressFilter(MemorySegment code) {
        this.code = code;
    }

    /** The {@code struct sock_fprog} of a filter for these addresses, in memory of the arena. */
    static MemorySegment program(Arena arena, int[] addresses) {
        if (addresses.length == 0 || addresses.length > MAX_ADDRESSES) {
            throw new IllegalArgumentException(addresses.length + " addresses: give 1 to " + MAX_ADDRESSES);
        }
        int comparison = 2 * addresses.length;
        int length = 13 + 3 * (1 + comparison);
        AddressFilter filter = new AddressFilter(arena.allocate((long) length * INSTRUCTION_BYTES, 8));
        filter.emit(LD_W_ABS, 0, 0, VLAN_TAG_PRESENT);
        filter.emit(JMP_JEQ_K, 1, 0, 0);
        filter.emit(RET_K, 0, 0, 0);
        filter.emit(LD_H_ABS, 0, 0, 12);
        filter.emit(JMP_JEQ_K, 1, 0, EthernetHeader.TYPE_IPV4);
        filter.emit(JMP_JA, 0, 0, comparison + 2);
        filter.acceptIfEqual(IPV4_DESTINATION, addresses);
        filter.emit(RET_K, 0, 0, 0);
        filter.emit(JMP_JEQ_K, 1, 0, EthernetHeader.TYPE_ARP);
        filter.emit(RET_K, 0, 0, 0);
        filter.emit(LD_W_ABS, 0, 0, ARP_KINDS);
        filter.emit(JMP_JEQ_K, 1, 0, ETHERNET_AND_IPV4);
        filter.emit(RET_K, 0, 0, 0);
        filter.acceptIfEqual(ARP_TARGET, addresses);
        filter.acceptIfEqual(ARP_SENDER, addresses);
        filter.emit(RET_K, 0, 0, 0);
        MemorySegment program = arena.allocate(16, 8);
        program.set(ValueLayout.JAVA_SHORT, 0, (short) filter.at);
        program.set(ValueLayout.ADDRESS, 8, filter.code);
        return program;
    }

    private void acceptIfEqual(int offset, int[] addresses) {
        emit(LD_W_ABS, 0, 0, offset);
        for (int address : addresses) {
            emit(JMP_JEQ_K, 0, 1, address);
            emit(RET_K, 0, 0, WHOLE_FRAME);
        }
    }

    private void emit(int operation, int ifTrue, int ifFalse, int operand) {
        long offset = (long) at++ * INSTRUCTION_BYTES;
        code.set(ValueLayout.JAVA_SHORT, offset, (short) operation);
        code.set(ValueLayout.JAVA_BYTE, offset + 2, (byte) ifTrue);
        code.set(ValueLayout.JAVA_BYTE, offset + 3, (byte) ifFalse);
        code.set(ValueLayout.JAVA_INT, offset + 4, operand);
    }
}
