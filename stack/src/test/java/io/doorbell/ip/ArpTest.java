package io.doorbell.ip;

import static io.doorbell.ip.Frames.OTHER;
import static io.doorbell.ip.Frames.OTHER_MAC;
import static io.doorbell.ip.Frames.OURS;
import static io.doorbell.ip.Frames.OUR_MAC;
import static io.doorbell.ip.Frames.PEER;
import static io.doorbell.ip.Frames.PEER_MAC;
import static io.doorbell.ip.Frames.arp;
import static io.doorbell.ip.Frames.arpReply;
import static io.doorbell.ip.Frames.arpRequest;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.doorbell.counters.Counter;
import io.doorbell.link.Link;
import io.doorbell.wire.ArpPacket;
import io.doorbell.wire.EthernetHeader;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Answering, learning MACs, keeping them true, and defending our own. */
class ArpTest {
    private static final long SECOND = IpFixture.SECOND;
    private static final String ASKING = "all request us 10.0.0.2 > 0 10.0.0.1";
    private static final String CHECKING = "peer request us 10.0.0.2 > 0 10.0.0.1";
    private static final String ANNOUNCING = "all request us 10.0.0.2 > 0 10.0.0.2";

    private final IpFixture fixture = new IpFixture();

    private static String tcpToPeer(int seq) {
        return "peer 10.0.0.2 > 10.0.0.1 tcp seq " + seq;
    }

    private static String tcpToOther(int seq) {
        return "other 10.0.0.2 > 10.0.0.1 tcp seq " + seq;
    }

    private void assertDropped(Counter reason, byte[] frame) {
        long before = fixture.count(reason);
        long drops = fixture.counters.drops();
        fixture.receive(frame);
        assertEquals(before + 1, fixture.count(reason), reason.label());
        assertEquals(drops + 1, fixture.counters.drops());
        assertEquals(List.of(), fixture.sent());
    }

    private long deadlineAfterExpiry() {
        fixture.advance(5 * SECOND);
        return fixture.ip.nextDeadlineNanos();
    }

    // ---- answering

    @Test
    void rfc826_a_request_for_our_address_is_answered_to_its_sender() {
        fixture.receive(arpRequest(PEER_MAC, PEER, OURS));
        assertEquals(List.of("peer reply us 10.0.0.2 > peer 10.0.0.1"), fixture.sent());
        assertEquals(1, fixture.count(Counter.ARP_REQUESTS_IN));
        assertEquals(1, fixture.count(Counter.ARP_REPLIES_OUT));
        fixture.assertNoFrameLeaked();
    }

    @Test
    void rfc826_a_request_for_another_address_is_not_answered_and_not_learned_from() {
        fixture.receive(arpRequest(PEER_MAC, PEER, OTHER));
        assertEquals(List.of(), fixture.sent());
        assertEquals(Ipv4.HELD, fixture.sendTcp(PEER, 1));
    }

    @Test
    void rfc826_who_asks_for_us_is_learned() {
        fixture.receive(arpRequest(PEER_MAC, PEER, OURS));
        fixture.sent();
        assertEquals(Ipv4.SENT, fixture.sendTcp(PEER, 1));
        assertEquals(List.of(tcpToPeer(1)), fixture.sent());
    }

    @Test
    void rfc5227_2_1_1_an_address_probe_for_ours_is_answered_and_not_learned() {
        fixture.receive(arpRequest(PEER_MAC, 0, OURS));
        assertEquals(List.of("peer reply us 10.0.0.2 > peer 0.0.0.0"), fixture.sent());
    }

    @Test
    void a_sender_that_is_not_on_the_link_is_answered_but_not_learned() {
        fixture.receive(arpRequest(PEER_MAC, Frames.FAR, OURS));
        assertEquals(List.of("peer reply us 10.0.0.2 > peer 192.0.2.7"), fixture.sent());
        assertEquals(Ipv4.HELD, fixture.sendTcp(Frames.FAR, 1));
    }

    @Test
    void senders_that_are_not_on_the_link_take_no_room_from_those_that_are() {
        fixture.knowing(PEER, PEER_MAC);
        for (int i = 0; i < 2 * Arp.CAPACITY; i++) {
            fixture.receive(arpRequest(OTHER_MAC, Frames.FAR + i, OURS));
            fixture.link.complete();
        }
        assertEquals(Ipv4.SENT, fixture.sendTcp(PEER, 1));
    }

    @Test
    void rfc826_malformed_packets_are_dropped() {
        byte[] good = arpRequest(PEER_MAC, PEER, OURS);
        for (int length = EthernetHeader.LENGTH; length < good.length; length++) {
            assertDropped(Counter.DROP_ARP_MALFORMED, java.util.Arrays.copyOf(good, length));
        }
        for (int offset : new int[] {14, 15, 16, 17, 18, 19, 20}) {
            byte[] bad = good.clone();
            bad[offset] ^= 0x40;
            assertDropped(Counter.DROP_ARP_MALFORMED, bad);
        }
        for (int operation : new int[] {0, 3, 8, 0xffff}) {
            assertDropped(Counter.DROP_ARP_MALFORMED, arp(OUR_MAC, operation, PEER_MAC, PEER, 0, OURS));
        }
    }

    @Test
    void rfc1812_3_3_2_a_group_address_is_not_believed_to_be_a_hosts() {
        assertDropped(Counter.DROP_ARP_MALFORMED, arpRequest(EthernetHeader.BROADCAST, PEER, OURS));
        assertDropped(Counter.DROP_ARP_MALFORMED, arpRequest(0x0100_5e00_0001L, PEER, OURS));
        assertDropped(Counter.DROP_ARP_MALFORMED, arpRequest(0, PEER, OURS));
        assertDropped(Counter.DROP_ARP_MALFORMED, arpRequest(PEER_MAC, Ipv4Address.parse("10.0.0.255"), OURS));
        assertDropped(Counter.DROP_ARP_MALFORMED, arpRequest(PEER_MAC, -1, OURS));
        assertDropped(Counter.DROP_ARP_MALFORMED, arpRequest(PEER_MAC, Ipv4Address.parse("224.0.0.1"), OURS));
    }

    @Test
    void our_own_packets_coming_back_are_dropped_and_are_no_conflict() {
        assertDropped(Counter.DROP_ARP_OWN, arpRequest(OUR_MAC, OURS, PEER));
        assertEquals(0, fixture.count(Counter.ARP_CONFLICTS));
    }

    // ---- keeping it true

    @Test
    void rfc4861_7_3_3_a_stale_neighbour_stays_in_use_while_it_is_checked_by_unicast() {
        fixture.knowing(PEER, PEER_MAC);
        fixture.advance(Arp.REACHABLE_NANOS);
        fixture.sendTcp(PEER, 1);
        assertEquals(List.of(tcpToPeer(1)), fixture.sent(), "just not stale yet");
        fixture.advance(1);
        fixture.sendTcp(PEER, 2);
        assertEquals(List.of(CHECKING, tcpToPeer(2)), fixture.sent());
        fixture.sendTcp(PEER, 3);
        assertEquals(List.of(tcpToPeer(3)), fixture.sent());
        fixture.receive(arpReply(PEER_MAC, PEER));
        assertEquals(Link.NEVER, deadlineAfterExpiry());
        assertEquals(List.of(), fixture.sent());
    }

    @Test
    void a_stale_neighbour_that_nobody_uses_is_left_alone() {
        fixture.knowing(PEER, PEER_MAC);
        fixture.advance(100 * Arp.REACHABLE_NANOS);
        assertEquals(List.of(), fixture.sent());
        assertEquals(Link.NEVER, fixture.ip.nextDeadlineNanos());
    }

    @Test
    void rfc1122_2_3_2_1_a_neighbour_that_no_longer_answers_is_asked_for_by_broadcast_then_given_up() {
        fixture.knowing(PEER, PEER_MAC);
        fixture.advance(Arp.REACHABLE_NANOS + 1);
        fixture.sendTcp(PEER, 1);
        fixture.advance(SECOND);
        fixture.advance(SECOND);
        assertEquals(List.of(CHECKING, tcpToPeer(1), CHECKING, CHECKING), fixture.sent());
        fixture.advance(SECOND);
        assertEquals(List.of(ASKING), fixture.sent());
        assertEquals(Ipv4.HELD, fixture.sendTcp(PEER, 2));
        fixture.advance(SECOND);
        fixture.advance(SECOND);
        fixture.advance(SECOND);
        assertEquals(1, fixture.count(Counter.ARP_FAILURES));
        assertEquals(1, fixture.pathErrors.size());
    }

    @Test
    void a_neighbour_that_moved_is_found_at_its_new_mac() {
        fixture.knowing(PEER, PEER_MAC);
        fixture.advance(Arp.REACHABLE_NANOS + 1);
        fixture.sendTcp(PEER, 1);
        for (int i = 0; i < Arp.REQUESTS; i++) {
            fixture.advance(SECOND);
        }
        fixture.sendTcp(PEER, 2);
        fixture.sent();
        fixture.receive(arpReply(OTHER_MAC, PEER));
        assertEquals(List.of(tcpToOther(2)), fixture.sent());
    }

    @Test
    void rfc1122_2_3_2_1_advice_from_tcp_spares_the_check() {
        fixture.knowing(PEER, PEER_MAC);
        Neighbour hop = fixture.ip.nextHop(PEER);
        fixture.advance(Arp.REACHABLE_NANOS);
        fixture.ip.confirm(hop);
        fixture.advance(Arp.REACHABLE_NANOS);
        fixture.sendTcp(PEER, 1);
        assertEquals(List.of(tcpToPeer(1)), fixture.sent());
        fixture.advance(1);
        fixture.sendTcp(PEER, 2);
        assertEquals(List.of(CHECKING, tcpToPeer(2)), fixture.sent());
        fixture.ip.confirm(hop);
        assertEquals(Link.NEVER, deadlineAfterExpiry());
    }

    @Test
    void advice_about_a_neighbour_that_is_not_known_changes_nothing() {
        Neighbour hop = fixture.ip.nextHop(PEER);
        fixture.ip.confirm(hop);
        assertEquals(Ipv4.HELD, fixture.sendTcp(PEER, 1));
    }

    // ---- not believing everything

    @Test
    void a_reply_that_was_not_asked_for_adds_nothing() {
        assertDropped(Counter.DROP_ARP_UNSOLICITED, arpReply(PEER_MAC, PEER));
        assertEquals(Ipv4.HELD, fixture.sendTcp(PEER, 1));
    }

    @Test
    void the_first_of_two_answers_wins() {
        fixture.sendTcp(PEER, 1);
        fixture.receive(arpReply(PEER_MAC, PEER));
        fixture.sent();
        assertDropped(Counter.DROP_ARP_LOCKED, arpReply(OTHER_MAC, PEER));
        fixture.sendTcp(PEER, 2);
        assertEquals(List.of(tcpToPeer(2)), fixture.sent());
    }

    @Test
    void rfc4861_7_2_5_a_mac_that_changed_unasked_is_used_and_checked() {
        fixture.knowing(PEER, PEER_MAC);
        fixture.advance(2 * SECOND);
        fixture.receive(arpRequest(OTHER_MAC, PEER, PEER));
        assertEquals(List.of(), fixture.sent());
        fixture.sendTcp(PEER, 1);
        assertEquals(List.of("other request us 10.0.0.2 > 0 10.0.0.1", tcpToOther(1)), fixture.sent());
    }

    @Test
    void rfc4861_7_2_5_a_reply_with_another_mac_that_nobody_asked_for_is_checked_too() {
        fixture.knowing(PEER, PEER_MAC);
        fixture.advance(2 * SECOND);
        fixture.receive(arpReply(OTHER_MAC, PEER));
        fixture.sendTcp(PEER, 1);
        assertEquals(List.of("other request us 10.0.0.2 > 0 10.0.0.1", tcpToOther(1)), fixture.sent());
    }

    @Test
    void rfc4861_7_2_5_what_a_neighbour_says_to_others_does_not_confirm_it() {
        fixture.knowing(PEER, PEER_MAC);
        fixture.advance(Arp.REACHABLE_NANOS);
        fixture.receive(arpRequest(PEER_MAC, PEER, OTHER));
        fixture.advance(1);
        fixture.sendTcp(PEER, 1);
        assertEquals(List.of(CHECKING, tcpToPeer(1)), fixture.sent());
    }

    @Test
    void rfc826_what_a_neighbour_asks_us_confirms_it() {
        fixture.knowing(PEER, PEER_MAC);
        fixture.advance(Arp.REACHABLE_NANOS);
        fixture.receive(arpRequest(PEER_MAC, PEER, OURS));
        fixture.sent();
        fixture.advance(1);
        fixture.sendTcp(PEER, 1);
        assertEquals(List.of(tcpToPeer(1)), fixture.sent());
    }

    @Test
    void rfc826_an_answer_with_another_mac_while_checking_is_taken() {
        fixture.knowing(PEER, PEER_MAC);
        fixture.advance(Arp.REACHABLE_NANOS + 1);
        fixture.sendTcp(PEER, 1);
        fixture.sent();
        fixture.receive(arpReply(OTHER_MAC, PEER));
        fixture.sendTcp(PEER, 2);
        assertEquals(List.of(tcpToOther(2)), fixture.sent());
    }

    // ---- our own address

    @Test
    void rfc5227_2_3_an_announcement_has_our_address_as_sender_and_target() {
        fixture.ip.announce();
        assertEquals(List.of(ANNOUNCING), fixture.sent());
        fixture.assertNoFrameLeaked();
    }

    @Test
    void rfc5227_2_4_a_conflict_is_counted_and_answered_at_most_once_in_ten_seconds() {
        fixture.receive(arpRequest(OTHER_MAC, OURS, OURS));
        assertEquals(List.of(ANNOUNCING), fixture.sent());
        fixture.receive(arpReply(OTHER_MAC, OURS));
        fixture.advance(Arp.DEFEND_INTERVAL_NANOS - 1);
        fixture.receive(arpRequest(OTHER_MAC, OURS, PEER));
        assertEquals(List.of(), fixture.sent());
        fixture.advance(1);
        fixture.receive(arp(EthernetHeader.BROADCAST, ArpPacket.REQUEST, OTHER_MAC, OURS, 0, PEER));
        assertEquals(List.of(ANNOUNCING), fixture.sent());
        assertEquals(4, fixture.count(Counter.ARP_CONFLICTS));
    }
}
