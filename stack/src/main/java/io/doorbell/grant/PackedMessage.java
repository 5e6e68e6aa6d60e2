package io.doorbell.grant;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What an engine needs to complete a message: the bytes that are to leave, known ones and holes, and where in the message
 * they belong. The stack writes it into the frame of the only slot, and reads from there what the engine has completed.
 *
 * <pre>
 *   0               total, rounded up to 8
 *   +---------------+--------+--------+-------+---+----------------+----------------+
 *   | bytes         | length | ranges | holes | 0 | offset, length | offset, length |
 *   +---------------+--------+--------+-------+---+----------------+----------------+
 *     the ranges' one after another                 of each range    of each hole
 * </pre>
 *
 * <p>Ranges leave, and are in the order of the message; none touches another. Each hole lies in one of them.
 */
public final class PackedMessage {
    /** As many holes as a message may have, and no more ranges. */
    public static final int MOST = 33;
    private static final int HEAD_BYTES = 16;
    private static final int PAIR_BYTES = 8;

    final int[] rangeAt = new int[MOST];
    final int[] rangeBytes = new int[MOST];
    final int[] holeAt = new int[MOST];
    final int[] holeBytes = new int[MOST];
    private int length;
    private int ranges;
    private int holes;
    private int total;

    /** Begins one anew. */
    public void clear(int messageLength) {
        length = messageLength;
        ranges = 0;
        holes = 0;
        total = 0;
    }

    /** The next range; one that touches the last becomes part of it. */
    public void range(int offset, int bytes) {
        if (ranges > 0 && rangeAt[ranges - 1] + rangeBytes[ranges - 1] == offset) {
            rangeBytes[ranges - 1] += bytes;
        } else {
            rangeAt[ranges] = offset;
            rangeBytes[ranges] = bytes;
            ranges++;
        }
        total += bytes;
    }

    /** The next hole. */
    public void hole(int offset, int bytes) {
        holeAt[holes] = offset;
        holeBytes[holes] = bytes;
        holes++;
    }

    /** Bytes of the whole message. */
    int length() {
        return length;
    }

    int ranges() {
        return ranges;
    }

    int holes() {
        return holes;
    }

    /** Bytes of all ranges. */
    public int total() {
        return total;
    }

    /** Bytes that it takes in a frame. */
    public int packedBytes() {
        return table(total) + HEAD_BYTES + (ranges + holes) * PAIR_BYTES;
    }

    private static int table(int total) {
        return total + 7 & ~7;
    }

    /** Writes what stands behind the bytes. */
    public void write(MemorySegment memory, long at) {
        long table = at + table(total);
        memory.set(ValueLayout.JAVA_INT, table, length);
        memory.set(ValueLayout.JAVA_INT, table + 4, ranges);
        memory.set(ValueLayout.JAVA_INT, table + 8, holes);
        long pair = table + HEAD_BYTES;
        for (int i = 0; i < ranges; i++, pair += PAIR_BYTES) {
            memory.set(ValueLayout.JAVA_INT, pair, rangeAt[i]);
            memory.set(ValueLayout.JAVA_INT, pair + 4, rangeBytes[i]);
        }
        for (int i = 0; i < holes; i++, pair += PAIR_BYTES) {
            memory.set(ValueLayout.JAVA_INT, pair, holeAt[i]);
            memory.set(ValueLayout.JAVA_INT, pair + 4, holeBytes[i]);
        }
    }

    /**
     * Reads what another has written, and believes nothing.
     *
     * @param bytes of all ranges
     * @throws IllegalArgumentException if it is damaged, with what to do
     */
    void read(MemorySegment memory, long at, int bytes) {
        boolean inside = at >= 0 && bytes > 0 && at <= memory.byteSize() - table(bytes) - HEAD_BYTES;
        int rangeCount = inside ? memory.get(ValueLayout.JAVA_INT, at + table(bytes) + 4) : 0;
        int holeCount = inside ? memory.get(ValueLayout.JAVA_INT, at + table(bytes) + 8) : 0;
        if (rangeCount < 1 || rangeCount > MOST || holeCount < 1 || holeCount > MOST
                || at > memory.byteSize() - table(bytes) - HEAD_BYTES - (long) (rangeCount + holeCount) * PAIR_BYTES) {
            throw damaged();
        }
        clear(memory.get(ValueLayout.JAVA_INT, at + table(bytes)));
        long pair = at + table(bytes) + HEAD_BYTES;
        int end = -1;
        for (int i = 0; i < rangeCount; i++, pair += PAIR_BYTES) {
            int offset = memory.get(ValueLayout.JAVA_INT, pair);
            int size = memory.get(ValueLayout.JAVA_INT, pair + 4);
            if (offset <= end || size < 1 || size > bytes - total || offset > length - size) {
                throw damaged();
            }
            range(offset, size);
            end = offset + size;
        }
        end = 0;
        for (int i = 0; i < holeCount; i++, pair += PAIR_BYTES) {
            int offset = memory.get(ValueLayout.JAVA_INT, pair);
            int size = memory.get(ValueLayout.JAVA_INT, pair + 4);
            if (offset < end || size < 1 || size > length - offset || position(offset, size) < 0) {
                throw damaged();
            }
            hole(offset, size);
            end = offset + size;
        }
        if (total != bytes) {
            throw damaged();
        }
    }

    private static IllegalArgumentException damaged() {
        return new IllegalArgumentException("the message's description is damaged: have its owner grant it again");
    }

    /** Where among the bytes of all ranges a part of the message lies; -1 if it does not lie in one range. */
    int position(int offset, int bytes) {
        int before = 0;
        for (int i = 0; i < ranges; i++) {
            if (offset >= rangeAt[i] && offset - rangeAt[i] <= rangeBytes[i] - bytes) {
                return before + offset - rangeAt[i];
            }
            before += rangeBytes[i];
        }
        return -1;
    }

    /** Whether a part of the message lies in one hole. */
    boolean isHole(int offset, int bytes) {
        for (int i = 0; i < holes; i++) {
            if (offset >= holeAt[i] && offset - holeAt[i] <= holeBytes[i] - bytes) {
                return true;
            }
        }
        return false;
    }
}
