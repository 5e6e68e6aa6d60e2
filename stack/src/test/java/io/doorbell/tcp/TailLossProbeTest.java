package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** RFC 8985 section 7. */
class TailLossProbeTest {
    private static final long MILLI = 1_000_000L;
    private static final long NOW = 500 * MILLI;
    private static final long ACK_DELAY = 40 * MILLI;

    private final SentSegments sent = new SentSegments();
    private final Tcb c = sent.c;

    @BeforeEach
    void threeSegmentsAreOut() {
        sent.send(3, 0);
        c.sackOk = true;
        c.srttNanos = 10 * MILLI;
        c.retransmitDeadline = Tcb.NO_DEADLINE;
        c.cwnd = 20_000;
        c.ssthresh = 20_000;
    }

    private long deadline() {
        return TailLossProbe.deadline(c, ACK_DELAY, NOW);
    }

    @Test
    void rfc8985_7_2_theProbeTimeout() {
        assertEquals(NOW + 20 * MILLI, deadline());
        c.flight.inFlight = 1001;
        assertEquals(NOW + 20 * MILLI, deadline());
        c.flight.inFlight = 1000;
        assertEquals(NOW + 20 * MILLI + ACK_DELAY, deadline(), "the ACK of one segment may be delayed");
        c.flight.inFlight = 3000;
        c.retransmitDeadline = NOW + 7 * MILLI;
        assertEquals(NOW + 7 * MILLI, deadline(), "not later than the retransmission timeout");
        c.retransmitDeadline = Tcb.NO_DEADLINE;
        c.srttNanos = 0;
        assertEquals(NOW + 1000 * MILLI, deadline(), "no sample yet");
        c.srttNanos = 1000;
        assertEquals(NOW + MILLI, deadline());
    }

    @Test
    void rfc8985_7_2_whenNoProbeIsDue() {
        c.flight.sackedSegments = 1;
        assertEquals(Tcb.NO_DEADLINE, deadline());
        c.partial = new PartialSends();
        assertEquals(NOW + 20 * MILLI, deadline(), "behind a hole a report is no sign of a loss");
        c.partial = null;
        c.flight.sackedSegments = 0;
        c.flight.lostSegments = 1;
        assertEquals(Tcb.NO_DEADLINE, deadline());
        c.flight.lostSegments = 0;
        c.flight.inFlight = 0;
        assertEquals(Tcb.NO_DEADLINE, deadline());
        c.flight.inFlight = 3000;
        c.flight.recovering = true;
        assertEquals(Tcb.NO_DEADLINE, deadline());
        c.flight.recovering = false;
        c.flight.timedOut = true;
        assertEquals(Tcb.NO_DEADLINE, deadline());
        c.flight.timedOut = false;
        TailLossProbe.sent(c, false);
        assertEquals(Tcb.NO_DEADLINE, deadline(), "one at a time");
        c.flight.tailProbe = false;
        c.sackOk = false;
        assertEquals(Tcb.NO_DEADLINE, deadline());
    }

    @Test
    void rfc8985_7_4_2_anAckBeyondTheProbeTellsOfARepairedLoss() {
        TailLossProbe.sent(c, true);
        sent.ack(2000, NOW);
        assertTrue(c.flight.tailProbe, "it is not acknowledged yet");
        sent.send(NOW);
        sent.ack(4000, NOW);
        assertFalse(c.flight.tailProbe);
        assertEquals(2000, c.ssthresh, "a loss was repaired that nothing else showed");
        assertTrue(c.cwnd < 3000);
    }

    @Test
    void rfc8985_7_4_2_aProbeOfNewDataRepairsNothing() {
        TailLossProbe.sent(c, false);
        sent.ack(2000, NOW);
        assertTrue(c.flight.tailProbe);
        sent.ack(3000, NOW);
        assertFalse(c.flight.tailProbe);
        assertEquals(20_000, c.ssthresh);
    }

    @Test
    void rfc8985_7_4_2_dsackOfTheProbeTellsThatNothingWasLost() {
        TailLossProbe.sent(c, true);
        sent.ack(3000, NOW);
        assertTrue(c.flight.tailProbe, "the probe or the original has arrived");
        sent.ack(3000, NOW, 1000, 2000);
        assertTrue(c.flight.tailProbe, "that is another segment");
        sent.ack(3000, NOW, 2000, 3000);
        assertFalse(c.flight.tailProbe);
        assertEquals(20_000, c.ssthresh);
    }

    @Test
    void rfc8985_7_4_2_aDuplicateAckWithoutBlocksTellsTheSame() {
        TailLossProbe.sent(c, true);
        sent.ack(3000, NOW);
        sent.ack(3000, NOW);
        assertFalse(c.flight.tailProbe);
        assertEquals(20_000, c.ssthresh);
    }

    @Test
    void rfc8985_7_4_2_inARecoveryTheWindowWasReducedAlready() {
        TailLossProbe.sent(c, true);
        sent.send(NOW);
        c.flight.timedOut = true;
        c.flight.recover = c.sndNxt + 1000;
        sent.ack(4000, NOW);
        assertFalse(c.flight.tailProbe);
        assertEquals(20_000, c.ssthresh);
    }

    @Test
    void rfc8985_7_4_2_behindAHoleItEndsWhenAllThatWasOutHasArrived() {
        c.partial = new PartialSends();
        TailLossProbe.sent(c, true);
        sent.ack(0, NOW, 1000, 3000);
        assertTrue(c.flight.tailProbe);
        sent.ack(1000, NOW);
        assertFalse(c.flight.tailProbe);
    }
}
