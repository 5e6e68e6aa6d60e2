package io.doorbell.tools.cli;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Text that grows in an array of bytes, for tables of a hundred thousand lines: a number or a word that is added
 * allocates nothing. One thread.
 */
final class AsciiText {
    private static final byte[] ZERO_TO_99 = new byte[200];
    /** So that value / 100 is a multiplication for any int that is not negative: this compiler divides as it is told. */
    private static final long HUNDREDTH = 1_374_389_535L;
    private static final int HUNDREDTH_SHIFT = 37;
    private static final int LONGEST_NUMBER = 20;

    static {
        for (int i = 0; i < 100; i++) {
            ZERO_TO_99[2 * i] = (byte) ('0' + i / 10);
            ZERO_TO_99[2 * i + 1] = (byte) ('0' + i % 10);
        }
    }

    private byte[] bytes;
    private int length;

    /** @param size how long it is expected to become */
    AsciiText(int size) {
        bytes = new byte[size];
    }

    /** What {@link #add(byte[])} takes. */
    static byte[] word(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    int length() {
        return length;
    }

    void clear() {
        length = 0;
    }

    private void room(int more) {
        if (bytes.length - length < more) {
            bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more));
        }
    }

    AsciiText add(byte[] word) {
        room(word.length);
        System.arraycopy(word, 0, bytes, length, word.length);
        length += word.length;
        return this;
    }

    /** Characters beyond ASCII are cut to a byte. */
    AsciiText add(String text) {
        room(text.length());
        for (int i = 0; i < text.length(); i++) {
            bytes[length++] = (byte) text.charAt(i);
        }
        return this;
    }

    AsciiText add(char c) {
        room(1);
        bytes[length++] = (byte) c;
        return this;
    }

    AsciiText add(long value) {
        room(LONGEST_NUMBER);
        if (value < 0 || value > Integer.MAX_VALUE) {
            return add(Long.toString(value));
        }
        int left = (int) value;
        int first = length;
        length += digits(left);
        int at = length;
        while (left >= 10) {
            int hundreds = (int) (left * HUNDREDTH >>> HUNDREDTH_SHIFT);
            int pair = 2 * (left - 100 * hundreds);
            bytes[--at] = ZERO_TO_99[pair + 1];
            bytes[--at] = ZERO_TO_99[pair];
            left = hundreds;
        }
        if (at > first) {
            bytes[--at] = (byte) ('0' + left);
        }
        return this;
    }

    private static int digits(int value) {
        int digits = 1;
        for (long power = 10; value >= power; power *= 10) {
            digits++;
        }
        return digits;
    }

    /** Nanoseconds as milliseconds with three decimals. */
    AsciiText addMillis(long nanos) {
        long micros = Math.floorDiv(nanos + 500, 1000);
        if (micros < 0) {
            add('-').add(Long.toUnsignedString(-micros / 1000));
        } else {
            add(micros / 1000);
        }
        int decimals = (int) Math.abs(micros % 1000);
        return add('.').add((char) ('0' + decimals / 100)).add((char) ('0' + decimals / 10 % 10))
                .add((char) ('0' + decimals % 10));
    }

    /** Dotted decimal form. */
    AsciiText addAddress(int address) {
        return add(address >>> 24).add('.').add(address >>> 16 & 0xff).add('.').add(address >>> 8 & 0xff).add('.')
                .add(address & 0xff);
    }

    /** Spaces up to {@code width} characters behind {@code start}, one at least. */
    AsciiText pad(int start, int width) {
        int spaces = Math.max(1, start + width - length);
        room(spaces);
        Arrays.fill(bytes, length, length + spaces, (byte) ' ');
        length += spaces;
        return this;
    }

    void writeTo(PrintStream stream) {
        stream.write(bytes, 0, length);
    }

    @Override
    public String toString() {
        return new String(bytes, 0, length, StandardCharsets.US_ASCII);
    }
}
