package io.doorbell.tools.pcap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.doorbell.tools.Fixtures;
import io.doorbell.tools.Fixtures.Fixture;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.pcap4j.packet.ArpPacket;
import org.pcap4j.packet.EthernetPacket;
import org.pcap4j.packet.IcmpV4CommonPacket;
import org.pcap4j.packet.IllegalRawDataException;
import org.pcap4j.packet.IpV4Packet;
import org.pcap4j.packet.LinuxSllPacket;
import org.pcap4j.packet.Packet;
import org.pcap4j.packet.TcpMaximumSegmentSizeOption;
import org.pcap4j.packet.TcpPacket;
import org.pcap4j.packet.TcpPacket.TcpOption;
import org.pcap4j.packet.TcpSackOption;
import org.pcap4j.packet.TcpSackPermittedOption;
import org.pcap4j.packet.TcpTimestampsOption;
import org.pcap4j.packet.TcpWindowScaleOption;

/** pcap4j, which knows nothing of this code, reads every packet of every fixture as it does. */
class Pcap4jJudgeTest {
    private static final int SLL2_LENGTH = 20;

    static Stream<Fixture> fixtures() {
        return Fixtures.stream();
    }

    @ParameterizedTest
    @MethodSource("fixtures")
    void bothDecodeTheSame(Fixture fixture) throws IllegalRawDataException {
        CaptureReader reader = new CaptureReader(MemorySegment.ofArray(fixture.bytes()));
        PacketDecoder decoder = new PacketDecoder();
        while (reader.next()) {
            PacketDecoder.Kind kind = decoder.decode(reader);
            Packet judged = judge(reader);
            if (judged.contains(ArpPacket.class)) {
                assertEquals(PacketDecoder.Kind.NOT_IPV4, kind, "packet " + reader.number());
                continue;
            }
            IpV4Packet ip = judged.get(IpV4Packet.class);
            assertNotNull(ip, "packet " + reader.number());
            if (kind == PacketDecoder.Kind.ICMP_ERROR) {
                assertNotNull(judged.get(IcmpV4CommonPacket.class));
                continue;
            }
            assertEquals(PacketDecoder.Kind.TCP, kind, "packet " + reader.number());
            compare(decoder, ip, reader.captured() == reader.original());
        }
    }

    private static Packet judge(CaptureReader reader) throws IllegalRawDataException {
        byte[] bytes = reader.memory().asSlice(reader.offset(), reader.captured()).toArray(ValueLayout.JAVA_BYTE);
        return switch (reader.linkType()) {
            case PacketDecoder.LINKTYPE_ETHERNET -> EthernetPacket.newPacket(bytes, 0, bytes.length);
            case PacketDecoder.LINKTYPE_LINUX_SLL -> LinuxSllPacket.newPacket(bytes, 0, bytes.length);
            // pcap4j does not know the second version: it judges what is behind its header.
            case PacketDecoder.LINKTYPE_LINUX_SLL2 ->
                    IpV4Packet.newPacket(bytes, SLL2_LENGTH, bytes.length - SLL2_LENGTH);
            default -> IpV4Packet.newPacket(bytes, 0, bytes.length);
        };
    }

    private static void compare(PacketDecoder ours, IpV4Packet ip, boolean whole) {
        assertArrayEquals(ip.getHeader().getSrcAddr().getAddress(), bytes(ours.source));
        assertArrayEquals(ip.getHeader().getDstAddr().getAddress(), bytes(ours.destination));
        TcpPacket tcp = ip.get(TcpPacket.class);
        TcpPacket.TcpHeader header = tcp.getHeader();
        assertEquals(header.getSrcPort().valueAsInt(), ours.sourcePort);
        assertEquals(header.getDstPort().valueAsInt(), ours.destinationPort);
        assertEquals(header.getSequenceNumber(), ours.seq);
        assertEquals(header.getAcknowledgmentNumber(), ours.ack);
        assertEquals(header.getWindowAsInt(), ours.window);
        int flags = (header.getFin() ? 1 : 0) | (header.getSyn() ? 2 : 0) | (header.getRst() ? 4 : 0)
                | (header.getPsh() ? 8 : 0) | (header.getAck() ? 16 : 0) | (header.getUrg() ? 32 : 0);
        assertEquals(flags, ours.flags & 63);
        byte[] payload = tcp.getPayload() == null ? new byte[0] : tcp.getPayload().getRawData();
        byte[] captured = ours.memory.asSlice(ours.payload, ours.payloadCaptured).toArray(ValueLayout.JAVA_BYTE);
        assertArrayEquals(payload, captured);
        compareOptions(ours.options, header.getOptions());
        if (whole) {
            assertEquals(payload.length, ours.payloadLength);
            assertEquals(tcp.hasValidChecksum(ip.getHeader().getSrcAddr(), ip.getHeader().getDstAddr(), false),
                    !ours.checksumWrong());
            assertFalse(ours.checksumWrong());
        }
    }

    private static void compareOptions(SegmentOptions ours, List<TcpOption> theirs) {
        int mss = 0;
        int scale = -1;
        boolean sackPermitted = false;
        boolean timestamps = false;
        TcpSackOption sack = null;
        for (TcpOption option : theirs) {
            switch (option) {
                case TcpMaximumSegmentSizeOption each -> mss = each.getMaxSegSizeAsInt();
                case TcpWindowScaleOption each -> scale = each.getShiftCountAsInt();
                case TcpSackPermittedOption each -> sackPermitted = true;
                case TcpTimestampsOption each -> {
                    timestamps = true;
                    assertEquals(each.getTsValue(), ours.tsValue);
                    assertEquals(each.getTsEchoReply(), ours.tsEcho);
                }
                case TcpSackOption each -> sack = each;
                default -> { }
            }
        }
        assertEquals(mss, ours.maxSegmentSize);
        assertEquals(scale, ours.windowScale);
        assertEquals(sackPermitted, ours.sackPermitted);
        assertEquals(timestamps, ours.timestamps);
        assertEquals(sack == null, ours.sackBlocks == 0);
        if (sack != null) {
            ArrayList<TcpSackOption.Sack> blocks = new ArrayList<>();
            for (int i = 0; i < ours.sackBlocks; i++) {
                blocks.add(new TcpSackOption.Sack(ours.sackStart[i], ours.sackEnd[i]));
            }
            assertEquals(sack, new TcpSackOption.Builder().sacks(blocks).correctLengthAtBuild(true).build());
        }
    }

    private static byte[] bytes(int address) {
        return new byte[] {(byte) (address >>> 24), (byte) (address >>> 16), (byte) (address >>> 8), (byte) address};
    }
}
