package io.doorbell.tools.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.tools.Fixtures;
import io.doorbell.tools.Fixtures.Fixture;
import io.doorbell.tools.pcap.Capture;
import io.doorbell.tools.pcap.CaptureReader;
import io.doorbell.tools.pcap.CapturedConnection;
import io.doorbell.tools.pcap.CapturedSegment;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.TcpHeader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every capture of pcap-fixtures is replayed, and a replay notices when the capture's answer is another. */
class FixturesTest {
    private static final Path MODULE = Path.of("..", "pcap-fixtures");
    private static final int LEAST = 30;
    private static final int BEYOND = 10_000;
    private static final long MOST_BYTES_EACH = 64 << 10;
    private static final long MOST_BYTES = 3 << 20;

    static Stream<Fixture> fixtures() {
        return Fixtures.stream();
    }

    private static ReplayResult replay(Fixture fixture, byte[] bytes) {
        try (PcapReplay replay = PcapReplay.of(Capture.of(fixture.file(), bytes))) {
            return replay.as(fixture.side()).strict(fixture.strictness()).run();
        }
    }

    @ParameterizedTest
    @MethodSource("fixtures")
    void doorbellDoesWhatLinuxDid(Fixture fixture) {
        replay(fixture, fixture.bytes()).assertSame();
    }

    @ParameterizedTest
    @MethodSource("fixtures")
    void aReplayIsTheSameEveryTime(Fixture fixture) {
        assertEquals(replay(fixture, fixture.bytes()).report(), replay(fixture, fixture.bytes()).report());
    }

    /** One at a time, every segment of the captured side, without exception. */
    @ParameterizedTest
    @MethodSource("fixtures")
    void anAlteredSegmentOfTheAnswerIsNoticed(Fixture fixture) {
        byte[] original = fixture.bytes();
        List<CapturedSegment> answers = answers(fixture, original);
        assertFalse(answers.isEmpty());
        int last = answers.stream().filter(each -> each.has(TcpHeader.ACK)).mapToInt(CapturedSegment::ack)
                .reduce((one, two) -> one - two >= 0 ? one : two).orElse(0);
        for (CapturedSegment each : answers) {
            // By bytes alone any acknowledgment but the last may be another: that is what this strictness is for. Which
            // bytes were sent may not.
            boolean anyAck = fixture.strictness() == Strictness.BYTES && each.ack() != last;
            byte[] altered = anyAck ? beyond(original, each) : alter(original, each);
            if (connections(fixture, altered) != connections(fixture, original)) {
                // A SYN with another number is a connection of its own: what it was part of is there no more.
                altered = finToo(original, each);
                assertEquals(connections(fixture, original), connections(fixture, altered), "packet " + each.number());
            }
            ReplayResult result = replay(fixture, altered);
            assertFalse(result.same(), () -> "packet " + each.number() + " was altered:\n" + result.report());
            assertTrue(result.report().contains(">>> first difference"), result.report());
        }
    }

    private static List<CapturedSegment> answers(Fixture fixture, byte[] bytes) {
        try (Capture capture = Capture.of(fixture.file(), bytes)) {
            CapturedConnection chosen = capture.connections().stream()
                    .max(Comparator.comparingLong(CapturedConnection::packets)).orElseThrow();
            return capture.segments(chosen).stream().filter(each -> !each.isIcmpError()
                    && each.fromClient() == (fixture.side() == ReplaySide.CLIENT)).toList();
        }
    }

    private static int connections(Fixture fixture, byte[] bytes) {
        try (Capture capture = Capture.of(fixture.file(), bytes)) {
            return capture.connections().size();
        }
    }

    /** Another acknowledgment, or another sequence number if there is none. */
    private static byte[] alter(byte[] original, CapturedSegment segment) {
        byte[] altered = original.clone();
        MemorySegment memory = MemorySegment.ofArray(altered);
        long tcp = header(memory, segment);
        long field = segment.has(TcpHeader.ACK) ? tcp + 8 : tcp + 4;
        Bytes.put32(memory, field, Bytes.u32(memory, field) + 1);
        return altered;
    }

    /** A place in the stream to which nothing was sent. */
    private static byte[] beyond(byte[] original, CapturedSegment segment) {
        byte[] altered = original.clone();
        MemorySegment memory = MemorySegment.ofArray(altered);
        long field = header(memory, segment) + 4;
        Bytes.put32(memory, field, Bytes.u32(memory, field) + BEYOND);
        return altered;
    }

    /** A FIN too many, or the one that there is away. */
    private static byte[] finToo(byte[] original, CapturedSegment segment) {
        byte[] altered = original.clone();
        MemorySegment memory = MemorySegment.ofArray(altered);
        long flags = header(memory, segment) + 13;
        altered[(int) flags] ^= TcpHeader.FIN;
        return altered;
    }

    /** Where the segment's TCP header lies. */
    private static long header(MemorySegment memory, CapturedSegment segment) {
        CaptureReader reader = new CaptureReader(memory);
        while (reader.number() < segment.number()) {
            assertTrue(reader.next());
        }
        long ip = reader.offset() + switch (reader.linkType()) {
            case 1 -> EthernetHeader.LENGTH;
            case 113 -> 16;
            case 276 -> 20;
            default -> 0;
        };
        return ip + Ipv4Header.headerLength(memory, ip);
    }

    @Test
    void everyCaptureHasItsLineInBothTables() throws IOException {
        Path folder = MODULE.resolve("src/main/resources/captures");
        Set<String> listed = Fixtures.stream().map(Fixture::file).collect(Collectors.toCollection(TreeSet::new));
        assertTrue(listed.size() >= LEAST, listed.size() + " captures");
        long total = 0;
        Set<String> present = new TreeSet<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(each -> !each.toString().endsWith(".tsv")).toList()) {
                present.add(file.getFileName().toString());
                assertTrue(Files.size(file) <= MOST_BYTES_EACH, file + " is too large to be looked at");
                total += Files.size(file);
            }
        }
        assertEquals(present, listed);
        assertTrue(total < MOST_BYTES, total + " bytes");
        String page = Files.readString(MODULE.resolve("README.md"));
        for (Fixture each : Fixtures.all()) {
            assertTrue(page.contains("| " + each.file() + " | "), each.file() + ": run pcap-fixtures/make --tables");
            assertFalse(each.shows().isBlank());
        }
    }
}
