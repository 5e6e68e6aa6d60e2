package io.doorbell.wire;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;

/**
 * The Internet checksum (RFC 1071) and its incremental update (RFC 1624).
 *
 * <p>A <i>sum</i> is a {@code long} that holds any number of 16-bit words added in the machine's byte order, not yet
 * folded. Sums of pieces may be added to one another as long as every piece but the last has an even length. Partial
 * sums are therefore kept per frame and combined with header words when a segment leaves.
 */
public final class Checksum {
    private static final boolean LITTLE_ENDIAN = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
    /**
     * Bytes from which on a loop counts its rounds. HotSpot's compiler rebuilds such a loop, so that it checks bounds once
     * for all rounds. That takes 150 instructions before the first one: short messages do better with a check each time,
     * in a loop whose condition does not count.
     */
    private static final int LONG = 256;
    private static final int BLOCKS_OF_32 = -32;
    private static final int BLOCKS_OF_16 = -16;

    private Checksum() {
    }

    /** The unfolded sum of {@code length} bytes; an odd last byte is padded with zero (RFC 1071 section 1). */
    public static long sum(MemorySegment memory, long offset, int length) {
        long even = 0;
        long odd = 0;
        long at = offset;
        int left = length;
        if (left >= LONG) {
            int blocks = left & BLOCKS_OF_16;
            for (int i = 0; i < blocks; i += 16) {
                long a = Bytes.native64(memory, at + i);
                long b = Bytes.native64(memory, at + i + 8);
                even += (a & 0xffff_ffffL) + (a >>> 32);
                odd += (b & 0xffff_ffffL) + (b >>> 32);
            }
            at += blocks;
            left -= blocks;
        }
        while ((left & BLOCKS_OF_16) > 0) {
            long a = Bytes.native64(memory, at);
            long b = Bytes.native64(memory, at + 8);
            even += (a & 0xffff_ffffL) + (a >>> 32);
            odd += (b & 0xffff_ffffL) + (b >>> 32);
            at += 16;
            left -= 16;
        }
        return even + odd + sumTail(memory, at, left);
    }

    private static long sumTail(MemorySegment memory, long offset, int length) {
        long sum = 0;
        int i = 0;
        if ((length & 8) != 0) {
            long a = Bytes.native64(memory, offset);
            sum += (a & 0xffff_ffffL) + (a >>> 32);
            i = 8;
        }
        if ((length & 4) != 0) {
            sum += Bytes.native32(memory, offset + i) & 0xffff_ffffL;
            i += 4;
        }
        if ((length & 2) != 0) {
            sum += Bytes.native16(memory, offset + i);
            i += 2;
        }
        if ((length & 1) != 0) {
            int last = Bytes.u8(memory, offset + i);
            sum += LITTLE_ENDIAN ? last : last << 8;
        }
        return sum;
    }

    /**
     * Copies {@code length} bytes and returns their sum: the bytes are touched once. All in one method, which is too large
     * for the compiler to put into others: at the end of a long chain of calls it would leave parts of each access out of
     * line.
     */
    public static long copyAndSum(MemorySegment from, long fromOffset, MemorySegment to, long toOffset, int length) {
        long even = 0;
        long odd = 0;
        long source = fromOffset;
        long target = toOffset;
        int left = length;
        if (left >= LONG) {
            int blocks = left & BLOCKS_OF_32;
            for (int i = 0; i < blocks; i += 32) {
                long a = Bytes.native64(from, source + i);
                long b = Bytes.native64(from, source + i + 8);
                long c = Bytes.native64(from, source + i + 16);
                long d = Bytes.native64(from, source + i + 24);
                Bytes.putNative64(to, target + i, a);
                Bytes.putNative64(to, target + i + 8, b);
                Bytes.putNative64(to, target + i + 16, c);
                Bytes.putNative64(to, target + i + 24, d);
                even += (a & 0xffff_ffffL) + (a >>> 32) + (c & 0xffff_ffffL) + (c >>> 32);
                odd += (b & 0xffff_ffffL) + (b >>> 32) + (d & 0xffff_ffffL) + (d >>> 32);
            }
            source += blocks;
            target += blocks;
            left -= blocks;
        }
        while ((left & BLOCKS_OF_16) > 0) {
            long a = Bytes.native64(from, source);
            long b = Bytes.native64(from, source + 8);
            Bytes.putNative64(to, target, a);
            Bytes.putNative64(to, target + 8, b);
            even += (a & 0xffff_ffffL) + (a >>> 32);
            odd += (b & 0xffff_ffffL) + (b >>> 32);
            source += 16;
            target += 16;
            left -= 16;
        }
        for (int i = 0; i < left; i++) {
            Bytes.put8(to, target + i, Bytes.u8(from, source + i));
        }
        return even + odd + sumTail(to, target, left);
    }

    /** Folds a sum to 16 bits, in the machine's byte order, not complemented. */
    public static int fold(long sum) {
        // A half added to the other: of a number and itself turned round by half its width, the upper half has the sum
        // with its carry.
        int words = (int) (sum + Long.rotateRight(sum, 32) >>> 32);
        return words + Integer.rotateRight(words, 16) >>> 16;
    }

    /** The checksum field for a sum, in the machine's byte order: store it with {@link Bytes#putNative16}. */
    public static int finish(long sum) {
        return ~fold(sum) & 0xffff;
    }

    /**
     * The sum of a piece that starts at an odd offset of the whole: its bytes are swapped (RFC 1071 section 2(B)).
     */
    public static int swap(int folded) {
        return ((folded << 8) | (folded >>> 8)) & 0xffff;
    }

    /**
     * RFC 1624 equation 3: the checksum field after one 16-bit word changed from {@code oldWord} to {@code newWord}.
     * All three in the same byte order.
     */
    public static int update(int field, int oldWord, int newWord) {
        long sum = (~field & 0xffffL) + (~oldWord & 0xffffL) + (newWord & 0xffffL);
        return finish(sum);
    }

    /** The word that a big-endian 16-bit {@code value} contributes to a sum in the machine's byte order. */
    public static int word(int value) {
        return LITTLE_ENDIAN ? swap(value & 0xffff) : value & 0xffff;
    }

    /**
     * What 32-bit words in network byte order contribute to a sum in the machine's byte order. Headers are summed from
     * the values that are written, not from memory: loading what was stored in other sizes just before is slow. To swap
     * the bytes of 16-bit words is to multiply them by 256, modulo the 65535 that sums are folded by.
     *
     * @param words the words added as unsigned numbers, below 2^48
     */
    public static long ofNetworkWords(long words) {
        return LITTLE_ENDIAN ? words << 8 : words;
    }

    /** The pseudo-header of RFC 9293 section 3.1 (TCP), RFC 768 (UDP): addresses, protocol, transport length. */
    public static long pseudoHeader(int source, int destination, int protocol, int transportLength) {
        return ofNetworkWords((source & 0xffff_ffffL) + (destination & 0xffff_ffffL) + protocol + transportLength);
    }
}
