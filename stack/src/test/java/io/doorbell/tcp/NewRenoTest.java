package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import org.junit.jupiter.api.Test;

/** RFC 5681 section 3.1, and the flights that are kept for reuse. */
class NewRenoTest {
    private static final int MSS = SentSegments.SIZE;

    private final NewReno reno = new NewReno();
    private final Tcb c = new SentSegments().c;

    @Test
    void rfc5681_3_1_slowStartBelowTheThresholdAndOneSegmentARoundTripAbove() {
        reno.start(c);
        c.cwnd = 4 * MSS;
        c.ssthresh = 5 * MSS;
        reno.acknowledged(c, MSS, 0);
        assertEquals(5 * MSS, c.cwnd);
        reno.acknowledged(c, 4 * MSS, 0);
        reno.acknowledged(c, MSS - 1, 0);
        assertEquals(5 * MSS, c.cwnd, "a byte less than the window");
        reno.acknowledged(c, 2, 0);
        assertEquals(6 * MSS, c.cwnd);
        reno.acknowledged(c, 6 * MSS - 2, 0);
        assertEquals(6 * MSS, c.cwnd, "the byte too many counted once");
        reno.acknowledged(c, 1, 0);
        assertEquals(7 * MSS, c.cwnd);
    }

    @Test
    void rfc5681_3_1_aLossHalvesWhatIsOutAndLeavesTwoSegments() {
        reno.congested(c, 9 * MSS);
        assertEquals(9 * MSS / 2, c.ssthresh);
        reno.congested(c, 3 * MSS);
        assertEquals(2 * MSS, c.ssthresh);
    }

    @Test
    void flightsAreReusedUpToTheBound() {
        Flights flights = new Flights(1);
        Tcb other = new ControlBlock();
        c.flight = flights.take();
        other.flight = flights.take();
        Flight first = c.flight;
        flights.giveBack(c);
        flights.giveBack(other);
        flights.giveBack(other);
        assertNull(c.flight);
        assertSame(first, flights.take());
        assertNotSame(first, flights.take(), "the second was one too many to keep");
        c.flight = first;
        flights.giveBack(c);
        assertSame(first, flights.take());
    }
}
