package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** HyStart++ (RFC 9406 section 4.2) and the arithmetic of the congestion window. */
class HyStartTest {
    private static final long MILLI = 1_000_000L;
    private static final int MSS = SentSegments.SIZE;

    private final Tcb c = new SentSegments().c;

    @BeforeEach
    void start() {
        c.ssthresh = Integer.MAX_VALUE;
        c.cwnd = 10 * MSS;
        HyStart.start(c);
    }

    /** A round with so many samples of this length; what the last ACK but one, of 1000 bytes, adds to the window. */
    private int round(int samples, long rttNanos) {
        for (int i = 0; i < samples; i++) {
            HyStart.sample(c, rttNanos);
        }
        HyStart.acknowledged(c, 1);
        int before = c.cwnd;
        HyStart.acknowledged(c, MSS);
        int grown = c.cwnd - before;
        c.sndUna = c.flight.roundEnd + 1;
        c.sndNxt = c.sndUna + 50 * MSS;
        HyStart.acknowledged(c, MSS);
        assertEquals(c.sndNxt, c.flight.roundEnd, "a round ends when all that was out at its begin is acknowledged");
        return grown;
    }

    @Test
    void rfc9406_4_2_longerRoundTripsMakeGrowthConservative() {
        round(8, 80 * MILLI);
        assertEquals(MSS, round(8, 90 * MILLI - 1), "an eighth longer is too long, and this is not");
        round(8, 80 * MILLI);
        assertEquals(MSS / 4, round(8, 90 * MILLI));
    }

    @Test
    void rfc9406_4_2_theThresholdIsAtLeast4Milliseconds() {
        round(8, 16 * MILLI);
        assertEquals(MSS, round(8, 20 * MILLI - 1));
        round(8, 16 * MILLI);
        assertEquals(MSS / 4, round(8, 20 * MILLI));
    }

    @Test
    void rfc9406_4_2_theThresholdIsAtMost16Milliseconds() {
        round(8, 400 * MILLI);
        assertEquals(MSS, round(8, 416 * MILLI - 1));
        round(8, 400 * MILLI);
        assertEquals(MSS / 4, round(8, 416 * MILLI));
    }

    @Test
    void rfc9406_4_2_fewerThanEightSamplesSayNothing() {
        round(8, 80 * MILLI);
        assertEquals(MSS, round(7, 200 * MILLI));
    }

    @Test
    void rfc9406_4_2_shorterRoundTripsEndTheConservativePhase() {
        round(8, 80 * MILLI);
        round(8, 100 * MILLI);
        assertEquals(MSS / 4, round(8, 100 * MILLI), "not shorter than the baseline");
        assertEquals(MSS, round(8, 100 * MILLI - 1));
    }

    @Test
    void rfc9406_4_2_fiveConservativeRoundsEndSlowStart() {
        round(8, 80 * MILLI);
        for (int i = 0; i < 4; i++) {
            round(8, 100 * MILLI);
            assertEquals(Integer.MAX_VALUE, c.ssthresh);
        }
        round(8, 100 * MILLI);
        assertEquals(c.cwnd, c.ssthresh);
        assertEquals(0, c.flight.conservativeRounds);
    }

    @Test
    void rfc9406_4_2_inTheConservativePhaseEveryAckAddsSomething() {
        c.flight.conservativeRounds = 1;
        HyStart.acknowledged(c, 3);
        assertEquals(10 * MSS + 1, c.cwnd);
    }

    @Test
    void rfc9406_4_2_oneAckAddsAtMostEightSegments() {
        HyStart.acknowledged(c, 9 * MSS);
        assertEquals(18 * MSS, c.cwnd);
    }

    @Test
    void rfc6928_2_theInitialWindow() {
        assertEquals(10 * MSS, CongestionWindow.initial(c, 10));
        c.mss = 1460;
        assertEquals(14_600, CongestionWindow.initial(c, 10));
        c.mss = 2000;
        assertEquals(14_600, CongestionWindow.initial(c, 10));
        c.mss = 8960;
        assertEquals(17_920, CongestionWindow.initial(c, 10));
    }

    @Test
    void rfc7661_4_3_aWindowThatIsNotUsedSaysNothing() {
        assertTrue(CongestionWindow.wasUsed(c, 5 * MSS), "half of it, in slow start");
        assertEquals(false, CongestionWindow.wasUsed(c, 5 * MSS - 1));
        c.ssthresh = c.cwnd;
        assertTrue(CongestionWindow.wasUsed(c, 9 * MSS));
        assertEquals(false, CongestionWindow.wasUsed(c, 9 * MSS - 1));
    }

    @Test
    void rfc9406_4_2_theWindowHasABound() {
        c.cwnd = (1 << 30) - 5;
        CongestionWindow.grow(c, 4);
        assertEquals((1 << 30) - 1, c.cwnd);
        CongestionWindow.grow(c, 4);
        assertEquals(1 << 30, c.cwnd);
    }
}
