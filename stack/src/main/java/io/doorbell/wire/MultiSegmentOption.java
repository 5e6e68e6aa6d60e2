package io.doorbell.wire;

import java.lang.foreign.MemorySegment;

/**
 * The multi-segment option on the wire: an experimental option (RFC 6994) with an ExID of Doorbell's own. The page
 * {@code docs/multi-segment.md} has the reasoning.
 * <pre>
 *          0      1        2      4        8
 *          +------+--------+------+--------+
 *  SYN     | 253  |   8    | ExID | nonce  |
 *          +------+--------+------+--------+--------+
 *  SYN-ACK | 253  |   12   | ExID | nonce  | proof  |
 *          +------+--------+------+--------+--------+-----------------------------------
 *  data    | 253  | length | ExID | check  | start, length, then gap, length for each further part
 *          +------+--------+------+--------+-----------------------------------
 * </pre>
 * Numbers of the layout have 7 bits in each byte, the high bit set in all but the last, the most significant first.
 */
public final class MultiSegmentOption {
    /** RFC 6994, RFC 4727: for experiments. */
    public static final int KIND = 253;
    /** Not registered with IANA: it names this project's experiment. */
    public static final int EXPERIMENT = 0xdb0e;
    public static final int SYN_LENGTH = 8;
    public static final int SYN_ACK_LENGTH = 12;
    /** Kind, length, ExID and check code: the layout follows. */
    public static final int FIXED_LENGTH = 8;
    /** NOP, which makes it a multiple of four bytes. */
    public static final int PADDING = 1;
    /** Starts are relative to SEG.SEQ: never farther than the largest window and what lies before it. */
    public static final int FARTHEST = 1 << 30;

    private static final int HEAD = KIND << 24 | EXPERIMENT;
    private static final long MULTIPLIER = 0x9e37_79b9_7f4a_7c15L;
    private static final int LONGEST_NUMBER = 5;

    private MultiSegmentOption() {
    }

    /** Where the option is among a segment's options, from its kind on; -1 if it is not there whole. */
    public static int find(byte[] options) {
        int at = 0;
        while (at + 1 < options.length && options[at] != 0) {
            int size = options[at] == 1 ? 1 : options[at + 1] & 0xff;
            if (options[at] != 1 && size < 2 || at + size > options.length) {
                return -1;
            }
            if ((options[at] & 0xff) == KIND && size >= SYN_LENGTH
                    && ((options[at + 2] & 0xff) << 8 | options[at + 3] & 0xff) == EXPERIMENT) {
                return at;
            }
            at += size;
        }
        return -1;
    }

    /** @return bytes written */
    public static int writeSyn(MemorySegment memory, long option, int nonce) {
        Bytes.put32(memory, option, HEAD | SYN_LENGTH << 16);
        Bytes.put32(memory, option + 4, nonce);
        return SYN_LENGTH;
    }

    /**
     * @param peerNonce from the SYN; the answer proves that it was understood, and not only sent back
     * @return bytes written
     */
    public static int writeSynAck(MemorySegment memory, long option, int nonce, int peerNonce) {
        Bytes.put32(memory, option, HEAD | SYN_ACK_LENGTH << 16);
        Bytes.put32(memory, option + 4, nonce);
        Bytes.put32(memory, option + 8, proof(nonce, peerNonce));
        return SYN_ACK_LENGTH;
    }

    /** What a SYN-ACK carries to show that the SYN's nonce was understood. */
    public static int proof(int nonce, int peerNonce) {
        return (int) (key(nonce, peerNonce) >>> 32);
    }

    /** What the check codes of one direction begin with. */
    public static long key(int senderNonce, int receiverNonce) {
        return stir(stir(MULTIPLIER, senderNonce), receiverNonce);
    }

    /** Bytes that a number of the layout takes. */
    public static int numberLength(int value) {
        return value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : value < 1 << 21 ? 3 : value < 1 << 28 ? 4 : LONGEST_NUMBER;
    }

    /** @return the offset behind the number */
    public static long writeNumber(MemorySegment memory, long at, int value) {
        int length = numberLength(value);
        for (int i = 0; i < length; i++) {
            int bits = value >>> 7 * (length - 1 - i) & 0x7f;
            Bytes.put8(memory, at + i, i < length - 1 ? bits | 0x80 : bits);
        }
        return at + length;
    }

    /** Writes what stands before the layout. */
    public static void finish(MemorySegment memory, long option, int length, int check) {
        Bytes.put32(memory, option, HEAD | length << 16);
        Bytes.put32(memory, option + 4, check);
    }

    /**
     * The check code over a segment's place, layout and payload.
     *
     * @param key          of the direction
     * @param relativeSeq  SEG.SEQ less the sender's initial sequence number
     * @param option       its address; {@code length} without padding
     */
    public static int check(long key, int relativeSeq, MemorySegment memory, long option, int length, long payload,
                     int payloadLength) {
        long hash = stir(stir(key, relativeSeq), payloadLength);
        hash = stirBytes(hash, memory, option + FIXED_LENGTH, length - FIXED_LENGTH);
        hash = stirBytes(hash, memory, payload, payloadLength);
        hash ^= hash >>> 32;
        return (int) (hash * MULTIPLIER >>> 32);
    }

    private static long stirBytes(long before, MemorySegment memory, long offset, int length) {
        long hash = before;
        int i = 0;
        for (; i <= length - 8; i += 8) {
            hash = stir(hash, Bytes.u64(memory, offset + i));
        }
        long rest = 1;
        for (; i < length; i++) {
            rest = rest << 8 | Bytes.u8(memory, offset + i);
        }
        return stir(hash, rest);
    }

    private static long stir(long hash, long word) {
        long mixed = (hash ^ word) * MULTIPLIER;
        return mixed ^ mixed >>> 29;
    }
}
