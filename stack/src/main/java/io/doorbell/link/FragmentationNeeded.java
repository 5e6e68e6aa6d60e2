package io.doorbell.link;

import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.IcmpHeader;
import io.doorbell.wire.Ipv4Header;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** What a router says of a packet that the next hop does not carry and that must not be fragmented (RFC 1191 section 4). */
final class FragmentationNeeded {
    /** RFC 792: the internet header and 64 bits of the datagram; RFC 1812 section 4.3.2.3 lets it be more. */
    private static final int QUOTED_TRANSPORT = 28;
    private static final int LONGEST = EthernetHeader.LENGTH + 2 * Ipv4Header.LENGTH + IcmpHeader.LENGTH
            + QUOTED_TRANSPORT;
    private static final int TTL = 64;

    private final MemorySegment memory;

    FragmentationNeeded(Arena arena) {
        this.memory = arena.allocate(LONGEST, 8);
    }

    MemorySegment memory() {
        return memory;
    }

    /**
     * Forms the message about a frame, from its destination (as if the router stood there) to its source.
     *
     * @param mtu the next hop's, in bytes
     * @return the message's length as a frame, at the start of {@link #memory()}; 0 if a router says nothing of such a
     *         frame: not IPv4 without options, may be fragmented, or ICMP itself
     */
    int write(MemorySegment from, long frame, int length, int mtu) {
        long ip = frame + EthernetHeader.LENGTH;
        if (length < EthernetHeader.LENGTH + Ipv4Header.LENGTH + QUOTED_TRANSPORT
                || EthernetHeader.type(from, frame) != EthernetHeader.TYPE_IPV4
                || Ipv4Header.headerLength(from, ip) != Ipv4Header.LENGTH
                || (Ipv4Header.fragmentWord(from, ip) & Ipv4Header.DONT_FRAGMENT) == 0
                || Ipv4Header.protocol(from, ip) == Ipv4Header.PROTOCOL_ICMP) {
            return 0;
        }
        int message = IcmpHeader.LENGTH + Ipv4Header.LENGTH + QUOTED_TRANSPORT;
        long reply = EthernetHeader.LENGTH;
        long icmp = reply + Ipv4Header.LENGTH;
        MemorySegment.copy(from, ip, memory, icmp + IcmpHeader.LENGTH, Ipv4Header.LENGTH + QUOTED_TRANSPORT);
        IcmpHeader.write(memory, icmp, IcmpHeader.DESTINATION_UNREACHABLE, IcmpHeader.CODE_FRAGMENTATION_NEEDED, mtu,
                message);
        Ipv4Header.write(memory, reply, 0, Ipv4Header.LENGTH + message, 0, 0, TTL, Ipv4Header.PROTOCOL_ICMP,
                Ipv4Header.destination(from, ip), Ipv4Header.source(from, ip));
        EthernetHeader.write(memory, 0, EthernetHeader.source(from, frame), EthernetHeader.destination(from, frame),
                EthernetHeader.TYPE_IPV4);
        return EthernetHeader.LENGTH + Ipv4Header.LENGTH + message;
    }
}
