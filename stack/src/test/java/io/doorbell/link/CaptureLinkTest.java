package io.doorbell.link;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.wire.Bytes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class CaptureLinkTest {
    private record Packet(long epochNanos, int length, byte[] kept) {
    }

    /** A reader that accepts exactly what the format's description allows, and nothing behind the last record. */
    private static List<Packet> parse(byte[] file) {
        ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(0xa1b23c4d, in.getInt(), "magic");
        assertEquals(2, in.getShort());
        assertEquals(4, in.getShort());
        assertEquals(0, in.getInt());
        assertEquals(0, in.getInt());
        int snaplen = in.getInt();
        assertEquals(1, in.getInt(), "LINKTYPE_ETHERNET");
        List<Packet> packets = new ArrayList<>();
        while (in.hasRemaining()) {
            long seconds = in.getInt() & 0xffff_ffffL;
            int nanos = in.getInt();
            assertTrue(nanos >= 0 && nanos < 1_000_000_000, "nanoseconds " + nanos);
            byte[] kept = new byte[in.getInt()];
            int length = in.getInt();
            assertEquals(Math.min(snaplen, length), kept.length);
            in.get(kept);
            packets.add(new Packet(seconds * 1_000_000_000 + nanos, length, kept));
        }
        return packets;
    }

    /** Takes at most so many bytes a call, 0 while it is stuck, and fails when told to. */
    private static final class Sink implements WritableByteChannel {
        final ByteArrayOutputStream taken = new ByteArrayOutputStream();
        int most = Integer.MAX_VALUE;
        boolean broken;
        int calls;

        @Override
        public int write(ByteBuffer source) throws IOException {
            calls++;
            if (broken) {
                throw new IOException("pipe closed");
            }
            byte[] bytes = new byte[Math.min(most, source.remaining())];
            source.get(bytes);
            taken.writeBytes(bytes);
            return bytes.length;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {
            throw new AssertionError("the sink belongs to the caller");
        }
    }

    private static long frame(Link link, int length, int fill) {
        long frame = link.frames().allocate();
        link.frames().memory().asSlice(frame, length).fill((byte) fill);
        return frame;
    }

    private static void send(Link link, int length, int fill, long now) {
        long frame = frame(link, length, fill);
        link.transmit(frame, length, now);
        link.frames().release(frame);
    }

    @Test
    void bothDirectionsAreRecordedWithTheirTimesAndBytes() {
        Sink sink = new Sink();
        long epoch = 1_700_000_000_123_456_789L;
        try (PipeLink.Pair pair = PipeLink.pair();
             CaptureLink left = new CaptureLink(pair.left(), sink, epoch, 65_535, 1 << 18)) {
            send(left, 60, 1, 1_000);
            left.flush(1_000);
            send(pair.right(), 1514, 2, 0);
            pair.right().flush(0);
            List<Integer> seen = new ArrayList<>();
            assertEquals(1, left.receive((memory, offset, length) -> seen.add(length), 64, 2_000_000_000L));
            assertEquals(List.of(1514), seen);
            assertEquals(0, sink.calls, "a few frames wait for more");
            assertEquals(0, left.receive((memory, offset, length) -> { }, 64, 2_000_000_001L));
            assertEquals(1, sink.calls, "an idle poll writes them");
        }
        List<Packet> packets = parse(sink.taken.toByteArray());
        assertEquals(2, packets.size());
        assertEquals(epoch + 1_000, packets.get(0).epochNanos);
        assertEquals(epoch + 2_000_000_000L, packets.get(1).epochNanos);
        byte[] ones = new byte[60];
        java.util.Arrays.fill(ones, (byte) 1);
        assertArrayEquals(ones, packets.get(0).kept);
        assertEquals(1514, packets.get(1).length);
    }

    @Test
    void aRefusedFrameIsNotRecorded() {
        Sink sink = new Sink();
        try (PipeLink.Pair pair = PipeLink.options().queueLength(2).pair();
             CaptureLink left = new CaptureLink(pair.left(), sink)) {
            for (int i = 0; i < 5; i++) {
                send(left, 60, i, 0);
            }
            assertEquals(2, left.writer().records());
        }
        assertEquals(2, parse(sink.taken.toByteArray()).size());
    }

    @Test
    void snaplenCutsWhatIsKeptAndNotTheLength() {
        Sink sink = new Sink();
        try (PipeLink.Pair pair = PipeLink.pair();
             CaptureLink left = new CaptureLink(pair.left(), sink, 0, 64, 4096)) {
            send(left, 1000, 7, 5);
            send(left, 40, 8, 6);
        }
        List<Packet> packets = parse(sink.taken.toByteArray());
        assertEquals(1000, packets.get(0).length);
        assertEquals(64, packets.get(0).kept.length);
        assertEquals(40, packets.get(1).kept.length);
    }

    @Test
    void aSinkThatIsStuckLosesFramesByCountAndTheFileStaysWhole() {
        Sink sink = new Sink();
        sink.most = 0;
        long captured;
        try (PipeLink.Pair pair = PipeLink.pair();
             CaptureLink left = new CaptureLink(pair.left(), sink, 0, 1514, 4096)) {
            for (int i = 0; i < 100; i++) {
                send(left, 1000, i, i);
                left.flush(i);
            }
            assertEquals(4, left.writer().records());
            assertEquals(96, left.writer().lost());
            assertEquals(100, left.statistics().txFrames, "the link does not suffer");
            sink.most = 1000;
            left.receive((memory, offset, length) -> { }, 64, 100);
            send(left, 500, 1, 100);
            captured = left.writer().records();
            assertEquals(5, captured);
        }
        List<Packet> packets = parse(sink.taken.toByteArray());
        assertEquals(captured, packets.size());
        assertEquals(500, packets.getLast().length);
    }

    @Test
    void aBrokenSinkIsGivenUpAndItsReasonKept() {
        Sink sink = new Sink();
        try (PipeLink.Pair pair = PipeLink.pair();
             CaptureLink left = new CaptureLink(pair.left(), sink)) {
            assertNull(left.writer().failure());
            sink.broken = true;
            send(left, 60, 1, 0);
            left.receive((memory, offset, length) -> { }, 64, 0);
            send(left, 60, 1, 0);
            left.receive((memory, offset, length) -> { }, 64, 0);
            assertEquals(1, sink.calls);
            assertNotNull(left.writer().failure());
            assertEquals(1, left.writer().lost());
            left.flush(0);
            assertEquals(2, pair.right().receive((memory, offset, length) -> { }, 64, 0));
        }
    }

    @Test
    void captureInsideAndOutsideAnImpairmentShowsTheWireAndTheStack() {
        ByteArrayOutputStream wire = new ByteArrayOutputStream();
        ByteArrayOutputStream stack = new ByteArrayOutputStream();
        try (PipeLink.Pair pair = PipeLink.pair()) {
            Link inner = new CaptureLink(pair.left(), Channels.newChannel(wire));
            try (Link link = new CaptureLink(new ImpairedLink(inner, Impairment.builder().loss(1).build()),
                    Channels.newChannel(stack))) {
                send(link, 60, 1, 0);
                link.flush(0);
            }
        }
        assertEquals(0, parse(wire.toByteArray()).size());
        assertEquals(1, parse(stack.toByteArray()).size());
    }

    @Test
    void timesBeyondTheFormatAreClamped() {
        Sink sink = new Sink();
        PcapWriter writer = new PcapWriter(sink, 4096, 100);
        try (PipeLink.Pair pair = PipeLink.pair()) {
            MemorySegment memory = pair.left().frames().memory();
            writer.write(memory, 0, 10, -5);
            writer.write(memory, 0, 10, Long.MAX_VALUE);
        }
        writer.drain();
        List<Packet> packets = parse(sink.taken.toByteArray());
        assertEquals(0, packets.get(0).epochNanos);
        assertEquals(0xffff_ffffL * 1_000_000_000L, packets.get(1).epochNanos);
    }

    @Test
    void recordsThatAreTakenBackLeaveNoTrace() {
        Sink sink = new Sink();
        // The first drain leaves some of the first record behind, and the third record needs its place.
        sink.most = 100;
        PcapWriter writer = new PcapWriter(sink, 300, 100);
        try (PipeLink.Pair pair = PipeLink.pair()) {
            MemorySegment memory = pair.left().frames().memory();
            assertTrue(writer.write(memory, 0, 100, 1));
            writer.drain();
            writer.mark();
            assertTrue(writer.write(memory, 0, 90, 2));
            assertTrue(writer.write(memory, 0, 100, 3));
            assertFalse(writer.write(memory, 0, 100, 4));
            writer.takeBack();
            assertEquals(1, writer.records());
            assertEquals(0, writer.lost());
            assertTrue(writer.write(memory, 0, 80, 5));
        }
        sink.most = 1000;
        writer.drain();
        List<Packet> packets = parse(sink.taken.toByteArray());
        assertEquals(List.of(1L, 5L), packets.stream().map(each -> each.epochNanos).toList());
    }

    @Test
    void anEmptyCaptureIsAFileHeader() {
        Sink sink = new Sink();
        try (PipeLink.Pair pair = PipeLink.pair()) {
            CaptureLink link = new CaptureLink(pair.left(), sink);
            link.close();
            link.close();
        }
        assertEquals(24, sink.taken.size());
        assertTrue(parse(sink.taken.toByteArray()).isEmpty());
    }

    @Test
    void wrongOptionsSayWhatToChange() {
        assertTrue(assertThrows(IllegalArgumentException.class, () -> new PcapWriter(new Sink(), 4096, 0))
                .getMessage().contains("1 to 262144"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> new PcapWriter(new Sink(), 4096, 9000))
                .getMessage().contains("larger buffer"));
    }

    /** Whatever the sink takes and when, the file holds the frames that were not counted as lost, in order. */
    @Property(tries = 200)
    void whatIsNotLostIsInTheFileByteForByte(@ForAll long seed, @ForAll @IntRange(min = 1, max = 600) int snaplen) {
        Random random = new Random(seed);
        Sink sink = new Sink();
        PcapWriter writer = new PcapWriter(sink, 2048, snaplen);
        MemorySegment memory = MemorySegment.ofArray(new byte[1024]);
        List<byte[]> expected = new ArrayList<>();
        long lost = 0;
        for (int i = 0; i < 200; i++) {
            int length = 1 + random.nextInt(600);
            Bytes.put8(memory, 0, i);
            Bytes.put8(memory, length - 1L, i);
            if (writer.write(memory, 0, length, i)) {
                expected.add(memory.asSlice(0, Math.min(snaplen, length)).toArray(ValueLayout.JAVA_BYTE));
            } else {
                lost++;
            }
            sink.most = random.nextInt(1500);
            if (random.nextBoolean()) {
                writer.drain();
            }
        }
        sink.most = Integer.MAX_VALUE;
        writer.drain();
        assertEquals(lost, writer.lost());
        List<Packet> packets = parse(sink.taken.toByteArray());
        assertEquals(expected.size(), packets.size());
        assertFalse(packets.isEmpty());
        for (int i = 0; i < packets.size(); i++) {
            assertArrayEquals(expected.get(i), packets.get(i).kept);
        }
    }
}
