package io.doorbell.tcp;

/** CUBIC (RFC 9438): after a loss the window grows with time, fast far from the last maximum, slowly near it. */
final class Cubic implements CongestionControl {
    private static final double C = 0.4;
    private static final double BETA = 0.7;
    /** RFC 9438 section 4.3: what makes the estimate as fast as Reno with this BETA. */
    private static final double ALPHA = 3 * (1 - BETA) / (1 + BETA);

    @Override
    public void start(Tcb c) {
        c.flight.cubicMax = 0;
        c.flight.cubicEpochNanos = Tcb.NO_DEADLINE;
        HyStart.start(c);
    }

    @Override
    public void acknowledged(Tcb c, int bytes, long now) {
        if (c.cwnd < c.ssthresh) {
            HyStart.acknowledged(c, bytes);
            return;
        }
        double segments = (double) c.cwnd / c.mss;
        if (c.flight.cubicEpochNanos == Tcb.NO_DEADLINE) {
            beginEpoch(c, segments, now);
        }
        double seconds = (now - c.flight.cubicEpochNanos) / 1e9;
        double acked = (double) bytes / c.mss;
        double alpha = c.flight.cubicRenoEstimate >= c.flight.cubicPrior ? 1 : ALPHA;
        c.flight.cubicRenoEstimate += (float) (alpha * acked / segments);
        double wanted = cubic(c, seconds);
        if (wanted < c.flight.cubicRenoEstimate) {
            // Section 4.3: never slower than Reno.
            raiseTo(c, c.flight.cubicRenoEstimate);
            return;
        }
        double target = Math.max(segments, Math.min(1.5 * segments, cubic(c, seconds + c.srttNanos / 1e9)));
        c.flight.cubicFraction += (float) ((target - segments) / segments * acked);
        if (c.flight.cubicFraction > 0) {
            int whole = (int) (c.flight.cubicFraction * c.mss);
            c.flight.cubicFraction -= (float) whole / c.mss;
            CongestionWindow.grow(c, whole);
        }
    }

    private static double cubic(Tcb c, double seconds) {
        double distance = seconds - c.flight.cubicK;
        return C * distance * distance * distance + c.flight.cubicMax;
    }

    private static void raiseTo(Tcb c, double segments) {
        int bytes = (int) Math.min(segments * c.mss, 1 << 30);
        c.cwnd = Math.max(c.cwnd, bytes);
    }

    private static void beginEpoch(Tcb c, double segments, long now) {
        c.flight.cubicEpochNanos = now;
        c.flight.cubicRenoEstimate = (float) segments;
        c.flight.cubicFraction = 0;
        if (c.flight.cubicMax > segments) {
            c.flight.cubicK = (float) Math.cbrt((c.flight.cubicMax - segments) / C);
        } else {
            c.flight.cubicMax = (float) segments;
            c.flight.cubicK = 0;
        }
    }

    @Override
    public void congested(Tcb c, int flightSize) {
        float segments = (float) c.cwnd / c.mss;
        c.flight.cubicMaxBefore = c.flight.cubicMax;
        // Section 4.7, fast convergence: a flow whose maximum sinks makes room for others.
        c.flight.cubicMax = segments < c.flight.cubicMax ? (float) (segments * (1 + BETA) / 2) : segments;
        c.flight.cubicPrior = segments;
        c.flight.cubicEpochNanos = Tcb.NO_DEADLINE;
        c.ssthresh = (int) Math.max(flightSize * BETA, 2.0 * c.mss);
    }

    @Override
    public void undo(Tcb c) {
        c.flight.cubicMax = c.flight.cubicMaxBefore;
        c.flight.cubicEpochNanos = Tcb.NO_DEADLINE;
    }

    @Override
    public void sample(Tcb c, long rttNanos, long now) {
        if (c.cwnd < c.ssthresh) {
            HyStart.sample(c, rttNanos);
        }
    }
}
