package io.doorbell.tcp;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What is known of every frame that lies in a send space: one 64-byte record, one cache line, per frame of the pool.
 *
 * <p>A send queue is a chain of these records. An idle connection therefore owns none.
 * <pre>
 *  0       4        8      12      14      16        24        32     36      40        44
 *  +-------+--------+------+-------+-------+---------+---------+------+-------+---------+---
 *  |  seq  | length | next | flags | sends | sent at | payload |  sum | later | earlier | spare
 *  +-------+--------+------+-------+-------+---------+---------+------+-------+---------+---
 * </pre>
 * {@code next} chains the queue in the order of sequence numbers; {@code later} and {@code earlier} chain the segments
 * that are in the network in the order of their (last) transmission, which is what RACK looks at.
 *
 * <p>{@code payload} is an address in the link's region and need not lie in the record's own frame; {@code sum} is the
 * payload's folded checksum, kept so that a retransmission sums its header only.
 */
final class SegmentTable {
    /** The content is complete and may leave. */
    static final int READY = 1;
    /** It was sent at least once. */
    static final int SENT = 2;
    /** It is deemed lost and waits to be sent again. */
    static final int LOST = 4;
    /** The user's data ends here: PSH. */
    static final int PUSH = 8;
    /** The peer has reported it in a SACK block. */
    static final int SACKED = 16;
    /** It was sent again at least once. */
    static final int RETRANSMITTED = 32;

    private static final int SHIFT = 6;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    private final MemorySegment records;

    SegmentTable(int frames) {
        records = Arena.ofAuto().allocate((long) frames << SHIFT, 64);
    }

    private static long at(int segment) {
        return (long) segment << SHIFT;
    }

    int seq(int segment) {
        return records.get(INT, at(segment));
    }

    int length(int segment) {
        return records.get(INT, at(segment) + 4);
    }

    /** The sequence number behind the last byte. */
    int end(int segment) {
        return seq(segment) + length(segment);
    }

    int next(int segment) {
        return records.get(INT, at(segment) + 8);
    }

    boolean has(int segment, int flag) {
        return (records.get(SHORT, at(segment) + 12) & flag) != 0;
    }

    int sends(int segment) {
        return records.get(SHORT, at(segment) + 14);
    }

    long sentAtNanos(int segment) {
        return records.get(LONG, at(segment) + 16);
    }

    long payload(int segment) {
        return records.get(LONG, at(segment) + 24);
    }

    int sum(int segment) {
        return records.get(INT, at(segment) + 32);
    }

    int later(int segment) {
        return records.get(INT, at(segment) + 36);
    }

    int earlier(int segment) {
        return records.get(INT, at(segment) + 40);
    }

    void later(int segment, int other) {
        records.set(INT, at(segment) + 36, other);
    }

    void earlier(int segment, int other) {
        records.set(INT, at(segment) + 40, other);
    }

    void create(int segment, int seq, int length, long payload, int flags) {
        long at = at(segment);
        records.set(INT, at, seq);
        records.set(INT, at + 4, length);
        records.set(INT, at + 8, Tcb.NONE);
        records.set(SHORT, at + 12, (short) flags);
        records.set(SHORT, at + 14, (short) 0);
        records.set(LONG, at + 16, 0);
        records.set(LONG, at + 24, payload);
        records.set(INT, at + 32, 0);
    }

    void next(int segment, int next) {
        records.set(INT, at(segment) + 8, next);
    }

    void set(int segment, int flag) {
        long at = at(segment) + 12;
        records.set(SHORT, at, (short) (records.get(SHORT, at) | flag));
    }

    void clear(int segment, int flag) {
        long at = at(segment) + 12;
        records.set(SHORT, at, (short) (records.get(SHORT, at) & ~flag));
    }

    void length(int segment, int length) {
        records.set(INT, at(segment) + 4, length);
    }

    void seq(int segment, int seq) {
        records.set(INT, at(segment), seq);
    }

    void payload(int segment, long address) {
        records.set(LONG, at(segment) + 24, address);
    }

    void sum(int segment, int folded) {
        records.set(INT, at(segment) + 32, folded);
    }

    void sent(int segment, long nowNanos) {
        long at = at(segment);
        records.set(LONG, at + 16, nowNanos);
        records.set(SHORT, at + 14, (short) Math.min(records.get(SHORT, at + 14) + 1, Short.MAX_VALUE));
        int flags = records.get(SHORT, at + 12);
        int again = (flags & SENT) != 0 ? RETRANSMITTED : 0;
        records.set(SHORT, at + 12, (short) ((flags | SENT | again) & ~LOST));
    }

    /** Takes over the history of another record: how often and when it was sent, and whether it is lost. */
    void inherit(int segment, int from) {
        records.set(SHORT, at(segment) + 12, records.get(SHORT, at(from) + 12));
        records.set(SHORT, at(segment) + 14, records.get(SHORT, at(from) + 14));
        records.set(LONG, at(segment) + 16, records.get(LONG, at(from) + 16));
    }
}
