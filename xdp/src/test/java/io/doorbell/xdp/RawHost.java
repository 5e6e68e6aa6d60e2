package io.doorbell.xdp;

import io.doorbell.link.Link;
import io.doorbell.wire.ArpPacket;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.Ipv4Header;
import java.lang.foreign.MemorySegment;

/**
 * The least that makes a host of a link: answers ARP for its address and sends every IPv4 packet back to where it came
 * from, an ICMP echo request as its reply.
 */
final class RawHost {
    final Link link;
    final int address;
    int arpRequests;
    int packets;
    /** Packets to another address. */
    int foreign;
    int others;
    int lastLength;

    RawHost(Link link, int address) {
        this.link = link;
        this.address = address;
    }

    /** One cycle: how many frames came. */
    int poll() {
        int count = link.receive(this::frame, 256, 0);
        link.flush(0);
        return count;
    }

    /** Polls until {@code frames} have come or a bounded number of idle milliseconds has passed. */
    int pollFor(int frames) {
        int seen = 0;
        for (int idle = 0; idle < 3000 && seen < frames; ) {
            int count = poll();
            seen += count;
            if (count == 0) {
                idle++;
                pause();
            }
        }
        return seen;
    }

    static void pause() {
        try {
            Thread.sleep(1);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void frame(MemorySegment memory, long frame, int length) {
        lastLength = length;
        int type = EthernetHeader.type(memory, frame);
        long ip = frame + EthernetHeader.LENGTH;
        if (type == EthernetHeader.TYPE_ARP) {
            arpRequests++;
            boolean question = ArpPacket.operation(memory, ip) == ArpPacket.REQUEST;
            if (question && ArpPacket.targetAddress(memory, ip) == address) {
                long reply = link.frames().allocate();
                MemorySegment to = link.frames().memory();
                long peer = ArpPacket.senderMac(memory, ip);
                EthernetHeader.write(to, reply, peer, link.mac(), EthernetHeader.TYPE_ARP);
                ArpPacket.write(to, reply + 14, ArpPacket.REPLY, link.mac(), address, peer,
                        ArpPacket.senderAddress(memory, ip));
                send(reply, 42);
            }
        } else if (type == EthernetHeader.TYPE_IPV4) {
            packets++;
            foreign += Ipv4Header.destination(memory, ip) == address ? 0 : 1;
            long echo = link.frames().allocate();
            MemorySegment to = link.frames().memory();
            MemorySegment.copy(memory, frame, to, echo, length);
            swap(to, echo, length);
            send(echo, length);
        } else {
            others++;
        }
    }

    private void swap(MemorySegment to, long frame, int length) {
        long ip = frame + EthernetHeader.LENGTH;
        EthernetHeader.write(to, frame, EthernetHeader.source(to, frame), link.mac(), EthernetHeader.TYPE_IPV4);
        int source = Ipv4Header.source(to, ip);
        Bytes.put32(to, ip + 12, Ipv4Header.destination(to, ip));
        Bytes.put32(to, ip + 16, source);
        long payload = ip + Ipv4Header.headerLength(to, ip);
        if (Ipv4Header.protocol(to, ip) == Ipv4Header.PROTOCOL_ICMP && Bytes.u8(to, payload) == 8) {
            Bytes.put8(to, payload, 0);
            // RFC 1624: the type fell by 8 in the high byte, so the complement of the sum rises by as much.
            int sum = Bytes.u16(to, payload + 2) + 0x0800;
            Bytes.put16(to, payload + 2, (sum & 0xffff) + (sum >>> 16));
        } else if (length >= 42) {
            int ports = Bytes.u32(to, payload);
            Bytes.put32(to, payload, ports << 16 | ports >>> 16);
        }
    }

    private void send(long address, int length) {
        link.transmit(address, length, 0);
        link.frames().release(address);
    }
}
