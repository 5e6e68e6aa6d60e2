package io.doorbell.wire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.pcap4j.packet.EthernetPacket;
import org.pcap4j.packet.IcmpV4CommonPacket;
import org.pcap4j.packet.IcmpV4EchoPacket;
import org.pcap4j.packet.IpV4Packet;
import org.pcap4j.packet.IpV4Rfc791Tos;
import org.pcap4j.packet.Packet;
import org.pcap4j.packet.TcpMaximumSegmentSizeOption;
import org.pcap4j.packet.TcpPacket;
import org.pcap4j.packet.UnknownPacket;
import org.pcap4j.packet.namednumber.ArpHardwareType;
import org.pcap4j.packet.namednumber.ArpOperation;
import org.pcap4j.packet.namednumber.EtherType;
import org.pcap4j.packet.namednumber.IcmpV4Code;
import org.pcap4j.packet.namednumber.IcmpV4Type;
import org.pcap4j.packet.namednumber.IpNumber;
import org.pcap4j.packet.namednumber.IpVersion;
import org.pcap4j.packet.namednumber.TcpPort;
import org.pcap4j.util.MacAddress;

/** Every accessor and writer against packets that pcap4j built: an oracle that shares no code with ours. */
class HeadersTest {
    private static Inet4Address inet(int address) {
        try {
            return (Inet4Address) InetAddress.getByAddress(ByteBuffer.allocate(4).putInt(address).array());
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    private static MacAddress macAddress(long mac) {
        byte[] eight = ByteBuffer.allocate(8).putLong(mac).array();
        return MacAddress.getByAddress(java.util.Arrays.copyOfRange(eight, 2, 8));
    }

    private static UnknownPacket.Builder raw(byte[] bytes) {
        return new UnknownPacket.Builder().rawData(bytes);
    }

    private static MemorySegment segment(Packet packet) {
        return MemorySegment.ofArray(packet.getRawData());
    }

    @Property
    void rfc894_ethernet_header(@ForAll @LongRange(min = 0, max = 0xffff_ffff_ffffL) long destination,
                                @ForAll @LongRange(min = 0, max = 0xffff_ffff_ffffL) long source) {
        EthernetPacket packet = new EthernetPacket.Builder().dstAddr(macAddress(destination)).srcAddr(macAddress(source))
                .type(EtherType.IPV4).payloadBuilder(raw(new byte[46])).paddingAtBuild(true).build();
        MemorySegment theirs = segment(packet);
        assertEquals(destination, EthernetHeader.destination(theirs, 0));
        assertEquals(source, EthernetHeader.source(theirs, 0));
        assertEquals(EthernetHeader.TYPE_IPV4, EthernetHeader.type(theirs, 0));
        byte[] ours = new byte[60];
        EthernetHeader.write(MemorySegment.ofArray(ours), 0, destination, source, EthernetHeader.TYPE_IPV4);
        assertArrayEquals(packet.getRawData(), ours);
    }

    @Test
    void group_addresses_are_told_by_the_lowest_bit_of_the_first_byte() {
        assertTrue(EthernetHeader.isGroup(EthernetHeader.BROADCAST));
        assertTrue(EthernetHeader.isGroup(0x0100_5e00_0001L));
        assertFalse(EthernetHeader.isGroup(0x0200_0000_0001L));
        assertFalse(EthernetHeader.isGroup(0xfeff_ffff_ffffL));
    }

    @Property
    void rfc826_arp_packet(@ForAll @LongRange(min = 0, max = 0xffff_ffff_ffffL) long senderMac, @ForAll int sender,
                           @ForAll @LongRange(min = 0, max = 0xffff_ffff_ffffL) long targetMac, @ForAll int target,
                           @ForAll boolean request) {
        org.pcap4j.packet.ArpPacket packet = new org.pcap4j.packet.ArpPacket.Builder()
                .hardwareType(ArpHardwareType.ETHERNET).protocolType(EtherType.IPV4)
                .hardwareAddrLength((byte) 6).protocolAddrLength((byte) 4)
                .operation(request ? ArpOperation.REQUEST : ArpOperation.REPLY)
                .srcHardwareAddr(macAddress(senderMac)).srcProtocolAddr(inet(sender))
                .dstHardwareAddr(macAddress(targetMac)).dstProtocolAddr(inet(target)).build();
        MemorySegment theirs = segment(packet);
        assertTrue(ArpPacket.isIpv4OverEthernet(theirs, 0));
        assertEquals(request ? ArpPacket.REQUEST : ArpPacket.REPLY, ArpPacket.operation(theirs, 0));
        assertEquals(senderMac, ArpPacket.senderMac(theirs, 0));
        assertEquals(sender, ArpPacket.senderAddress(theirs, 0));
        assertEquals(targetMac, ArpPacket.targetMac(theirs, 0));
        assertEquals(target, ArpPacket.targetAddress(theirs, 0));
        byte[] ours = new byte[ArpPacket.LENGTH];
        ArpPacket.write(MemorySegment.ofArray(ours), 0, request ? ArpPacket.REQUEST : ArpPacket.REPLY, senderMac, sender,
                targetMac, target);
        assertArrayEquals(packet.getRawData(), ours);
    }

    @Property
    void rfc826_other_hardware_and_protocols_are_told_apart(@ForAll @IntRange(min = 0, max = 47) int bit) {
        byte[] arp = new byte[ArpPacket.LENGTH];
        MemorySegment memory = MemorySegment.ofArray(arp);
        ArpPacket.write(memory, 0, ArpPacket.REQUEST, 1, 2, 3, 4);
        arp[bit / 8] ^= (byte) (1 << bit % 8);
        assertFalse(ArpPacket.isIpv4OverEthernet(memory, 0));
    }

    @Property
    void rfc791_3_1_ipv4_header(@ForAll byte tos, @ForAll short identification, @ForAll byte ttl, @ForAll int source,
                                @ForAll int destination, @ForAll @Size(min = 1, max = 64) byte[] payload) {
        IpV4Packet packet = new IpV4Packet.Builder().version(IpVersion.IPV4).tos(IpV4Rfc791Tos.newInstance(tos))
                .identification(identification).ttl(ttl).protocol(IpNumber.IPV4).srcAddr(inet(source))
                .dstAddr(inet(destination)).dontFragmentFlag(true).payloadBuilder(raw(payload))
                .correctChecksumAtBuild(true).correctLengthAtBuild(true).build();
        MemorySegment theirs = segment(packet);
        assertEquals(4, Ipv4Header.version(theirs, 0));
        assertEquals(20, Ipv4Header.headerLength(theirs, 0));
        assertEquals(tos & 3, Ipv4Header.ecn(theirs, 0));
        assertEquals(20 + payload.length, Ipv4Header.totalLength(theirs, 0));
        assertEquals(identification & 0xffff, Ipv4Header.identification(theirs, 0));
        assertEquals(Ipv4Header.DONT_FRAGMENT, Ipv4Header.fragmentWord(theirs, 0));
        assertFalse(Ipv4Header.isFragment(theirs, 0));
        assertEquals(ttl & 0xff, Ipv4Header.ttl(theirs, 0));
        assertEquals(4, Ipv4Header.protocol(theirs, 0));
        assertEquals(source, Ipv4Header.source(theirs, 0));
        assertEquals(destination, Ipv4Header.destination(theirs, 0));
        assertTrue(Ipv4Header.checksumValid(theirs, 0, 20));
        byte[] ours = packet.getRawData().clone();
        java.util.Arrays.fill(ours, 0, 20, (byte) 0x5a);
        Ipv4Header.write(MemorySegment.ofArray(ours), 0, tos & 0xff, 20 + payload.length, identification & 0xffff,
                Ipv4Header.DONT_FRAGMENT, ttl & 0xff, 4, source, destination);
        assertArrayEquals(packet.getRawData(), ours);
    }

    @Property(tries = 100)
    void rfc791_3_1_fragments_are_told_by_flag_and_offset(@ForAll boolean more,
                                                          @ForAll @IntRange(min = 0, max = 0x1fff) int offset) {
        IpV4Packet packet = new IpV4Packet.Builder().version(IpVersion.IPV4).tos(IpV4Rfc791Tos.newInstance((byte) 0))
                .ttl((byte) 1).protocol(IpNumber.IPV4).srcAddr(inet(1)).dstAddr(inet(2)).moreFragmentFlag(more)
                .fragmentOffset((short) offset).payloadBuilder(raw(new byte[8])).correctChecksumAtBuild(true)
                .correctLengthAtBuild(true).build();
        MemorySegment theirs = segment(packet);
        assertEquals((more ? Ipv4Header.MORE_FRAGMENTS : 0) | offset, Ipv4Header.fragmentWord(theirs, 0));
        assertEquals(more || offset != 0, Ipv4Header.isFragment(theirs, 0));
    }

    @Property
    void rfc792_icmp_echo(@ForAll short identifier, @ForAll short sequence, @ForAll @Size(max = 65) byte[] data) {
        IcmpV4CommonPacket packet = new IcmpV4CommonPacket.Builder().type(IcmpV4Type.ECHO).code(IcmpV4Code.NO_CODE)
                .payloadBuilder(new IcmpV4EchoPacket.Builder().identifier(identifier).sequenceNumber(sequence)
                        .payloadBuilder(raw(data)))
                .correctChecksumAtBuild(true).build();
        MemorySegment theirs = segment(packet);
        int rest = identifier << 16 | sequence & 0xffff;
        assertEquals(IcmpHeader.ECHO_REQUEST, IcmpHeader.type(theirs, 0));
        assertEquals(0, IcmpHeader.code(theirs, 0));
        assertEquals(rest, IcmpHeader.rest(theirs, 0));
        assertTrue(IcmpHeader.checksumValid(theirs, 0, 8 + data.length));
        byte[] ours = packet.getRawData().clone();
        java.util.Arrays.fill(ours, 0, 8, (byte) 0x5a);
        IcmpHeader.write(MemorySegment.ofArray(ours), 0, IcmpHeader.ECHO_REQUEST, 0, rest, ours.length);
        assertArrayEquals(packet.getRawData(), ours);
    }

    @Property
    void rfc9293_3_1_tcp_header(@ForAll int ports, @ForAll int seq, @ForAll int ack, @ForAll short window,
                                @ForAll @IntRange(min = 0, max = 63) int flags, @ForAll boolean withOption,
                                @ForAll @Size(max = 65) byte[] payload) {
        TcpPacket.Builder builder = new TcpPacket.Builder().srcPort(TcpPort.getInstance((short) (ports >>> 16)))
                .dstPort(TcpPort.getInstance((short) ports)).sequenceNumber(seq).acknowledgmentNumber(ack)
                .window(window).fin((flags & 1) != 0).syn((flags & 2) != 0).rst((flags & 4) != 0)
                .psh((flags & 8) != 0).ack((flags & 16) != 0).urg((flags & 32) != 0)
                .srcAddr(inet(0x0a00_0001)).dstAddr(inet(0x0a00_0002)).payloadBuilder(raw(payload))
                .correctChecksumAtBuild(true).correctLengthAtBuild(true).paddingAtBuild(true);
        if (withOption) {
            builder.options(List.of(new TcpMaximumSegmentSizeOption.Builder().maxSegSize((short) 1460)
                    .correctLengthAtBuild(true).build()));
        }
        TcpPacket packet = builder.build();
        MemorySegment theirs = segment(packet);
        int headerLength = withOption ? 24 : 20;
        assertEquals(ports >>> 16, TcpHeader.sourcePort(theirs, 0));
        assertEquals(ports & 0xffff, TcpHeader.destinationPort(theirs, 0));
        assertEquals(seq, TcpHeader.seq(theirs, 0));
        assertEquals(ack, TcpHeader.ack(theirs, 0));
        assertEquals(headerLength, TcpHeader.headerLength(theirs, 0));
        assertEquals(flags, TcpHeader.flags(theirs, 0));
        assertEquals(window & 0xffff, TcpHeader.window(theirs, 0));
        assertEquals(packet.getHeader().getChecksum() & 0xffff, TcpHeader.checksum(theirs, 0));

        byte[] ours = packet.getRawData().clone();
        java.util.Arrays.fill(ours, 0, 20, (byte) 0x5a);
        MemorySegment memory = MemorySegment.ofArray(ours);
        TcpHeader.write(memory, 0, ports, seq, ack, headerLength, flags, window & 0xffff);
        long outside = Checksum.pseudoHeader(0x0a00_0001, 0x0a00_0002, Ipv4Header.PROTOCOL_TCP, ours.length)
                + Checksum.sum(memory, headerLength, payload.length);
        TcpHeader.writeChecksum(memory, 0, outside + Checksum.sum(memory, 0, headerLength));
        assertArrayEquals(packet.getRawData(), ours);
    }

    @Property(tries = 100)
    void rfc3168_23_1_ecn_flags_are_the_two_above_urg(@ForAll @IntRange(min = 0, max = 255) int flags) {
        MemorySegment memory = MemorySegment.ofArray(new byte[20]);
        TcpHeader.write(memory, 0, 0, 0, 0, 20, flags, 0);
        assertEquals(flags, Bytes.u8(memory, 13));
        assertEquals(flags, TcpHeader.flags(memory, 0));
        assertEquals(0x50, Bytes.u8(memory, 12));
    }
}
