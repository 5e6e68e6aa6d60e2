package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.wire.Seq;

/**
 * Which bytes are lost, and what follows from it: RACK (RFC 8985) where the peer sends SACK, duplicate ACKs and NewReno
 * (RFC 5681, RFC 6582) where it doesn't; the retransmission timeout; and the way back if a recovery turns out to have
 * been a mistake (RFC 3522 with timestamps, RFC 2883 with DSACK, RFC 5682 with SACK).
 */
final class LossRecovery {
    private static final int DUPLICATE_THRESHOLD = 3;

    private final Scoreboard scoreboard;
    private final Rack rack;
    private final TcpConfig config;
    private final Counters counters;

    LossRecovery(Scoreboard scoreboard, Rack rack, TcpConfig config, Counters counters) {
        this.scoreboard = scoreboard;
        this.rack = rack;
        this.config = config;
        this.counters = counters;
    }

    /** The connection is established: RFC 6928, and one segment if the SYN was lost (RFC 5681 section 3.1). */
    void start(Tcb c, boolean synWasLost) {
        c.recover = c.iss;
        c.retransmitEnd = c.iss;
        c.cwnd = synWasLost ? c.mss : CongestionWindow.initial(c, config.initialWindowSegments());
        c.ssthresh = Integer.MAX_VALUE;
        rack.start(c);
        c.congestion().start(c);
    }

    /** RFC 5681 section 4.1: a window that was not used for one RTO says nothing of the path any more. */
    void restartAfterIdle(Tcb c) {
        if (!config.slowStartAfterIdle()) {
            return;
        }
        c.cwnd = Math.min(c.cwnd, CongestionWindow.initial(c, config.initialWindowSegments()));
        c.congestion().start(c);
    }

    /**
     * Bytes believed to be in the network now: what the congestion window limits. Without SACK each duplicate ACK
     * tells that one segment has left, whichever it was; this is RFC 5681's inflation of the window, seen from the
     * other side.
     */
    int outstanding(Tcb c) {
        if (c.sackOk) {
            return c.inFlight;
        }
        return (int) Math.max(0, c.inFlight - (long) c.duplicateAcks * c.mss);
    }

    /**
     * An ACK that is not older than SND.UNA was taken in.
     *
     * @param bytes          how far SND.UNA moved
     * @param duplicateAck   whether it is a duplicate ACK by RFC 5681 section 2
     * @param inFlightBefore bytes in flight before it
     */
    void acknowledged(Tcb c, SackInput ack, int bytes, boolean duplicateAck, int inFlightBefore, long now) {
        if (ack.duplicate) {
            rack.duplicateReported(c);
            duplicateUndoes(c);
        }
        if (isSpurious(c, ack, bytes)) {
            undo(c);
        }
        TailLossProbe.acknowledged(c, ack, duplicateAck, this);
        if (c.sackOk) {
            withSack(c, ack, bytes, inFlightBefore, now);
        } else if (bytes > 0) {
            withoutSack(c, ack, bytes, inFlightBefore, now);
        } else if (duplicateAck) {
            duplicateAck(c);
        }
        if (bytes > 0 && !c.recovering && !c.timedOut) {
            // Follows SND.UNA, so that it is never so old that the comparison of sequence numbers wraps.
            c.recover = Seq.max(c.recover, c.sndUna - 1);
        }
        c.retransmitEnd = Seq.max(c.retransmitEnd, c.sndUna);
    }

    private void withSack(Tcb c, SackInput ack, int bytes, int inFlightBefore, long now) {
        int lostBefore = c.lostSegments;
        if (bytes > 0 || ack.delivered > 0) {
            detect(c, now);
        }
        boolean ended = (c.recovering || c.timedOut) && reachedRecover(c);
        if (ended) {
            endRecovery(c);
        }
        if (c.recovering) {
            ProportionalRate.acknowledged(c, ack.delivered, bytes > 0 && c.lostSegments <= lostBefore);
        } else if (bytes > 0 && !ended) {
            grow(c, bytes, inFlightBefore, now);
        }
    }

    /** Whether all that was sent before {@code seq} has arrived, holes left out. */
    boolean arrivedUpTo(Tcb c, int seq) {
        return scoreboard.arrivedUpTo(c, seq);
    }

    /** A hole keeps SND.UNA from getting there; a recovery is over when all that was out has arrived. */
    private boolean reachedRecover(Tcb c) {
        return Seq.ge(c.sndUna, c.recover) || c.partial != null && scoreboard.arrivedUpTo(c, c.recover);
    }

    /** Asks RACK what is lost by now; begins a recovery if something is. */
    void detect(Tcb c, long now) {
        long wait = rack.detect(c, now);
        c.earlyDeadline = wait > 0 ? now + wait : Tcb.NO_DEADLINE;
        c.earlyIsProbe = false;
        if (c.lostSegments > 0 && !c.recovering && !c.timedOut) {
            beginRecovery(c);
            ProportionalRate.acknowledged(c, 0, false);
        }
    }

    private void grow(Tcb c, int bytes, int inFlightBefore, long now) {
        if (CongestionWindow.wasUsed(c, inFlightBefore) && !CongestionNotification.forbidsGrowth(c)) {
            c.congestion().acknowledged(c, bytes, now);
        }
    }

    private void beginRecovery(Tcb c) {
        remember(c);
        c.recovering = true;
        c.partialAckSeen = false;
        c.recover = c.sndNxt;
        lowerThreshold(c);
        c.cwnd = c.ssthresh;
        ProportionalRate.start(c, scoreboard.flightSize(c));
        counters.increment(Counter.TCP_FAST_RETRANSMITS);
    }

    /** For a loss, unless the window was reduced already for what the same window of data ran into. */
    private void lowerThreshold(Tcb c) {
        if (!CongestionNotification.alreadyReduced(c)) {
            c.congestion().congested(c, scoreboard.flightSize(c));
        }
        CongestionNotification.reducedForLoss(c);
    }

    /**
     * RFC 3168 section 6.1.2: the peer says that data of ours was marked; the answer is that to a loss, but nothing is
     * sent again. Once for each window of data, losses included.
     */
    void congestionEchoed(Tcb c) {
        // The network confirms that there was congestion: a reduction that a loss caused was right in any case.
        c.undoPossible = false;
        if (c.recovering || c.timedOut || CongestionNotification.alreadyReduced(c)) {
            return;
        }
        counters.increment(Counter.TCP_ECN_REDUCTIONS);
        c.congestion().congested(c, scoreboard.flightSize(c));
        c.cwnd = Math.min(c.cwnd, c.ssthresh);
        CongestionNotification.reduced(c);
    }

    private void endRecovery(Tcb c) {
        if (c.recovering) {
            // RFC 6582 section 3.2 step 3, full acknowledgment, option 1: no burst when little is out.
            c.cwnd = c.sackOk ? c.ssthresh : Math.min(c.ssthresh, Math.max(scoreboard.flightSize(c), c.mss) + c.mss);
        }
        c.recovering = false;
        c.timedOut = false;
        c.duplicateAcks = 0;
        c.undoPossible = false;
        rack.recoveryEnded(c);
    }

    private void duplicateAck(Tcb c) {
        if (c.timedOut) {
            return;
        }
        c.duplicateAcks++;
        if (c.partial != null && scoreboard.isHole(c.sendHead)) {
            // What it acknowledges was sent past the hole that it complains of.
            return;
        }
        // RFC 6582 section 3.2 step 2: not again for losses of a window that recovery has dealt with.
        if (!c.recovering && c.duplicateAcks == DUPLICATE_THRESHOLD + scoreboard.sentPast(c)
                && Seq.gt(c.sndUna, c.recover)) {
            beginRecovery(c);
            loseHead(c);
        }
    }

    private void withoutSack(Tcb c, SackInput ack, int bytes, int inFlightBefore, long now) {
        if (!c.recovering) {
            c.duplicateAcks = 0;
            if (c.timedOut && reachedRecover(c)) {
                endRecovery(c);
            } else {
                grow(c, bytes, inFlightBefore, now);
            }
        } else if (Seq.ge(c.sndUna, c.recover)) {
            endRecovery(c);
        } else {
            // RFC 6582 section 3.2 step 3, partial acknowledgment: the next unacknowledged segment is lost too.
            c.duplicateAcks = Math.max(0, c.duplicateAcks - Math.max(0, ack.whole - 1));
            loseHead(c);
        }
    }

    private void loseHead(Tcb c) {
        if (c.sendHead != Tcb.NONE) {
            scoreboard.markLost(c, c.sendHead);
        } else if (c.finSent) {
            c.finLost = true;
        }
    }

    /** RFC 6298 section 5.4 to 5.6, RFC 5681 section 3.1 and RFC 8985 section 6.3: the timer has expired. */
    void timeout(Tcb c, long now) {
        counters.increment(Counter.TCP_TIMEOUTS);
        if (!c.timedOut) {
            remember(c);
            // RFC 5681 section 3.1: the threshold is lowered once, not by each timeout of the same segment.
            lowerThreshold(c);
        }
        c.cwnd = c.mss;
        c.recovering = false;
        c.timedOut = true;
        c.duplicateAcks = 0;
        c.recover = c.sndNxt;
        c.tailProbe = false;
        c.earlyDeadline = Tcb.NO_DEADLINE;
        if (c.sackOk) {
            if (c.sendHead != Tcb.NONE && c.sackedSegments > 0 && scoreboard.isSacked(c.sendHead)) {
                scoreboard.forgetSacks(c);
            }
            rack.detectOnTimeout(c, now);
        } else {
            scoreboard.markAllLost(c);
        }
        if (c.finSent) {
            c.finLost = true;
        }
    }

    /** Keeps what {@link #undo} needs. */
    private void remember(Tcb c) {
        c.undoPossible = true;
        c.undoCwnd = c.cwnd;
        c.undoSsthresh = c.ssthresh;
        c.undoRetransmissions = 0;
    }

    /** A lost segment was sent again. */
    void retransmitted(Tcb c, int end, int bytes, int clockTicks) {
        noteRetransmission(c, end, clockTicks);
        if (c.undoPossible) {
            c.undoRetransmissions++;
        }
        sent(c, bytes);
    }

    /**
     * Remembers the time of the earliest retransmission that may still be on its way, whichever recovery it belongs to:
     * an echo of one that an earlier recovery sent does not tell that the original has arrived.
     */
    void noteRetransmission(Tcb c, int end, int clockTicks) {
        if (Seq.ge(c.sndUna, c.retransmitEnd)) {
            c.firstRetransmitTicks = clockTicks;
        }
        c.retransmitEnd = Seq.max(c.retransmitEnd, end);
    }

    /** Bytes were sent, for the first time or again. */
    void sent(Tcb c, int bytes) {
        if (c.recovering) {
            c.prrOut += bytes;
        }
    }

    /** RFC 3708: when every retransmission of a recovery turns out to have been a duplicate, nothing was lost. */
    private void duplicateUndoes(Tcb c) {
        if (c.undoPossible && c.undoRetransmissions > 0 && --c.undoRetransmissions == 0) {
            undo(c);
        }
    }

    private static boolean isSpurious(Tcb c, SackInput ack, int bytes) {
        if (!c.undoPossible || c.undoRetransmissions == 0 || bytes == 0 && ack.delivered == 0) {
            return false;
        }
        if (c.partial != null) {
            // What fills a hole is original, late, and says nothing of what was retransmitted beside it.
            return false;
        }
        if (ack.hasEcho) {
            // RFC 3522: the first ACK of new data tells, by the timestamp it echoes, which transmission arrived.
            return bytes > 0 && Seq.lt(ack.echoTicks, c.firstRetransmitTicks);
        }
        // RFC 5682 section 3: after a timeout, something arrived that was sent before it and never again.
        return c.sackOk && c.timedOut && ack.originalDelivered;
    }

    private void undo(Tcb c) {
        counters.increment(Counter.TCP_SPURIOUS_RECOVERIES);
        c.cwnd = Math.max(c.cwnd, c.undoCwnd);
        c.ssthresh = Math.max(c.ssthresh, c.undoSsthresh);
        c.congestion().undo(c);
        scoreboard.unmarkLost(c);
        c.finLost = false;
        c.recovering = false;
        c.timedOut = false;
        c.duplicateAcks = 0;
        c.undoPossible = false;
    }

    /** A tail loss probe repaired a loss that nothing else would have shown (RFC 8985 section 7.4.2). */
    void probeRepaired(Tcb c) {
        if (!c.recovering && !c.timedOut) {
            lowerThreshold(c);
            c.cwnd = Math.min(c.cwnd, c.ssthresh);
        }
    }
}
