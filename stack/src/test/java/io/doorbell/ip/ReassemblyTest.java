package io.doorbell.ip;

import static io.doorbell.ip.Frames.OTHER;
import static io.doorbell.ip.Frames.OURS;
import static io.doorbell.ip.Frames.PEER;
import static io.doorbell.ip.Frames.PEER_MAC;
import static io.doorbell.ip.Frames.icmp;
import static io.doorbell.ip.Frames.ipv4;
import static io.doorbell.ip.Frames.tcp;
import static io.doorbell.ip.Frames.toUs;
import static io.doorbell.ip.IpFixture.SECOND;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.wire.IcmpHeader;
import io.doorbell.wire.Ipv4Header;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Fragments in, datagrams out: RFC 791 section 3.2, RFC 815, RFC 1858, RFC 5722. */
class ReassemblyTest {
    private static final int TCP = Ipv4Header.PROTOCOL_TCP;
    private static final int ICMP = Ipv4Header.PROTOCOL_ICMP;

    private final IpFixture fixture = new IpFixture().knowing(PEER, PEER_MAC);

    /** A fragment of a payload, with an identification of its own choice. */
    static byte[] fragment(int protocol, int source, int id, byte[] payload, int from, int to, boolean more) {
        byte[] packet = ipv4(protocol, source, OURS, new byte[0], from / 8 | (more ? Ipv4Header.MORE_FRAGMENTS : 0),
                Arrays.copyOfRange(payload, from, to));
        packet[4] = (byte) (id >> 8);
        packet[5] = (byte) id;
        return toUs(Frames.repaired(packet));
    }

    private static byte[] part(byte[] payload, int from, int to) {
        return fragment(TCP, PEER, 7, payload, from, to, to < payload.length);
    }

    private void assertDropped(Counter reason, byte[] frame) {
        long before = fixture.count(reason);
        long drops = fixture.counters.drops();
        fixture.receive(frame);
        assertEquals(before + 1, fixture.count(reason), reason.label());
        assertEquals(drops + 1, fixture.counters.drops(), "no other drop is counted");
        assertEquals(List.of(), fixture.segments);
    }

    @Test
    void rfc791_3_2_two_fragments_in_order_are_one_segment() {
        byte[] segment = tcp(1234, 80, 5, 3000);
        fixture.receive(part(segment, 0, 1480));
        assertEquals(List.of(), fixture.segments);
        fixture.receive(part(segment, 1480, segment.length));
        assertEquals(List.of("3020 bytes 10.0.0.1 > 10.0.0.2 ecn 0"), fixture.segments);
        assertArrayEquals(segment, fixture.segmentBytes.getFirst());
        assertEquals(1, fixture.count(Counter.IP_REASSEMBLED));
        assertEquals(0, fixture.counters.drops());
    }

    /** Whatever the cuts and the order, duplicates included: the datagram is the one that was sent, and comes once. */
    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void rfc815_3_any_cuts_in_any_order_make_the_datagram(long seed) {
        Random random = new Random(seed);
        byte[] segment = tcp(1, 2, 3, 8 + random.nextInt(65_000));
        random.nextBytes(segment);
        List<byte[]> frames = new ArrayList<>();
        int cut = 24 + 8 * random.nextInt(200);
        int from = 0;
        while (from < segment.length) {
            int to = Math.min(segment.length, from + (random.nextBoolean() ? cut : 24 + 8 * random.nextInt(400)));
            frames.add(part(segment, from, to));
            if (random.nextInt(5) == 0) {
                frames.add(frames.getLast());
            }
            from = to;
        }
        Collections.shuffle(frames, random);
        int id = 0;
        for (byte[] frame : frames) {
            fixture.receive(frame);
            id++;
            if (!fixture.segments.isEmpty()) {
                break;
            }
        }
        assertEquals(1, fixture.segments.size(), () -> "seed " + seed + ", " + frames.size() + " fragments");
        assertArrayEquals(segment, fixture.segmentBytes.getFirst(), () -> "seed " + seed + " after " + frames.size());
        assertTrue(id <= frames.size());
        assertEquals(0, fixture.counters.drops());
    }

    static java.util.stream.LongStream seeds() {
        return java.util.stream.LongStream.concat(java.util.stream.LongStream.range(1, 60),
                new Random().longs(20, 0, Long.MAX_VALUE >> 8));
    }

    @Test
    void rfc791_3_2_datagrams_are_told_apart_by_source_protocol_and_identification() {
        byte[] one = tcp(1, 2, 3, 80);
        byte[] two = tcp(4, 5, 6, 80);
        fixture.receive(fragment(TCP, PEER, 1, one, 0, 40, true));
        fixture.receive(fragment(TCP, PEER, 2, two, 40, 100, false));
        fixture.receive(fragment(TCP, OTHER, 1, two, 40, 100, false));
        fixture.receive(fragment(ICMP, PEER, 1, two, 40, 100, false));
        assertEquals(List.of(), fixture.segments);
        fixture.receive(fragment(TCP, PEER, 1, one, 40, 100, false));
        assertArrayEquals(one, fixture.segmentBytes.getFirst());
    }

    @Test
    void rfc5722_4_fragments_that_overlap_drop_the_datagram_and_what_still_comes_of_it() {
        for (int[] overlap : new int[][] {{40, 72}, {24, 48}, {32, 56}, {0, 64}}) {
            IpFixture fresh = new IpFixture();
            byte[] segment = tcp(1, 2, 3, 76);
            byte[] other = segment.clone();
            Arrays.fill(other, (byte) 9);
            fresh.receive(part(segment, 0, 24));
            fresh.receive(part(segment, 32, 64));
            fresh.receive(fragment(TCP, PEER, 7, other, overlap[0], overlap[1], true));
            assertEquals(1, fresh.count(Counter.DROP_IP_FRAGMENT_OVERLAP), Arrays.toString(overlap));
            fresh.receive(part(segment, 24, 32));
            fresh.receive(part(segment, 64, 96));
            assertEquals(List.of(), fresh.segments);
            assertEquals(3, fresh.count(Counter.DROP_IP_FRAGMENT_OVERLAP));
            fresh.advance(31 * SECOND);
            fresh.receive(part(segment, 0, 32));
            fresh.receive(part(segment, 32, 96));
            assertEquals(1, fresh.segments.size(), "the identification may be used again");
        }
    }

    @Test
    void rfc8200_4_5_the_same_fragment_twice_is_no_overlap() {
        byte[] segment = tcp(1, 2, 3, 80);
        fixture.receive(part(segment, 40, 100));
        fixture.receive(part(segment, 40, 100));
        fixture.receive(part(segment, 0, 40));
        assertEquals(1, fixture.segments.size());
        assertEquals(0, fixture.counters.drops());
    }

    @Test
    void rfc5722_4_two_ends_contradict_each_other() {
        byte[] segment = tcp(1, 2, 3, 180);
        fixture.receive(fragment(TCP, PEER, 7, segment, 80, 200, false));
        assertDropped(Counter.DROP_IP_FRAGMENT_OVERLAP, fragment(TCP, PEER, 7, segment, 40, 80, false));
    }

    @Test
    void rfc5722_4_nothing_lies_behind_the_end() {
        byte[] segment = tcp(1, 2, 3, 180);
        fixture.receive(fragment(TCP, PEER, 7, segment, 40, 80, false));
        assertDropped(Counter.DROP_IP_FRAGMENT_OVERLAP, fragment(TCP, PEER, 7, segment, 80, 160, true));
        fixture.receive(fragment(TCP, PEER, 8, segment, 80, 160, true));
        assertDropped(Counter.DROP_IP_FRAGMENT_OVERLAP, fragment(TCP, PEER, 8, segment, 40, 80, false));
    }

    @Test
    void rfc1858_3_2_a_first_fragment_too_short_for_ports_and_flags_is_dropped() {
        byte[] segment = tcp(1, 2, 3, 80);
        assertDropped(Counter.DROP_IP_FRAGMENT_TINY, part(segment, 0, 8));
        fixture.receive(part(segment, 0, 16));
        assertEquals(1, fixture.count(Counter.DROP_IP_FRAGMENT_TINY));
    }

    @Test
    void rfc3128_3_a_second_fragment_within_the_tcp_header_is_dropped() {
        assertDropped(Counter.DROP_IP_FRAGMENT_TINY, part(tcp(1, 2, 3, 80), 8, 100));
    }

    @Test
    void rfc791_3_1_only_the_last_fragment_may_have_an_odd_length_and_none_is_empty() {
        byte[] segment = tcp(1, 2, 3, 80);
        assertDropped(Counter.DROP_IP_FRAGMENT_LENGTH, part(segment, 0, 41));
        assertDropped(Counter.DROP_IP_FRAGMENT_LENGTH, fragment(TCP, PEER, 7, segment, 40, 40, true));
        assertDropped(Counter.DROP_IP_FRAGMENT_LENGTH, fragment(TCP, PEER, 7, segment, 40, 40, false));
    }

    @Test
    void rfc791_3_1_no_datagram_is_longer_than_65535() {
        byte[] segment = new byte[66_000];
        fixture.receive(fragment(ICMP, PEER, 7, segment, 65_504, 65_515, false));
        assertDropped(Counter.DROP_IP_FRAGMENT_LENGTH, fragment(ICMP, PEER, 8, segment, 65_504, 65_516, false));
        assertDropped(Counter.DROP_IP_FRAGMENT_LENGTH, fragment(ICMP, PEER, 9, segment, 65_528, 65_536, true));
    }

    @Test
    void fragments_of_protocols_that_nobody_takes_wait_for_nothing() {
        assertDropped(Counter.DROP_IP_FRAGMENT, fragment(17, PEER, 7, new byte[80], 0, 40, true));
        assertDropped(Counter.DROP_IP_FRAGMENT, fragment(17, PEER, 7, new byte[80], 40, 80, false));
        assertEquals(List.of(), fixture.sent());
    }

    // ---- time

    @Test
    void rfc1122_3_3_2_the_sender_hears_of_the_timeout_if_the_first_fragment_came() {
        byte[] segment = tcp(1234, 80, 5, 100);
        fixture.receive(part(segment, 0, 80));
        assertEquals(fixture.now + 30 * SECOND, fixture.ip.nextDeadlineNanos());
        fixture.advance(30 * SECOND - 1);
        assertEquals(List.of(), fixture.sent());
        fixture.advance(1);
        byte[] error = fixture.link.sent.getLast();
        assertTrue(fixture.sent().contains("peer 10.0.0.2 > 10.0.0.1 icmp type 11 code 1"));
        byte[] quoted = Arrays.copyOfRange(error, 14 + 20 + 8, error.length);
        assertArrayEquals(Arrays.copyOfRange(part(segment, 0, 80), 14, 114), quoted);
        assertEquals(1, fixture.count(Counter.DROP_IP_REASSEMBLY_TIMEOUT));
        fixture.receive(part(segment, 80, 120));
        assertEquals(List.of(), fixture.segments);
    }

    @Test
    void rfc792_no_word_of_a_datagram_whose_first_fragment_is_missing() {
        fixture.receive(part(tcp(1234, 80, 5, 100), 80, 120));
        fixture.advance(30 * SECOND);
        assertEquals(List.of(), fixture.sent());
        assertEquals(1, fixture.count(Counter.DROP_IP_REASSEMBLY_TIMEOUT));
        assertEquals(Long.MAX_VALUE, fixture.ip.nextDeadlineNanos());
    }

    @Test
    void rfc1122_3_2_2_no_error_about_a_fragmented_error_but_about_an_echo_request() {
        fixture.receive(fragment(ICMP, PEER, 1, icmp(3, 3, 0, new byte[100]), 0, 80, true));
        fixture.advance(30 * SECOND);
        assertEquals(List.of(), fixture.sent());
        fixture.receive(fragment(ICMP, PEER, 1, icmp(IcmpHeader.ECHO_REQUEST, 0, 0, new byte[100]), 0, 80, true));
        fixture.advance(30 * SECOND);
        assertTrue(fixture.sent().contains("peer 10.0.0.2 > 10.0.0.1 icmp type 11 code 1"));
    }

    // ---- bounds

    @Test
    void one_source_has_no_more_than_its_share_and_loses_its_own_oldest() {
        byte[] segment = tcp(1, 2, 3, 80);
        fixture.receive(fragment(TCP, OTHER, 5, segment, 0, 40, true));
        for (int id = 0; id < 100; id++) {
            fixture.advance(1);
            fixture.receive(fragment(TCP, PEER, id, segment, 0, 40, true));
        }
        assertEquals(84, fixture.count(Counter.DROP_IP_REASSEMBLY_FULL));
        fixture.receive(fragment(TCP, OTHER, 5, segment, 40, 100, false));
        fixture.receive(fragment(TCP, PEER, 99, segment, 40, 100, false));
        assertEquals(2, fixture.segments.size(), "the other source's, and the youngest");
        fixture.receive(fragment(TCP, PEER, 0, segment, 40, 100, false));
        assertEquals(2, fixture.segments.size());
    }

    @Test
    void many_sources_share_the_table_and_the_oldest_makes_room() {
        byte[] segment = tcp(1, 2, 3, 80);
        for (int i = 0; i < 200; i++) {
            fixture.advance(1);
            fixture.receive(fragment(TCP, 0x0b00_0001 + i, 1, segment, 0, 40, true));
        }
        assertEquals(200 - 64, fixture.count(Counter.DROP_IP_REASSEMBLY_FULL));
        fixture.receive(fragment(TCP, 0x0b00_0001 + 199, 1, segment, 40, 100, false));
        assertEquals(1, fixture.segments.size());
    }

    @Test
    void what_became_whole_stays_readable_until_the_next_duty_cycle() {
        Counters counters = new Counters();
        List<MemorySegment> delivered = new ArrayList<>();
        Ipv4 ip = new Ipv4(new RecordingLink(Frames.OUR_MAC, 64),
                Ipv4Config.of("10.0.0.2/24", null).withReassembly(2, 2, SECOND), counters);
        ip.transport(new Transport() {
            @Override
            public void segment(MemorySegment memory, long tcp, int length, int source, int destination, int ecn) {
                delivered.add(memory.asSlice(tcp, length));
            }

            @Override
            public void pathError(int type, int code, int nextHopMtu, int localAddress, int remoteAddress,
                                  int localPort, int remotePort, int seq) {
            }
        });
        ip.now(SECOND);
        for (int id = 0; id < 3; id++) {
            for (boolean last : new boolean[] {false, true}) {
                byte[] frame = fragment(TCP, PEER, id, tcp(id, 2, 3, 80), last ? 40 : 0, last ? 100 : 40, !last);
                ip.frame(MemorySegment.ofArray(frame), 0, frame.length);
            }
        }
        assertEquals(2, delivered.size());
        assertEquals(2, counters.get(Counter.DROP_IP_REASSEMBLY_FULL), "no place for either fragment of the third");
        for (int id = 0; id < 2; id++) {
            assertEquals(-1, delivered.get(id).mismatch(MemorySegment.ofArray(tcp(id, 2, 3, 80))));
        }
        ip.now(SECOND + 1);
        byte[] frame = fragment(TCP, PEER, 9, tcp(9, 2, 3, 80), 0, 40, true);
        ip.frame(MemorySegment.ofArray(frame), 0, frame.length);
        assertEquals(2, counters.get(Counter.DROP_IP_REASSEMBLY_FULL));
    }

    @Test
    void reassembly_can_be_turned_off() {
        Counters counters = new Counters();
        Ipv4 ip = new Ipv4(new RecordingLink(Frames.OUR_MAC, 64),
                Ipv4Config.of("10.0.0.2/24", null).withReassembly(0, 1, SECOND), counters);
        byte[] frame = part(tcp(1, 2, 3, 80), 0, 40);
        ip.frame(MemorySegment.ofArray(frame), 0, frame.length);
        assertEquals(1, counters.get(Counter.DROP_IP_FRAGMENT));
    }

    @Test
    void nothing_is_allocated_once_the_memory_is_there() {
        byte[] first = part(tcp(1, 2, 3, 80), 0, 40);
        byte[] second = part(tcp(1, 2, 3, 80), 40, 100);
        MemorySegment one = MemorySegment.ofArray(first);
        MemorySegment two = MemorySegment.ofArray(second);
        Ipv4 ip = new Ipv4(new RecordingLink(Frames.OUR_MAC, 64), Ipv4Config.of("10.0.0.2/24", null), new Counters());
        com.sun.management.ThreadMXBean threads =
                (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 20; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 5000; i++) {
                ip.now(i);
                ip.frame(one, 0, first.length);
                ip.frame(two, 0, second.length);
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        assertTrue(least < 5000, least + " bytes were allocated for 5000 datagrams");
    }

    // ---- ECN

    @Test
    void rfc3168_5_3_one_marked_fragment_marks_the_datagram() {
        byte[] segment = tcp(1, 2, 3, 80);
        fixture.receive(marked(part(segment, 0, 40), 2));
        fixture.receive(marked(part(segment, 40, 100), 3));
        assertEquals(List.of("100 bytes 10.0.0.1 > 10.0.0.2 ecn 3"), fixture.segments);
    }

    @Test
    void rfc3168_5_3_a_mark_among_fragments_that_must_not_have_one_drops_the_datagram() {
        byte[] segment = tcp(1, 2, 3, 80);
        fixture.receive(marked(part(segment, 0, 40), 0));
        assertDropped(Counter.DROP_IP_FRAGMENT_ECN, marked(part(segment, 40, 100), 3));
    }

    private static byte[] marked(byte[] frame, int ecn) {
        byte[] packet = Arrays.copyOfRange(frame, 14, frame.length);
        packet[1] = (byte) ecn;
        return toUs(Frames.repaired(packet));
    }

    // ---- echo

    @Test
    void rfc1122_3_2_2_6_a_fragmented_echo_request_is_answered_in_fragments() {
        byte[] data = new byte[9000];
        new Random(1).nextBytes(data);
        byte[] request = icmp(IcmpHeader.ECHO_REQUEST, 0, 0x1234_0007, data);
        for (int from = 0; from < request.length; from += 1480) {
            int to = Math.min(request.length, from + 1480);
            fixture.receive(fragment(ICMP, PEER, 3, request, from, to, to < request.length));
        }
        byte[] reply = new byte[request.length];
        for (byte[] frame : fixture.link.sent) {
            MemorySegment memory = MemorySegment.ofArray(frame);
            int word = Ipv4Header.fragmentWord(memory, 14);
            System.arraycopy(frame, 34, reply, (word & 0x1fff) * 8, frame.length - 34);
            assertTrue(frame.length <= 1514);
        }
        assertEquals(7, fixture.link.sent.size());
        assertArrayEquals(icmp(IcmpHeader.ECHO_REPLY, 0, 0x1234_0007, data), reply);
        assertEquals(1, fixture.count(Counter.ICMP_ECHO_REPLIES_OUT));
        fixture.assertNoFrameLeaked();
    }

    @Test
    void a_long_echo_takes_no_frame_that_connections_may_need() {
        while (fixture.link.frames().available() > 130) {
            fixture.link.frames().allocate();
        }
        byte[] request = icmp(IcmpHeader.ECHO_REQUEST, 0, 1, new byte[9000]);
        for (int from = 0; from < request.length; from += 1480) {
            int to = Math.min(request.length, from + 1480);
            fixture.receive(fragment(ICMP, PEER, 3, request, from, to, to < request.length));
        }
        assertEquals(List.of(), fixture.sent());
        assertEquals(1, fixture.count(Counter.NO_FRAME));
    }
}
