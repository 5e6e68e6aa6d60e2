package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** CUBIC against RFC 9438's formulas in double precision. */
class CubicTest {
    private static final int MSS = SentSegments.SIZE;
    private static final double C = 0.4;
    private static final double ALPHA = 3.0 * 0.3 / 1.7;

    private final Cubic cubic = new Cubic();
    private final Tcb c = new SentSegments().c;

    // The formulas' names: W_max, K, t_epoch, W_est, cwnd_prior and cwnd, in segments and seconds.
    private double wMax;
    private double k;
    private double epoch = -1;
    private double wEst;
    private double prior;
    private double cwnd;

    @BeforeEach
    void start() {
        cubic.start(c);
        c.srttNanos = 100_000_000L;
    }

    private void lossAt(int segments, double expectedMax) {
        c.cwnd = segments * MSS;
        cubic.congested(c, segments * MSS);
        assertEquals((int) (0.7 * segments * MSS), c.ssthresh, 1);
        c.cwnd = c.ssthresh;
        wMax = expectedMax;
        prior = segments;
        epoch = -1;
        cwnd = (double) c.cwnd / MSS;
    }

    private double w(double t) {
        return C * Math.pow(t - k, 3) + wMax;
    }

    private void expectedAfter(double acked, double now) {
        if (epoch < 0) {
            epoch = now;
            wEst = cwnd;
            k = wMax > cwnd ? Math.cbrt((wMax - cwnd) / C) : 0;
            wMax = Math.max(wMax, cwnd);
        }
        double t = now - epoch;
        wEst += (wEst >= prior ? 1 : ALPHA) * acked / cwnd;
        if (w(t) < wEst) {
            cwnd = Math.max(cwnd, wEst);
        } else {
            double target = Math.max(cwnd, Math.min(1.5 * cwnd, w(t + c.srttNanos / 1e9)));
            cwnd += (target - cwnd) / cwnd * acked;
        }
    }

    /** ACKs of so many bytes, one every 20 ms, for so many seconds. */
    private void follow(int bytes, int seconds) {
        for (int i = 0; i < 50 * seconds; i++) {
            long now = 7_000_000_000L + i * 20_000_000L;
            cubic.acknowledged(c, bytes, now);
            expectedAfter((double) bytes / MSS, now / 1e9);
            assertEquals(cwnd * MSS, c.cwnd, 30, "after ACK " + i);
        }
    }

    @Test
    void rfc9438_4_2_theWindowFollowsTheCubicFunction() {
        lossAt(100, 100);
        follow(2 * MSS, 12);
    }

    @Test
    void rfc9438_4_3_aSmallWindowGrowsNoSlowerThanReno() {
        lossAt(8, 8);
        follow(MSS / 2, 6);
    }

    @Test
    void rfc9438_4_7_aFlowWhoseMaximumSinksMakesRoom() {
        lossAt(100, 100);
        lossAt(80, 80 * 1.7 / 2);
        follow(2 * MSS, 5);
    }

    @Test
    void rfc9438_4_7_aMaximumThatDoesNotSinkStays() {
        lossAt(100, 100);
        lossAt(100, 100);
        follow(2 * MSS, 2);
    }

    @Test
    void rfc9438_4_10_withoutALossTheFunctionBeginsWhereSlowStartEnded() {
        c.ssthresh = 50 * MSS;
        c.cwnd = 50 * MSS;
        cwnd = 50;
        follow(2 * MSS, 5);
    }

    @Test
    void rfc9438_4_6_theThresholdIsAtLeastTwoSegments() {
        c.cwnd = 2 * MSS;
        cubic.congested(c, MSS);
        assertEquals(2 * MSS, c.ssthresh);
    }

    @Test
    void rfc9438_4_9_anUndoneReductionLeavesTheMaximumAsItWas() {
        lossAt(100, 100);
        lossAt(80, 0);
        cubic.undo(c);
        assertEquals(100, c.flight.cubicMax);
        assertEquals(Tcb.NO_DEADLINE, c.flight.cubicEpochNanos);
    }

    @Test
    void rfc9406_4_2_roundTripsAreMeasuredInSlowStartOnly() {
        c.cwnd = 20 * MSS;
        c.ssthresh = 20 * MSS;
        cubic.sample(c, 5, 0);
        assertEquals(0, c.flight.roundSamples);
        c.ssthresh = 21 * MSS;
        cubic.sample(c, 5, 0);
        assertEquals(1, c.flight.roundSamples);
        cubic.acknowledged(c, MSS, 0);
        assertEquals(21 * MSS, c.cwnd);
    }
}
