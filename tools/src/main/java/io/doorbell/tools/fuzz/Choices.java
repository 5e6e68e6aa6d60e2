package io.doorbell.tools.fuzz;

/**
 * An input, read as the choices that make one session: whatever the bytes are, they mean something, and bytes changed
 * here and there change a session here and there. Behind the end are zeros.
 */
final class Choices {
    private final byte[] bytes;
    private int at;

    Choices(byte[] bytes) {
        this.bytes = bytes;
    }

    boolean done() {
        return at >= bytes.length;
    }

    int u8() {
        return at < bytes.length ? bytes[at++] & 0xff : 0;
    }

    int u16() {
        return u8() << 8 | u8();
    }

    int i32() {
        return u16() << 16 | u16();
    }

    int below(int bound) {
        return u8() % bound;
    }

    /** True about once in {@code times}, and never for a zero byte. */
    boolean oneIn(int times) {
        int value = u8();
        return value != 0 && value % times == 0;
    }
}
