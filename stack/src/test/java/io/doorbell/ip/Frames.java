package io.doorbell.ip;

import io.doorbell.wire.ArpPacket;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.IcmpHeader;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Frames for tests, built from the inside out. The two hosts are 10.0.0.2 (the stack) and 10.0.0.1. */
final class Frames {
    static final long OUR_MAC = 0x0200_0000_0002L;
    static final long PEER_MAC = 0x0200_0000_0001L;
    static final long OTHER_MAC = 0x0200_0000_0099L;
    static final int OURS = Ipv4Address.parse("10.0.0.2");
    static final int PEER = Ipv4Address.parse("10.0.0.1");
    static final int OTHER = Ipv4Address.parse("10.0.0.9");
    static final int FAR = Ipv4Address.parse("192.0.2.7");

    private Frames() {
    }

    static byte[] ethernet(long destination, long source, int type, byte[] payload) {
        byte[] frame = new byte[EthernetHeader.LENGTH + payload.length];
        EthernetHeader.write(MemorySegment.ofArray(frame), 0, destination, source, type);
        System.arraycopy(payload, 0, frame, EthernetHeader.LENGTH, payload.length);
        return frame;
    }

    /** To the stack's MAC, from the peer's. */
    static byte[] toUs(byte[] ipv4) {
        return ethernet(OUR_MAC, PEER_MAC, EthernetHeader.TYPE_IPV4, ipv4);
    }

    static byte[] ipv4(int protocol, int source, int destination, byte[] payload) {
        return ipv4(protocol, source, destination, new byte[0], 0, payload);
    }

    static byte[] ipv4(int protocol, int source, int destination, byte[] options, int fragmentWord, byte[] payload) {
        int headerLength = Ipv4Header.LENGTH + options.length;
        byte[] packet = new byte[headerLength + payload.length];
        MemorySegment memory = MemorySegment.ofArray(packet);
        Ipv4Header.write(memory, 0, 0, packet.length, 7, fragmentWord, 64, protocol, source, destination);
        System.arraycopy(options, 0, packet, Ipv4Header.LENGTH, options.length);
        System.arraycopy(payload, 0, packet, headerLength, payload.length);
        packet[0] = (byte) (0x40 | headerLength / 4);
        return repaired(packet);
    }

    /** The packet with its IP header checksum made right. */
    static byte[] repaired(byte[] ipv4) {
        MemorySegment memory = MemorySegment.ofArray(ipv4);
        int headerLength = Math.min(Ipv4Header.headerLength(memory, 0), ipv4.length);
        Bytes.put16(memory, 10, 0);
        Bytes.putNative16(memory, 10,
                io.doorbell.wire.Checksum.finish(io.doorbell.wire.Checksum.sum(memory, 0, headerLength)));
        return ipv4;
    }

    static byte[] tcp(int sourcePort, int destinationPort, int seq, int payloadLength) {
        byte[] segment = new byte[TcpHeader.LENGTH + payloadLength];
        Arrays.fill(segment, (byte) 0x61);
        TcpHeader.write(MemorySegment.ofArray(segment), 0, sourcePort << 16 | destinationPort, seq, 0, 20, TcpHeader.ACK,
                1000);
        return segment;
    }

    /** A TCP segment from the peer to us, whole frame. */
    static byte[] tcpToUs() {
        return toUs(ipv4(Ipv4Header.PROTOCOL_TCP, PEER, OURS, tcp(1234, 80, 5, 10)));
    }

    static byte[] icmp(int type, int code, int rest, byte[] body) {
        byte[] message = new byte[IcmpHeader.LENGTH + body.length];
        System.arraycopy(body, 0, message, IcmpHeader.LENGTH, body.length);
        IcmpHeader.write(MemorySegment.ofArray(message), 0, type, code, rest, message.length);
        return message;
    }

    static byte[] icmpToUs(byte[] message) {
        return toUs(ipv4(Ipv4Header.PROTOCOL_ICMP, PEER, OURS, message));
    }

    static byte[] arp(long destination, int operation, long senderMac, int sender, long targetMac, int target) {
        byte[] packet = new byte[ArpPacket.LENGTH];
        ArpPacket.write(MemorySegment.ofArray(packet), 0, operation, senderMac, sender, targetMac, target);
        return ethernet(destination, senderMac, EthernetHeader.TYPE_ARP, packet);
    }

    static byte[] arpRequest(long senderMac, int sender, int target) {
        return arp(EthernetHeader.BROADCAST, ArpPacket.REQUEST, senderMac, sender, 0, target);
    }

    static byte[] arpReply(long senderMac, int sender) {
        return arp(OUR_MAC, ArpPacket.REPLY, senderMac, sender, OUR_MAC, OURS);
    }

    static byte[] payloadOf(byte[] frame, int headerLength) {
        return Arrays.copyOfRange(frame, headerLength, frame.length);
    }
}
