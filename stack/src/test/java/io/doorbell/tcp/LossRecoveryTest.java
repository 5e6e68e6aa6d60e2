package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.counters.Counter;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** When a recovery begins, when it ends, and when it turns out to have been a mistake. */
class LossRecoveryTest {
    private static final long MILLI = 1_000_000L;

    private final SentSegments sent = new SentSegments();
    private final Tcb c = sent.c;
    private int[] segments;

    /** Ten segments leave at 1 ms; the window was 20 segments, and all of it had been used. */
    @BeforeEach
    void tenSegmentsAreOut() {
        c.sackOk = true;
        c.srttNanos = 10 * MILLI;
        c.minRttNanos = 10 * MILLI;
        c.cwnd = 20_000;
        c.ssthresh = 15_000;
        c.congestion().start(c);
        segments = sent.send(10, MILLI);
    }

    private void assertUndone() {
        assertEquals(20_000, c.cwnd);
        assertEquals(15_000, c.ssthresh);
        assertFalse(c.flight.timedOut || c.flight.recovering || c.flight.undoPossible);
        assertEquals(0, c.flight.lostSegments, "what was deemed lost is in the network");
        assertEquals(1, sent.counters.get(Counter.TCP_SPURIOUS_RECOVERIES));
    }

    private void assertStands() {
        assertEquals(0, sent.counters.get(Counter.TCP_SPURIOUS_RECOVERIES));
        assertTrue(c.ssthresh < 15_000);
    }

    /** The timer expires at 300 ms, and the first segment is sent again. */
    private void timeout() {
        sent.recovery.timeout(c, 300 * MILLI);
        sent.again(segments[0], 300 * MILLI);
    }

    @Test
    void rfc5681_3_1_aTimeoutLeavesOneSegmentAndLowersTheThresholdOnce() {
        c.finLost = false;
        timeout();
        assertEquals(1000, c.cwnd);
        assertEquals(7000, c.ssthresh, "0.7 of what was out");
        sent.recovery.timeout(c, 900 * MILLI);
        assertEquals(7000, c.ssthresh);
        assertEquals(2, sent.counters.get(Counter.TCP_TIMEOUTS));
        assertFalse(c.finLost);
    }

    @Test
    void rfc3522_3_2_anEchoOfTheFirstTransmissionUndoesTheTimeout() {
        c.timestamps = true;
        timeout();
        sent.echo(1000, 299, 301 * MILLI);
        assertUndone();
    }

    @Test
    void rfc3522_3_2_anEchoOfTheRetransmissionDoesNot() {
        c.timestamps = true;
        timeout();
        sent.echo(1000, 300, 310 * MILLI);
        assertStands();
    }

    @Test
    void rfc3522_3_2_theFirstRetransmissionIsTheOneThatCounts() {
        c.timestamps = true;
        timeout();
        sent.again(segments[1], 305 * MILLI);
        sent.echo(1000, 302, 310 * MILLI);
        assertStands();
    }

    @Test
    void rfc3522_3_2_withoutARetransmissionThereIsNothingToUndo() {
        c.timestamps = true;
        sent.recovery.timeout(c, 300 * MILLI);
        c.flight.firstRetransmitTicks = 300;
        sent.echo(1000, 1, 301 * MILLI);
        assertStands();
    }

    @Test
    void rfc3522_3_2_onlyAnAckOfNewDataTells() {
        c.timestamps = true;
        timeout();
        sent.echo(0, 1, 301 * MILLI);
        assertStands();
        sent.echo(0, 1, 301 * MILLI, 2000, 3000);
        assertStands();
    }

    @Test
    void rfc3522_3_2_whatFillsAHoleTellsNothing() {
        c.timestamps = true;
        c.partial = new PartialSends();
        timeout();
        sent.echo(1000, 1, 301 * MILLI);
        assertStands();
    }

    @Test
    void rfc3522_3_2_anEchoInAFastRecoveryUndoesItToo() {
        c.timestamps = true;
        sent.ack(0, 20 * MILLI, 1000, 5000);
        assertTrue(c.flight.recovering);
        sent.again(segments[0], 20 * MILLI);
        sent.echo(5000, 1, 21 * MILLI);
        assertUndone();
    }

    @Test
    void rfc5682_3_dataThatWasNeverSentAgainArrivesAfterATimeout() {
        timeout();
        sent.ack(2000, 301 * MILLI);
        assertUndone();
    }

    @Test
    void rfc5682_3_theRetransmissionAloneTellsNothing() {
        timeout();
        sent.ack(1000, 310 * MILLI);
        assertStands();
    }

    @Test
    void rfc5682_3_aFastRecoveryIsNotUndoneByIt() {
        sent.ack(0, 20 * MILLI, 1000, 5000);
        sent.again(segments[0], 20 * MILLI);
        sent.ack(6000, 30 * MILLI);
        assertStands();
    }

    @Test
    void rfc5682_3_withoutSackItIsNotDone() {
        c.sackOk = false;
        timeout();
        sent.ack(2000, 301 * MILLI);
        assertStands();
    }

    @Test
    void rfc3708_3_dsackOfEveryRetransmissionUndoes() {
        sent.ack(0, 20 * MILLI, 2000, 6000);
        assertEquals(2, c.flight.lostSegments);
        sent.again(segments[0], 20 * MILLI);
        sent.again(segments[1], 20 * MILLI);
        sent.ack(6000, 25 * MILLI);
        sent.ack(6000, 30 * MILLI, 0, 1000);
        assertStands();
        sent.ack(6000, 31 * MILLI, 1000, 2000);
        assertUndone();
    }

    @Test
    void rfc3708_3_dsackWithoutARetransmissionUndoesNothing() {
        sent.ack(0, 20 * MILLI, 1000, 5000);
        sent.ack(0, 25 * MILLI, -1000, 0);
        assertStands();
        assertEquals(0, c.flight.undoRetransmissions);
    }

    @Test
    void rfc8985_6_2_dsackWidensTheReorderingWindow() {
        sent.ack(3000, 11 * MILLI, 0, 1000);
        assertEquals(2, c.reorderMultiple);
    }

    @Test
    void rfc8985_6_2_aRecoveryThatEndsIsCounted() {
        c.reorderPersist = 16;
        c.reorderMultiple = 3;
        sent.ack(0, 20 * MILLI, 1000, 5000);
        sent.again(segments[0], 20 * MILLI);
        sent.ack(10_000, 30 * MILLI);
        assertFalse(c.flight.recovering);
        assertEquals(15, c.reorderPersist);
        assertEquals(c.ssthresh, c.cwnd, "RFC 6937 section 3: it ends at the threshold");
    }

    @Test
    void rfc6937_3_theFirstRetransmissionLeavesAtOnceAndDeliveredBytesAreCounted() {
        sent.ack(0, 20 * MILLI, 1000, 5000);
        assertEquals(7000, c.ssthresh);
        assertEquals(10_000, c.flight.prrFlightSize);
        assertEquals(5000, c.flight.inFlight);
        assertEquals(7000, c.cwnd, "4000 bytes were delivered; it goes on up to the threshold");
        sent.again(segments[0], 20 * MILLI);
        assertEquals(1000, c.flight.prrOut);
        sent.ack(0, 21 * MILLI, 1000, 6000);
        assertEquals(5000, c.flight.prrDelivered);
    }

    @Test
    void rfc5681_3_1_anAckOfNewDataGrowsTheWindowAndADuplicateDoesNot() {
        c.ssthresh = 100_000;
        c.cwnd = 10_000;
        sent.ack(0, 11 * MILLI);
        assertEquals(10_000, c.cwnd);
        sent.ack(1000, 11 * MILLI);
        assertEquals(11_000, c.cwnd);
        assertEquals(SentSegments.ISS + 999, c.flight.recover, "it follows SND.UNA");
    }

    @Test
    void rfc6582_3_2_theEndOfARecoveryIsAtWhatWasOutWhenItBegan() {
        sent.ack(0, 20 * MILLI, 1000, 5000);
        int recover = c.flight.recover;
        assertEquals(c.sndNxt, recover);
        sent.again(segments[0], 20 * MILLI);
        sent.ack(5000, 30 * MILLI);
        assertTrue(c.flight.recovering);
        assertEquals(recover, c.flight.recover);
    }

    @Test
    void rfc6582_3_2_aPartialAckDeflatesByWhatItAcknowledges() {
        c.sackOk = false;
        for (int i = 0; i < 6; i++) {
            sent.ack(0, 20 * MILLI);
        }
        assertTrue(c.flight.recovering);
        assertEquals(6, c.flight.duplicateAcks);
        sent.ack(3000, 30 * MILLI);
        assertEquals(4, c.flight.duplicateAcks, "of three segments one was the retransmission");
        assertTrue(sent.segments.has(c.sendHead, SegmentTable.LOST), "the next is lost too");
        sent.ack(9000, 40 * MILLI);
        assertEquals(0, c.flight.duplicateAcks);
    }

    @Test
    void rfc5681_4_1_aRestForgetsTheWindowAndTheFlight() {
        sent.recovery.rest(c);
        assertEquals(10_000, c.cwnd);
        assertTrue(c.flight != null, "something is out");
        c.flight.cubicMax = 9;
        sent.recovery.rest(c);
        assertEquals(0, c.flight.cubicMax);
        sent.ack(10_000, 20 * MILLI);
        sent.recovery.rest(c);
        assertEquals(null, c.flight);
    }
}
