package io.doorbell.packet;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.link.FramePool;
import io.doorbell.link.Link;
import io.doorbell.wire.ArpPacket;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.Checksum;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.IcmpHeader;
import io.doorbell.wire.Ipv4Header;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** Just enough of a host to try a link against the kernel: answers ARP and echo requests, sends and receives UDP. */
final class HandMadeHost {
    static final int PROTOCOL_UDP = 17;
    private static final int UDP_HEADER = 8;

    final Link link;
    final int address;
    final List<byte[]> datagrams = new ArrayList<>();
    int frames;
    int foreign;
    int largestFrame;
    int echos;
    int partialChecksums;
    private final Map<Integer, Long> neighbours = new HashMap<>();

    HandMadeHost(Link link, String address) {
        this.link = link;
        this.address = ip(address);
    }

    static int ip(String dotted) {
        int value = 0;
        for (String part : dotted.split("\\.")) {
            value = value << 8 | Integer.parseInt(part);
        }
        return value;
    }

    /** Polls, a bounded number of times, until the condition holds. */
    void pollUntil(String what, BooleanSupplier condition) {
        for (int i = 0; i < 5_000 && !condition.getAsBoolean(); i++) {
            if (poll() == 0) {
                try {
                    Thread.sleep(1);
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
        }
        assertTrue(condition.getAsBoolean(), () -> what + "; " + this);
    }

    int poll() {
        int count = link.receive(this::frame, 64, 0);
        link.flush(0);
        return count;
    }

    private void frame(MemorySegment memory, long frame, int length) {
        frames++;
        largestFrame = Math.max(largestFrame, length);
        long packet = frame + EthernetHeader.LENGTH;
        int type = EthernetHeader.type(memory, frame);
        if (type == EthernetHeader.TYPE_ARP && (ArpPacket.targetAddress(memory, packet) == address
                || ArpPacket.senderAddress(memory, packet) == address)) {
            arp(memory, packet);
        } else if (type == EthernetHeader.TYPE_IPV4 && Ipv4Header.destination(memory, packet) == address) {
            ipv4(memory, packet, length - EthernetHeader.LENGTH);
        } else {
            foreign++;
        }
    }

    private void arp(MemorySegment memory, long arp) {
        neighbours.put(ArpPacket.senderAddress(memory, arp), ArpPacket.senderMac(memory, arp));
        if (ArpPacket.operation(memory, arp) == ArpPacket.REQUEST) {
            sendArp(ArpPacket.REPLY, ArpPacket.senderMac(memory, arp), ArpPacket.senderAddress(memory, arp));
        }
    }

    private void sendArp(int operation, long targetMac, int target) {
        long frame = link.frames().allocate();
        MemorySegment out = link.frames().memory();
        EthernetHeader.write(out, frame, operation == ArpPacket.REQUEST ? EthernetHeader.BROADCAST : targetMac,
                link.mac(), EthernetHeader.TYPE_ARP);
        ArpPacket.write(out, frame + EthernetHeader.LENGTH, operation, link.mac(), address, targetMac, target);
        transmit(frame, EthernetHeader.LENGTH + ArpPacket.LENGTH);
    }

    private void ipv4(MemorySegment memory, long ip, int length) {
        int header = Ipv4Header.headerLength(memory, ip);
        assertTrue(Ipv4Header.checksumValid(memory, ip, header));
        assertTrue(Ipv4Header.totalLength(memory, ip) <= length);
        int payload = Ipv4Header.totalLength(memory, ip) - header;
        int protocol = Ipv4Header.protocol(memory, ip);
        if (protocol == PROTOCOL_UDP) {
            long sum = Checksum.sum(memory, ip + header, payload) + Checksum.pseudoHeader(
                    Ipv4Header.source(memory, ip), Ipv4Header.destination(memory, ip), protocol, payload);
            if (Checksum.fold(sum) != 0xffff) {
                partialChecksums++;
            }
            datagrams.add(memory.asSlice(ip + header + UDP_HEADER, payload - UDP_HEADER)
                    .toArray(ValueLayout.JAVA_BYTE));
        } else if (protocol == Ipv4Header.PROTOCOL_ICMP
                && IcmpHeader.type(memory, ip + header) == IcmpHeader.ECHO_REQUEST) {
            echos++;
            echoReply(memory, ip, header, payload);
        }
    }

    private void echoReply(MemorySegment memory, long ip, int header, int length) {
        int peer = Ipv4Header.source(memory, ip);
        long frame = startIpv4(peer, Ipv4Header.PROTOCOL_ICMP, length);
        MemorySegment out = link.frames().memory();
        long icmp = frame + EthernetHeader.LENGTH + Ipv4Header.LENGTH;
        MemorySegment.copy(memory, ip + header, out, icmp, length);
        IcmpHeader.write(out, icmp, IcmpHeader.ECHO_REPLY, 0, IcmpHeader.rest(memory, ip + header), length);
        transmit(frame, EthernetHeader.LENGTH + Ipv4Header.LENGTH + length);
    }

    private long startIpv4(int destination, int protocol, int length) {
        long frame = link.frames().allocate();
        assertTrue(frame != FramePool.NONE);
        MemorySegment out = link.frames().memory();
        EthernetHeader.write(out, frame, neighbours.get(destination), link.mac(), EthernetHeader.TYPE_IPV4);
        Ipv4Header.write(out, frame + EthernetHeader.LENGTH, 0, Ipv4Header.LENGTH + length, 0,
                Ipv4Header.DONT_FRAGMENT, 64, protocol, address, destination);
        return frame;
    }

    /** Asks who has the address until the answer is there. */
    void resolve(int target) {
        sendArp(ArpPacket.REQUEST, 0, target);
        link.flush(0);
        pollUntil("no ARP reply", () -> neighbours.containsKey(target));
    }

    /** Posts one datagram, without a flush; whether the link took it. */
    boolean sendUdp(int destination, int port, byte[] payload) {
        int length = UDP_HEADER + payload.length;
        long frame = startIpv4(destination, PROTOCOL_UDP, length);
        MemorySegment out = link.frames().memory();
        long udp = frame + EthernetHeader.LENGTH + Ipv4Header.LENGTH;
        Bytes.put16(out, udp, 4242);
        Bytes.put16(out, udp + 2, port);
        Bytes.put16(out, udp + 4, length);
        Bytes.put16(out, udp + 6, 0);
        MemorySegment.copy(MemorySegment.ofArray(payload), 0, out, udp + UDP_HEADER, payload.length);
        int checksum = Checksum.finish(Checksum.sum(out, udp, length)
                + Checksum.pseudoHeader(address, destination, PROTOCOL_UDP, length));
        Bytes.putNative16(out, udp + 6, checksum);
        return transmit(frame, EthernetHeader.LENGTH + Ipv4Header.LENGTH + length);
    }

    private boolean transmit(long frame, int length) {
        boolean posted = link.transmit(frame, length, 0);
        link.frames().release(frame);
        return posted;
    }

    @Override
    public String toString() {
        return "frames " + frames + ", foreign " + foreign + ", datagrams " + datagrams.size() + ", largest "
                + largestFrame + ", echos " + echos + ", partial " + partialChecksums;
    }
}
