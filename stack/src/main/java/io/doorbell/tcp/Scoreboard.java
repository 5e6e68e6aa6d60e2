package io.doorbell.tcp;

import io.doorbell.wire.Seq;

/**
 * What is known of each segment that was sent: in the network, reported by SACK (RFC 2018), or deemed lost; and the
 * counts that follow from it. Segments in the network are also chained in the order of their transmission.
 *
 * <p>It holds, for every connection: {@code inFlight} is the sum of the lengths of the segments in that chain;
 * {@code lostSegments} and {@code sackedSegments} count the other two kinds.
 */
final class Scoreboard {
    private final SegmentTable segments;

    Scoreboard(SegmentTable segments) {
        this.segments = segments;
    }

    /** A segment has just been posted, for the first time or again. */
    void sent(Tcb c, int segment, long nowNanos) {
        if (segments.has(segment, SegmentTable.LOST)) {
            c.lostSegments--;
        } else if (inNetwork(segment)) {
            leave(c, segment);
        }
        segments.sent(segment, nowNanos);
        c.inFlight += segments.length(segment);
        linkLast(c, segment);
    }

    /** Whether it was sent and has neither been reported nor deemed lost. */
    boolean inNetwork(int segment) {
        return segments.has(segment, SegmentTable.SENT)
                && !segments.has(segment, SegmentTable.LOST | SegmentTable.SACKED);
    }

    /** The segment is about to be forgotten: it was acknowledged, or the connection ends. */
    void forget(Tcb c, int segment) {
        if (segments.has(segment, SegmentTable.LOST)) {
            c.lostSegments--;
        } else if (segments.has(segment, SegmentTable.SACKED)) {
            c.sackedSegments--;
        } else if (segments.has(segment, SegmentTable.SENT)) {
            leave(c, segment);
        }
    }

    /** The peer has it; it keeps it until it is acknowledged, unless it reneges. */
    void markSacked(Tcb c, int segment) {
        if (segments.has(segment, SegmentTable.LOST)) {
            segments.clear(segment, SegmentTable.LOST);
            c.lostSegments--;
        } else {
            leave(c, segment);
        }
        segments.set(segment, SegmentTable.SACKED);
        c.sackedSegments++;
    }

    /** It has left the network without arriving, and is to be sent again. */
    void markLost(Tcb c, int segment) {
        if (inNetwork(segment)) {
            leave(c, segment);
            segments.set(segment, SegmentTable.LOST);
            c.lostSegments++;
        }
    }

    boolean isSacked(int segment) {
        return segments.has(segment, SegmentTable.SACKED);
    }

    /** Deems everything that is in the network lost. */
    void markAllLost(Tcb c) {
        for (int segment = c.sendHead; segment != c.sendUnsent; segment = segments.next(segment)) {
            markLost(c, segment);
        }
    }

    /** RFC 2018 section 8: what the peer reported it may still have discarded. */
    void forgetSacks(Tcb c) {
        for (int segment = c.sendHead; segment != c.sendUnsent; segment = segments.next(segment)) {
            if (segments.has(segment, SegmentTable.SACKED)) {
                segments.clear(segment, SegmentTable.SACKED);
                segments.set(segment, SegmentTable.LOST);
                c.sackedSegments--;
                c.lostSegments++;
            }
        }
    }

    /** The segments deemed lost, but not sent again yet, were in the network all the time (RFC 4015). */
    void unmarkLost(Tcb c) {
        int before = Tcb.NONE;
        for (int segment = c.sendHead; segment != c.sendUnsent && c.lostSegments > 0; segment = segments.next(segment)) {
            if (segments.has(segment, SegmentTable.LOST)) {
                segments.clear(segment, SegmentTable.LOST);
                c.lostSegments--;
                c.inFlight += segments.length(segment);
                linkBehind(c, segment, before);
                before = segment;
            }
        }
    }

    /** The first lost segment, {@link Tcb#NONE} if there is none. */
    int firstLost(Tcb c) {
        int segment = c.lostSegments > 0 ? c.sendHead : Tcb.NONE;
        while (segment != Tcb.NONE && !segments.has(segment, SegmentTable.LOST)) {
            segment = segments.next(segment);
        }
        return segment;
    }

    /** The segment with the highest sequence number that is in the network, {@link Tcb#NONE} if none is. */
    int highestInNetwork(Tcb c) {
        int highest = Tcb.NONE;
        for (int segment = c.sendHead; segment != c.sendUnsent; segment = segments.next(segment)) {
            if (inNetwork(segment)) {
                highest = segment;
            }
        }
        return highest;
    }

    /** The first bytes of a segment in the network were acknowledged. */
    void shortened(Tcb c, int segment, int bytes) {
        if (inNetwork(segment)) {
            c.inFlight -= bytes;
        }
    }

    /** A segment was cut in two: the second part has the first's history. */
    void split(Tcb c, int first, int second) {
        segments.inherit(second, first);
        if (segments.has(second, SegmentTable.LOST)) {
            c.lostSegments++;
        } else if (segments.has(second, SegmentTable.SACKED)) {
            c.sackedSegments++;
        } else if (segments.has(second, SegmentTable.SENT)) {
            linkBehind(c, second, first);
        }
    }

    /** Whether the transmission at {@code a} was after the one at {@code b} (RFC 8985 section 5.2). */
    static boolean sentAfter(long aNanos, int aEnd, long bNanos, int bEnd) {
        return aNanos > bNanos || aNanos == bNanos && Seq.gt(aEnd, bEnd);
    }

    private void leave(Tcb c, int segment) {
        c.inFlight -= segments.length(segment);
        int earlier = segments.earlier(segment);
        int later = segments.later(segment);
        if (earlier == Tcb.NONE) {
            c.firstSent = later;
        } else {
            segments.later(earlier, later);
        }
        if (later == Tcb.NONE) {
            c.lastSent = earlier;
        } else {
            segments.earlier(later, earlier);
        }
    }

    private void linkLast(Tcb c, int segment) {
        linkBehind(c, segment, c.lastSent);
    }

    /** Puts a segment behind another in the order of transmission, in front of all if that is {@link Tcb#NONE}. */
    private void linkBehind(Tcb c, int segment, int earlier) {
        int later = earlier == Tcb.NONE ? c.firstSent : segments.later(earlier);
        segments.earlier(segment, earlier);
        segments.later(segment, later);
        if (earlier == Tcb.NONE) {
            c.firstSent = segment;
        } else {
            segments.later(earlier, segment);
        }
        if (later == Tcb.NONE) {
            c.lastSent = segment;
        } else {
            segments.earlier(later, segment);
        }
    }
}
