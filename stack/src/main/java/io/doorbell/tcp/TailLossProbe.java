package io.doorbell.tcp;

import io.doorbell.wire.Seq;

/**
 * Tail loss probes (RFC 8985 section 7): when the last segments of a flight are lost no ACK will show it; one more
 * segment, sent soon, makes the peer speak.
 */
final class TailLossProbe {
    /** Below this a probe is in vain: the peer's stack takes that long to answer when it was asleep. */
    private static final long LEAST_NANOS = 1_000_000L;

    private TailLossProbe() {
    }

    /**
     * Section 7.2: when to probe, {@link Tcb#NO_DEADLINE} if not at all.
     *
     * @param mayBeDelayedNanos how long the peer may delay the ACK of a single segment
     */
    static long deadline(Tcb c, long mayBeDelayedNanos, long now) {
        boolean eligible = c.sackOk && !c.flight.recovering && !c.flight.timedOut && !c.flight.tailProbe && (c.flight.sackedSegments == 0 || c.partial != null)
                && c.flight.lostSegments == 0 && c.flight.inFlight > 0;
        if (!eligible) {
            return Tcb.NO_DEADLINE;
        }
        long timeout = c.srttNanos == 0 ? 1_000_000_000L : Math.max(LEAST_NANOS, 2 * c.srttNanos);
        if (c.flight.inFlight <= c.mss) {
            timeout += mayBeDelayedNanos;
        }
        return Math.min(now + timeout, c.retransmitDeadline);
    }

    /** A probe has left. */
    static void sent(Tcb c, boolean again) {
        c.flight.tailProbe = true;
        c.flight.tailProbeAgain = again;
        c.flight.tailProbeEnd = c.sndNxt;
    }

    /** Section 7.4.2: an ACK while a probe is out. */
    static void acknowledged(Tcb c, SackInput ack, boolean duplicateAck, LossRecovery recovery) {
        if (!c.flight.tailProbe) {
            return;
        }
        if (c.partial != null) {
            // A hole may keep SND.UNA back for any time: whether the probe repaired anything can't be told then.
            c.flight.tailProbe = !recovery.arrivedUpTo(c, c.flight.tailProbeEnd);
            return;
        }
        if (Seq.lt(c.sndUna, c.flight.tailProbeEnd)) {
            return;
        }
        if (!c.flight.tailProbeAgain) {
            c.flight.tailProbe = false;
        } else if (ack.duplicate && ack.duplicateEnd == c.flight.tailProbeEnd) {
            c.flight.tailProbe = false;
        } else if (Seq.gt(c.sndUna, c.flight.tailProbeEnd)) {
            c.flight.tailProbe = false;
            recovery.probeRepaired(c);
        } else if (duplicateAck && !ack.hasBlocks) {
            c.flight.tailProbe = false;
        }
    }
}
