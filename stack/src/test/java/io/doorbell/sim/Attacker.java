package io.doorbell.sim;

import io.doorbell.link.FramePool;
import io.doorbell.link.Link;
import io.doorbell.wire.Checksum;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.IcmpHeader;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;

/** Sends forged packets to one host, over a link that it shares with an honest peer. It sees no answer. */
final class Attacker {
    private static final int ETHERNET_IPV4 = 0x0800;
    private static final int ICMP = 1;

    private final Link link;
    private final MemorySegment memory;
    private final long mac;
    private final int victim;
    long sent;

    Attacker(Link link, long victimMac, int victim) {
        this.link = link;
        this.memory = link.frames().memory();
        this.mac = victimMac;
        this.victim = victim;
    }

    /** A TCP segment with a payload of zeros; false if the link takes no more for now. */
    boolean segment(int source, int sourcePort, int port, int seq, int ack, int flags, int length) {
        long frame = link.frames().allocate();
        if (frame == FramePool.NONE) {
            return false;
        }
        long tcp = frame + EthernetHeader.LENGTH + Ipv4Header.LENGTH;
        TcpHeader.write(memory, tcp, sourcePort << 16 | port, seq, ack, TcpHeader.LENGTH, flags, 0xffff);
        memory.asSlice(tcp + TcpHeader.LENGTH, length).fill((byte) 0);
        int size = TcpHeader.LENGTH + length;
        TcpHeader.writeChecksum(memory, tcp, Checksum.sum(memory, tcp, size)
                + Checksum.pseudoHeader(source, victim, Ipv4Header.PROTOCOL_TCP, size));
        return post(frame, source, Ipv4Header.PROTOCOL_TCP, size);
    }

    /** An ICMP error that quotes a segment which the victim is to believe it has sent. */
    boolean icmp(int source, int code, int rest, int peer, int port, int peerPort, int seq) {
        long frame = link.frames().allocate();
        if (frame == FramePool.NONE) {
            return false;
        }
        long icmp = frame + EthernetHeader.LENGTH + Ipv4Header.LENGTH;
        long quoted = icmp + 8;
        Ipv4Header.write(memory, quoted, 0, 1500, 0, 0, 64, Ipv4Header.PROTOCOL_TCP, victim, peer);
        TcpHeader.write(memory, quoted + Ipv4Header.LENGTH, port << 16 | peerPort, seq, 0, TcpHeader.LENGTH,
                TcpHeader.ACK, 0xffff);
        int size = 8 + Ipv4Header.LENGTH + 8;
        IcmpHeader.write(memory, icmp, IcmpHeader.DESTINATION_UNREACHABLE, code, rest, size);
        return post(frame, source, ICMP, size);
    }

    private boolean post(long frame, int source, int protocol, int size) {
        EthernetHeader.write(memory, frame, mac, link.mac(), ETHERNET_IPV4);
        Ipv4Header.write(memory, frame + EthernetHeader.LENGTH, 0, Ipv4Header.LENGTH + size, 0, 0, 64, protocol, source,
                victim);
        boolean posted = link.transmit(frame, EthernetHeader.LENGTH + Ipv4Header.LENGTH + size, 0);
        link.frames().release(frame);
        if (posted) {
            sent++;
        }
        return posted;
    }
}
