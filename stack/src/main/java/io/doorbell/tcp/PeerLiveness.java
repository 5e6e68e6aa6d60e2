package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.wire.Seq;

/**
 * Whether the peer is still there: keepalive for a connection that is idle (RFC 9293 section 3.8.4), the user timeout
 * for one that waits (RFC 9293 section 3.10.8, RFC 5482). The two work together as in Linux: with a user timeout, how
 * long the peer was silent decides, and not how many probes it has left unanswered.
 */
final class PeerLiveness {
    /** The wait for a frame or for room on the link when a probe could not be sent; Linux's TCP_RESOURCE_PROBE_INTERVAL. */
    private static final long RESOURCE_NANOS = 500_000_000L;

    private final Lifecycle lifecycle;
    private final SegmentOutput output;
    private final Counters counters;

    PeerLiveness(Lifecycle lifecycle, SegmentOutput output, Counters counters) {
        this.lifecycle = lifecycle;
        this.output = output;
        this.counters = counters;
    }

    /** The connection is established, or its options have changed: begins anew. */
    static void start(Tcb c, long now) {
        SeldomUsed s = c.seldom;
        if (s == null) {
            return;
        }
        s.heardNanos = now;
        s.probes = 0;
        s.keepaliveDeadline = c.options.keepalive().on() && probes(c.state)
                ? now + c.options.keepalive().idleNanos() : Tcb.NO_DEADLINE;
        s.userDeadline = Tcb.NO_DEADLINE;
        waiting(c, c.partial == null && c.sndNxt != c.sndUna, now);
    }

    private static boolean probes(TcpState state) {
        return state.isSynchronized();
    }

    /** A valid ACK has come, with or without data; SND.UNA has not moved yet. */
    static void heard(Tcb c, int ack, long now) {
        SeldomUsed s = c.seldom;
        s.heardNanos = now;
        s.probes = 0;
        if (Seq.gt(ack, c.sndUna)) {
            s.userDeadline = Tcb.NO_DEADLINE;
        }
    }

    /** A window that was closed takes data again. */
    static void windowOpened(Tcb c) {
        if (c.seldom != null) {
            c.seldom.userDeadline = Tcb.NO_DEADLINE;
        }
    }

    /**
     * The emitter is done: the user timeout runs as long as something waits for the peer.
     *
     * @param outstanding whether the peer owes an acknowledgement
     */
    static void waiting(Tcb c, boolean outstanding, long now) {
        SeldomUsed s = c.seldom;
        boolean waits = outstanding || c.persisting;
        if (!waits || c.options.userTimeoutNanos() == 0) {
            s.userDeadline = Tcb.NO_DEADLINE;
        } else if (s.userDeadline == Tcb.NO_DEADLINE) {
            s.userDeadline = now + c.options.userTimeoutNanos();
        }
    }

    /** Lets the two timers act whose time has come. */
    void expire(Tcb c, long now) {
        SeldomUsed s = c.seldom;
        if (s.userDeadline <= now) {
            s.userDeadline = Tcb.NO_DEADLINE;
            counters.increment(Counter.TCP_USER_TIMEOUTS);
            lifecycle.end(c, reason(c));
        } else if (s.keepaliveDeadline <= now) {
            s.keepaliveDeadline = keepalive(c, s, now);
        }
    }

    private static CloseReason reason(Tcb c) {
        return c.unreachable ? CloseReason.UNREACHABLE : CloseReason.TIMED_OUT;
    }

    /** @return when to look again */
    private long keepalive(Tcb c, SeldomUsed s, long now) {
        Keepalive keepalive = c.options.keepalive();
        if (!keepalive.on() || !probes(c.state)) {
            return Tcb.NO_DEADLINE;
        }
        boolean asked = c.partial == null ? c.unacknowledged() > 0 || c.sndNxt != c.sndUna
                : output.awaitsAck(c) || c.persisting;
        if (asked) {
            // Retransmissions and window probes ask the same question.
            return now + keepalive.idleNanos();
        }
        long silence = now - s.heardNanos;
        if (s.probes == 0 && silence < keepalive.idleNanos()) {
            return s.heardNanos + keepalive.idleNanos();
        }
        long limit = c.options.userTimeoutNanos();
        boolean gone = limit > 0 ? s.probes > 0 && silence >= limit : s.probes >= keepalive.probes();
        if (gone) {
            counters.increment(Counter.TCP_KEEPALIVE_TIMEOUTS);
            lifecycle.reset(c, reason(c));
            return Tcb.NO_DEADLINE;
        }
        if (!output.sendKeepalive(c)) {
            return now + Math.min(RESOURCE_NANOS, keepalive.intervalNanos());
        }
        s.probes++;
        return now + keepalive.intervalNanos();
    }
}
