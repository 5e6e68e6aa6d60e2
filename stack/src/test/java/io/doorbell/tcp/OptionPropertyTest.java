package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.wire.Bytes;
import io.doorbell.wire.Checksum;
import io.doorbell.wire.TcpHeader;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** What is written is read again; what is read is what a plain reading of RFC 9293 section 3.2 gives. */
class OptionPropertyTest {
    private static final int OPTIONS = TcpHeader.LENGTH;
    private final TcpOptions options = new TcpOptions();

    /** A TCP header with these options in a segment with not one byte more: reading beyond the end throws. */
    private static MemorySegment header(int flags, byte[] list) {
        MemorySegment memory = MemorySegment.ofArray(new byte[OPTIONS + list.length]);
        Bytes.put8(memory, 13, flags);
        MemorySegment.copy(list, 0, memory, ValueLayout.JAVA_BYTE, OPTIONS, list.length);
        return memory;
    }

    private boolean parse(int flags, byte[] list) {
        return options.parse(header(flags, list), 0, OPTIONS + list.length, flags);
    }

    @Property
    void rfc9293_3_2_theOptionsOfASynAreReadAsTheyWereWritten(
            @ForAll @IntRange(min = 1, max = 0xffff) int size, @ForAll @IntRange(min = -1, max = 14) int scale,
            @ForAll boolean sack, @ForAll boolean timestamps, @ForAll int value, @ForAll int echo) {
        MemorySegment memory = MemorySegment.ofArray(new byte[TcpHeader.MAX_LENGTH]);
        Bytes.put8(memory, 13, TcpHeader.SYN);
        int length = SynOptions.write(memory, OPTIONS, size, scale, sack, timestamps, value, echo);
        assertEquals(0, length % 4);
        assertTrue(options.parse(memory, 0, OPTIONS + length, TcpHeader.SYN));
        assertEquals(size, options.maxSegmentSize);
        assertEquals(scale, options.windowScale);
        assertEquals(sack, options.sackPermitted);
        assertEquals(timestamps, options.timestamps);
        assertEquals(timestamps ? value : options.tsValue, options.tsValue);
        assertEquals(timestamps ? echo : options.tsEcho, options.tsEcho);
        assertEquals(0, options.sackBlocks);
        byte[] written = memory.asSlice(OPTIONS, length).toArray(ValueLayout.JAVA_BYTE);
        byte[] again = new byte[length];
        SynOptions.write(MemorySegment.ofArray(again), 0, options.maxSegmentSize, options.windowScale,
                options.sackPermitted, options.timestamps, options.tsValue, options.tsEcho);
        assertArrayEquals(written, again, "what was read, written again");
    }

    @Property
    void rfc7323_3_2_timestampsAreReadAsTheyWereWritten(@ForAll int value, @ForAll int echo) {
        MemorySegment memory = MemorySegment.ofArray(new byte[OPTIONS + TcpOptions.TIMESTAMPS_LENGTH]);
        int sum = Checksum.fold(TcpOptions.writeTimestamps(memory, OPTIONS, value, echo));
        assertEquals(Checksum.fold(Checksum.sum(memory, OPTIONS, TcpOptions.TIMESTAMPS_LENGTH)), sum);
        assertTrue(options.parse(memory, 0, OPTIONS + TcpOptions.TIMESTAMPS_LENGTH, TcpHeader.ACK));
        assertTrue(options.timestamps);
        assertEquals(value, options.tsValue);
        assertEquals(echo, options.tsEcho);
    }

    @Property
    void rfc2018_3_sackBlocksAreReadBetweenOtherOptions(@ForAll @Size(max = 3) List<Integer> edges,
                                                        @ForAll @IntRange(min = 0, max = 5) int before,
                                                        @ForAll @IntRange(min = 2, max = 6) int unknown) {
        ByteArrayOutputStream list = new ByteArrayOutputStream();
        list.write(new byte[] {1, 1, 1, 1, 1}, 0, before);
        list.write(99);
        list.write(unknown);
        list.writeBytes(new byte[unknown - 2]);
        ByteBuffer blocks = ByteBuffer.allocate(2 + 8 * edges.size()).put((byte) 5).put((byte) (2 + 8 * edges.size()));
        edges.forEach(edge -> blocks.putInt(edge).putInt(edge + 7));
        list.writeBytes(blocks.array());
        assertTrue(parse(TcpHeader.ACK, list.toByteArray()));
        assertEquals(edges.size(), options.sackBlocks);
        for (int i = 0; i < edges.size(); i++) {
            assertEquals(edges.get(i), options.sackStart[i]);
            assertEquals(edges.get(i) + 7, options.sackEnd[i]);
        }
    }

    /** RFC 9293 section 3.2 read word for word: whether the lengths are possible, and where each kind stands last. */
    private static int[] plainly(byte[] list) {
        int[] places = new int[256];
        int at = 0;
        while (at < list.length && list[at] != 0) {
            if (list[at] == 1) {
                at++;
                continue;
            }
            int size = at + 1 < list.length ? list[at + 1] & 0xff : 0;
            if (size < 2 || at + size > list.length) {
                return null;
            }
            places[list[at] & 0xff] = size == fixedLength(list[at]) ? at + 1 : places[list[at] & 0xff];
            at += size;
        }
        return places;
    }

    private static int fixedLength(int kind) {
        return switch (kind) {
            case 2 -> 4;
            case 3 -> 3;
            case 4 -> 2;
            case 8 -> 10;
            default -> -1;
        };
    }

    @Property
    void rfc9293_3_2_anyBytesAreReadWithoutHarmAndAsAPlainReaderWould(
            @ForAll @Size(max = 10) List<@IntRange(min = 0, max = 9) Integer> kinds, @ForAll @Size(max = 40) byte[] noise,
            @ForAll boolean syn) {
        byte[] list = noise.clone();
        for (int i = 0; i < kinds.size() && 4 * i < list.length; i++) {
            list[4 * i] = (byte) (int) kinds.get(i);
        }
        boolean valid = parse(syn ? TcpHeader.SYN : TcpHeader.ACK, list);
        int[] places = plainly(list);
        assertEquals(places != null, valid);
        if (places == null) {
            return;
        }
        assertTrue(options.sackBlocks >= 0 && options.sackBlocks <= 4);
        int size = places[2] - 1;
        assertEquals(syn && size >= 0 ? (list[size + 2] & 0xff) << 8 | list[size + 3] & 0xff : 0, options.maxSegmentSize);
        int scale = places[3] - 1;
        assertEquals(syn && scale >= 0 ? Math.min(14, list[scale + 2] & 0xff) : -1, options.windowScale);
        assertEquals(syn && places[4] > 0, options.sackPermitted);
        int stamps = places[8] - 1;
        assertEquals(stamps >= 0, options.timestamps);
        if (stamps >= 0) {
            assertEquals(ByteBuffer.wrap(list).getInt(stamps + 2), options.tsValue);
            assertEquals(ByteBuffer.wrap(list).getInt(stamps + 6), options.tsEcho);
        }
    }
}
