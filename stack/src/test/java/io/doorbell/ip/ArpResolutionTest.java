package io.doorbell.ip;

import static io.doorbell.ip.Frames.OTHER;
import static io.doorbell.ip.Frames.OTHER_MAC;
import static io.doorbell.ip.Frames.OURS;
import static io.doorbell.ip.Frames.PEER;
import static io.doorbell.ip.Frames.PEER_MAC;
import static io.doorbell.ip.Frames.arpReply;
import static io.doorbell.ip.Frames.arpRequest;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.doorbell.counters.Counter;
import io.doorbell.link.Link;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Asking for a neighbour's MAC, and what becomes of the frames that wait for the answer. */
class ArpResolutionTest {
    private static final long SECOND = IpFixture.SECOND;
    private static final String ASKING = "all request us 10.0.0.2 > 0 10.0.0.1";

    private final IpFixture fixture = new IpFixture();

    private static String tcpToPeer(int seq) {
        return "peer 10.0.0.2 > 10.0.0.1 tcp seq " + seq;
    }

    @Test
    void rfc1122_2_3_2_2_frames_are_held_until_the_neighbour_answers_and_leave_in_order() {
        assertEquals(Ipv4.HELD, fixture.sendTcp(PEER, 1));
        assertEquals(Ipv4.HELD, fixture.sendTcp(PEER, 2));
        assertEquals(List.of(ASKING), fixture.sent(), "one request for both");
        assertEquals(1, fixture.count(Counter.ARP_REQUESTS_OUT));
        fixture.receive(arpReply(PEER_MAC, PEER));
        assertEquals(List.of(tcpToPeer(1), tcpToPeer(2)), fixture.sent());
        assertEquals(Ipv4.SENT, fixture.sendTcp(PEER, 3));
        assertEquals(Link.NEVER, deadlineAfterExpiry());
        fixture.assertNoFrameLeaked();
    }

    private long deadlineAfterExpiry() {
        fixture.advance(5 * SECOND);
        return fixture.ip.nextDeadlineNanos();
    }

    @Test
    void rfc1122_2_3_2_2_beyond_the_bound_the_latest_frames_are_kept() {
        for (int i = 1; i <= Neighbour.HELD_LIMIT + 3; i++) {
            assertEquals(Ipv4.HELD, fixture.sendTcp(PEER, i));
        }
        assertEquals(3, fixture.count(Counter.DROP_HELD_FULL));
        fixture.sent();
        fixture.receive(arpReply(PEER_MAC, PEER));
        List<String> sent = fixture.sent();
        assertEquals(Neighbour.HELD_LIMIT, sent.size());
        assertEquals(tcpToPeer(4), sent.getFirst());
        assertEquals(tcpToPeer(11), sent.getLast());
        fixture.assertNoFrameLeaked();
    }

    @Test
    void held_frames_are_bounded_for_all_neighbours_together() {
        int silent = Ipv4Address.parse("10.0.0.100");
        int held = 0;
        int dropped = 0;
        for (int i = 0; i < 100; i++) {
            if (fixture.sendTcp(silent + i, i) == Ipv4.HELD) {
                held++;
            } else {
                dropped++;
            }
        }
        assertEquals(IpFixture.FRAME_COUNT / 8, held);
        assertEquals(100 - held, dropped);
        assertEquals(dropped, fixture.count(Counter.DROP_HELD_FULL));
        assertEquals(Ipv4.HELD, fixture.sendTcp(silent, 200), "one that already holds something keeps the latest");
        fixture.advance(SECOND);
        fixture.advance(SECOND);
        fixture.advance(SECOND);
        assertEquals(held, fixture.pathErrors.size());
        fixture.assertNoFrameLeaked();
    }

    @Test
    void rfc1122_2_3_2_1_requests_are_one_second_apart_and_end() {
        fixture.sendTcp(PEER, 1);
        assertEquals(List.of(ASKING), fixture.sent());
        assertEquals(fixture.now + SECOND, fixture.ip.nextDeadlineNanos());
        fixture.advance(SECOND - 1);
        assertEquals(List.of(), fixture.sent());
        fixture.advance(1);
        assertEquals(List.of(ASKING), fixture.sent());
        fixture.advance(SECOND);
        assertEquals(List.of(ASKING), fixture.sent());
        fixture.advance(SECOND);
        assertEquals(List.of(), fixture.sent());
        assertEquals(1, fixture.count(Counter.ARP_FAILURES));
        assertEquals(3, fixture.count(Counter.ARP_REQUESTS_OUT));
        assertEquals(Link.NEVER, fixture.ip.nextDeadlineNanos());
    }

    private void fail(int seqs) {
        for (int i = 1; i <= seqs; i++) {
            fixture.sendTcp(PEER, i);
        }
        for (int i = 0; i < Arp.REQUESTS; i++) {
            fixture.advance(SECOND);
        }
        fixture.sent();
    }

    @Test
    void rfc1122_2_4_an_unresolved_neighbour_is_reported_for_each_held_segment() {
        fail(2);
        assertEquals(List.of("type 3 code 1 mtu 0 10.0.0.2:4000 > 10.0.0.1:80 seq 1",
                "type 3 code 1 mtu 0 10.0.0.2:4000 > 10.0.0.1:80 seq 2"), fixture.pathErrors);
        assertEquals(2, fixture.count(Counter.DROP_HELD_UNREACHABLE));
        fixture.assertNoFrameLeaked();
    }

    @Test
    void rfc1122_2_3_2_1_a_silent_neighbour_is_not_asked_again_at_once() {
        fail(1);
        assertEquals(Ipv4.DROPPED, fixture.sendTcp(PEER, 5));
        fixture.advance(Arp.SILENCE_NANOS - 1);
        assertEquals(Ipv4.DROPPED, fixture.sendTcp(PEER, 6));
        assertEquals(List.of(), fixture.sent());
        fixture.advance(1);
        assertEquals(Ipv4.HELD, fixture.sendTcp(PEER, 7));
        assertEquals(List.of(ASKING), fixture.sent());
        fixture.receive(arpReply(PEER_MAC, PEER));
        assertEquals(List.of(tcpToPeer(7)), fixture.sent());
    }

    @Test
    void a_silent_neighbour_that_speaks_is_known_at_once() {
        fail(1);
        fixture.receive(arpRequest(PEER_MAC, PEER, OURS));
        fixture.sent();
        assertEquals(Ipv4.SENT, fixture.sendTcp(PEER, 8));
    }

    @Test
    void a_transport_that_sends_and_releases_while_it_is_told_does_no_harm() {
        Neighbour hop = fixture.ip.nextHop(PEER);
        fixture.onPathError = () -> {
            assertEquals(Ipv4.DROPPED, fixture.sendTcp(PEER, 9));
            assertEquals(Ipv4.HELD, fixture.sendTcp(OTHER, 9));
            fixture.onPathError = () -> { };
            fixture.ip.release(hop);
        };
        fixture.sendTcp(hop, PEER, 1);
        fixture.sendTcp(hop, PEER, 2);
        fixture.advance(SECOND);
        fixture.advance(SECOND);
        fixture.advance(SECOND);
        assertEquals(2, fixture.pathErrors.size());
        assertEquals(fixture.now + SECOND, fixture.ip.nextDeadlineNanos(), "the other is being asked for");
        fixture.receive(arpReply(OTHER_MAC, OTHER));
        fixture.assertNoFrameLeaked();
    }

    @Test
    void a_transport_that_fills_the_table_while_it_is_told_does_no_harm() {
        IpFixture wide = new IpFixture("10.0.0.2/8", null, 64);
        int fresh = Ipv4Address.parse("10.1.0.0");
        wide.onPathError = () -> {
            wide.onPathError = () -> { };
            for (int i = 0; i < Arp.CAPACITY; i++) {
                wide.sendTcp(fresh + i, 100 + i);
            }
        };
        wide.sendTcp(PEER, 1);
        wide.sendTcp(OTHER, 2);
        wide.sendTcp(OTHER, 3);
        wide.advance(SECOND);
        wide.advance(SECOND);
        wide.advance(SECOND);
        assertEquals(List.of("type 3 code 1 mtu 0 10.0.0.2:4000 > 10.0.0.9:80 seq 2",
                "type 3 code 1 mtu 0 10.0.0.2:4000 > 10.0.0.9:80 seq 3"), wide.pathErrors);
        for (int i = 0; i < 5; i++) {
            wide.advance(SECOND);
        }
        wide.assertNoFrameLeaked();
    }

    @Test
    void neighbours_that_are_asked_for_together_each_keep_their_own_time() {
        int third = Ipv4Address.parse("10.0.0.10");
        fixture.sendTcp(PEER, 1);
        fixture.sendTcp(OTHER, 2);
        fixture.sendTcp(third, 3);
        fixture.receive(arpReply(PEER_MAC, PEER));
        fixture.receive(arpReply(OTHER_MAC + 1, third));
        fixture.sent();
        fixture.advance(SECOND);
        assertEquals(List.of("all request us 10.0.0.2 > 0 10.0.0.9"), fixture.sent());
        fixture.advance(SECOND);
        fixture.advance(SECOND);
        assertEquals(List.of("type 3 code 1 mtu 0 10.0.0.2:4000 > 10.0.0.9:80 seq 2"), fixture.pathErrors);
        assertEquals(Link.NEVER, fixture.ip.nextDeadlineNanos());
    }

    @Test
    void a_held_echo_reply_that_cannot_be_sent_is_no_business_of_the_transport() {
        fixture.receive(Frames.toUs(Frames.ipv4(1, PEER, OURS, Frames.icmp(8, 0, 1, new byte[40]))));
        fixture.advance(SECOND);
        fixture.advance(SECOND);
        fixture.advance(SECOND);
        assertEquals(List.of(), fixture.pathErrors);
        assertEquals(1, fixture.count(Counter.DROP_HELD_UNREACHABLE));
        fixture.assertNoFrameLeaked();
    }

    @Test
    void a_request_without_a_free_frame_is_made_up_for_by_the_next() {
        Neighbour hop = fixture.ip.nextHop(PEER);
        long frame = fixture.link.frames().allocate();
        long[] rest = new long[fixture.link.frames().available()];
        for (int i = 0; i < rest.length; i++) {
            rest[i] = fixture.link.frames().allocate();
        }
        assertEquals(Ipv4.HELD, fixture.ip.send(frame + Ipv4.HEADROOM, 20, 6, OURS, PEER, 0, hop));
        assertEquals(1, fixture.count(Counter.NO_FRAME));
        assertEquals(List.of(), fixture.sent());
        fixture.link.frames().release(rest[0]);
        fixture.advance(SECOND);
        assertEquals(List.of(ASKING), fixture.sent());
    }

    @Test
    void a_full_link_keeps_held_frames_and_their_order() {
        fixture.sendTcp(PEER, 1);
        fixture.sendTcp(PEER, 2);
        fixture.sent();
        fixture.link.full = true;
        fixture.receive(arpReply(PEER_MAC, PEER));
        assertEquals(Ipv4.LINK_FULL, fixture.sendTcp(PEER, 3));
        assertEquals(fixture.now, fixture.ip.nextDeadlineNanos());
        fixture.advance(1);
        fixture.link.full = false;
        fixture.advance(1);
        assertEquals(List.of(tcpToPeer(1), tcpToPeer(2)), fixture.sent());
        assertEquals(Ipv4.SENT, fixture.sendTcp(PEER, 3));
        assertEquals(Link.NEVER, deadlineAfterExpiry());
        fixture.assertNoFrameLeaked();
    }

    @Test
    void the_frames_of_an_evicted_neighbour_are_given_back() {
        IpFixture wide = new IpFixture("10.0.0.2/8", null, 64);
        wide.sendTcp(Ipv4Address.parse("10.9.9.9"), 1);
        for (int i = 0; i < Arp.CAPACITY; i++) {
            wide.ip.release(wide.ip.nextHop(Ipv4Address.parse("10.1.0.0") + i));
        }
        assertEquals(1, wide.count(Counter.DROP_HELD_FULL));
        wide.advance(SECOND);
        assertEquals(Link.NEVER, wide.ip.nextDeadlineNanos());
        wide.assertNoFrameLeaked();
    }

    @Test
    void closing_gives_back_what_is_held_and_can_be_repeated() {
        fixture.sendTcp(PEER, 1);
        fixture.sendTcp(OTHER, 2);
        fixture.ip.close();
        fixture.ip.close();
        fixture.assertNoFrameLeaked();
    }

    @Test
    void rfc1122_2_3_2_1_a_request_that_could_not_leave_was_not_left_unanswered() {
        fixture.link.full = true;
        assertEquals(Ipv4.HELD, fixture.sendTcp(PEER, 1));
        for (int i = 0; i < 2 * Arp.REQUESTS; i++) {
            fixture.advance(Arp.REQUEST_INTERVAL_NANOS);
        }
        assertEquals(0, fixture.count(Counter.ARP_FAILURES), "given up, and never asked");
        fixture.link.full = false;
        fixture.advance(Arp.REQUEST_INTERVAL_NANOS);
        assertEquals(List.of(ASKING), fixture.sent());
        fixture.receive(arpReply(PEER_MAC, PEER));
        assertEquals(List.of(tcpToPeer(1)), fixture.sent());
        fixture.assertNoFrameLeaked();
    }
}
