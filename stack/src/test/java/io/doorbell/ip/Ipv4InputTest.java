package io.doorbell.ip;

import static io.doorbell.ip.Frames.OTHER;
import static io.doorbell.ip.Frames.OURS;
import static io.doorbell.ip.Frames.OUR_MAC;
import static io.doorbell.ip.Frames.PEER;
import static io.doorbell.ip.Frames.PEER_MAC;
import static io.doorbell.ip.Frames.ipv4;
import static io.doorbell.ip.Frames.tcp;
import static io.doorbell.ip.Frames.toUs;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.doorbell.counters.Counter;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.Ipv4Header;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of a frame on its way in. */
class Ipv4InputTest {
    private static final int TCP = Ipv4Header.PROTOCOL_TCP;

    private final IpFixture fixture = new IpFixture().knowing(PEER, PEER_MAC);

    /** The frame is dropped without an answer, and counted under this reason alone. */
    private void assertDropped(Counter reason, byte[] frame) {
        long before = fixture.count(reason);
        long allDrops = fixture.counters.drops();
        fixture.receive(frame);
        assertEquals(before + 1, fixture.count(reason), reason.label());
        assertEquals(allDrops + (reason.isDrop() ? 1 : 0), fixture.counters.drops(), "no other drop is counted");
        assertEquals(List.of(), fixture.segments);
        assertEquals(List.of(), fixture.sent());
        fixture.assertNoFrameLeaked();
    }

    private static byte[] withIp(byte[] packet, int offset, int value) {
        packet[offset] = (byte) value;
        return toUs(Frames.repaired(packet));
    }

    private static byte[] packet() {
        return ipv4(TCP, PEER, OURS, tcp(1234, 80, 5, 10));
    }

    @Test
    void a_tcp_segment_reaches_the_transport_in_place() {
        fixture.receive(Frames.tcpToUs());
        assertEquals(List.of("30 bytes 10.0.0.1 > 10.0.0.2 ecn 0"), fixture.segments);
        assertArrayEquals(tcp(1234, 80, 5, 10), fixture.segmentBytes.getFirst());
        assertEquals(0, fixture.counters.drops());
    }

    @Test
    void a_frame_is_read_from_where_it_lies() {
        byte[] frame = Frames.tcpToUs();
        byte[] region = new byte[frame.length + 100];
        System.arraycopy(frame, 0, region, 33, frame.length);
        fixture.ip.frame(MemorySegment.ofArray(region), 33, frame.length);
        assertArrayEquals(tcp(1234, 80, 5, 10), fixture.segmentBytes.getFirst());
    }

    @Test
    void rfc894_padding_behind_the_datagram_is_not_part_of_it() {
        byte[] frame = toUs(ipv4(TCP, PEER, OURS, tcp(1234, 80, 5, 0)));
        fixture.receive(Arrays.copyOf(frame, 60));
        assertEquals(List.of("20 bytes 10.0.0.1 > 10.0.0.2 ecn 0"), fixture.segments);
    }

    @Test
    void rfc3168_5_the_ecn_bits_go_up() {
        for (int ecn = 0; ecn < 4; ecn++) {
            fixture.receive(withIp(packet(), 1, 0xb8 | ecn));
            assertEquals("30 bytes 10.0.0.1 > 10.0.0.2 ecn " + ecn, fixture.segments.getLast());
        }
    }

    @Test
    void rfc1122_2_3_1_other_link_layer_types_are_dropped() {
        byte[] payload = packet();
        for (int type : new int[] {0x86dd, EthernetHeader.TYPE_VLAN, 46, 0, 0xffff}) {
            assertDropped(Counter.DROP_ETHERNET_TYPE, Frames.ethernet(OUR_MAC, PEER_MAC, type, payload));
        }
    }

    @Test
    void frames_for_another_station_are_dropped() {
        assertDropped(Counter.DROP_ETHERNET_DESTINATION,
                Frames.ethernet(Frames.OTHER_MAC, PEER_MAC, EthernetHeader.TYPE_IPV4, packet()));
    }

    @Test
    void rfc1122_3_2_1_1_versions_other_than_four_are_discarded() {
        for (int version = 0; version < 16; version++) {
            if (version != 4) {
                byte[] packet = packet();
                packet[0] = (byte) (version << 4 | 5);
                assertDropped(Counter.DROP_IP_VERSION, toUs(Frames.repaired(packet)));
            }
        }
    }

    @Test
    void rfc791_3_1_header_lengths_below_five_words_or_beyond_the_frame_are_dropped() {
        for (int words = 0; words < 5; words++) {
            byte[] packet = packet();
            packet[0] = (byte) (0x40 | words);
            assertDropped(Counter.DROP_IP_HEADER_LENGTH, toUs(packet));
        }
        byte[] shortPacket = Arrays.copyOf(packet(), 40);
        shortPacket[0] = 0x4f;
        assertDropped(Counter.DROP_IP_HEADER_LENGTH, toUs(shortPacket));
    }

    @Test
    void rfc791_3_1_a_total_length_beyond_the_frame_or_below_the_header_is_dropped() {
        for (int totalLength : new int[] {0, 19, 51, 0xffff}) {
            byte[] packet = packet();
            packet[2] = (byte) (totalLength >> 8);
            packet[3] = (byte) totalLength;
            assertDropped(Counter.DROP_IP_TOTAL_LENGTH, toUs(Frames.repaired(packet)));
        }
    }

    @Test
    void rfc1122_3_2_1_2_a_wrong_header_checksum_is_silently_discarded() {
        byte[] packet = packet();
        packet[11] ^= 1;
        assertDropped(Counter.DROP_IP_CHECKSUM, toUs(packet));
    }

    @Test
    void rfc1122_3_2_1_3_datagrams_for_somebody_else_are_discarded() {
        assertDropped(Counter.DROP_IP_DESTINATION, toUs(ipv4(TCP, PEER, OTHER, tcp(1, 2, 3, 0))));
        assertDropped(Counter.DROP_IP_DESTINATION, toUs(ipv4(TCP, PEER, 0, tcp(1, 2, 3, 0))));
        assertDropped(Counter.DROP_IP_DESTINATION,
                toUs(ipv4(TCP, PEER, Ipv4Address.parse("224.0.0.1"), tcp(1, 2, 3, 0))));
    }

    @Test
    void rfc9293_3_9_2_3_segments_for_a_broadcast_or_multicast_address_never_reach_tcp() {
        for (String address : new String[] {"255.255.255.255", "10.0.0.255"}) {
            byte[] packet = ipv4(TCP, PEER, Ipv4Address.parse(address), tcp(1, 2, 3, 0));
            assertDropped(Counter.IP_BROADCASTS_IGNORED, toUs(packet));
            assertDropped(Counter.IP_BROADCASTS_IGNORED,
                    Frames.ethernet(EthernetHeader.BROADCAST, PEER_MAC, EthernetHeader.TYPE_IPV4, packet));
        }
        assertDropped(Counter.DROP_IP_DESTINATION, Frames.ethernet(0x0100_5e00_0001L, PEER_MAC,
                EthernetHeader.TYPE_IPV4, ipv4(TCP, PEER, Ipv4Address.parse("224.0.0.1"), tcp(1, 2, 3, 0))));
    }

    @Test
    void rfc1122_3_3_6_a_link_layer_broadcast_for_a_single_host_is_discarded() {
        assertDropped(Counter.DROP_IP_LINK_BROADCAST,
                Frames.ethernet(EthernetHeader.BROADCAST, PEER_MAC, EthernetHeader.TYPE_IPV4, packet()));
        assertDropped(Counter.DROP_IP_LINK_BROADCAST,
                Frames.ethernet(0x0100_5e00_0001L, PEER_MAC, EthernetHeader.TYPE_IPV4, packet()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.2", "0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "239.255.255.255",
            "255.255.255.255", "10.0.0.255"})
    void rfc1122_3_2_1_3_a_source_that_is_no_single_other_host_is_discarded(String source) {
        assertDropped(Counter.DROP_IP_SOURCE, toUs(ipv4(TCP, Ipv4Address.parse(source), OURS, tcp(1, 2, 3, 0))));
    }

    @Test
    void rfc791_3_1_dont_fragment_and_the_reserved_bit_do_not_make_a_fragment() {
        fixture.receive(toUs(ipv4(TCP, PEER, OURS, new byte[0], 0xc000, tcp(1234, 80, 5, 0))));
        assertEquals(1, fixture.segments.size());
    }

    @Test
    void rfc1122_3_2_1_8_options_of_any_content_are_skipped() {
        for (int words = 1; words <= 10; words++) {
            byte[] options = new byte[words * 4];
            Arrays.fill(options, (byte) (words % 2 == 0 ? 0xff : 0));
            fixture.receive(toUs(ipv4(TCP, PEER, OURS, options, 0, tcp(1234, 80, 5, 10))));
            assertArrayEquals(tcp(1234, 80, 5, 10), fixture.segmentBytes.getLast(), words + " words of options");
        }
        assertEquals(10, fixture.segments.size());
    }

    @Test
    void a_datagram_with_no_bytes_behind_its_header_is_for_the_transport_to_judge() {
        fixture.receive(toUs(ipv4(TCP, PEER, OURS, new byte[0])));
        assertEquals(List.of("0 bytes 10.0.0.1 > 10.0.0.2 ecn 0"), fixture.segments);
    }

    @Test
    void without_a_transport_tcp_is_an_unknown_protocol() {
        IpFixture bare = new IpFixture();
        Ipv4 ip = new Ipv4(bare.link, Ipv4Config.of("10.0.0.2/24", null), bare.counters);
        byte[] frame = Frames.tcpToUs();
        ip.frame(MemorySegment.ofArray(frame), 0, frame.length);
        assertEquals(1, bare.count(Counter.DROP_IP_PROTOCOL));
    }

    @Test
    void received_frames_and_bytes_are_counted() {
        fixture.receive(Frames.tcpToUs());
        fixture.receive(new byte[3]);
        assertEquals(3, fixture.count(Counter.RX_FRAMES));
        assertEquals(42 + 64 + 3, fixture.count(Counter.RX_BYTES));
        assertEquals(1, fixture.count(Counter.DROP_ETHERNET_SHORT));
    }
}
