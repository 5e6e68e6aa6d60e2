package io.doorbell.ip;

import static io.doorbell.ip.Frames.FAR;
import static io.doorbell.ip.Frames.OTHER;
import static io.doorbell.ip.Frames.OURS;
import static io.doorbell.ip.Frames.PEER;
import static io.doorbell.ip.Frames.PEER_MAC;
import static io.doorbell.ip.Frames.icmp;
import static io.doorbell.ip.Frames.icmpToUs;
import static io.doorbell.ip.Frames.ipv4;
import static io.doorbell.ip.Frames.toUs;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.counters.Counter;
import io.doorbell.link.FramePool;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.IcmpHeader;
import io.doorbell.wire.Ipv4Header;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** ICMP: what is answered, what is told to others, and what is believed. */
class IcmpTest {
    private static final int UDP = 17;

    private final IpFixture fixture = new IpFixture().knowing(PEER, PEER_MAC);

    private static byte[] bytes(int length) {
        byte[] data = new byte[length];
        new Random(length).nextBytes(data);
        return data;
    }

    private void assertDropped(Counter reason, byte[] frame) {
        long before = fixture.count(reason);
        long drops = fixture.counters.drops();
        fixture.receive(frame);
        assertEquals(before + 1, fixture.count(reason), reason.label());
        assertEquals(drops + 1, fixture.counters.drops());
        assertEquals(List.of(), fixture.sent());
        assertEquals(List.of(), fixture.pathErrors);
        fixture.assertNoFrameLeaked();
    }

    // ---- echo

    @Test
    void rfc1122_3_2_2_6_an_echo_request_is_answered_with_the_same_data() {
        for (int length : new int[] {0, 1, 2, 3, 56, 57, 1471, 1472}) {
            byte[] data = bytes(length);
            fixture.receive(icmpToUs(icmp(IcmpHeader.ECHO_REQUEST, 0, 0x1234_0007, data)));
            byte[] reply = fixture.link.sent.getFirst();
            assertArrayEquals(icmp(IcmpHeader.ECHO_REPLY, 0, 0x1234_0007, data), Frames.payloadOf(reply, 34));
            assertEquals(List.of("peer 10.0.0.2 > 10.0.0.1 icmp type 0 code 0"), fixture.sent());
            fixture.assertNoFrameLeaked();
        }
        assertEquals(8, fixture.count(Counter.ICMP_ECHOS_IN));
        assertEquals(8, fixture.count(Counter.ICMP_ECHO_REPLIES_OUT));
    }

    @Test
    void rfc792_an_echo_reply_has_code_zero_whatever_the_request_had() {
        fixture.receive(icmpToUs(icmp(IcmpHeader.ECHO_REQUEST, 9, 1, bytes(8))));
        assertArrayEquals(icmp(IcmpHeader.ECHO_REPLY, 0, 1, bytes(8)),
                Frames.payloadOf(fixture.link.sent.getFirst(), 34));
    }

    @Test
    void rfc1122_3_2_1_6_an_echo_reply_keeps_the_dscp_but_not_the_ecn_bits() {
        byte[] packet = ipv4(Ipv4Header.PROTOCOL_ICMP, PEER, OURS, icmp(IcmpHeader.ECHO_REQUEST, 0, 1, bytes(8)));
        packet[1] = (byte) 0xbb;
        fixture.receive(toUs(Frames.repaired(packet)));
        assertEquals((byte) 0xb8, fixture.link.sent.getFirst()[15]);
    }

    @Test
    void rfc1122_3_2_2_6_an_echo_request_longer_than_the_mtu_is_answered_in_fragments() {
        byte[] data = bytes(1473);
        fixture.receive(icmpToUs(icmp(IcmpHeader.ECHO_REQUEST, 0, 1, data)));
        assertEquals(2, fixture.link.sent.size());
        byte[] first = fixture.link.sent.getFirst();
        byte[] second = fixture.link.sent.getLast();
        assertEquals(0x2000, Ipv4Header.fragmentWord(MemorySegment.ofArray(first), 14));
        assertEquals(1480 / 8, Ipv4Header.fragmentWord(MemorySegment.ofArray(second), 14));
        assertArrayEquals(Arrays.copyOfRange(first, 18, 20), Arrays.copyOfRange(second, 18, 20), "identification");
        byte[] whole = new byte[1481];
        System.arraycopy(first, 34, whole, 0, 1480);
        System.arraycopy(second, 34, whole, 1480, 1);
        assertArrayEquals(icmp(IcmpHeader.ECHO_REPLY, 0, 1, data), whole);
        fixture.assertNoFrameLeaked();
    }

    @Test
    void rfc1122_3_2_2_6_an_echo_request_to_a_broadcast_address_is_ignored() {
        byte[] packet = ipv4(Ipv4Header.PROTOCOL_ICMP, PEER, -1, icmp(IcmpHeader.ECHO_REQUEST, 0, 1, bytes(8)));
        fixture.receive(Frames.ethernet(EthernetHeader.BROADCAST, PEER_MAC, EthernetHeader.TYPE_IPV4, packet));
        assertEquals(List.of(), fixture.sent());
        assertEquals(1, fixture.count(Counter.IP_BROADCASTS_IGNORED));
    }

    @Test
    void an_echo_reply_waits_for_the_mac_of_an_unknown_neighbour() {
        fixture.receive(toUs(ipv4(Ipv4Header.PROTOCOL_ICMP, OTHER, OURS, icmp(IcmpHeader.ECHO_REQUEST, 0, 1, bytes(8)))));
        assertEquals(List.of("all request us 10.0.0.2 > 0 10.0.0.9"), fixture.sent());
        fixture.receive(Frames.arpReply(Frames.OTHER_MAC, OTHER));
        assertEquals(List.of("other 10.0.0.2 > 10.0.0.9 icmp type 0 code 0"), fixture.sent());
        fixture.assertNoFrameLeaked();
    }

    @Test
    void without_a_free_frame_an_echo_request_goes_unanswered_and_counted() {
        FramePool frames = fixture.link.frames();
        while (frames.available() > 0) {
            frames.allocate();
        }
        fixture.receive(icmpToUs(icmp(IcmpHeader.ECHO_REQUEST, 0, 1, bytes(8))));
        assertEquals(1, fixture.count(Counter.NO_FRAME));
        assertEquals(List.of(), fixture.sent());
    }

    @Test
    void a_full_link_loses_an_echo_reply_but_not_its_frame() {
        fixture.link.full = true;
        fixture.receive(icmpToUs(icmp(IcmpHeader.ECHO_REQUEST, 0, 1, bytes(8))));
        assertEquals(1, fixture.count(Counter.TX_LINK_FULL));
        assertEquals(0, fixture.count(Counter.ICMP_ECHO_REPLIES_OUT));
        fixture.assertNoFrameLeaked();
    }

    // ---- malformed

    @Test
    void rfc1122_3_2_2_short_corrupt_and_unknown_messages_are_silently_discarded() {
        for (int length = 0; length < IcmpHeader.LENGTH; length++) {
            assertDropped(Counter.DROP_ICMP_SHORT, icmpToUs(new byte[length]));
        }
        byte[] corrupt = icmp(IcmpHeader.ECHO_REQUEST, 0, 1, bytes(8));
        corrupt[9] ^= 4;
        assertDropped(Counter.DROP_ICMP_CHECKSUM, icmpToUs(corrupt));
        for (int type : new int[] {IcmpHeader.ECHO_REPLY, 1, 2, 4, 5, 9, 10, 13, 15, 17, 30, 255}) {
            assertDropped(Counter.DROP_ICMP_TYPE, icmpToUs(icmp(type, 0, 1, bytes(40))));
        }
    }

    // ---- errors out

    private static byte[] udp(int source, int length) {
        byte[] datagram = bytes(length);
        return ipv4(UDP, source, OURS, datagram);
    }

    @Test
    void rfc1122_4_1_3_1_udp_to_a_closed_port_is_told_port_unreachable() {
        byte[] packet = udp(PEER, 30);
        fixture.receive(toUs(packet));
        byte[] error = fixture.link.sent.getFirst();
        assertEquals(List.of("peer 10.0.0.2 > 10.0.0.1 icmp type 3 code 3"), fixture.sent());
        assertArrayEquals(icmp(3, 3, 0, packet), Frames.payloadOf(error, 34));
        assertEquals((byte) 0xc0, error[15], "RFC 1812 section 4.3.2.5: precedence of internetwork control");
        assertEquals(1, fixture.count(Counter.DROP_UDP_PORT));
        assertEquals(1, fixture.count(Counter.ICMP_ERRORS_OUT));
        fixture.assertNoFrameLeaked();
    }

    @Test
    void rfc1122_3_2_2_1_an_unknown_protocol_is_told_protocol_unreachable() {
        byte[] packet = ipv4(132, PEER, OURS, bytes(4));
        fixture.receive(toUs(packet));
        assertArrayEquals(icmp(3, 2, 0, packet), Frames.payloadOf(fixture.link.sent.getFirst(), 34));
        assertEquals(1, fixture.count(Counter.DROP_IP_PROTOCOL));
    }

    @Test
    void rfc1812_4_3_2_3_an_error_quotes_as_much_as_fits_into_576_bytes() {
        byte[] packet = udp(PEER, 1400);
        fixture.receive(toUs(packet));
        byte[] error = fixture.link.sent.getFirst();
        assertEquals(14 + 576, error.length);
        assertArrayEquals(icmp(3, 3, 0, Arrays.copyOf(packet, 548)), Frames.payloadOf(error, 34));
    }

    @Test
    void a_udp_datagram_without_a_whole_header_is_dropped_without_an_error() {
        assertDropped(Counter.DROP_UDP_PORT, toUs(udp(PEER, 7)));
    }

    @Test
    void rfc1122_3_2_2_no_error_about_errors_fragments_broadcasts_or_sources_that_are_no_host() {
        assertDropped(Counter.DROP_ICMP_QUOTE, icmpToUs(icmp(3, 3, 0, udp(OURS, 30))));
        assertDropped(Counter.DROP_IP_FRAGMENT, toUs(ipv4(UDP, PEER, OURS, new byte[0], 100, bytes(30))));
        assertDropped(Counter.DROP_IP_SOURCE, toUs(udp(0, 30)));
        assertDropped(Counter.DROP_IP_SOURCE, toUs(udp(-1, 30)));
        assertDropped(Counter.DROP_IP_SOURCE, toUs(udp(Ipv4Address.parse("224.0.0.1"), 30)));
        assertDropped(Counter.DROP_IP_SOURCE, toUs(udp(Ipv4Address.parse("10.0.0.255"), 30)));
        assertDropped(Counter.DROP_IP_LINK_BROADCAST,
                Frames.ethernet(EthernetHeader.BROADCAST, PEER_MAC, EthernetHeader.TYPE_IPV4, udp(PEER, 30)));
    }

    @Test
    void an_error_that_the_link_does_not_take_is_not_counted_as_sent() {
        fixture.link.full = true;
        fixture.receive(toUs(udp(PEER, 30)));
        assertEquals(0, fixture.count(Counter.ICMP_ERRORS_OUT));
        fixture.assertNoFrameLeaked();
    }

    @Test
    void rfc1812_4_3_2_8_errors_are_limited_in_rate() {
        assertEquals(Icmp.ERRORS_BURST, errorsAbout(3 * Icmp.ERRORS_BURST));
        assertEquals(2 * Icmp.ERRORS_BURST, fixture.count(Counter.ICMP_ERRORS_LIMITED));
        fixture.advance(10 * IpFixture.SECOND / Icmp.ERRORS_PER_SECOND);
        assertEquals(10, errorsAbout(Icmp.ERRORS_BURST), "ten intervals, ten errors");
        fixture.advance(3600 * IpFixture.SECOND);
        assertEquals(Icmp.ERRORS_BURST, errorsAbout(2 * Icmp.ERRORS_BURST), "a long rest earns one burst");
        fixture.assertNoFrameLeaked();
    }

    private long errorsAbout(int datagrams) {
        long before = fixture.count(Counter.ICMP_ERRORS_OUT);
        for (int i = 0; i < datagrams; i++) {
            fixture.receive(toUs(udp(PEER, 30)));
            fixture.link.complete();
        }
        return fixture.count(Counter.ICMP_ERRORS_OUT) - before;
    }

    // ---- errors in

    private static byte[] ourSegment() {
        return ipv4(Ipv4Header.PROTOCOL_TCP, OURS, FAR, Frames.tcp(4000, 443, 0x8000_0001, 0));
    }

    @Test
    void rfc1122_3_2_2_1_every_destination_unreachable_about_our_segment_goes_up() {
        byte[] quote = Arrays.copyOf(ourSegment(), 28);
        for (int code = 0; code < 16; code++) {
            fixture.receive(icmpToUs(icmp(3, code, 0x0000_0514, quote)));
            assertEquals("type 3 code " + code + " mtu " + (code == 4 ? 1300 : 0)
                    + " 10.0.0.2:4000 > 192.0.2.7:443 seq -2147483647", fixture.pathErrors.getLast());
        }
        assertEquals(16, fixture.count(Counter.ICMP_ERRORS_IN));
        assertEquals(0, fixture.counters.drops());
        assertEquals(List.of(), fixture.sent());
    }

    @Test
    void rfc1191_5_a_router_that_does_not_say_its_mtu_is_passed_on_as_zero() {
        fixture.receive(icmpToUs(icmp(3, 4, 0, ourSegment())));
        assertTrue(fixture.pathErrors.getFirst().startsWith("type 3 code 4 mtu 0 "));
    }

    @Test
    void rfc1122_3_2_2_4_time_exceeded_goes_up() {
        fixture.receive(icmpToUs(icmp(11, 0, 0x0000_0514, ourSegment())));
        assertTrue(fixture.pathErrors.getFirst().startsWith("type 11 code 0 mtu 0 "));
    }

    @Test
    void rfc1122_3_2_2_5_parameter_problem_goes_up() {
        fixture.receive(icmpToUs(icmp(12, 0, 0x0100_0000, ourSegment())));
        assertTrue(fixture.pathErrors.getFirst().startsWith("type 12 code 0 mtu 0 "));
    }

    @Test
    void a_quote_with_ip_options_is_read_behind_them() {
        byte[] quote = ipv4(Ipv4Header.PROTOCOL_TCP, OURS, FAR, new byte[8], 0x4000, Frames.tcp(4000, 443, 77, 0));
        fixture.receive(icmpToUs(icmp(3, 1, 0, Arrays.copyOf(quote, 36))));
        assertEquals(List.of("type 3 code 1 mtu 0 10.0.0.2:4000 > 192.0.2.7:443 seq 77"), fixture.pathErrors);
        fixture.pathErrors.clear();
        assertDropped(Counter.DROP_ICMP_QUOTE, icmpToUs(icmp(3, 1, 0, Arrays.copyOf(quote, 35))));
    }

    @Test
    void rfc1122_3_2_2_a_quote_too_short_for_ports_and_sequence_number_is_dropped() {
        for (int length = 0; length < 28; length++) {
            assertDropped(Counter.DROP_ICMP_QUOTE, icmpToUs(icmp(3, 1, 0, Arrays.copyOf(ourSegment(), length))));
        }
    }

    @Test
    void rfc5927_4_1_a_quote_that_we_cannot_have_sent_is_dropped() {
        byte[] foreign = ipv4(Ipv4Header.PROTOCOL_TCP, OTHER, FAR, Frames.tcp(1, 2, 3, 0));
        byte[] notTcp = ipv4(UDP, OURS, FAR, bytes(30));
        byte[] laterFragment = ipv4(Ipv4Header.PROTOCOL_TCP, OURS, FAR, new byte[0], 3, Frames.tcp(1, 2, 3, 0));
        byte[] version = ourSegment();
        version[0] = 0x65;
        byte[] noHeader = ourSegment();
        noHeader[0] = 0x44;
        byte[] tooShort = ourSegment();
        tooShort[3] = 39;
        for (byte[] quote : List.of(foreign, notTcp, laterFragment, version, noHeader, tooShort)) {
            assertDropped(Counter.DROP_ICMP_QUOTE, icmpToUs(icmp(3, 1, 0, quote)));
        }
    }

    @Test
    void the_fixtures_own_checksums_are_right() {
        byte[] message = icmp(8, 0, 1, bytes(9));
        assertTrue(IcmpHeader.checksumValid(MemorySegment.ofArray(message), 0, message.length));
    }
}
