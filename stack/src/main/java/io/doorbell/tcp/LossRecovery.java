package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.wire.Seq;

/**
 * Which bytes are lost: fast retransmit and NewReno (RFC 5681 section 3.2, RFC 6582), and the retransmission timeout.
 *
 * <p>Each duplicate ACK tells that one segment has left the network. Instead of inflating the congestion window, the
 * estimate of what is still out is lowered: {@link #outstanding}. The two are the same arithmetic, and this form
 * serves a scoreboard as well.
 */
final class LossRecovery {
    private static final int DUPLICATE_THRESHOLD = 3;

    private final SendSpace sendSpace;
    private final SegmentTable segments;
    private final CongestionControl congestion;
    private final Counters counters;

    LossRecovery(SendSpace sendSpace, SegmentTable segments, CongestionControl congestion, Counters counters) {
        this.sendSpace = sendSpace;
        this.segments = segments;
        this.congestion = congestion;
        this.counters = counters;
    }

    /** Bytes believed to be in the network now: what the congestion window limits. */
    int outstanding(Tcb c) {
        long left = (long) c.duplicateAcks * c.mss;
        return (int) Math.max(0, c.inFlight - left);
    }

    /** RFC 5681 section 2, FlightSize: sent and not acknowledged. */
    private static int flightSize(Tcb c) {
        return c.sndNxt - c.sndUna;
    }

    /** A duplicate ACK by the definition of RFC 5681 section 2. */
    void duplicateAck(Tcb c) {
        if (c.timedOut) {
            return;
        }
        c.duplicateAcks++;
        // RFC 6582 section 3.2 step 2: not again for losses of a window that recovery has dealt with.
        if (c.recovering || c.duplicateAcks != DUPLICATE_THRESHOLD || Seq.le(c.sndUna, c.recover)) {
            return;
        }
        c.recovering = true;
        c.partialAckSeen = false;
        c.recover = c.sndNxt;
        congestion.enterRecovery(c, flightSize(c));
        counters.increment(Counter.TCP_FAST_RETRANSMITS);
        loseHead(c);
    }

    private void loseHead(Tcb c) {
        if (c.sendHead != Tcb.NONE) {
            sendSpace.markLost(c, c.sendHead);
        } else if (c.finSent) {
            c.finLost = true;
        }
    }

    /**
     * SND.UNA moved; the queue is trimmed already.
     *
     * @param bytes          how far it moved
     * @param whole          segments that it acknowledged in whole
     * @param inFlightBefore bytes in flight before
     */
    void newAck(Tcb c, int bytes, int whole, int inFlightBefore) {
        if (c.recovering) {
            if (Seq.ge(c.sndUna, c.recover)) {
                c.recovering = false;
                c.duplicateAcks = 0;
                congestion.exitRecovery(c, flightSize(c));
            } else {
                // RFC 6582 section 3.2 step 3, partial acknowledgment: the next unacknowledged segment is lost too.
                c.duplicateAcks = Math.max(0, c.duplicateAcks - Math.max(0, whole - 1));
                loseHead(c);
            }
            return;
        }
        c.duplicateAcks = 0;
        if (c.timedOut && Seq.ge(c.sndUna, c.recover)) {
            c.timedOut = false;
        }
        if (!c.timedOut) {
            // Follows SND.UNA, so that it is never so old that the comparison of sequence numbers wraps.
            c.recover = Seq.max(c.recover, c.sndUna - 1);
        }
        congestion.acknowledged(c, bytes, inFlightBefore);
    }

    /** RFC 6298 section 5.4 to 5.6 and RFC 5681 section 3.1: the timer has expired. */
    void timeout(Tcb c) {
        counters.increment(Counter.TCP_TIMEOUTS);
        boolean again = c.timedOut && c.retries > 1;
        congestion.timedOut(c, flightSize(c), again);
        c.recovering = false;
        c.timedOut = true;
        c.duplicateAcks = 0;
        c.recover = c.sndNxt;
        sendSpace.markAllLost(c);
        if (c.finSent) {
            c.finLost = true;
        }
    }

    /** Whether the segment at the head was sent once only: its ACK is a sample of the round trip (Karn's algorithm). */
    long sampleSentAt(Tcb c, int ack) {
        long sentAt = Tcb.NO_DEADLINE;
        int segment = c.sendHead;
        while (segment != Tcb.NONE && Seq.le(segments.end(segment), ack)) {
            if (segments.sends(segment) != 1) {
                return Tcb.NO_DEADLINE;
            }
            sentAt = segments.sentAtNanos(segment);
            segment = segments.next(segment);
        }
        return sentAt;
    }
}
