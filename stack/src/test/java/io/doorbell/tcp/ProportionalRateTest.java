package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** RFC 6937 section 3.1, with its own names in the comments. */
class ProportionalRateTest {
    private final Tcb c = new SentSegments().c;

    /** RecoverFS is 10 segments, ssthresh 7; so many bytes were delivered and sent since. */
    private void state(int pipe, int delivered, int out) {
        ProportionalRate.start(c, 10_000);
        c.ssthresh = 7000;
        c.flight.inFlight = pipe;
        c.flight.prrDelivered = delivered;
        c.flight.prrOut = out;
    }

    private int sendable(int delivered, boolean progress) {
        ProportionalRate.acknowledged(c, delivered, progress);
        return c.cwnd - c.flight.inFlight;
    }

    @Test
    void rfc6937_3_1_aboveTheThresholdItSendsInProportion() {
        state(8000, 2000, 1500);
        assertEquals(600, sendable(1000, false), "CEIL(prr_delivered * ssthresh / RecoverFS) - prr_out");
        state(8000, 2000, 1500);
        assertEquals(601, sendable(1001, true), "rounded up");
        state(8000, 2000, 4000);
        assertEquals(0, sendable(1000, false), "never less than nothing");
    }

    @Test
    void rfc6937_3_1_atTheThresholdItConservesPackets() {
        state(7000, 2000, 1500);
        assertEquals(0, sendable(1000, false));
        state(5000, 2000, 2500);
        assertEquals(500, sendable(1000, false), "prr_delivered - prr_out");
        state(5000, 2000, 1);
        assertEquals(2000, sendable(1000, false), "no more than up to the threshold");
    }

    @Test
    void rfc6937_3_1_belowTheThresholdProgressAllowsSlowStart() {
        state(3000, 2400, 2500);
        assertEquals(1600, sendable(600, true), "MAX(prr_delivered - prr_out, DeliveredData) + MSS");
        state(3000, 2400, 2000);
        assertEquals(2000, sendable(600, true));
        state(6500, 2400, 2500);
        assertEquals(500, sendable(600, true), "no more than up to the threshold");
    }

    @Test
    void rfc6937_3_1_theFirstRetransmissionIsNeverHeldBack() {
        state(9000, 0, 0);
        assertEquals(1000, sendable(0, false));
        state(9000, 2000, 0);
        assertEquals(1400, sendable(0, false));
        state(9000, 0, 1);
        assertEquals(0, sendable(0, false));
    }
}
