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
    private final Flights flights;
    private final TcpConfig config;
    private final Counters counters;

    LossRecovery(Scoreboard scoreboard, Rack rack, Flights flights, TcpConfig config, Counters counters) {
        this.scoreboard = scoreboard;
        this.rack = rack;
        this.flights = flights;
        this.config = config;
        this.counters = counters;
    }

    /** The connection is established: RFC 6928, and one segment if the SYN was lost (RFC 5681 section 3.1). */
    void start(Tcb c, boolean synWasLost) {
        c.cwnd = synWasLost ? c.mss : CongestionWindow.initial(c, config.initialWindowSegments());
        c.ssthresh = Integer.MAX_VALUE;
        rack.start(c);
    }

    /** Sequence space leaves: from now on the connection has something out, and needs a flight. */
    void takeOff(Tcb c) {
        if (c.flight != null) {
            return;
        }
        c.flight = flights.take();
        c.flight.recover = c.sndUna - 1;
        c.flight.retransmitEnd = c.sndUna;
        rack.begin(c);
        c.congestion().start(c);
    }

    /**
     * RFC 5681 section 4.1: a window that was not used for one RTO says nothing of the path any more. If nothing
     * is out the flight is given back; a tail loss probe that nobody has answered by now is forgotten with it. What was
     * sent past a hole and reported keeps its flight.
     */
    void rest(Tcb c) {
        if (config.slowStartAfterIdle()) {
            c.cwnd = Math.min(c.cwnd, CongestionWindow.initial(c, config.initialWindowSegments()));
        }
        if (c.sndNxt == c.sndUna) {
            flights.giveBack(c);
        } else if (config.slowStartAfterIdle()) {
            c.congestion().start(c);
        }
    }

    /**
     * Bytes believed to be in the network now: what the congestion window limits. Without SACK each duplicate ACK
     * tells that one segment has left, whichever it was; this is RFC 5681's inflation of the window, seen from the
     * other side.
     */
    int outstanding(Tcb c) {
        if (c.flight == null) {
            return 0;
        }
        if (c.sackOk) {
            return c.flight.inFlight;
        }
        return (int) Math.max(0, c.flight.inFlight - (long) c.flight.duplicateAcks * c.mss);
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
            if (Seq.gt(ack.duplicateEnd, c.flight.undoFrom)) {
                duplicateUndoes(c);
            }
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
        if (bytes > 0 && !c.flight.recovering && !c.flight.timedOut) {
            // Follows SND.UNA, so that it is never so old that the comparison of sequence numbers wraps.
            c.flight.recover = Seq.max(c.flight.recover, c.sndUna - 1);
        }
        c.flight.retransmitEnd = Seq.max(c.flight.retransmitEnd, c.sndUna);
    }

    private void withSack(Tcb c, SackInput ack, int bytes, int inFlightBefore, long now) {
        int lostBefore = c.flight.lostSegments;
        if (bytes > 0 || ack.delivered > 0) {
            detect(c, now);
        }
        boolean ended = (c.flight.recovering || c.flight.timedOut) && reachedRecover(c);
        if (ended) {
            endRecovery(c);
        }
        if (c.flight.recovering) {
            ProportionalRate.acknowledged(c, ack.delivered, bytes > 0 && c.flight.lostSegments <= lostBefore);
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
        return Seq.ge(c.sndUna, c.flight.recover) || c.partial != null && scoreboard.arrivedUpTo(c, c.flight.recover);
    }

    /** Asks RACK what is lost by now; begins a recovery if something is. */
    void detect(Tcb c, long now) {
        long wait = rack.detect(c, now);
        c.flight.earlyDeadline = wait > 0 ? now + wait : Tcb.NO_DEADLINE;
        c.flight.earlyIsProbe = false;
        if (c.flight.lostSegments == 0) {
            return;
        }
        if (!c.flight.recovering && !c.flight.timedOut) {
            beginRecovery(c);
        } else if (c.flight.lostSentNanos >= c.flight.loweredNanos) {
            lowerAgain(c);
        } else {
            return;
        }
        c.flight.loweredNanos = now;
        c.flight.lostSentNanos = Long.MIN_VALUE;
        ProportionalRate.acknowledged(c, 0, false);
    }

    /**
     * RFC 5681 section 4.3: what was sent after the window was lowered is lost too, a retransmission or data of the next
     * window. That is a second indication of congestion, and the window has to be lowered a second time.
     */
    private void lowerAgain(Tcb c) {
        if (c.flight.recovering) {
            // What PRR lets out for the moment is not the window.
            c.cwnd = c.ssthresh;
        }
        if (!c.flight.undoPossible) {
            remember(c);
        }
        enterRecovery(c);
    }

    private void grow(Tcb c, int bytes, int inFlightBefore, long now) {
        if (CongestionWindow.wasUsed(c, inFlightBefore) && !CongestionNotification.forbidsGrowth(c)) {
            c.congestion().acknowledged(c, bytes, now);
        }
    }

    private void beginRecovery(Tcb c) {
        remember(c);
        c.flight.partialAckSeen = false;
        enterRecovery(c);
        counters.increment(Counter.TCP_FAST_RETRANSMITS);
    }

    private void enterRecovery(Tcb c) {
        c.flight.recovering = true;
        c.flight.timedOut = false;
        c.flight.recover = c.sndNxt;
        lowerThreshold(c);
        c.cwnd = c.ssthresh;
        ProportionalRate.start(c, scoreboard.flightSize(c));
    }

    /**
     * For a loss, unless the window was reduced already for what the same window of data ran into. RFC 5681 section 3.2
     * step 2: what limited transmit sent beyond the window, while it was not clear that something is lost, must not
     * count; the more so as RACK may wait up to a round trip for what is late.
     */
    private void lowerThreshold(Tcb c) {
        if (!CongestionNotification.alreadyReduced(c)) {
            c.congestion().congested(c, Math.min(c.cwnd, scoreboard.flightSize(c)));
        }
        CongestionNotification.reducedForLoss(c);
    }

    /**
     * RFC 3168 section 6.1.2: the peer says that data of ours was marked; the answer is that to a loss, but nothing is
     * sent again. Once for each window of data, losses included.
     */
    void congestionEchoed(Tcb c) {
        // The network confirms that there was congestion: a reduction that a loss caused was right in any case.
        c.flight.undoPossible = false;
        if (c.flight.recovering || c.flight.timedOut || CongestionNotification.alreadyReduced(c)) {
            return;
        }
        counters.increment(Counter.TCP_ECN_REDUCTIONS);
        c.congestion().congested(c, scoreboard.flightSize(c));
        c.cwnd = Math.min(c.cwnd, c.ssthresh);
        CongestionNotification.reduced(c);
    }

    private void endRecovery(Tcb c) {
        if (c.flight.recovering) {
            // RFC 6582 section 3.2 step 3, full acknowledgment, option 1: no burst when little is out.
            c.cwnd = c.sackOk ? c.ssthresh : Math.min(c.ssthresh, Math.max(scoreboard.flightSize(c), c.mss) + c.mss);
        }
        c.flight.recovering = false;
        c.flight.timedOut = false;
        c.flight.duplicateAcks = 0;
        c.flight.undoPossible = false;
        rack.recoveryEnded(c);
    }

    private void duplicateAck(Tcb c) {
        if (c.flight.timedOut) {
            return;
        }
        c.flight.duplicateAcks++;
        if (c.partial != null && scoreboard.isHole(c.sendHead)) {
            // What it acknowledges was sent past the hole that it complains of.
            return;
        }
        // RFC 6582 section 3.2 step 2: not again for losses of a window that recovery has dealt with.
        if (!c.flight.recovering && c.flight.duplicateAcks == DUPLICATE_THRESHOLD + scoreboard.sentPast(c)
                && Seq.gt(c.sndUna, c.flight.recover)) {
            beginRecovery(c);
            loseHead(c);
        }
    }

    private void withoutSack(Tcb c, SackInput ack, int bytes, int inFlightBefore, long now) {
        if (!c.flight.recovering) {
            c.flight.duplicateAcks = 0;
            if (c.flight.timedOut && reachedRecover(c)) {
                endRecovery(c);
            } else {
                grow(c, bytes, inFlightBefore, now);
            }
        } else if (Seq.ge(c.sndUna, c.flight.recover)) {
            endRecovery(c);
        } else {
            // RFC 6582 section 3.2 step 3, partial acknowledgment: the next unacknowledged segment is lost too.
            c.flight.duplicateAcks = Math.max(0, c.flight.duplicateAcks - Math.max(0, ack.whole - 1));
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
        if (!c.flight.timedOut) {
            remember(c);
            // RFC 5681 section 3.1: the threshold is lowered once, not by each timeout of the same segment.
            if (!endsLongRecovery(c)) {
                lowerThreshold(c);
            }
        }
        c.cwnd = c.mss;
        c.flight.loweredNanos = now;
        c.flight.lostSentNanos = Long.MIN_VALUE;
        c.flight.recovering = false;
        c.flight.timedOut = true;
        c.flight.duplicateAcks = 0;
        c.flight.recover = c.sndNxt;
        c.flight.tailProbe = false;
        c.flight.earlyDeadline = Tcb.NO_DEADLINE;
        if (c.sackOk) {
            if (c.sendHead != Tcb.NONE && c.flight.sackedSegments > 0 && scoreboard.isSacked(c.sendHead)) {
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

    /**
     * Without SACK a recovery repairs one segment for each round trip, and the timer is what ends it when many of a window
     * were lost (RFC 6582 section 3.2 step 3). That is still the one loss for which the threshold was lowered already. A
     * timeout before the first partial ACK is another: the retransmission was lost (RFC 5681 section 4.3).
     */
    private static boolean endsLongRecovery(Tcb c) {
        return !c.sackOk && c.flight.recovering && c.flight.partialAckSeen;
    }

    /** Keeps what {@link #undo} needs. */
    private void remember(Tcb c) {
        c.flight.undoPossible = true;
        c.flight.undoCwnd = c.cwnd;
        c.flight.undoSsthresh = c.ssthresh;
        c.flight.undoRetransmissions = 0;
        c.flight.undoFrom = c.sndUna;
    }

    /**
     * A lost segment was sent again. RFC 6675 section 6: a round trip may be half of the RTO and more, so that the time
     * since the first transmission says nothing of this one; the timer is for the first segment, as in Linux. Without
     * SACK, of partial ACKs only the first restarts it (RFC 6582 section 3.2 step 3).
     */
    void retransmitted(Tcb c, int end, int bytes, int clockTicks, long now) {
        noteRetransmission(c, end, clockTicks);
        if (end - bytes == c.sndUna && (c.sackOk || !c.flight.partialAckSeen)) {
            c.retransmitDeadline = now + c.rtoNanos;
        }
        if (c.flight.undoPossible) {
            c.flight.undoRetransmissions++;
        }
        sent(c, bytes);
    }

    /**
     * Remembers the time of the earliest retransmission that may still be on its way, whichever recovery it belongs to:
     * an echo of one that an earlier recovery sent does not tell that the original has arrived.
     */
    void noteRetransmission(Tcb c, int end, int clockTicks) {
        if (Seq.ge(c.sndUna, c.flight.retransmitEnd)) {
            c.flight.firstRetransmitTicks = clockTicks;
        }
        c.flight.retransmitEnd = Seq.max(c.flight.retransmitEnd, end);
    }

    /** Bytes were sent, for the first time or again. */
    void sent(Tcb c, int bytes) {
        if (c.flight.recovering) {
            c.flight.prrOut += bytes;
        }
    }

    /** RFC 3708: when every retransmission of a recovery turns out to have been a duplicate, nothing was lost. */
    private void duplicateUndoes(Tcb c) {
        if (c.flight.undoPossible && c.flight.undoRetransmissions > 0 && --c.flight.undoRetransmissions == 0) {
            undo(c);
        }
    }

    private static boolean isSpurious(Tcb c, SackInput ack, int bytes) {
        if (!c.flight.undoPossible || c.flight.undoRetransmissions == 0 || bytes == 0 && ack.delivered == 0) {
            return false;
        }
        if (c.partial != null) {
            // What fills a hole is original, late, and says nothing of what was retransmitted beside it.
            return false;
        }
        if (ack.hasEcho) {
            // RFC 3522: the first ACK of new data tells, by the timestamp it echoes, which transmission arrived.
            return bytes > 0 && Seq.lt(ack.echoTicks, c.flight.firstRetransmitTicks);
        }
        // RFC 5682 section 3: after a timeout, something arrived that was sent before it and never again.
        return c.sackOk && c.flight.timedOut && ack.originalDelivered;
    }

    private void undo(Tcb c) {
        Repairs.undone(c, counters);
        c.cwnd = Math.max(c.cwnd, c.flight.undoCwnd);
        c.ssthresh = Math.max(c.ssthresh, c.flight.undoSsthresh);
        c.congestion().undo(c);
        scoreboard.unmarkLost(c);
        c.finLost = false;
        c.flight.recovering = false;
        c.flight.timedOut = false;
        c.flight.duplicateAcks = 0;
        c.flight.undoPossible = false;
    }

    /** A tail loss probe repaired a loss that nothing else would have shown (RFC 8985 section 7.4.2). */
    void probeRepaired(Tcb c) {
        if (!c.flight.recovering && !c.flight.timedOut) {
            lowerThreshold(c);
            c.cwnd = Math.min(c.cwnd, c.ssthresh);
        }
    }
}
