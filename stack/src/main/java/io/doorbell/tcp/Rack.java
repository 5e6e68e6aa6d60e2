package io.doorbell.tcp;

import io.doorbell.wire.Seq;

/**
 * RACK (RFC 8985 section 6): a segment is lost when one that was sent sufficiently later has arrived. Time, not counts,
 * decides, so that retransmissions that are lost again are found as well, and reordering is borne as far as it is seen.
 */
final class Rack {
    private static final int DUPLICATE_THRESHOLD = 3;
    /** RFC 8985 section 6.2 step 4: after this many recoveries without DSACK the window is small again. */
    private static final byte PERSIST_RECOVERIES = 16;
    private static final int MOST_MULTIPLES = 255;
    /** How long a minimum round trip is believed: the path may have become longer. */
    private static final long MIN_RTT_NANOS = 300_000_000_000L;

    private final SegmentTable segments;
    private final Scoreboard scoreboard;
    private final long tickNanos;

    /** @param tickNanos of the timestamp clock */
    Rack(SegmentTable segments, Scoreboard scoreboard, long tickNanos) {
        this.segments = segments;
        this.scoreboard = scoreboard;
        this.tickNanos = tickNanos;
    }

    /** The connection is established: nothing is known of its path. */
    void start(Tcb c) {
        c.reorderMultiple = 1;
        c.minRttNanos = Long.MAX_VALUE;
    }

    /** A flight begins: nothing of it was delivered. */
    void begin(Tcb c) {
        // Before every transmission, also on a clock that shows negative times.
        c.flight.rackSentNanos = Long.MIN_VALUE;
        c.flight.rackEnd = c.sndUna;
        c.flight.fack = c.sndUna;
    }

    /** A round-trip sample, whatever gave it. */
    void sample(Tcb c, long rttNanos, long now) {
        if (rttNanos <= c.minRttNanos || now - c.minRttAtNanos > MIN_RTT_NANOS) {
            c.minRttNanos = Math.max(1, rttNanos);
            c.minRttAtNanos = now;
        }
    }

    /**
     * Steps 1 to 3 of section 6.2: a segment was acknowledged or reported for the first time.
     *
     * @param echoTicks the echoed timestamp less the connection's offset; meaningless if {@code hasEcho} is false
     */
    void delivered(Tcb c, int segment, boolean hasEcho, int echoTicks, long now) {
        long sentAt = segments.sentAtNanos(segment);
        int end = segments.end(segment);
        boolean again = segments.has(segment, SegmentTable.RETRANSMITTED);
        if (Seq.gt(end, c.flight.fack)) {
            c.flight.fack = end;
        } else if (!again && Seq.lt(end, c.flight.fack) && !segments.has(segment, SegmentTable.LATE)) {
            c.reorderingSeen = true;
        }
        long rtt = now - sentAt;
        if (again) {
            // Ambiguous: the ACK may be for the earlier transmission.
            int sentTicks = (int) Math.floorDiv(sentAt, tickNanos);
            if (hasEcho && Seq.lt(echoTicks, sentTicks) || rtt < c.minRttNanos) {
                return;
            }
        }
        if (Scoreboard.sentAfter(sentAt, end, c.flight.rackSentNanos, c.flight.rackEnd)) {
            c.flight.rackSentNanos = sentAt;
            c.flight.rackEnd = end;
            c.flight.rackRttNanos = rtt;
        }
    }

    /** Step 4, the part that adapts to DSACK: the peer received something twice. */
    void duplicateReported(Tcb c) {
        if (!c.flight.reorderRoundOpen || Seq.ge(c.sndUna, c.flight.reorderRoundEnd)) {
            c.flight.reorderRoundOpen = true;
            c.flight.reorderRoundEnd = c.sndNxt;
            c.reorderMultiple = (short) Math.min(MOST_MULTIPLES, c.reorderMultiple + 1);
            c.reorderPersist = PERSIST_RECOVERIES;
        }
    }

    /** A recovery has ended. */
    void recoveryEnded(Tcb c) {
        if (--c.reorderPersist <= 0) {
            c.reorderPersist = 0;
            c.reorderMultiple = 1;
        }
    }

    /** Step 4: how long a segment may be overtaken before it is deemed lost. */
    private static long reorderingWindow(Tcb c) {
        // Behind a hole, reported segments are no sign of a loss, however many.
        boolean manyReported = c.partial == null && c.flight.sackedSegments >= DUPLICATE_THRESHOLD;
        if (!c.reorderingSeen && (c.flight.recovering || c.flight.timedOut || manyReported)) {
            return 0;
        }
        if (c.minRttNanos == Long.MAX_VALUE) {
            return 0;
        }
        return Math.min(c.reorderMultiple * (c.minRttNanos / 4), c.srttNanos);
    }

    /**
     * Step 5: deems segments lost, and notes when the youngest of them was sent.
     *
     * @return how long to wait until this has to be asked again for those that are only overtaken so far; 0 if there
     *         are none
     */
    long detect(Tcb c, long now) {
        long window = reorderingWindow(c);
        long wait = 0;
        int segment = c.flight.firstSent;
        while (segment != Tcb.NONE) {
            int later = segments.later(segment);
            long sentAt = segments.sentAtNanos(segment);
            if (!Scoreboard.sentAfter(c.flight.rackSentNanos, c.flight.rackEnd, sentAt, segments.end(segment))) {
                break;
            }
            long remaining = sentAt + c.flight.rackRttNanos + window - now;
            if (remaining <= 0) {
                scoreboard.markLost(c, segment);
                c.flight.lostSentNanos = Math.max(c.flight.lostSentNanos, sentAt);
            } else {
                wait = Math.max(wait, remaining);
            }
            segment = later;
        }
        return wait;
    }

    /** Section 6.3: on a retransmission timeout the first segment is lost, and those that are as old as it. */
    void detectOnTimeout(Tcb c, long now) {
        long window = reorderingWindow(c);
        int lowest = scoreboard.lowestInNetwork(c);
        int segment = c.flight.firstSent;
        while (segment != Tcb.NONE) {
            int later = segments.later(segment);
            if (segment == lowest || segments.sentAtNanos(segment) + c.flight.rackRttNanos + window <= now) {
                scoreboard.markLost(c, segment);
            }
            segment = later;
        }
    }
}
