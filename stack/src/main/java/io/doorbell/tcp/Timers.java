package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.ip.Ipv4;

/** What happens when a connection's time has come: delayed ACKs, retransmission, probes. */
final class Timers {
    private final TimerQueue queue;
    private final Lifecycle lifecycle;
    private final SegmentOutput output;
    private final LossRecovery recovery;
    private final RttEstimator rtt;
    private final Ipv4 ipv4;
    private final PeerLiveness liveness;
    private final PathMtu paths;
    private final TcpConfig config;
    private final Counters counters;

    Timers(TimerQueue queue, Lifecycle lifecycle, SegmentOutput output, LossRecovery recovery, RttEstimator rtt,
           Ipv4 ipv4, PathMtu paths, PeerLiveness liveness, TcpConfig config, Counters counters) {
        this.queue = queue;
        this.lifecycle = lifecycle;
        this.output = output;
        this.recovery = recovery;
        this.rtt = rtt;
        this.ipv4 = ipv4;
        this.liveness = liveness;
        this.paths = paths;
        this.config = config;
        this.counters = counters;
    }

    /** @return how many connections were looked at */
    int expire(long now) {
        int looked = 0;
        for (Tcb c = queue.takeExpired(now); c != null; c = queue.takeExpired(now)) {
            looked++;
            c.changed();
            if (c.ackDeadline <= now) {
                c.ackDeadline = Tcb.NO_DEADLINE;
                c.ackNow = true;
                lifecycle.wantOutput(c);
            }
            if (c.flight != null && c.flight.earlyDeadline <= now) {
                early(c, now);
            }
            if (c.partial != null && c.partial.deadlineNanos <= now) {
                c.partial.markOverdue(now);
                lifecycle.event(c, Tcb.EVENT_OVERDUE);
            }
            if (c.retransmitDeadline <= now) {
                c.retransmitDeadline = Tcb.NO_DEADLINE;
                retransmission(c, now);
            }
            if (c.seldom != null && c.seldom.nextDeadline() <= now) {
                seldom(c, c.seldom, now);
            }
            if (c.flight != null && c.sndNxt == c.sndUna && c.restNanos() <= now) {
                recovery.rest(c);
            }
            queue.schedule(c, c.nextDeadline());
            lifecycle.findOutAhead(c);
        }
        return looked;
    }

    private void seldom(Tcb c, SeldomUsed s, long now) {
        if (s.paceDeadline <= now) {
            s.paceDeadline = Tcb.NO_DEADLINE;
            lifecycle.wantOutput(c);
        }
        if (s.corkDeadline <= now) {
            Cork.expired(c);
            lifecycle.wantOutput(c);
        }
        liveness.expire(c, now);
    }

    /** RACK's reordering timer, or the tail loss probe's (RFC 8985 sections 6.2 and 7.3). */
    private void early(Tcb c, long now) {
        c.flight.earlyDeadline = Tcb.NO_DEADLINE;
        if (!c.flight.earlyIsProbe) {
            recovery.detect(c, now);
        } else if (output.sendTailProbe(c)) {
            c.retransmitDeadline = now + c.rtoNanos;
        }
        lifecycle.wantOutput(c);
    }

    private void retransmission(Tcb c, long now) {
        switch (c.state) {
            case FIN_WAIT_2 -> lifecycle.end(c, CloseReason.TIMED_OUT);
            case SYN_SENT, SYN_RECEIVED -> {
                if (giveUp(c, config.synRetries())) {
                    return;
                }
                if (CongestionNotification.fallsBack(c, config)) {
                    counters.increment(Counter.TCP_ECN_FALLBACKS);
                }
                rtt.backOff(c);
                Repairs.timedOut(c, counters);
                c.synPending = true;
                if (c.retries >= PassiveOpen.LAST_WITH_EXPERIMENT) {
                    c.multi = null;
                }
                lifecycle.wantOutput(c);
            }
            default -> data(c, now);
        }
    }

    private void data(Tcb c, long now) {
        if (c.partial != null && output.awaitsAck(c)) {
            // What filled a hole while the window was closed may be lost, and all that would open it waits behind that.
            c.persisting = false;
        }
        if (c.persisting && output.sendSliver(c)) {
            c.persisting = false;
            lifecycle.wantOutput(c);
            return;
        }
        if (!c.persisting && !output.awaitsAck(c)) {
            return;
        }
        if (c.options.userTimeoutNanos() == 0 && giveUp(c, config.retries())) {
            return;
        }
        rtt.backOff(c);
        if (c.persisting) {
            output.sendProbe(c);
            c.retransmitDeadline = now + c.rtoNanos;
        } else {
            paths.timeout(c);
            recovery.timeout(c, now);
            Transitions.timedOut(c);
        }
        lifecycle.wantOutput(c);
    }

    private boolean giveUp(Tcb c, int limit) {
        c.retries++;
        if (c.retries > limit) {
            lifecycle.end(c, c.unreachable ? CloseReason.UNREACHABLE : CloseReason.TIMED_OUT);
            return true;
        }
        if (c.retries >= config.pathRetries()) {
            // RFC 9293 section 3.8.3, R1: something on the way may be wrong, and the first hop is what we can check.
            ipv4.doubt(c.nextHop);
        }
        return false;
    }
}
