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
        c.roundLastMinNanos = Long.MAX_VALUE;
        c.roundMinNanos = Long.MAX_VALUE;
        c.roundSamples = 0;
        c.roundEnd = c.sndNxt;
        c.conservativeRounds = 0;
    }

    static void sample(Tcb c, long rttNanos) {
        c.roundMinNanos = Math.min(c.roundMinNanos, rttNanos);
        if (c.roundSamples < SAMPLES) {
            c.roundSamples++;
        }
    }

    /** An ACK in slow start: grows the window, and ends slow start when it is time. */
    static void acknowledged(Tcb c, int bytes) {
        if (c.conservativeRounds > 0) {
            CongestionWindow.slowStart(c, Math.max(1, bytes / CONSERVATIVE_DIVISOR));
        } else {
            CongestionWindow.slowStart(c, bytes);
        }
        if (c.roundSamples >= SAMPLES && c.roundMinNanos != Long.MAX_VALUE) {
            judge(c);
        }
        if (Seq.gt(c.sndUna, c.roundEnd)) {
            nextRound(c);
        }
    }

    private static void judge(Tcb c) {
        if (c.conservativeRounds > 0) {
            if (c.roundMinNanos < c.conservativeBaselineNanos) {
                c.conservativeRounds = 0;
            }
        } else if (c.roundLastMinNanos != Long.MAX_VALUE) {
            long threshold = Math.max(MIN_THRESHOLD_NANOS, Math.min(c.roundLastMinNanos / 8, MAX_THRESHOLD_NANOS));
            if (c.roundMinNanos >= c.roundLastMinNanos + threshold) {
                c.conservativeBaselineNanos = c.roundMinNanos;
                c.conservativeRounds = 1;
            }
        }
    }

    private static void nextRound(Tcb c) {
        c.roundEnd = c.sndNxt;
        c.roundLastMinNanos = c.roundMinNanos;
        c.roundMinNanos = Long.MAX_VALUE;
        c.roundSamples = 0;
        if (c.conservativeRounds > 0 && ++c.conservativeRounds > CONSERVATIVE_ROUNDS) {
            c.ssthresh = c.cwnd;
            c.conservativeRounds = 0;
        }
    }
}
