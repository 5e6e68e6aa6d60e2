package io.doorbell.wire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** The fast sums against RFC 1071's definition, one byte at a time and in network byte order. */
class ChecksumTest {
    /** RFC 1071 section 1, without any trick: 16-bit big-endian words, the carry added back at once. */
    private static int reference(byte[] bytes) {
        int sum = 0;
        for (int i = 0; i < bytes.length; i += 2) {
            int low = i + 1 < bytes.length ? bytes[i + 1] & 0xff : 0;
            sum += (bytes[i] & 0xff) << 8 | low;
            if (sum > 0xffff) {
                sum -= 0xffff;
            }
        }
        return sum;
    }

    private static MemorySegment placed(byte[] bytes, int alignment) {
        MemorySegment memory = Arena.ofAuto().allocate(bytes.length + alignment + 16L, 16);
        memory.fill((byte) 0xa5);
        MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, alignment, bytes.length);
        return memory;
    }

    /** The folded sum as a big-endian word. */
    private static int folded(long sum) {
        return Checksum.word(Checksum.fold(sum));
    }

    @Property
    void sum_agrees_with_the_reference_at_any_alignment_and_length(@ForAll @Size(max = 200) byte[] bytes,
                                                                   @ForAll @IntRange(min = 0, max = 9) int alignment) {
        assertEquals(reference(bytes), folded(Checksum.sum(placed(bytes, alignment), alignment, bytes.length)));
    }

    @Test
    void sum_agrees_with_the_reference_for_every_length_of_a_frame() {
        byte[] bytes = new byte[2048];
        new Random(20260101).nextBytes(bytes);
        for (int length = 0; length <= bytes.length; length++) {
            byte[] piece = Arrays.copyOf(bytes, length);
            int alignment = length % 11;
            assertEquals(reference(piece), folded(Checksum.sum(placed(piece, alignment), alignment, length)),
                    "length " + length);
        }
    }

    @Test
    void sum_keeps_every_carry_when_all_bits_are_set() {
        for (int length : new int[] {1, 2, 15, 16, 17, 1500, 65_535, 65_536}) {
            byte[] bytes = new byte[length];
            Arrays.fill(bytes, (byte) 0xff);
            assertEquals(reference(bytes), folded(Checksum.sum(placed(bytes, 1), 1, length)), "length " + length);
        }
    }

    @Test
    void fold_keeps_every_carry_of_a_full_long() {
        for (long sum : new long[] {0, 1, 0xffff, 0x1_0000, 0x1_ffff, 0xffff_ffffL, 0x1_0000_0000L, 0xffff_ffff_ffffL,
                0x0fff_ffff_ffff_ffffL, Long.MAX_VALUE}) {
            // A 16-bit one's complement sum is the value modulo 0xffff, with zero only for zero.
            long modulo = sum % 0xffff;
            long expected = sum != 0 && modulo == 0 ? 0xffff : modulo;
            assertEquals(expected, Checksum.fold(sum), "sum " + Long.toHexString(sum));
        }
    }

    @Test
    void rfc1071_3_worked_example() {
        byte[] bytes = {0x00, 0x01, (byte) 0xf2, 0x03, (byte) 0xf4, (byte) 0xf5, (byte) 0xf6, (byte) 0xf7};
        assertEquals(0xddf2, folded(Checksum.sum(placed(bytes, 0), 0, bytes.length)));
        assertEquals(0x220d, Checksum.word(Checksum.finish(Checksum.sum(placed(bytes, 0), 0, bytes.length))));
    }

    @Property
    void copyAndSum_copies_exactly_and_sums_the_same(@ForAll @Size(max = 200) byte[] bytes,
                                                     @ForAll @IntRange(min = 0, max = 9) int fromAlignment,
                                                     @ForAll @IntRange(min = 0, max = 9) int toAlignment) {
        MemorySegment from = placed(bytes, fromAlignment);
        MemorySegment to = placed(new byte[bytes.length], toAlignment);
        long sum = Checksum.copyAndSum(from, fromAlignment, to, toAlignment, bytes.length);
        assertEquals(reference(bytes), folded(sum));
        assertEquals(folded(Checksum.sum(from, fromAlignment, bytes.length)), folded(sum));
        assertArrayEquals(placed(bytes, toAlignment).toArray(ValueLayout.JAVA_BYTE), to.toArray(ValueLayout.JAVA_BYTE),
                "nothing but the bytes may be written");
    }

    @Property
    void rfc1071_2_sums_of_pieces_add_up_with_odd_ones_swapped(@ForAll @Size(max = 120) byte[] bytes,
                                                               @ForAll @IntRange(min = 0, max = 120) int first,
                                                               @ForAll @IntRange(min = 0, max = 120) int second) {
        int a = Math.min(Math.min(first, second), bytes.length);
        int b = Math.min(Math.max(first, second), bytes.length);
        MemorySegment memory = placed(bytes, 0);
        long sum = 0;
        int[] bounds = {0, a, b, bytes.length};
        for (int i = 0; i < 3; i++) {
            int piece = Checksum.fold(Checksum.sum(memory, bounds[i], bounds[i + 1] - bounds[i]));
            sum += bounds[i] % 2 == 0 ? piece : Checksum.swap(piece);
        }
        assertEquals(reference(bytes), folded(sum));
    }

    @Property
    void finish_makes_the_whole_sum_all_ones(@ForAll @Size(min = 2, max = 100) byte[] bytes) {
        bytes[0] = 0;
        bytes[1] = 0;
        MemorySegment memory = placed(bytes, 3);
        Bytes.putNative16(memory, 3, Checksum.finish(Checksum.sum(memory, 3, bytes.length)));
        assertEquals(0xffff, Checksum.fold(Checksum.sum(memory, 3, bytes.length)));
    }

    @Test
    void rfc1624_4_worked_example() {
        // The case that RFC 1141's equation gets wrong (0xffff instead of 0x0000).
        assertEquals(0x0000, Checksum.update(0xdd2f, 0x5555, 0x3285));
    }

    @Property
    void rfc1624_3_update_equals_summing_anew(@ForAll @Size(min = 4, max = 60) byte[] bytes,
                                              @ForAll @IntRange(min = 1, max = 29) int word,
                                              @ForAll @IntRange(min = 0, max = 0xffff) int value) {
        // Word 0 stands for the checksum field, word 1 is never zero: with nothing but zeros, +0 and -0 are both right.
        int changed = 2 * Math.min(word, bytes.length / 2 - 1);
        MemorySegment memory = placed(bytes, 0);
        Bytes.put16(memory, 0, 0);
        byte[] others = memory.asSlice(0, bytes.length).toArray(ValueLayout.JAVA_BYTE);
        others[changed] = 0;
        others[changed + 1] = 0;
        net.jqwik.api.Assume.that(reference(others) != 0);
        int field = ~reference(memory.asSlice(0, bytes.length).toArray(ValueLayout.JAVA_BYTE)) & 0xffff;
        int old = Bytes.u16(memory, changed);
        Bytes.put16(memory, changed, value);
        int expected = ~reference(memory.asSlice(0, bytes.length).toArray(ValueLayout.JAVA_BYTE)) & 0xffff;
        assertEquals(expected, Checksum.update(field, old, value));
        assertEquals(expected, Checksum.swap(Checksum.update(Checksum.swap(field), Checksum.swap(old),
                Checksum.swap(value))), "in the other byte order");
    }

    @Property
    void word_and_words_contribute_what_the_bytes_in_memory_would(@ForAll int value) {
        MemorySegment memory = placed(new byte[4], 0);
        Bytes.put32(memory, 0, value);
        assertEquals(Checksum.fold(Checksum.sum(memory, 0, 4)), Checksum.fold(Checksum.ofNetworkWords(value & 0xffff_ffffL)));
        assertEquals(Checksum.fold(Checksum.sum(memory, 2, 2)), Checksum.fold(Checksum.word(value)));
    }

    @Property
    void rfc9293_3_1_pseudo_header_is_the_sum_of_its_twelve_bytes(@ForAll int source, @ForAll int destination,
                                                                  @ForAll @IntRange(min = 0, max = 255) int protocol,
                                                                  @ForAll @IntRange(min = 0, max = 65_535) int length) {
        MemorySegment memory = placed(new byte[12], 0);
        Bytes.put32(memory, 0, source);
        Bytes.put32(memory, 4, destination);
        Bytes.put8(memory, 9, protocol);
        Bytes.put16(memory, 10, length);
        assertEquals(Checksum.fold(Checksum.sum(memory, 0, 12)),
                Checksum.fold(Checksum.pseudoHeader(source, destination, protocol, length)));
    }

    @Test
    void swap_is_its_own_inverse_and_not_the_identity() {
        assertNotEquals(0x1234, Checksum.swap(0x1234));
        assertEquals(0x1234, Checksum.swap(Checksum.swap(0x1234)));
    }
}
