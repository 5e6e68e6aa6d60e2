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
    private final Flights flights;

    Scoreboard(SegmentTable segments, Flights flights) {
        this.segments = segments;
        this.flights = flights;
    }

    /** The connection has ended: nothing of it is in the network that anybody cares for. */
    void clear(Tcb c) {
        flights.giveBack(c);
    }

    /** A segment has just been posted, for the first time or again. */
    void sent(Tcb c, int segment, long nowNanos) {
        if (segments.has(segment, SegmentTable.LOST)) {
            c.flight.lostSegments--;
        } else if (inNetwork(segment)) {
            leave(c, segment);
        }
        segments.sent(segment, nowNanos);
        c.flight.inFlight += segments.length(segment);
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
            c.flight.lostSegments--;
        } else if (segments.has(segment, SegmentTable.SACKED)) {
            c.flight.sackedSegments--;
        } else if (segments.has(segment, SegmentTable.SENT)) {
            leave(c, segment);
        }
    }

    /** The peer has it; it keeps it until it is acknowledged, unless it reneges. */
    void markSacked(Tcb c, int segment) {
        if (segments.has(segment, SegmentTable.LOST)) {
            segments.clear(segment, SegmentTable.LOST);
            c.flight.lostSegments--;
        } else {
            leave(c, segment);
        }
        segments.set(segment, SegmentTable.SACKED);
        c.flight.sackedSegments++;
    }

    /** It has left the network without arriving, and is to be sent again. */
    void markLost(Tcb c, int segment) {
        if (inNetwork(segment)) {
            leave(c, segment);
            segments.set(segment, SegmentTable.LOST);
            c.flight.lostSegments++;
        }
    }

    /** Whether this segment of a send queue was never sent. */
    boolean isHole(int segment) {
        return segment != Tcb.NONE && !segments.has(segment, SegmentTable.SENT);
    }

    boolean isSacked(int segment) {
        return segments.has(segment, SegmentTable.SACKED);
    }

    /** Deems everything that is in the network lost, up to the first hole: of what is behind it nothing is known. */
    void markAllLost(Tcb c) {
        for (int segment = c.sendHead; segment != c.sendUnsent && segments.has(segment, SegmentTable.SENT);
                segment = segments.next(segment)) {
            markLost(c, segment);
        }
    }

    /**
     * Whether an acknowledgement is due, so that its absence tells a loss. Data that was sent past a hole is not
     * acknowledged before the hole is filled; a peer with SACK reports it, another can't.
     */
    boolean awaitsAck(Tcb c) {
        if (c.partial == null) {
            return c.sndNxt != c.sndUna;
        }
        int head = c.sendHead;
        boolean headIsOut = head == Tcb.NONE ? c.sndNxt != c.sndUna : segments.has(head, SegmentTable.SENT);
        return headIsOut || c.sackOk && c.flight != null && (c.flight.inFlight > 0 || c.flight.lostSegments > 0);
    }

    /** RFC 5681 section 2, FlightSize: sent and not acknowledged. What was never sent is not in flight. */
    int flightSize(Tcb c) {
        int size = c.sndNxt - c.sndUna;
        if (c.partial != null) {
            for (int s = c.sendHead; s != c.sendUnsent; s = segments.next(s)) {
                size -= segments.has(s, SegmentTable.SENT) ? 0 : segments.length(s);
            }
        }
        return Math.max(0, size);
    }

    /** Whether everything before {@code seq} that was sent has arrived, as far as the peer can tell. */
    boolean arrivedUpTo(Tcb c, int seq) {
        for (int s = c.sendHead; s != c.sendUnsent && Seq.lt(segments.seq(s), seq); s = segments.next(s)) {
            if (segments.has(s, SegmentTable.SENT) && !segments.has(s, SegmentTable.SACKED)) {
                return false;
            }
            if (!c.sackOk && !segments.has(s, SegmentTable.SENT)) {
                return true;
            }
        }
        return true;
    }

    /**
     * How many segments were sent before the first unacknowledged one although they lie behind it: each may cause a
     * duplicate ACK that says nothing of a loss.
     */
    int sentPast(Tcb c) {
        if (c.partial == null || c.sendHead == Tcb.NONE || !segments.has(c.sendHead, SegmentTable.LATE)) {
            return 0;
        }
        int count = 0;
        for (int s = c.flight.firstSent; s != Tcb.NONE && s != c.sendHead; s = segments.later(s)) {
            count++;
        }
        return count;
    }

    /** The segment with the lowest sequence number that is in the network, {@link Tcb#NONE} if none is. */
    int lowestInNetwork(Tcb c) {
        int segment = c.sendHead;
        while (segment != Tcb.NONE && !inNetwork(segment)) {
            segment = segments.next(segment);
        }
        return segment;
    }

    /**
     * RFC 8985 orders transmissions of the same time by sequence number. One that fills a hole comes after what was
     * sent past it, and its time has to show it.
     */
    void keepOrder(int segment) {
        int earlier = segments.earlier(segment);
        if (earlier != Tcb.NONE && segments.sentAtNanos(earlier) >= segments.sentAtNanos(segment)) {
            segments.sentAtNanos(segment, segments.sentAtNanos(earlier) + 1);
        }
    }

    /** RFC 2018 section 8: what the peer reported it may still have discarded. */
    void forgetSacks(Tcb c) {
        for (int segment = c.sendHead; segment != c.sendUnsent; segment = segments.next(segment)) {
            if (segments.has(segment, SegmentTable.SACKED)) {
                segments.clear(segment, SegmentTable.SACKED);
                segments.set(segment, SegmentTable.LOST);
                c.flight.sackedSegments--;
                c.flight.lostSegments++;
            }
        }
    }

    /** The segments deemed lost, but not sent again yet, were in the network all the time (RFC 4015). */
    void unmarkLost(Tcb c) {
        int before = Tcb.NONE;
        for (int segment = c.sendHead; segment != c.sendUnsent && c.flight.lostSegments > 0; segment = segments.next(segment)) {
            if (segments.has(segment, SegmentTable.LOST)) {
                segments.clear(segment, SegmentTable.LOST);
                c.flight.lostSegments--;
                c.flight.inFlight += segments.length(segment);
                linkBehind(c, segment, before);
                before = segment;
            }
        }
    }

    /** The first lost segment, {@link Tcb#NONE} if there is none. */
    int firstLost(Tcb c) {
        int segment = c.flight.lostSegments > 0 ? c.sendHead : Tcb.NONE;
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
            c.flight.inFlight -= bytes;
        }
    }

    /** A segment was cut in two: the second part has the first's history. */
    void split(Tcb c, int first, int second) {
        segments.inherit(second, first);
        if (segments.has(second, SegmentTable.LOST)) {
            c.flight.lostSegments++;
        } else if (segments.has(second, SegmentTable.SACKED)) {
            c.flight.sackedSegments++;
        } else if (segments.has(second, SegmentTable.SENT)) {
            linkBehind(c, second, first);
        }
    }

    /** Whether the transmission at {@code a} was after the one at {@code b} (RFC 8985 section 5.2). */
    static boolean sentAfter(long aNanos, int aEnd, long bNanos, int bEnd) {
        return aNanos > bNanos || aNanos == bNanos && Seq.gt(aEnd, bEnd);
    }

    private void leave(Tcb c, int segment) {
        c.flight.inFlight -= segments.length(segment);
        int earlier = segments.earlier(segment);
        int later = segments.later(segment);
        if (earlier == Tcb.NONE) {
            c.flight.firstSent = later;
        } else {
            segments.later(earlier, later);
        }
        if (later == Tcb.NONE) {
            c.flight.lastSent = earlier;
        } else {
            segments.earlier(later, earlier);
        }
    }

    private void linkLast(Tcb c, int segment) {
        linkBehind(c, segment, c.flight.lastSent);
    }

    /** Puts a segment behind another in the order of transmission, in front of all if that is {@link Tcb#NONE}. */
    private void linkBehind(Tcb c, int segment, int earlier) {
        int later = earlier == Tcb.NONE ? c.flight.firstSent : segments.later(earlier);
        segments.earlier(segment, earlier);
        segments.later(segment, later);
        if (earlier == Tcb.NONE) {
            c.flight.firstSent = segment;
        } else {
            segments.later(earlier, segment);
        }
        if (later == Tcb.NONE) {
            c.flight.lastSent = segment;
        } else {
            segments.earlier(later, segment);
        }
    }
}
