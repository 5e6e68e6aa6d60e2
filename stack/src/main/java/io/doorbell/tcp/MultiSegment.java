package io.doorbell.tcp;

import io.doorbell.wire.Bytes;
import io.doorbell.wire.MultiSegmentOption;
import io.doorbell.wire.Seq;
import java.lang.foreign.MemorySegment;

/** What a connection knows of the multi-segment option: the keys of both directions, and whether it gets through. */
final class MultiSegment {
    /** So many parts in a row had to be sent again: something on the path does not let the option through. */
    private static final int LOST_PARTS = 8;
    /** Header ranges of the last such segments; a peer that reports one as a duplicate did not see the option. */
    private static final int REMEMBERED = 8;

    final int nonce;
    private long sendKey;
    private long receiveKey;
    private boolean agreed;
    private boolean stopped;
    private int lostParts;
    private final int[] headerStarts = new int[REMEMBERED];
    private final int[] headerEnds = new int[REMEMBERED];
    private int headers;

    /** @param nonce this side's, as it stands in its SYN */
    MultiSegment(int nonce) {
        this.nonce = nonce;
    }

    /** Both SYNs had the option. */
    void agree(int peerNonce) {
        sendKey = MultiSegmentOption.key(nonce, peerNonce);
        receiveKey = MultiSegmentOption.key(peerNonce, nonce);
        agreed = true;
    }

    boolean isAgreed() {
        return agreed;
    }

    /** Whether to send such segments. */
    boolean sends() {
        return agreed && !stopped;
    }

    /** Sends none any more. What the peer sends is read as before. */
    void stop() {
        stopped = true;
    }

    long sendKey() {
        return sendKey;
    }

    long receiveKey() {
        return receiveKey;
    }

    void sent(int seq, int length) {
        int slot = headers++ % REMEMBERED;
        headerStarts[slot] = seq;
        headerEnds[slot] = seq + length;
    }

    /** Whether the bytes that the peer had twice are those that a segment without its option would have carried. */
    boolean wasHeader(int start, int end) {
        for (int i = 0; i < Math.min(headers, REMEMBERED); i++) {
            if (headerStarts[i] == start && headerEnds[i] == end) {
                return true;
            }
        }
        return false;
    }

    void partArrived() {
        lostParts = 0;
    }

    /** @return whether this was one too many */
    boolean partLost() {
        lostParts++;
        if (lostParts < LOST_PARTS || stopped) {
            return false;
        }
        stopped = true;
        return true;
    }

    /**
     * The parts of one received segment, in the order of the stream; one object for all connections, reused.
     */
    static final class Layout {
        /** A length and a gap take a byte each at least, and 40 bytes of options are all there is. */
        static final int MOST = 16;

        final int[] starts = new int[MOST];
        final int[] lengths = new int[MOST];
        int parts;
        private long at;
        private long end;
        private boolean malformed;

        /**
         * Reads a layout.
         *
         * @param option   its address
         * @param length   bytes of the option, without padding
         * @param seq      SEG.SEQ
         * @param payload  bytes in the segment
         * @return false if it is malformed: parts that touch or overlap, too many or too long, or in sum not the payload
         */
        boolean read(MemorySegment memory, long option, int length, int seq, int payload) {
            at = option + MultiSegmentOption.FIXED_LENGTH;
            end = option + length;
            malformed = false;
            parts = 0;
            int distance = number(memory);
            // Below this the parts would lie among the bytes that the header claims to carry.
            malformed |= distance < payload;
            int total = 0;
            while (!malformed) {
                int size = number(memory);
                if (malformed || size == 0 || parts == MOST || size > payload - total
                        || distance > MultiSegmentOption.FARTHEST - size) {
                    return false;
                }
                starts[parts] = seq + distance;
                lengths[parts] = size;
                parts++;
                total += size;
                distance += size;
                if (at == end) {
                    return total == payload;
                }
                int gap = number(memory);
                malformed |= gap == 0 || gap > MultiSegmentOption.FARTHEST - distance;
                distance += gap;
            }
            return false;
        }

        private int number(MemorySegment memory) {
            int value = 0;
            while (!malformed) {
                if (at >= end || value >>> 23 != 0) {
                    malformed = true;
                    return 0;
                }
                int next = Bytes.u8(memory, at++);
                value = value << 7 | next & 0x7f;
                if (next < 0x80) {
                    return value;
                }
            }
            return 0;
        }

        /** Whether every part lies before {@code edge}, the end of the receive window. */
        boolean isBefore(int edge) {
            return Seq.le(starts[parts - 1] + lengths[parts - 1], edge);
        }
    }
}
