package io.doorbell.tools.replay;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.link.CaptureLink;
import io.doorbell.link.ImpairedLink;
import io.doorbell.link.Impairment;
import io.doorbell.link.Link;
import io.doorbell.link.PipeLink;
import io.doorbell.tools.Fixtures;
import io.doorbell.tools.Fixtures.Fixture;
import io.doorbell.tools.pcap.Capture;
import io.doorbell.tools.pcap.CaptureReader;
import io.doorbell.wire.Bytes;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PcapReplayTest {
    private static ReplayResult replay(String name, ReplaySide side, Strictness strictness) {
        try (PcapReplay replay = PcapReplay.of(Capture.of(name, Fixtures.named(name).bytes()))) {
            return replay.as(side).strict(strictness).run();
        }
    }

    /** What {@code lab/scenarios.py} sends. */
    private static byte[] text(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (33 + i * 7L % 94);
        }
        return bytes;
    }

    @ParameterizedTest
    @ValueSource(strings = {"loss-one-receiver.pcap", "loss-three-receiver.pcap", "reordered-receiver.pcap"})
    void theBytesThatThePeerSentAreDelivered(String name) {
        assertArrayEquals(text(20_000), replay(name, ReplaySide.CLIENT, Strictness.BYTES).delivered());
    }

    @Test
    void whatAPacketWasCutOfIsZeros() {
        byte[] delivered = replay("window-scaling.pcap", ReplaySide.CLIENT, Strictness.ACKS).delivered();
        assertEquals(150_000, delivered.length);
        // 96 bytes of each packet were kept: 14, 20 and 32 of them are headers.
        assertArrayEquals(text(30), Arrays.copyOf(delivered, 30));
        assertEquals(0, delivered[30]);
    }

    /** A segment that says it has 64 KB and was cut before its payload is replayed in pieces, of zeros. */
    @Test
    void aLongSegmentOfWhichNothingWasKeptIsZerosToo() {
        byte[] bytes = Fixtures.named("handshake-server-mss-only.pcap").bytes();
        MemorySegment memory = MemorySegment.ofArray(bytes);
        CaptureReader reader = new CaptureReader(memory);
        do {
            assertTrue(reader.next());
        } while (reader.captured() != 54 + 120);
        // An IP length of 60 000, as a sender's capture shows a segment that its interface will cut.
        Bytes.put16(memory, reader.offset() + 16, 60_000);
        ByteBuffer record = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int at = (int) reader.offset() - 16;
        record.putInt(at + 8, 54).putInt(at + 12, 60_014);
        byte[] rest = new byte[bytes.length - 120];
        System.arraycopy(bytes, 0, rest, 0, at + 16 + 54);
        System.arraycopy(bytes, at + 16 + 54 + 120, rest, at + 16 + 54, rest.length - at - 16 - 54);
        try (PcapReplay replay = PcapReplay.of(Capture.of("cut", rest))) {
            assertEquals(59_960, replay.as(ReplaySide.SERVER).strict(Strictness.BYTES).run().delivered().length);
        }
    }

    /** Either side of a capture can be played, though it was made at the client's. */
    @Test
    void theOtherSideOfACaptureCanBePlayedToo() {
        for (String name : List.of("handshake-client-all-options.pcap", "half-close-client.pcap", "keepalive.pcap")) {
            ReplayResult result = replay(name, ReplaySide.SERVER, Strictness.BYTES);
            assertTrue(result.same(), result.report());
        }
    }

    @Test
    void theReportReadsLikeADiffWithTheFirstDifferenceMarked() {
        ReplayResult result = replay("reset-after-close.pcap", ReplaySide.SERVER, Strictness.SEGMENTS);
        assertFalse(result.same());
        List<String> lines = result.report().lines().toList();
        assertTrue(lines.get(0).startsWith("--- reset-after-close.pcap, connection 1, 10.9.1.2:"), result.report());
        assertEquals("+++ Doorbell as the server, same segments", lines.get(1));
        assertTrue(lines.get(2).startsWith("  ") && lines.get(2).contains("< [S] seq 0 "), result.report());
        int marked = lines.indexOf(lines.stream().filter(each -> each.startsWith(">>> first")).findFirst().orElseThrow());
        assertTrue(lines.get(marked + 1).startsWith("- ") && lines.get(marked + 1).contains("> [R] seq 2"),
                result.report());
        assertTrue(lines.get(marked + 2).startsWith("+ ") && lines.get(marked + 2).contains("> [R.] seq 2"),
                result.report());
        assertThrows(AssertionError.class, result::assertSame);
    }

    @Test
    void aConnectionWithoutItsBeginningIsRefused() {
        Fixture fixture = Fixtures.named("keepalive.pcap");
        byte[] bytes = fixture.bytes();
        // The first record is the SYN: 16 bytes of header, and the packet.
        int syn = 16 + (bytes[32] & 0xff);
        byte[] rest = new byte[bytes.length - syn];
        System.arraycopy(bytes, 0, rest, 0, 24);
        System.arraycopy(bytes, 24 + syn, rest, 24, rest.length - 24);
        try (PcapReplay replay = PcapReplay.of(Capture.of("rest", rest))) {
            // The SYN-ACK is left: there is nothing that tells when the client began.
            IllegalArgumentException problem = assertThrows(IllegalArgumentException.class,
                    () -> replay.connection(2).run());
            assertTrue(problem.getMessage().contains("connection 2 is not in rest"), problem.getMessage());
        }
        byte[] nothing = Arrays.copyOf(bytes, 24);
        try (PcapReplay replay = PcapReplay.of(Capture.of("nothing", nothing))) {
            IllegalArgumentException problem = assertThrows(IllegalArgumentException.class, replay::run);
            assertTrue(problem.getMessage().contains("has no TCP connection"), problem.getMessage());
        }
    }

    /** Doorbell's own capture leaves no choice: the replay has the same segments, loss and all. */
    @ParameterizedTest
    @ValueSource(doubles = {0, 0.03})
    void aCaptureOfDoorbellIsReplayedToTheSegment(double loss) {
        ReplayResult result;
        try (PcapReplay replay = PcapReplay.of(Capture.of("doorbell.pcap", doorbell(loss)))) {
            result = replay.as(ReplaySide.SERVER).strict(loss == 0 ? Strictness.SEGMENTS : Strictness.ACKS).run();
        }
        assertTrue(result.same(), result.report());
        assertEquals(60_000, result.delivered().length);
    }

    /** What a server sees of a client that sends 60 000 bytes. */
    private static byte[] doorbell(double loss) {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        PipeLink.Pair pair = PipeLink.pair();
        Link clients = new ImpairedLink(pair.left(), Impairment.builder().seed(3).loss(loss).delayNanos(5_000_000).build());
        try (Link servers = new CaptureLink(pair.right(), Channels.newChannel(file));
                TcpStack server = TcpStack.on(servers).address("10.5.0.2/24").seed(1).build();
                TcpStack client = TcpStack.on(clients).address("10.5.0.1/24").seed(2).build()) {
            server.listen(9, connection -> new Taker(null));
            client.connect("10.5.0.2", 9, new Taker(new byte[60_000]));
            for (long now = 1_000_000_000L; now < 20_000_000_000L; now += 50_000) {
                client.poll(now);
                server.poll(now);
            }
        }
        clients.close();
        return file.toByteArray();
    }

    /** Takes all that comes; sends what it has, then closes. */
    private static final class Taker implements ConnectionHandler {
        private final byte[] bytes;

        Taker(byte[] bytes) {
            this.bytes = bytes;
        }

        @Override
        public void connected(Connection connection) {
            if (bytes != null) {
                connection.write(MemorySegment.ofArray(bytes), 0, bytes.length);
                connection.closeOutput();
            }
        }

        @Override
        public int data(Connection connection, MemorySegment memory, long offset, int length) {
            return length;
        }
    }
}
