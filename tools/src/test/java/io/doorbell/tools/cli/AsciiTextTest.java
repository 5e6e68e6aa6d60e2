package io.doorbell.tools.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.doorbell.ip.Ipv4Address;
import java.math.BigDecimal;
import java.math.RoundingMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Text in bytes reads as the JDK's would. */
class AsciiTextTest {
    private static String number(long value) {
        return new AsciiText(1).add(value).toString();
    }

    @Property
    void aNumberReadsAsTheJdkWritesIt(@ForAll long value, @ForAll @IntRange(min = 0, max = 63) int shift) {
        assertEquals(Long.toString(value), number(value));
        assertEquals(Long.toString(value >>> shift), number(value >>> shift));
    }

    @Example
    void numbersRoundPowersOfTenAndAtTheEdgesReadAsTheJdkWritesThem() {
        for (long power = 1; power <= 1_000_000_000_000L; power *= 10) {
            for (long value = power - 2; value <= power + 2; value++) {
                assertEquals(Long.toString(value), number(value));
            }
        }
        for (long value : new long[] {Integer.MAX_VALUE, Integer.MAX_VALUE + 1L, Long.MAX_VALUE, Long.MIN_VALUE}) {
            assertEquals(Long.toString(value), number(value));
        }
    }

    @Property
    void millisecondsAreRoundedToThreeDecimals(@ForAll @IntRange(min = -2_000_000_000) int nanos) {
        BigDecimal expected = BigDecimal.valueOf(Math.floorDiv(nanos + 500L, 1000L), 3);
        assertEquals(expected.setScale(3, RoundingMode.UNNECESSARY).toPlainString(),
                new AsciiText(1).addMillis(nanos).toString());
    }

    @Property
    void anAddressReadsInDottedDecimalForm(@ForAll int address) {
        assertEquals(Ipv4Address.format(address), new AsciiText(1).addAddress(address).toString());
    }

    @Example
    void aCellIsFilledUpAndNeverTouchesTheNext() {
        AsciiText text = new AsciiText(1).add("one").add(AsciiText.word("two"));
        assertEquals("onetwo   |", text.pad(3, 6).add('|').toString());
        text.clear();
        assertEquals("longer than that |", text.add("longer than that").pad(0, 6).add('|').toString());
    }
}
