package io.doorbell.tools.fuzz;

import java.util.Arrays;

/** The bytes that a user has given to one connection, in their order; those of a partial message's holes are not known. */
final class SentStream {
    /** No user sends more in one session. */
    static final int MOST = 1 << 18;
    private static final short UNKNOWN = -1;

    private short[] bytes = new short[2_048];
    private int length;

    int length() {
        return length;
    }

    /** Ends the stream here; what was behind was refused. */
    void truncate(int at) {
        length = at;
    }

    void put(int at, byte[] source, int from, int count) {
        reach(at + count);
        for (int i = 0; i < count; i++) {
            bytes[at + i] = (short) (source[from + i] & 0xff);
        }
    }

    void forget(int at, int count) {
        reach(at + count);
        Arrays.fill(bytes, at, at + count, UNKNOWN);
    }

    private void reach(int end) {
        if (end > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(end, bytes.length * 2));
        }
        length = Math.max(length, end);
    }

    /** The first of {@code count} bytes of a frame that is not what the user gave for position {@code at}; -1 if all are. */
    int mismatch(byte[] frame, int from, int count, int at) {
        for (int i = 0; i < count; i++) {
            int position = at + i;
            if (position < 0 || position >= length || bytes[position] != (frame[from + i] & 0xff)) {
                return i;
            }
        }
        return -1;
    }
}
