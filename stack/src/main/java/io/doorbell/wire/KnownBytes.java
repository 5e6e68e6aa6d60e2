package io.doorbell.wire;

import java.util.Arrays;

/**
 * Which bytes of a message are known: for good, or for the next send only. At first none is.
 *
 * <p>One thread. Nothing is allocated after construction.
 */
public final class KnownBytes {
    private final int length;
    /** A bit for each byte of the message: not supplied for the next send, and not known for good. */
    private final long[] missing;
    private final long[] holes;
    private int missingBytes;
    private int holeBytes;

    /** @param length of the message, in bytes */
    public KnownBytes(int length) {
        this.length = length;
        int words = (length + 63) >>> 6;
        missing = new long[words];
        holes = new long[words];
        Arrays.fill(holes, -1L);
        if ((length & 63) != 0) {
            holes[words - 1] = -1L >>> -length;
        }
        holeBytes = length;
        rearm();
    }

    /** How many bytes must still be supplied before the next send. */
    public int missing() {
        return missingBytes;
    }

    /** @return how many are still missing */
    public int supplied(int offset, int bytes) {
        missingBytes -= clear(missing, offset, bytes);
        return missingBytes;
    }

    /** {@link #supplied}, of eight bytes. */
    public int supplied8(int offset) {
        int inWord = offset & 63;
        if (inWord > Long.SIZE - Long.BYTES) {
            return supplied(offset, Long.BYTES);
        }
        int word = offset >>> 6;
        long hit = missing[word] & 0xffL << inWord;
        missing[word] ^= hit;
        missingBytes -= Long.bitCount(hit);
        return missingBytes;
    }

    /** They stay known from send to send; they have been {@link #supplied}. */
    public void stay(int offset, int bytes) {
        holeBytes -= clear(holes, offset, bytes);
    }

    /** They are to be supplied anew for each send, the next one excepted if they are there. */
    public void forget(int offset, int bytes) {
        holeBytes += set(holes, offset, bytes);
    }

    /** What one send supplied is missing again. */
    public void rearm() {
        System.arraycopy(holes, 0, missing, 0, holes.length);
        missingBytes = holeBytes;
    }

    /** The offset of the first byte from {@code offset} on that was supplied; the length if there is none. */
    public int nextSupplied(int offset) {
        return next(offset, 0);
    }

    /** The offset of the first byte from {@code offset} on that is missing; the length if there is none. */
    public int nextMissing(int offset) {
        return next(offset, -1L);
    }

    /** @param flip 0 to look for a byte that was supplied, -1 for one that is missing */
    private int next(int offset, long flip) {
        int word = offset >>> 6;
        long bits = offset < length ? (~missing[word] ^ flip) & -1L << offset : 0;
        while (bits == 0 && ++word < missing.length) {
            bits = ~missing[word] ^ flip;
        }
        return bits == 0 ? length : Math.min(length, (word << 6) + Long.numberOfTrailingZeros(bits));
    }

    /** How many runs of supplied bytes lie apart from each other. */
    public int runs() {
        int runs = 0;
        for (int at = nextSupplied(0); at < length; at = nextSupplied(nextMissing(at))) {
            runs++;
        }
        return runs;
    }

    /** @return how many of the bits were clear */
    private static int set(long[] bits, int offset, int bytes) {
        int changed = 0;
        for (int word = offset >>> 6; word <= offset + bytes - 1 >>> 6; word++) {
            long mask = mask(word, offset, bytes);
            changed += Long.bitCount(mask & ~bits[word]);
            bits[word] |= mask;
        }
        return changed;
    }

    /** @return how many of the bits were set */
    private static int clear(long[] bits, int offset, int bytes) {
        if (bytes == 0) {
            return 0;
        }
        int cleared = 0;
        int last = offset + bytes - 1 >>> 6;
        for (int word = offset >>> 6; word <= last; word++) {
            long hit = bits[word] & mask(word, offset, bytes);
            bits[word] ^= hit;
            cleared += Long.bitCount(hit);
        }
        return cleared;
    }

    private static long mask(int word, int offset, int bytes) {
        return (word == offset >>> 6 ? -1L << offset : -1L)
                & (word == offset + bytes - 1 >>> 6 ? -1L >>> -(offset + bytes) : -1L);
    }
}
