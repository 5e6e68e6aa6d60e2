package io.doorbell.grant;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.wire.Bytes;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.SplittableRandom;

/**
 * Messages with holes that an engine or the owner fills, each with bytes of its own, and the reader of their stream: it
 * compares every byte, and takes down who has filled each message. All of it follows from the seed.
 */
final class CompletedStream implements ConnectionHandler {
    static final int KNOWN = 0;
    static final int ENGINE = 1;
    static final int OWNER = 2;
    /** What is missing lies within one segment. */
    private static final int MOST_OPEN = 1_000;
    private static final int LONGEST = 4_000;

    private final long seed;
    /** Messages that came with the engine's bytes. */
    final BitSet engines = new BitSet();
    String fault;
    boolean ended;
    private int number;
    private int at;
    private BitSet holes;
    private int length;
    private int writer;

    CompletedStream(long seed) {
        this.seed = seed;
        look();
    }

    private static SplittableRandom random(long seed, int number) {
        return new SplittableRandom(seed ^ number * 0x9e37_79b9_7f4a_7c15L);
    }

    private static int length(SplittableRandom random) {
        return 20 + random.nextInt(random.nextInt(8) == 0 ? LONGEST - 20 : 400);
    }

    /** The bytes of a message that are missing when it is granted: one at least. */
    BitSet holes(int message) {
        SplittableRandom random = random(seed, message);
        int bytes = length(random);
        int first = Math.max(0, bytes - MOST_OPEN);
        BitSet missing = new BitSet();
        for (int i = 1 + random.nextInt(4); i > 0; i--) {
            int from = first + random.nextInt(bytes - first);
            missing.set(from, Math.min(bytes, from + 1 + random.nextInt(60)));
        }
        return missing;
    }

    /** All of a message as one writer would have it; no two agree on any byte. */
    byte[] bytes(int message, int by) {
        byte[] bytes = new byte[length(random(seed, message))];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) content(message, i, by);
        }
        return bytes;
    }

    private static int content(int message, int offset, int by) {
        return message * 31 + (message >>> 8) * 17 + offset * 7 + (offset >>> 8) * 13 + by * 85 & 0xff;
    }

    /** How many have come as a whole. */
    int messages() {
        return at == 0 ? number : -1;
    }

    private void look() {
        length = length(random(seed, number));
        holes = holes(number);
        writer = KNOWN;
    }

    @Override
    public int data(Connection c, MemorySegment memory, long offset, int count) {
        for (int i = 0; i < count; i++) {
            int value = Bytes.u8(memory, offset + i);
            boolean hole = holes.get(at);
            if (hole && writer == KNOWN) {
                writer = value == content(number, at, ENGINE) ? ENGINE : OWNER;
            }
            if (value != content(number, at, hole ? writer : KNOWN) && fault == null) {
                fault = "byte " + at + " of message " + number + " is " + value + ", the engine's is "
                        + content(number, at, ENGINE) + ", the owner's " + content(number, at, OWNER) + ", missing: " + holes;
            }
            if (++at == length) {
                engines.set(number, writer == ENGINE);
                number++;
                at = 0;
                look();
            }
        }
        return count;
    }

    @Override
    public void peerClosed(Connection c) {
        ended = true;
        c.close();
    }
}
