package io.doorbell.tools.pcap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.link.PcapWriter;
import io.doorbell.tools.Fixtures;
import io.doorbell.tools.Fixtures.Fixture;
import io.doorbell.tools.pcap.CaptureFiles.Packet;
import io.doorbell.wire.TcpHeader;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CaptureReaderTest {
    private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;
    private static final ByteOrder BIG = ByteOrder.BIG_ENDIAN;
    private static final long TIME = 1_700_000_000_123_456_000L;
    private static final byte[] ONE = segment(1);
    private static final byte[] TWO = segment(2);

    private static byte[] segment(int seq) {
        return TcpFrame.to(1, 2).addresses(0x0a000001, 0x0a000002).ports(4000, 80).numbers(seq, 0)
                .flags(TcpHeader.SYN).payload(new byte[seq]).bytes();
    }

    private static CaptureReader reader(byte[]... parts) {
        return new CaptureReader(MemorySegment.ofArray(CaptureFiles.join(parts)));
    }

    private static void assertPacket(CaptureReader reader, long time, int linkType, byte[] bytes, long original) {
        assertTrue(reader.next());
        assertEquals(time, reader.timeNanos());
        assertEquals(linkType, reader.linkType());
        assertEquals(original, reader.original());
        assertArrayEquals(bytes, reader.memory().asSlice(reader.offset(), reader.captured())
                .toArray(ValueLayout.JAVA_BYTE));
    }

    @Test
    void pcapInBothByteOrdersAndBothUnitsOfTime() {
        for (ByteOrder order : new ByteOrder[] {LITTLE, BIG}) {
            for (boolean nanoseconds : new boolean[] {false, true}) {
                long time = TIME + (nanoseconds ? 789 : 0);
                CaptureReader reader = reader(CaptureFiles.pcap(order, nanoseconds, 1, Packet.of(time, ONE),
                        new Packet(time + 1_000, TWO, 1514)));
                assertPacket(reader, time, 1, ONE, ONE.length);
                assertPacket(reader, time + 1_000, 1, TWO, 1514);
                assertEquals(2, reader.number());
                assertFalse(reader.next());
            }
        }
    }

    @Test
    void whatPcapWriterWritesIsReadBack() {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        PcapWriter writer = new PcapWriter(Channels.newChannel(file), 4096, 60);
        writer.write(MemorySegment.ofArray(ONE), 0, ONE.length, TIME + 1);
        writer.write(MemorySegment.ofArray(new byte[100]), 0, 100, TIME + 2);
        writer.drain();
        CaptureReader reader = reader(file.toByteArray());
        assertPacket(reader, TIME + 1, 1, ONE, ONE.length);
        assertPacket(reader, TIME + 2, 1, new byte[60], 100);
        assertFalse(reader.next());
    }

    @Test
    void pcapngInBothByteOrdersWithEveryKindOfPacketBlock() {
        for (ByteOrder order : new ByteOrder[] {LITTLE, BIG}) {
            CaptureReader reader = reader(CaptureFiles.section(order), CaptureFiles.description(order, 1, 60, -1, 0),
                    CaptureFiles.enhanced(order, 0, TIME / 1000, ONE, 1514),
                    CaptureFiles.block(order, 5, new byte[12]), CaptureFiles.old(order, 0, TIME / 1000 + 1, TWO),
                    CaptureFiles.simple(order, new byte[60], 100));
            assertPacket(reader, TIME, 1, ONE, 1514);
            assertPacket(reader, TIME + 1000, 1, TWO, TWO.length);
            assertPacket(reader, TIME + 1000, 1, new byte[60], 100);
            assertFalse(reader.next());
        }
    }

    @Test
    void pcapngTimesInEveryUnit() {
        CaptureReader reader = reader(CaptureFiles.section(LITTLE), CaptureFiles.description(LITTLE, 1, 0, 9, 0),
                CaptureFiles.description(LITTLE, 101, 0, 0x80 | 20, 1_000), CaptureFiles.description(LITTLE, 1, 0, 12, 0),
                CaptureFiles.description(LITTLE, 1, 0, 0x80 | 50, 0), CaptureFiles.enhanced(LITTLE, 0, TIME, ONE, 60),
                CaptureFiles.enhanced(LITTLE, 1, 5L << 20 | 1 << 19, ONE, 60),
                CaptureFiles.enhanced(LITTLE, 2, 7_000_000_001_999L, ONE, 60),
                CaptureFiles.enhanced(LITTLE, 3, 3L << 50 | 3L << 48, ONE, 60));
        assertPacket(reader, TIME, 1, ONE, 60);
        assertPacket(reader, 1_005_500_000_000L, 101, ONE, 60);
        assertPacket(reader, 7_000_000_001L, 1, ONE, 60);
        assertPacket(reader, 3_750_000_000L, 1, ONE, 60);
    }

    @Test
    void aSecondSectionHasInterfacesAndAByteOrderOfItsOwn() {
        CaptureReader reader = reader(CaptureFiles.section(LITTLE), CaptureFiles.description(LITTLE, 1, 0, -1, 0),
                CaptureFiles.enhanced(LITTLE, 0, 1, ONE, 60), CaptureFiles.section(BIG),
                CaptureFiles.description(BIG, 113, 0, -1, 0), CaptureFiles.enhanced(BIG, 0, 2, TWO, 60));
        assertPacket(reader, 1000, 1, ONE, 60);
        assertPacket(reader, 2000, 113, TWO, 60);
        assertFalse(reader.next());
    }

    @Test
    void damageIsNamedWithItsPlace() {
        byte[] good = CaptureFiles.pcap(LITTLE, true, 1, Packet.of(TIME, ONE));
        assertProblem("not a capture", "hello, world".getBytes(StandardCharsets.US_ASCII));
        assertProblem("not a capture: it has 0 bytes", new byte[0]);
        assertProblem("byte 10: the file ends in its header", cut(good, 10));
        assertProblem("byte 24: the file ends in the header of packet 1", cut(good, 30));
        assertProblem("byte 24: packet 1 has 55 bytes, but the file only 54 more", cut(good, good.length - 1));
        byte[] old = good.clone();
        old[4] = 1;
        assertProblem("version 1 of pcap", old);
        byte[] section = CaptureFiles.section(LITTLE);
        assertProblem("of interface 0, of which nothing was said", CaptureFiles.join(section,
                CaptureFiles.enhanced(LITTLE, 0, 1, ONE, 60)));
        byte[] differ = CaptureFiles.join(section, CaptureFiles.description(LITTLE, 1, 0, -1, 0));
        differ[differ.length - 4] = 8;
        assertProblem("a block whose two lengths differ", differ);
        assertProblem("times in units of 10^-19 s are not known", CaptureFiles.join(section,
                CaptureFiles.description(LITTLE, 1, 0, 19, 0), CaptureFiles.enhanced(LITTLE, 0, 1, ONE, 60)));
        assertProblem("a time that cannot be", CaptureFiles.join(section,
                CaptureFiles.description(LITTLE, 1, 0, 0, 0), CaptureFiles.enhanced(LITTLE, 0, -1, ONE, 60)));
    }

    private static byte[] cut(byte[] bytes, int length) {
        return Arrays.copyOf(bytes, length);
    }

    private static void assertProblem(String expected, byte[] file) {
        CaptureFormatException problem = assertThrows(CaptureFormatException.class, () -> {
            CaptureReader reader = reader(file);
            while (reader.next()) {
                assertTrue(reader.captured() <= file.length);
            }
        });
        assertTrue(problem.getMessage().contains(expected), problem.getMessage());
    }

    static Stream<Fixture> fixtures() {
        return Fixtures.stream();
    }

    /** tcpdump counted when the captures were made. */
    @ParameterizedTest
    @MethodSource("fixtures")
    void aFixtureHasAsManyPacketsAsTcpdumpCounts(Fixture fixture) {
        CaptureReader reader = reader(fixture.bytes());
        while (reader.next()) {
            assertTrue(reader.captured() <= reader.original());
        }
        assertEquals(fixture.packets(), reader.number());
    }
}
