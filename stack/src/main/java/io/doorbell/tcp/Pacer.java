package io.doorbell.tcp;

/**
 * Pacing: segments leave in bursts of about a millisecond's worth, each when the one before it has had its time. The
 * rate is a percentage of the window for each round trip, as Linux computes it; the bursts are as large as those of
 * Linux's segmentation offload, so that a fast connection does not need a wake-up for each segment.
 */
final class Pacer {
    private static final long BURST_NANOS = 1_000_000L;
    private static final int LARGEST_BURST = 64 * 1024;

    private Pacer() {
    }

    /** Whether {@link #holds} would keep something back; unlike that it does not ask to be called again. */
    static boolean wouldHold(Tcb c, long now) {
        SeldomUsed s = c.seldom;
        return s != null && c.options.pacing().on() && c.srttNanos > 0 && s.burstNanos > now && s.burstLeft <= 0;
    }

    /** Whether the next segment has to wait; the connection's deadline then tells until when. */
    static boolean holds(Tcb c, long now) {
        SeldomUsed s = c.seldom;
        // Before the first sample there is no rate; and when nothing is out nothing else would bring the timers on.
        if (s == null || !c.options.pacing().on() || c.srttNanos == 0) {
            return false;
        }
        if (s.burstNanos <= now) {
            s.burstNanos = now;
            s.burstLeft = burst(c);
        }
        if (s.burstLeft > 0) {
            return false;
        }
        s.paceDeadline = s.burstNanos;
        return true;
    }

    private static int burst(Tcb c) {
        long bytes = perRoundTrip(c) * BURST_NANOS / c.srttNanos;
        return (int) Math.min(Math.max(2 * c.mss, bytes), LARGEST_BURST);
    }

    /** Bytes that may leave in one smoothed round-trip time. */
    private static long perRoundTrip(Tcb c) {
        Pacing pacing = c.options.pacing();
        int percent = c.cwnd < c.ssthresh / 2 ? pacing.slowStartPercent() : pacing.avoidancePercent();
        int inFlight = c.flight == null ? 0 : c.flight.inFlight;
        return (long) Math.max(c.cwnd, inFlight) * percent / 100;
    }

    /** A segment has left. */
    static void sent(Tcb c, int bytes) {
        SeldomUsed s = c.seldom;
        if (c.options.pacing().on() && c.srttNanos > 0) {
            s.burstLeft -= bytes;
            s.burstNanos += bytes * c.srttNanos / Math.max(1, perRoundTrip(c));
        }
    }
}
