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

    private Checksum() {
    }

    /** The unfolded sum of {@code length} bytes; an odd last byte is padded with zero (RFC 1071 section 1). */
    public static long sum(MemorySegment memory, long offset, int length) {
        long even = 0;
        long odd = 0;
        int i = 0;
        for (; i <= length - 16; i += 16) {
            long a = Bytes.native64(memory, offset + i);
            long b = Bytes.native64(memory, offset + i + 8);
            even += (a & 0xffff_ffffL) + (a >>> 32);
            odd += (b & 0xffff_ffffL) + (b >>> 32);
        }
        return even + odd + sumTail(memory, offset + i, length - i);
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

    /** Copies {@code length} bytes and returns their sum: the bytes are touched once. */
    public static long copyAndSum(MemorySegment from, long fromOffset, MemorySegment to, long toOffset, int length) {
        long even = 0;
        long odd = 0;
        int i = 0;
        for (; i <= length - 16; i += 16) {
            long a = Bytes.native64(from, fromOffset + i);
            long b = Bytes.native64(from, fromOffset + i + 8);
            Bytes.putNative64(to, toOffset + i, a);
            Bytes.putNative64(to, toOffset + i + 8, b);
            even += (a & 0xffff_ffffL) + (a >>> 32);
            odd += (b & 0xffff_ffffL) + (b >>> 32);
        }
        int rest = length - i;
        for (int k = 0; k < rest; k++) {
            Bytes.put8(to, toOffset + i + k, Bytes.u8(from, fromOffset + i + k));
        }
        return even + odd + sumTail(to, toOffset + i, rest);
    }

    /** Folds a sum to 16 bits, in the machine's byte order, not complemented. */
    public static int fold(long sum) {
        long s = (sum >>> 32) + (sum & 0xffff_ffffL);
        s = (s >>> 16) + (s & 0xffff);
        s = (s >>> 16) + (s & 0xffff);
        s = (s >>> 16) + (s & 0xffff);
        return (int) s;
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

    /** What a big-endian 32-bit {@code value} contributes to a sum in the machine's byte order. */
    public static long words(int value) {
        return (long) word(value >>> 16) + word(value);
    }

    /**
     * What 32-bit words in network byte order contribute to a sum in the machine's byte order. Headers are summed from
     * the values that are written, not from memory: loading what was stored in other sizes just before is slow.
     *
     * @param words the words added as unsigned numbers
     */
    public static int ofNetworkWords(long words) {
        return word(fold(words));
    }

    /** The pseudo-header of RFC 9293 section 3.1 (TCP), RFC 768 (UDP): addresses, protocol, transport length. */
    public static long pseudoHeader(int source, int destination, int protocol, int transportLength) {
        return words(source) + words(destination) + word(protocol) + word(transportLength);
    }
}
