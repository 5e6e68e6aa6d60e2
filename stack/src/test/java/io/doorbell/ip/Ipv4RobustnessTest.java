package io.doorbell.ip;

import static io.doorbell.ip.Frames.OURS;
import static io.doorbell.ip.Frames.PEER;
import static io.doorbell.ip.Frames.PEER_MAC;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.doorbell.counters.Counter;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.IcmpHeader;
import io.doorbell.wire.Ipv4Header;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** Frames that no honest sender makes: nothing is thrown, nothing leaks, nothing wrong gets through. */
class Ipv4RobustnessTest {
    private static final int IP = EthernetHeader.LENGTH;

    private static IpFixture fixture() {
        return new IpFixture().knowing(PEER, PEER_MAC);
    }

    /** One good frame of every kind that is understood. */
    private static List<byte[]> goodFrames() {
        byte[] ours = Frames.ipv4(Ipv4Header.PROTOCOL_TCP, OURS, Frames.FAR, Frames.tcp(4000, 443, 9, 4));
        return List.of(
                Frames.tcpToUs(),
                Frames.toUs(Frames.ipv4(Ipv4Header.PROTOCOL_TCP, PEER, OURS, new byte[12], 0, Frames.tcp(1, 2, 3, 4))),
                Frames.icmpToUs(Frames.icmp(IcmpHeader.ECHO_REQUEST, 0, 1, new byte[20])),
                Frames.icmpToUs(Frames.icmp(3, 4, 1400, ours)),
                Frames.toUs(Frames.ipv4(17, PEER, OURS, new byte[30])),
                Frames.toUs(Frames.ipv4(99, PEER, OURS, new byte[30])),
                Frames.toUs(Frames.ipv4(Ipv4Header.PROTOCOL_TCP, PEER, OURS, new byte[0], 7, new byte[30])),
                Frames.arpRequest(PEER_MAC, PEER, OURS),
                Frames.arpReply(PEER_MAC, PEER));
    }

    @Test
    void frames_truncated_at_every_length_are_dropped_and_counted() {
        for (byte[] frame : goodFrames()) {
            for (int length = 0; length < frame.length; length++) {
                IpFixture fixture = fixture();
                fixture.receive(Arrays.copyOf(frame, length));
                assertEquals(List.of(), fixture.segments, "length " + length);
                assertEquals(List.of(), fixture.pathErrors, "length " + length);
                assertEquals(List.of(), fixture.sent(), "length " + length);
                assertEquals(1, fixture.counters.drops(), "length " + length);
                fixture.assertNoFrameLeaked();
            }
        }
    }

    @Test
    void rfc1071_every_single_bit_error_in_the_ip_header_is_a_counted_drop() {
        byte[] good = Frames.tcpToUs();
        for (int bit = 0; bit < Ipv4Header.LENGTH * 8; bit++) {
            IpFixture fixture = fixture();
            byte[] bad = good.clone();
            bad[IP + bit / 8] ^= (byte) (0x80 >> bit % 8);
            fixture.receive(bad);
            assertEquals(List.of(), fixture.segments, "bit " + bit);
            assertEquals(1, fixture.counters.drops(), "bit " + bit);
            assertEquals(List.of(), fixture.sent(), "bit " + bit);
        }
    }

    @Test
    void every_double_bit_error_in_the_ip_header_is_harmless() {
        byte[] good = Frames.tcpToUs();
        IpFixture fixture = fixture();
        for (int first = 0; first < Ipv4Header.LENGTH * 8; first++) {
            for (int second = 0; second < first; second++) {
                byte[] bad = good.clone();
                bad[IP + first / 8] ^= (byte) (0x80 >> first % 8);
                bad[IP + second / 8] ^= (byte) (0x80 >> second % 8);
                fixture.receive(bad);
                fixture.link.complete();
            }
        }
        for (byte[] segment : fixture.segmentBytes) {
            assertTrue(segment.length <= good.length - IP - Ipv4Header.LENGTH);
        }
        advanceUntilQuiet(fixture);
        fixture.assertNoFrameLeaked();
    }

    private static void advanceUntilQuiet(IpFixture fixture) {
        for (int i = 0; i < 20; i++) {
            fixture.advance(IpFixture.SECOND);
            fixture.link.complete();
        }
    }

    @Property
    void random_bytes_are_harmless(@ForAll @Size(max = 200) byte[] bytes) {
        IpFixture fixture = fixture();
        fixture.receive(bytes);
        advanceUntilQuiet(fixture);
        fixture.assertNoFrameLeaked();
    }

    @Property
    void random_bytes_behind_our_mac_are_harmless(@ForAll @Size(max = 200) byte[] bytes, @ForAll boolean arp) {
        IpFixture fixture = fixture();
        int type = arp ? EthernetHeader.TYPE_ARP : EthernetHeader.TYPE_IPV4;
        fixture.receive(Frames.ethernet(Frames.OUR_MAC, PEER_MAC, type, bytes));
        advanceUntilQuiet(fixture);
        fixture.assertNoFrameLeaked();
    }

    @Property
    void good_frames_with_random_bytes_in_random_places_are_harmless(
            @ForAll @IntRange(min = 0, max = 8) int which, @ForAll @Size(max = 6) List<Integer> changes,
            @ForAll boolean repair) {
        byte[] frame = goodFrames().get(which).clone();
        for (int change : changes) {
            frame[(change >>> 8) % frame.length] = (byte) change;
        }
        if (repair && which < 7) {
            byte[] packet = Frames.repaired(Frames.payloadOf(frame, IP));
            System.arraycopy(packet, 0, frame, IP, packet.length);
        }
        IpFixture fixture = fixture();
        fixture.receive(frame);
        for (byte[] segment : fixture.segmentBytes) {
            assertTrue(segment.length <= frame.length - IP - Ipv4Header.LENGTH);
        }
        advanceUntilQuiet(fixture);
        fixture.assertNoFrameLeaked();
    }

    /** A long random life: frames good and bad, sends, a full link, time; then everything is given back. */
    private static List<byte[]> life(long seed) {
        Random random = new Random(seed);
        IpFixture fixture = new IpFixture("10.0.0.2/16", "10.0.0.254", 64);
        List<byte[]> good = goodFrames();
        List<byte[]> everySent = new ArrayList<>();
        for (int step = 0; step < 3000; step++) {
            switch (random.nextInt(6)) {
                case 0 -> fixture.receive(good.get(random.nextInt(good.size())));
                case 1 -> {
                    byte[] bad = good.get(random.nextInt(good.size())).clone();
                    bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
                    fixture.receive(bad);
                }
                case 2 -> fixture.receive(random.nextBoolean()
                        ? Frames.arpReply(PEER_MAC + random.nextInt(3), PEER + random.nextInt(40))
                        : Frames.arpRequest(PEER_MAC + random.nextInt(3), PEER + random.nextInt(40), OURS));
                case 3 -> {
                    if (fixture.link.frames().available() > 0) {
                        fixture.sendTcp(random.nextInt(20) == 0 ? Frames.FAR : PEER + 2 + random.nextInt(40), step);
                    }
                }
                case 4 -> fixture.advance(random.nextInt(1_500_000_000));
                default -> {
                    fixture.link.full = random.nextInt(4) == 0;
                    fixture.link.complete();
                }
            }
            if (random.nextInt(3) == 0) {
                fixture.link.complete();
            }
        }
        fixture.link.full = false;
        everySent.addAll(fixture.link.sent);
        advanceUntilQuiet(fixture);
        fixture.assertNoFrameLeaked();
        return everySent;
    }

    @Property(tries = 20)
    void a_random_life_leaks_no_frame_and_is_the_same_when_lived_again(@ForAll long seed) {
        List<byte[]> once = life(seed);
        List<byte[]> again = life(seed);
        assertEquals(once.size(), again.size(), "seed " + seed);
        for (int i = 0; i < once.size(); i++) {
            assertArrayEquals(once.get(i), again.get(i), "seed " + seed + " frame " + i);
        }
    }

    /** Counts segments and keeps nothing, so that whatever is allocated is the IP layer's. */
    private static final class CountingTransport implements Transport {
        private long segments;

        @Override
        public void segment(MemorySegment memory, long tcp, int length, int source, int destination, int ecn) {
            segments += length;
        }

        @Override
        public void pathError(int type, int code, int nextHopMtu, int localAddress, int remoteAddress, int localPort,
                              int remotePort, int seq) {
            segments -= seq;
        }
    }

    @Test
    void a_frame_in_and_a_segment_out_allocate_nothing() {
        IpFixture fixture = fixture();
        CountingTransport transport = new CountingTransport();
        fixture.ip.transport(transport);
        byte[] frame = Frames.tcpToUs();
        MemorySegment memory = Arena.ofAuto().allocate(frame.length);
        memory.copyFrom(MemorySegment.ofArray(frame));
        Neighbour hop = fixture.ip.nextHop(PEER);
        long tcp = fixture.link.frames().allocate() + Ipv4.HEADROOM;
        fixture.link.full = true; // the recording allocates; all else of a send happens
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long allocated = Long.MAX_VALUE;
        int rounds = 20_000;
        // The JIT decides when boxes and views disappear: the best of a bounded number of tries counts.
        for (int attempt = 0; attempt < 20 && allocated >= rounds; attempt++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < rounds; i++) {
                fixture.ip.frame(memory, 0, frame.length);
                fixture.ip.send(tcp, 20, Ipv4Header.PROTOCOL_TCP, OURS, PEER, 0, hop);
            }
            allocated = threads.getCurrentThreadAllocatedBytes() - before;
        }
        assertTrue(allocated < rounds, allocated + " bytes for " + rounds + " frames: less than one each means none");
        assertTrue(transport.segments >= 30L * rounds);
        assertEquals(0, fixture.count(Counter.DROP_IP_CHECKSUM));
    }
}
