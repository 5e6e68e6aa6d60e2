package io.doorbell.tools.delegated;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A line such as {@code order 00000042}. */
final class Order {
    /** Bytes of a line, its end among them. */
    static final int BYTES = 15;
    private static final String FORMAT = "order %08d";
    private static final int DIGITS_AT = 6;
    private static final int DIGITS = 8;

    private Order() {
    }

    static void write(int number, MemorySegment target) {
        MemorySegment.copy(new byte[] {'o', 'r', 'd', 'e', 'r', ' '}, 0, target, ValueLayout.JAVA_BYTE, 0, DIGITS_AT);
        int rest = number;
        for (int i = DIGITS_AT + DIGITS - 1; i >= DIGITS_AT; i--) {
            target.set(ValueLayout.JAVA_BYTE, i, (byte) ('0' + rest % 10));
            rest /= 10;
        }
        target.set(ValueLayout.JAVA_BYTE, DIGITS_AT + DIGITS, (byte) '\n');
    }

    static String line(int number) {
        return FORMAT.formatted(number);
    }
}
