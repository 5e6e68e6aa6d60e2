package io.doorbell.wire;

/** Sequence-number arithmetic modulo 2^32 (RFC 9293 section 3.4). Valid while the two are less than 2^31 apart. */
public final class Seq {
    private Seq() {
    }

    public static boolean lt(int a, int b) {
        return a - b < 0;
    }

    public static boolean le(int a, int b) {
        return a - b <= 0;
    }

    public static boolean gt(int a, int b) {
        return a - b > 0;
    }

    public static boolean ge(int a, int b) {
        return a - b >= 0;
    }

    /** Whether {@code low <= x < high}. */
    public static boolean within(int x, int low, int high) {
        return le(low, x) && lt(x, high);
    }

    public static int max(int a, int b) {
        return ge(a, b) ? a : b;
    }

    public static int min(int a, int b) {
        return le(a, b) ? a : b;
    }
}
