package io.doorbell.tools.fuzz;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/** The multi-segment option by the words of docs/multi-segment.md, without the stack's own code. */
final class SeveralParts {
    static final int KIND = 253;
    static final int EXPERIMENT = 0xdb0e;
    static final int FIXED_LENGTH = 8;
    private static final long MULTIPLIER = 0x9e37_79b9_7f4a_7c15L;
    private static final int FARTHEST = 1 << 30;

    private SeveralParts() {
    }

    /** Where in the payload a part is, and how far behind SEG.SEQ it belongs. */
    record Part(int distance, int payloadOffset, int length) {
    }

    static long key(int sender, int receiver) {
        return stir(stir(MULTIPLIER, sender), receiver);
    }

    static int proof(int sender, int receiver) {
        return (int) (key(sender, receiver) >>> 32);
    }

    /** A SYN's option, or with a nonce of the other side's a SYN-ACK's. */
    static byte[] handshake(int nonce, Integer other) {
        byte[] option = new byte[other == null ? 8 : 12];
        FrameBytes.put32(option, 0, KIND << 24 | option.length << 16 | EXPERIMENT);
        FrameBytes.put32(option, 4, nonce);
        if (other != null) {
            FrameBytes.put32(option, 8, proof(nonce, other));
        }
        return option;
    }

    /** An option with this layout; the check code is not set yet. */
    static byte[] withLayout(byte[] layout) {
        byte[] option = new byte[FIXED_LENGTH + layout.length];
        FrameBytes.put32(option, 0, KIND << 24 | option.length << 16 | EXPERIMENT);
        System.arraycopy(layout, 0, option, FIXED_LENGTH, layout.length);
        return option;
    }

    static void number(ByteArrayOutputStream out, int value) {
        int shift = Math.max(0, 31 - Integer.numberOfLeadingZeros(value)) / 7 * 7;
        for (; shift > 0; shift -= 7) {
            out.write(value >>> shift & 0x7f | 0x80);
        }
        out.write(value & 0x7f);
    }

    /** @param option its offset; {@code length} without padding */
    static int check(long key, int relativeSeq, byte[] frame, int option, int length, int payload, int payloadLength) {
        long hash = stir(stir(key, relativeSeq), payloadLength);
        hash = stir(hash, frame, option + FIXED_LENGTH, length - FIXED_LENGTH);
        hash = stir(hash, frame, payload, payloadLength);
        hash ^= hash >>> 32;
        return (int) (hash * MULTIPLIER >>> 32);
    }

    private static long stir(long hash, long word) {
        long mixed = (hash ^ word) * MULTIPLIER;
        return mixed ^ mixed >>> 29;
    }

    private static long stir(long before, byte[] frame, int from, int length) {
        long hash = before;
        int at = from;
        int end = from + length;
        for (; at + 8 <= end; at += 8) {
            hash = stir(hash, (long) FrameBytes.i32(frame, at) << 32 | FrameBytes.i32(frame, at + 4) & 0xffff_ffffL);
        }
        long rest = 1;
        for (; at < end; at++) {
            rest = rest << 8 | frame[at] & 0xff;
        }
        return stir(hash, rest);
    }

    /** Reads a layout; null if it is malformed. */
    static List<Part> parts(byte[] frame, int layout, int length, int payloadLength) {
        List<Part> parts = new ArrayList<>();
        long[] next = {layout, 0};
        int end = layout + length;
        int total = 0;
        long distance = 0;
        while (next[0] < end) {
            if (!read(frame, end, next) || !parts.isEmpty() && next[1] == 0) {
                return null;
            }
            distance += next[1];
            if (!read(frame, end, next) || next[1] == 0 || next[1] > payloadLength || distance + next[1] > FARTHEST) {
                return null;
            }
            parts.add(new Part((int) distance, total, (int) next[1]));
            distance += next[1];
            total += (int) next[1];
        }
        boolean whole = total == payloadLength && !parts.isEmpty() && parts.getFirst().distance >= payloadLength;
        return whole ? parts : null;
    }

    private static boolean read(byte[] frame, int end, long[] next) {
        next[1] = 0;
        while (next[0] < end && next[1] < FARTHEST) {
            int one = frame[(int) next[0]++];
            next[1] = next[1] << 7 | one & 0x7f;
            if (one >= 0) {
                return true;
            }
        }
        return false;
    }
}
