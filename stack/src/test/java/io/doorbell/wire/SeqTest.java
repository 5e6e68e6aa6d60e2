package io.doorbell.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

/** Sequence arithmetic against positions in an endless stream, kept as longs. */
class SeqTest {
    private static final int FARTHEST = Integer.MAX_VALUE;

    @Property
    void rfc9293_3_4_comparisons_agree_with_unwrapped_positions(@ForAll @LongRange(min = 0, max = 1L << 40) long a,
                                                                @ForAll @IntRange(min = -FARTHEST) int distance) {
        long b = a + distance;
        assertEquals(a < b, Seq.lt((int) a, (int) b));
        assertEquals(a <= b, Seq.le((int) a, (int) b));
        assertEquals(a > b, Seq.gt((int) a, (int) b));
        assertEquals(a >= b, Seq.ge((int) a, (int) b));
        assertEquals((int) Math.max(a, b), Seq.max((int) a, (int) b));
        assertEquals((int) Math.min(a, b), Seq.min((int) a, (int) b));
    }

    @Property
    void rfc9293_3_4_comparisons_near_the_wrap(@ForAll @LongRange(min = (1L << 32) - 3, max = (1L << 32) + 3) long a,
                                               @ForAll @IntRange(min = -5, max = 5) int distance) {
        long b = a + distance;
        assertEquals(a < b, Seq.lt((int) a, (int) b));
        assertEquals(a <= b, Seq.le((int) a, (int) b));
        assertEquals((int) Math.max(a, b), Seq.max((int) a, (int) b));
    }

    @Property
    void rfc9293_3_4_window_membership_agrees_with_unwrapped_positions(
            @ForAll @LongRange(min = 0, max = 1L << 40) long low, @ForAll @IntRange(min = 0, max = 1 << 30) int size,
            @ForAll @IntRange(min = -(1 << 30), max = 1 << 30) int distance) {
        long x = low + distance;
        long high = low + size;
        assertEquals(low <= x && x < high, Seq.within((int) x, (int) low, (int) high));
    }

    @Test
    void rfc9293_3_4_the_number_after_the_last_is_zero() {
        assertTrue(Seq.lt(-1, 0));
        assertTrue(Seq.gt(0, -1));
        assertTrue(Seq.lt(Integer.MAX_VALUE, Integer.MIN_VALUE));
        assertTrue(Seq.within(0, -1, 1));
        assertFalse(Seq.within(1, -1, 1));
        assertFalse(Seq.within(-1, -1, -1));
        assertEquals(2, Seq.max(-2, 2));
        assertEquals(-2, Seq.min(-2, 2));
    }
}
