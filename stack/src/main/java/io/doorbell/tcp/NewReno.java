package io.doorbell.tcp;

/** Slow start, congestion avoidance and the halving of RFC 5681. */
final class NewReno implements CongestionControl {
    @Override
    public void start(Tcb c) {
        c.flight.ackedInAvoidance = 0;
    }

    @Override
    public void acknowledged(Tcb c, int bytes, long now) {
        if (c.cwnd < c.ssthresh) {
            CongestionWindow.slowStart(c, bytes);
            return;
        }
        // RFC 3465 section 2.1: one segment for each window's worth of acknowledged bytes.
        c.flight.ackedInAvoidance += bytes;
        if (c.flight.ackedInAvoidance >= c.cwnd) {
            c.flight.ackedInAvoidance -= c.cwnd;
            CongestionWindow.grow(c, c.mss);
        }
    }

    @Override
    public void congested(Tcb c, int flightSize) {
        c.ssthresh = Math.max(flightSize / 2, 2 * c.mss);
        c.flight.ackedInAvoidance = 0;
    }

    @Override
    public void undo(Tcb c) {
        c.flight.ackedInAvoidance = 0;
    }

    @Override
    public void sample(Tcb c, long rttNanos, long now) {
        // Loss is the only signal.
    }
}
