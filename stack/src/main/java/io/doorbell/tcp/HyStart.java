package io.doorbell.tcp;

import io.doorbell.wire.Seq;

/** HyStart++ (RFC 9406): leaves slow start when round trips get longer, before there is loss. */
final class HyStart {
    private static final long MIN_THRESHOLD_NANOS = 4_000_000L;
    private static final long MAX_THRESHOLD_NANOS = 16_000_000L;
    private static final int SAMPLES = 8;
    private static final int CONSERVATIVE_DIVISOR = 4;
    private static final int CONSERVATIVE_ROUNDS = 5;

    private HyStart() {
    }

    static void start(Tcb c) {
        c.flight.roundLastMinNanos = Long.MAX_VALUE;
        c.flight.roundMinNanos = Long.MAX_VALUE;
        c.flight.roundSamples = 0;
        c.flight.roundEnd = c.sndNxt;
        c.flight.conservativeRounds = 0;
    }

    static void sample(Tcb c, long rttNanos) {
        c.flight.roundMinNanos = Math.min(c.flight.roundMinNanos, rttNanos);
        if (c.flight.roundSamples < SAMPLES) {
            c.flight.roundSamples++;
        }
    }

    /** An ACK in slow start: grows the window, and ends slow start when it is time. */
    static void acknowledged(Tcb c, int bytes) {
        if (c.flight.conservativeRounds > 0) {
            CongestionWindow.slowStart(c, Math.max(1, bytes / CONSERVATIVE_DIVISOR));
        } else {
            CongestionWindow.slowStart(c, bytes);
        }
        if (c.flight.roundSamples >= SAMPLES && c.flight.roundMinNanos != Long.MAX_VALUE) {
            judge(c);
        }
        if (Seq.gt(c.sndUna, c.flight.roundEnd)) {
            nextRound(c);
        }
    }

    private static void judge(Tcb c) {
        if (c.flight.conservativeRounds > 0) {
            if (c.flight.roundMinNanos < c.flight.conservativeBaselineNanos) {
                c.flight.conservativeRounds = 0;
            }
        } else if (c.flight.roundLastMinNanos != Long.MAX_VALUE) {
            long threshold = Math.max(MIN_THRESHOLD_NANOS, Math.min(c.flight.roundLastMinNanos / 8, MAX_THRESHOLD_NANOS));
            if (c.flight.roundMinNanos >= c.flight.roundLastMinNanos + threshold) {
                c.flight.conservativeBaselineNanos = c.flight.roundMinNanos;
                c.flight.conservativeRounds = 1;
            }
        }
    }

    private static void nextRound(Tcb c) {
        c.flight.roundEnd = c.sndNxt;
        c.flight.roundLastMinNanos = c.flight.roundMinNanos;
        c.flight.roundMinNanos = Long.MAX_VALUE;
        c.flight.roundSamples = 0;
        if (c.flight.conservativeRounds > 0 && ++c.flight.conservativeRounds > CONSERVATIVE_ROUNDS) {
            c.ssthresh = c.cwnd;
            c.flight.conservativeRounds = 0;
        }
    }
}
