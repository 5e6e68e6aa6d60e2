package io.doorbell.grant;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;

/**
 * Messages that two senders put into one stream: each says whose it is, its number and its length, and everything else
 * follows from the seed. Whoever reads them notices any byte that is wrong, any gap, and any part of a message.
 */
final class Messages {
    static final int ENGINE = 0;
    static final int OWNER = 1;
    static final int HEADER = 8;
    static final int MOST = 3000;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(java.nio.ByteOrder.BIG_ENDIAN);
    private static final int PATTERN = 1 << 16;

    private final long seed;
    private final byte[] pattern = new byte[PATTERN + MOST];
    private final byte[] buffer = new byte[MOST];

    Messages(long seed) {
        this.seed = seed;
        new Random(seed).nextBytes(pattern);
    }

    /** Bytes of a message's content, 1 to {@link #MOST}. */
    int contentBytes(int kind, int number) {
        long x = (seed + number * 2L + kind) * 0x9e3779b97f4a7c15L;
        x = (x ^ x >>> 32) * 0xd6e8feb86659fd93L;
        return 1 + (int) ((x >>> 33) % MOST);
    }

    private static int from(int kind, int number) {
        return (number * 131 + kind * 17) & PATTERN - 1;
    }

    /** @return bytes of the whole message */
    int write(int kind, int number, MemorySegment target) {
        int length = contentBytes(kind, number);
        target.set(INT, 0, kind << 24 | length);
        target.set(INT, 4, number);
        MemorySegment.copy(pattern, from(kind, number), target, ValueLayout.JAVA_BYTE, HEADER, length);
        return HEADER + length;
    }

    /**
     * Reads the next message and compares it with what it must be.
     *
     * @param next the next number of each kind; the message's is counted up
     * @return its kind, -1 at the stream's end
     */
    int read(DataInputStream in, int[] next) throws IOException {
        int first = in.read();
        if (first < 0) {
            return -1;
        }
        int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
        int number = in.readInt();
        if (first > 1 || number != next[first] || length != contentBytes(first, number)) {
            throw new IOException("kind " + first + ", number " + number + " of " + length + " bytes came where engine "
                    + next[0] + " or owner " + next[1] + " was to come");
        }
        in.readFully(buffer, 0, length);
        int wrong = Arrays.mismatch(buffer, 0, length, pattern, from(first, number), from(first, number) + length);
        if (wrong >= 0) {
            throw new IOException("byte " + wrong + " of kind " + first + ", number " + number + " is wrong");
        }
        next[first]++;
        return first;
    }

    /** Reads to the end of the stream; {@code next} counts. */
    void readAll(InputStream stream, int[] next) throws IOException {
        DataInputStream in = new DataInputStream(new java.io.BufferedInputStream(stream, 1 << 16));
        try {
            while (read(in, next) >= 0) {
                // Each is compared as it comes.
            }
        } catch (EOFException e) {
            throw new IOException("the stream ends within a message, after " + next[0] + " and " + next[1], e);
        }
    }
}
