package io.doorbell.link;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.IcmpHeader;
import io.doorbell.wire.Ipv4Header;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** RFC 1191: a path that says what it does not carry. */
class FragmentationNeededTest {
    private static final int SENDER = 0x0a000001;
    private static final int RECEIVER = 0x0a000002;
    private static final int NARROW = 1000;
    private static final Impairment TOLD = Impairment.builder().mtuReported(NARROW).build();

    private final List<byte[]> received = new ArrayList<>();

    private void send(Link link, int packet, int fragmentWord, int protocol) {
        FramePool pool = link.frames();
        long frame = pool.allocate();
        EthernetHeader.write(pool.memory(), frame, 0x02_00_00_00_00_02L, 0x02_00_00_00_00_01L, EthernetHeader.TYPE_IPV4);
        Ipv4Header.write(pool.memory(), frame + EthernetHeader.LENGTH, 0, packet, 7, fragmentWord, 64, protocol, SENDER,
                RECEIVER);
        assertTrue(link.transmit(frame, packet + EthernetHeader.LENGTH, 0));
        link.flush(0);
        pool.release(frame);
    }

    private int receive(Link link) {
        received.clear();
        return link.receive((memory, offset, length) -> received.add(memory.asSlice(offset, length)
                .toArray(java.lang.foreign.ValueLayout.JAVA_BYTE)), 100, 0);
    }

    private void checkReport(byte[] frame) {
        MemorySegment memory = MemorySegment.ofArray(frame);
        long ip = EthernetHeader.LENGTH;
        long icmp = ip + Ipv4Header.LENGTH;
        int body = frame.length - (int) icmp;
        assertEquals(0x02_00_00_00_00_01L, EthernetHeader.destination(memory, 0));
        assertEquals(RECEIVER, Ipv4Header.source(memory, ip));
        assertEquals(SENDER, Ipv4Header.destination(memory, ip));
        assertTrue(Ipv4Header.checksumValid(memory, ip, Ipv4Header.LENGTH));
        assertEquals(frame.length - ip, Ipv4Header.totalLength(memory, ip));
        assertEquals(IcmpHeader.DESTINATION_UNREACHABLE, IcmpHeader.type(memory, icmp));
        assertEquals(IcmpHeader.CODE_FRAGMENTATION_NEEDED, IcmpHeader.code(memory, icmp));
        assertEquals(NARROW, IcmpHeader.rest(memory, icmp));
        assertTrue(IcmpHeader.checksumValid(memory, icmp, body));
        assertEquals(1200, Ipv4Header.totalLength(memory, icmp + IcmpHeader.LENGTH), "the header that is quoted");
    }

    @Test
    void rfc1191_4_theSenderOfATooLargePacketIsToldTheMtu() {
        try (PipeLink.Pair pair = PipeLink.pair(); ImpairedLink left = new ImpairedLink(pair.left(), TOLD, Impairment.NONE)) {
            send(left, 1200, Ipv4Header.DONT_FRAGMENT, Ipv4Header.PROTOCOL_TCP);
            send(left, NARROW, Ipv4Header.DONT_FRAGMENT, Ipv4Header.PROTOCOL_TCP);
            assertEquals(1, receive(pair.right()), "only the small one arrives");
            assertEquals(1, receive(left));
            checkReport(received.getFirst());
            assertEquals(1, left.transmitCounts().oversized);
            assertEquals(1, left.transmitCounts().reported);
            assertEquals(1, left.receiveCounts().frames);
            assertEquals(1, left.receiveCounts().delivered);
        }
    }

    @Test
    void rfc1191_4_thePeerIsToldAcrossTheLinkIfTheOtherDirectionIsNarrow() {
        try (PipeLink.Pair pair = PipeLink.pair(); ImpairedLink left = new ImpairedLink(pair.left(), Impairment.NONE, TOLD)) {
            send(pair.right(), 1200, Ipv4Header.DONT_FRAGMENT, Ipv4Header.PROTOCOL_TCP);
            assertEquals(0, receive(left));
            left.flush(0);
            assertEquals(1, receive(pair.right()));
            checkReport(received.getFirst());
        }
    }

    @Test
    void rfc1122_3_2_2_nothingIsSaidOfIcmpNorOfWhatMayBeFragmented() {
        try (PipeLink.Pair pair = PipeLink.pair(); ImpairedLink left = new ImpairedLink(pair.left(), TOLD, Impairment.NONE)) {
            send(left, 1200, Ipv4Header.DONT_FRAGMENT, Ipv4Header.PROTOCOL_ICMP);
            send(left, 1200, 0, Ipv4Header.PROTOCOL_TCP);
            assertEquals(0, receive(left));
            assertEquals(2, left.transmitCounts().oversized);
            assertEquals(0, left.transmitCounts().reported);
        }
    }

    @Test
    void theReportMeetsTheOtherPathsLuck() {
        Impairment lossy = Impairment.builder().loss(1).build();
        try (PipeLink.Pair pair = PipeLink.pair(); ImpairedLink left = new ImpairedLink(pair.left(), TOLD, lossy)) {
            send(left, 1200, Ipv4Header.DONT_FRAGMENT, Ipv4Header.PROTOCOL_TCP);
            assertEquals(0, receive(left));
            assertEquals(1, left.receiveCounts().lost);
        }
    }

    @Test
    void aPathMayBecomeNarrowInMidFlow() {
        try (PipeLink.Pair pair = PipeLink.pair();
                ImpairedLink left = new ImpairedLink(pair.left(), Impairment.NONE, Impairment.NONE)) {
            send(left, 1200, Ipv4Header.DONT_FRAGMENT, Ipv4Header.PROTOCOL_TCP);
            left.change(TOLD, Impairment.NONE);
            send(left, 1200, Ipv4Header.DONT_FRAGMENT, Ipv4Header.PROTOCOL_TCP);
            assertEquals(1, receive(pair.right()));
            assertEquals(1, receive(left));
            assertEquals("seed 0, mtu 1000 reported", TOLD.toString());
        }
    }
}
