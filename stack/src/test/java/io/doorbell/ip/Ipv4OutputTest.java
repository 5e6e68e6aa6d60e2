package io.doorbell.ip;

import static io.doorbell.ip.Frames.FAR;
import static io.doorbell.ip.Frames.OTHER;
import static io.doorbell.ip.Frames.OTHER_MAC;
import static io.doorbell.ip.Frames.OURS;
import static io.doorbell.ip.Frames.PEER;
import static io.doorbell.ip.Frames.PEER_MAC;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.counters.Counter;
import io.doorbell.wire.Ipv4Header;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pcap4j.packet.EthernetPacket;
import org.pcap4j.packet.IllegalRawDataException;
import org.pcap4j.packet.IpV4Packet;

/** Headers and routes on the way out. */
class Ipv4OutputTest {
    private static final int GATEWAY = Ipv4Address.parse("10.0.0.254");

    private final IpFixture fixture = new IpFixture().knowing(PEER, PEER_MAC);

    private static EthernetPacket decode(byte[] frame) throws IllegalRawDataException {
        return EthernetPacket.newPacket(frame, 0, frame.length);
    }

    @Test
    void rfc1191_3_segments_leave_with_df_and_a_right_header() throws IllegalRawDataException {
        assertEquals(Ipv4.SENT, fixture.sendTcp(PEER, 42));
        EthernetPacket frame = decode(fixture.link.sent.getFirst());
        assertEquals("02:00:00:00:00:01", frame.getHeader().getDstAddr().toString());
        assertEquals("02:00:00:00:00:02", frame.getHeader().getSrcAddr().toString());
        IpV4Packet packet = frame.get(IpV4Packet.class);
        IpV4Packet.IpV4Header header = packet.getHeader();
        assertTrue(header.hasValidChecksum(false));
        assertTrue(header.getDontFragmentFlag());
        assertFalse(header.getMoreFragmentFlag());
        assertEquals(64, header.getTtl());
        assertEquals(45, header.getTotalLengthAsInt());
        assertEquals("10.0.0.2", header.getSrcAddr().getHostAddress());
        assertEquals("10.0.0.1", header.getDstAddr().getHostAddress());
        assertArrayEquals(Frames.tcp(4000, 80, 42, 5), packet.getPayload().getRawData());
        fixture.assertNoFrameLeaked();
    }

    @Test
    void rfc6864_4_1_identifications_count_up_and_wrap() throws IllegalRawDataException {
        int last = -1;
        for (int i = 0; i < 70_000; i++) {
            fixture.sendTcp(PEER, i);
            fixture.link.complete();
            int identification = decode(fixture.link.sent.getLast()).get(IpV4Packet.class).getHeader()
                    .getIdentificationAsInt();
            assertTrue(last < 0 || identification == (last + 1 & 0xffff));
            last = identification;
            fixture.link.sent.clear();
        }
    }

    @Test
    void rfc3168_5_the_second_byte_is_the_callers() {
        Neighbour hop = fixture.ip.nextHop(PEER);
        long frame = fixture.link.frames().allocate();
        fixture.ip.send(frame + Ipv4.HEADROOM, 20, Ipv4Header.PROTOCOL_TCP, OURS, PEER, 0xb9, hop);
        assertEquals((byte) 0xb9, fixture.link.sent.getFirst()[15]);
    }

    @Test
    void rfc1122_3_3_1_1_neighbours_are_reached_directly_and_others_through_the_gateway() {
        assertEquals(PEER, fixture.ip.nextHop(PEER).address());
        assertEquals(OTHER, fixture.ip.nextHop(OTHER).address());
        assertEquals(GATEWAY, fixture.ip.nextHop(FAR).address());
        assertSame(fixture.ip.nextHop(FAR), fixture.ip.nextHop(Ipv4Address.parse("198.51.100.1")));
    }

    @Test
    void rfc1122_3_3_1_1_a_far_host_gets_its_own_ip_address_and_the_gateways_mac() {
        fixture.knowing(GATEWAY, OTHER_MAC);
        assertEquals(Ipv4.SENT, fixture.sendTcp(FAR, 1));
        assertEquals(List.of("other 10.0.0.2 > 192.0.2.7 tcp seq 1"), fixture.sent());
    }

    @Test
    void without_a_gateway_a_far_host_has_no_route() {
        IpFixture island = new IpFixture("10.0.0.2/24", null, 16);
        assertNull(island.ip.nextHop(FAR));
        assertEquals(1, island.count(Counter.DROP_IP_NO_ROUTE));
        long frame = island.link.frames().allocate();
        assertEquals(Ipv4.DROPPED, island.ip.send(frame + Ipv4.HEADROOM, 20, Ipv4Header.PROTOCOL_TCP, OURS, FAR, 0));
        assertEquals(2, island.count(Counter.DROP_IP_NO_ROUTE));
        island.link.frames().release(frame);
        island.assertNoFrameLeaked();
    }

    @Test
    void a_host_route_reaches_everything_through_its_gateway() {
        IpFixture host = new IpFixture("10.0.0.2/32", "10.0.0.1", 16);
        assertEquals(PEER, host.ip.nextHop(OTHER).address());
        assertEquals(PEER, host.ip.nextHop(PEER).address());
    }

    @ParameterizedTest
    @ValueSource(strings = {"255.255.255.255", "10.0.0.255", "224.0.0.5", "0.0.0.0", "127.0.0.1", "10.0.0.2"})
    void rfc9293_3_9_2_3_there_is_no_route_to_what_is_not_a_single_other_host(String destination) {
        assertNull(fixture.ip.nextHop(Ipv4Address.parse(destination)));
        assertEquals(1, fixture.count(Counter.DROP_IP_NO_ROUTE));
    }

    @Test
    void a_full_link_is_told_and_counted_and_the_caller_keeps_its_frame() {
        fixture.link.full = true;
        assertEquals(Ipv4.LINK_FULL, fixture.sendTcp(PEER, 1));
        assertEquals(1, fixture.count(Counter.TX_LINK_FULL));
        fixture.assertNoFrameLeaked();
        fixture.link.full = false;
        assertEquals(Ipv4.SENT, fixture.sendTcp(PEER, 1));
    }

    @Test
    void a_released_neighbour_cannot_be_released_again() {
        Neighbour hop = fixture.ip.nextHop(PEER);
        fixture.ip.release(hop);
        assertTrue(assertThrows(IllegalStateException.class, () -> fixture.ip.release(hop)).getMessage()
                .contains("10.0.0.1"));
    }

    @Test
    void pinned_neighbours_stay_and_a_table_full_of_them_refuses_more() {
        IpFixture wide = new IpFixture("10.0.0.2/8", null, 16);
        int first = Ipv4Address.parse("10.1.0.0");
        Neighbour[] pinned = new Neighbour[Arp.CAPACITY];
        for (int i = 0; i < Arp.CAPACITY; i++) {
            pinned[i] = wide.ip.nextHop(first + i);
        }
        assertNull(wide.ip.nextHop(first + Arp.CAPACITY));
        assertEquals(1, wide.count(Counter.ARP_TABLE_FULL));
        wide.ip.release(pinned[7]);
        assertEquals(first + Arp.CAPACITY, wide.ip.nextHop(first + Arp.CAPACITY).address());
        for (int i = 0; i < Arp.CAPACITY; i++) {
            assertEquals(i == 7 ? first + Arp.CAPACITY : first + i, pinned[i].address());
        }
    }

    @Test
    void local_is_the_one_address() {
        assertTrue(fixture.ip.isLocal(OURS));
        assertFalse(fixture.ip.isLocal(PEER));
        assertEquals(OURS, fixture.ip.address());
    }

    @Test
    void sent_frames_and_bytes_are_counted() {
        long frames = fixture.count(Counter.TX_FRAMES);
        long bytes = fixture.count(Counter.TX_BYTES);
        fixture.sendTcp(PEER, 1);
        assertEquals(frames + 1, fixture.count(Counter.TX_FRAMES));
        assertEquals(bytes + 59, fixture.count(Counter.TX_BYTES));
    }
}
