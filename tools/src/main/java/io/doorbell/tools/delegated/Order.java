package io.doorbell.tools.delegated;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A line such as {@code order 00000042}. */
final class Order {
    /** Bytes of a line, its end among them. */
    static final int BYTES = 15;
    /** What is known of each before its number is. */
    static final byte[] BEGINNING = {'o', 'r', 'd', 'e', 'r', ' '};
    static final byte[] END = {'\n'};
    static final int DIGITS_AT = 6;
    static final int DIGITS = 8;
    private static final String FORMAT = "order %08d";

    private Order() {
    }

    /** Writes a number's digits. */
    static void digits(int number, MemorySegment target) {
        int rest = number;
        for (int i = DIGITS - 1; i >= 0; i--) {
            target.set(ValueLayout.JAVA_BYTE, i, (byte) ('0' + rest % 10));
            rest /= 10;
        }
    }

    static String line(int number) {
        return FORMAT.formatted(number);
    }
}
