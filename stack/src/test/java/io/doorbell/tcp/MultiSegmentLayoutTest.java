package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.wire.MultiSegmentOption;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** The numbers of a multi-segment layout, to the byte, and where a layout is refused. */
class MultiSegmentLayoutTest {
    private static final int SEQ = 0xffff_ff00;

    private final byte[] bytes = new byte[64];
    private final MemorySegment memory = MemorySegment.ofArray(bytes);
    private final MultiSegment.Layout layout = new MultiSegment.Layout();

    private void assertWritten(int value, int... expected) {
        assertEquals(expected.length, MultiSegmentOption.numberLength(value), "length of " + value);
        assertEquals(3 + expected.length, MultiSegmentOption.writeNumber(memory, 3, value));
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], bytes[3 + i] & 0xff, "byte " + i + " of " + value);
        }
    }

    /** A layout of these numbers in a segment with so many bytes of payload. */
    private boolean read(int payload, int... numbers) {
        long at = MultiSegmentOption.FIXED_LENGTH;
        for (int number : numbers) {
            at = MultiSegmentOption.writeNumber(memory, at, number);
        }
        return layout.read(memory, 0, (int) at, SEQ, payload);
    }

    @Test
    void numbersTakeSevenBitsOfEachByteTheHighOnesFirst() {
        assertWritten(0, 0);
        assertWritten(127, 0x7f);
        assertWritten(128, 0x81, 0x00);
        assertWritten(16_383, 0xff, 0x7f);
        assertWritten(16_384, 0x81, 0x80, 0x00);
        assertWritten(2_097_151, 0xff, 0xff, 0x7f);
        assertWritten(2_097_152, 0x81, 0x80, 0x80, 0x00);
        assertWritten(268_435_455, 0xff, 0xff, 0xff, 0x7f);
        assertWritten(268_435_456, 0x81, 0x80, 0x80, 0x80, 0x00);
    }

    @Test
    void numbersOfEveryLengthAreReadAsWritten() {
        for (int distance : new int[] {300, 16_383, 16_384, 2_097_151, 2_097_152, 268_435_456}) {
            assertTrue(read(300, distance, 127, 128, 173), "distance " + distance);
            assertEquals(2, layout.parts);
            assertEquals(SEQ + distance, layout.starts[0]);
            assertEquals(127, layout.lengths[0]);
            assertEquals(SEQ + distance + 127 + 128, layout.starts[1]);
            assertEquals(173, layout.lengths[1]);
        }
    }

    @Test
    void partsMustAddUpToThePayloadAndLieBehindIt() {
        assertTrue(read(30, 30, 10, 5, 20));
        assertFalse(read(30, 29, 10, 5, 20), "it begins within what the header claims");
        assertFalse(read(30, 30, 10, 5, 19));
        assertFalse(read(30, 30, 10, 5, 21));
        assertFalse(read(30, 30, 31), "more than there is");
        assertFalse(read(30, 30, 10, 0, 20), "parts that touch");
        assertFalse(read(30, 30, 0, 5, 30), "an empty part");
        assertFalse(read(30, 30, 10, 5), "a gap and nothing behind it");
        assertFalse(read(30, 30));
        assertFalse(read(30));
    }

    @Test
    void noMoreThanSixteenPartsAreRead() {
        int[] numbers = new int[1 + 2 * MultiSegment.Layout.MOST - 1];
        java.util.Arrays.fill(numbers, 1);
        numbers[0] = 16;
        assertTrue(read(16, numbers));
        assertEquals(16, layout.parts);
        int[] oneMore = new int[numbers.length + 2];
        java.util.Arrays.fill(oneMore, 1);
        oneMore[0] = 17;
        assertFalse(read(17, oneMore));
    }

    @Test
    void nothingLiesFartherThanAWindowReaches() {
        int farthest = MultiSegmentOption.FARTHEST;
        assertTrue(read(10, farthest - 10, 10));
        assertFalse(read(10, farthest - 9, 10));
        assertTrue(read(10, 100, 4, farthest - 110, 6));
        assertFalse(read(10, 100, 4, farthest - 109, 6));
        assertFalse(read(10, 100, 4, farthest, 6));
    }

    @Test
    void theLastByteOfTheLastPartMayFillTheWindow() {
        assertTrue(read(30, 30, 10, 5, 20));
        assertTrue(layout.isBefore(SEQ + 65));
        assertFalse(layout.isBefore(SEQ + 64));
    }

    @Test
    void theBytesThatAHeaderClaimedAreKnownAgain() {
        MultiSegment multi = new MultiSegment(1);
        assertFalse(multi.wasHeader(0, 0), "none was sent");
        multi.sent(100, 20);
        assertTrue(multi.wasHeader(100, 120));
        assertFalse(multi.wasHeader(100, 121));
        assertFalse(multi.wasHeader(99, 120));
    }

    @Test
    void nobodyAgreesAlone() {
        MultiSegment multi = new MultiSegment(1);
        assertFalse(multi.isAgreed() || multi.sends());
        multi.agree(2);
        assertTrue(multi.isAgreed() && multi.sends());
        multi.stop();
        assertTrue(multi.isAgreed());
        assertFalse(multi.sends());
    }
}
