package io.doorbell.tcp;

/**
 * What is known of every frame that lies in a send space: one record per frame of the pool.
 *
 * <p>A send queue is a chain of these records. An idle connection therefore owns none. A record is eight ints and two
 * longs, in two arrays, all allocated at once: an array costs one bounds check for each access, a memory segment also
 * its liveness, alignment and access, and every message needs some thirty accesses.
 * <pre>
 *  ints   0       1        2      3       4       5     6       7
 *         +-------+--------+------+-------+-------+-----+-------+---------+
 *         |  seq  | length | next | flags | sends | sum | later | earlier |
 *         +-------+--------+------+-------+-------+-----+-------+---------+
 *  longs  0         1
 *         +---------+---------+
 *         | sent at | payload |
 *         +---------+---------+
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
    /** It left after segments with higher sequence numbers: it filled a hole. */
    static final int LATE = 64;
    /** It left together with others, under the multi-segment option. */
    static final int MULTI = 128;

    /** The frame is a user's buffer: it goes back to him, not to the pool. */
    static final int LENT = 256;
    /** The payload lies in a frame of which others have a part, too; the record's own frame is for the headers. */
    static final int SHARED = 512;

    private static final int NEXT = 2;
    private static final int FLAGS = 3;
    private static final int SENDS = 4;
    private static final int SUM = 5;
    private static final int LATER = 6;
    private static final int EARLIER = 7;

    private final int[] ints;
    private final long[] longs;

    SegmentTable(int frames) {
        ints = new int[frames << 3];
        longs = new long[frames << 1];
    }

    private static int at(int segment) {
        return segment << 3;
    }

    private static int sentAt(int segment) {
        return segment << 1;
    }

    private static int payloadAt(int segment) {
        return (segment << 1) + 1;
    }

    int seq(int segment) {
        return ints[at(segment)];
    }

    int length(int segment) {
        return ints[at(segment) + 1];
    }

    /** The sequence number behind the last byte. */
    int end(int segment) {
        return seq(segment) + length(segment);
    }

    int next(int segment) {
        return ints[at(segment) + NEXT];
    }

    boolean has(int segment, int flag) {
        return (ints[at(segment) + FLAGS] & flag) != 0;
    }

    int sends(int segment) {
        return ints[at(segment) + SENDS];
    }

    long sentAtNanos(int segment) {
        return longs[sentAt(segment)];
    }

    long payload(int segment) {
        return longs[payloadAt(segment)];
    }

    int sum(int segment) {
        return ints[at(segment) + SUM];
    }

    int later(int segment) {
        return ints[at(segment) + LATER];
    }

    int earlier(int segment) {
        return ints[at(segment) + EARLIER];
    }

    void later(int segment, int other) {
        ints[at(segment) + LATER] = other;
    }

    void earlier(int segment, int other) {
        ints[at(segment) + EARLIER] = other;
    }

    void create(int segment, int seq, int length, long payload, int flags) {
        int at = at(segment);
        ints[at] = seq;
        ints[at + 1] = length;
        ints[at + NEXT] = Tcb.NONE;
        ints[at + FLAGS] = flags;
        ints[at + SENDS] = 0;
        ints[at + SUM] = 0;
        longs[sentAt(segment)] = 0;
        longs[payloadAt(segment)] = payload;
    }

    void next(int segment, int next) {
        ints[at(segment) + NEXT] = next;
    }

    void set(int segment, int flag) {
        ints[at(segment) + FLAGS] |= flag;
    }

    void clear(int segment, int flag) {
        ints[at(segment) + FLAGS] &= ~flag;
    }

    void length(int segment, int length) {
        ints[at(segment) + 1] = length;
    }

    void seq(int segment, int seq) {
        ints[at(segment)] = seq;
    }

    void payload(int segment, long address) {
        longs[payloadAt(segment)] = address;
    }

    void sum(int segment, int folded) {
        ints[at(segment) + SUM] = folded;
    }

    void sentAtNanos(int segment, long nanos) {
        longs[sentAt(segment)] = nanos;
    }

    void sent(int segment, long nowNanos) {
        int at = at(segment);
        longs[sentAt(segment)] = nowNanos;
        ints[at + SENDS]++;
        int flags = ints[at + FLAGS];
        int again = (flags & SENT) != 0 ? RETRANSMITTED : 0;
        ints[at + FLAGS] = (flags | SENT | again) & ~LOST;
    }

    /** Takes over the history of another record: how often and when it was sent, and whether it is lost. */
    void inherit(int segment, int from) {
        ints[at(segment) + FLAGS] = ints[at(from) + FLAGS];
        ints[at(segment) + SENDS] = ints[at(from) + SENDS];
        longs[sentAt(segment)] = longs[sentAt(from)];
    }
}
