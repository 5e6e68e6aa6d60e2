package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** RFC 8985 section 6.2, step by step. */
class RackTest {
    private static final long MILLI = 1_000_000L;
    private static final long SECOND = 1000 * MILLI;

    private final SentSegments sent = new SentSegments();
    private final Rack rack = sent.rack;
    private final Tcb c = sent.c;

    @Test
    void rfc8985_6_2_step1_theMinimumIsBelievedForFiveMinutes() {
        rack.sample(c, 10 * MILLI, 1000 * SECOND);
        rack.sample(c, 20 * MILLI, 1300 * SECOND);
        assertEquals(10 * MILLI, c.minRttNanos);
        rack.sample(c, 20 * MILLI, 1300 * SECOND + 1);
        assertEquals(20 * MILLI, c.minRttNanos, "the path has become longer");
    }

    @Test
    void rfc8985_6_2_step1_theMinimumSeenAgainIsBelievedAnew() {
        rack.sample(c, 10 * MILLI, 1000 * SECOND);
        rack.sample(c, 10 * MILLI, 1200 * SECOND);
        rack.sample(c, 20 * MILLI, 1400 * SECOND);
        assertEquals(10 * MILLI, c.minRttNanos);
        rack.sample(c, 5 * MILLI, 1400 * SECOND);
        assertEquals(5 * MILLI, c.minRttNanos);
        rack.sample(c, 0, 1400 * SECOND);
        assertEquals(1, c.minRttNanos, "no round trip takes no time");
    }

    @Test
    void rfc8985_6_2_step2_theLatestTransmissionThatArrivedIsRemembered() {
        int first = sent.send(0);
        int second = sent.send(MILLI);
        rack.delivered(c, second, false, 0, 11 * MILLI);
        rack.delivered(c, first, false, 0, 12 * MILLI);
        assertEquals(MILLI, c.flight.rackSentNanos);
        assertEquals(sent.segments.end(second), c.flight.rackEnd);
        assertEquals(10 * MILLI, c.flight.rackRttNanos);
    }

    @Test
    void rfc8985_6_2_step2_anAckTooEarlyForARetransmissionIsNotOfIt() {
        int segment = sent.send(0);
        rack.sample(c, 10 * MILLI, 10 * MILLI);
        sent.sent(segment, 100 * MILLI);
        rack.delivered(c, segment, false, 0, 110 * MILLI - 1);
        assertEquals(Long.MIN_VALUE, c.flight.rackSentNanos, "faster than any round trip before");
        rack.delivered(c, segment, true, 99, 120 * MILLI);
        assertEquals(Long.MIN_VALUE, c.flight.rackSentNanos, "the echo is of the transmission before");
        rack.delivered(c, segment, true, 100, 110 * MILLI);
        assertEquals(100 * MILLI, c.flight.rackSentNanos);
        assertEquals(10 * MILLI, c.flight.rackRttNanos);
    }

    @Test
    void rfc8985_6_2_step2_withoutAnEchoTheMinimumAloneDecides() {
        int segment = sent.send(0);
        rack.sample(c, 10 * MILLI, 10 * MILLI);
        sent.sent(segment, 100 * MILLI);
        rack.delivered(c, segment, false, -1, 110 * MILLI);
        assertEquals(100 * MILLI, c.flight.rackSentNanos);
    }

    @Test
    void rfc8985_6_2_step3_whatArrivesBehindLaterDataWasReordered() {
        int first = sent.send(0);
        int second = sent.send(MILLI);
        int third = sent.send(2 * MILLI);
        rack.delivered(c, second, false, 0, 10 * MILLI);
        assertEquals(sent.segments.end(second), c.flight.fack);
        rack.delivered(c, third, false, 0, 11 * MILLI);
        assertEquals(sent.segments.end(third), c.flight.fack);
        assertFalse(c.reorderingSeen, "everything came in order");
        rack.delivered(c, third, false, 0, 12 * MILLI);
        assertFalse(c.reorderingSeen, "nothing lies behind it");
        rack.delivered(c, first, false, 0, 12 * MILLI);
        assertTrue(c.reorderingSeen);
        assertEquals(sent.segments.end(third), c.flight.fack, "it never moves back");
    }

    @Test
    void rfc8985_6_2_step3_aRetransmissionIsNotReordered() {
        int first = sent.send(0);
        int second = sent.send(MILLI);
        sent.sent(first, 20 * MILLI);
        rack.delivered(c, second, false, 0, 21 * MILLI);
        rack.delivered(c, first, false, 0, 30 * MILLI);
        assertFalse(c.reorderingSeen);
    }

    @Test
    void rfc8985_6_2_step3_whatFilledAHoleIsNotReordered() {
        int first = sent.send(0);
        int second = sent.send(MILLI);
        sent.segments.set(first, SegmentTable.LATE);
        rack.delivered(c, second, false, 0, 21 * MILLI);
        rack.delivered(c, first, false, 0, 30 * MILLI);
        assertFalse(c.reorderingSeen);
    }

    @Test
    void rfc8985_6_2_step4_dsackWidensTheWindowOnceARoundTrip() {
        sent.send(0);
        rack.duplicateReported(c);
        rack.duplicateReported(c);
        assertEquals(2, c.reorderMultiple);
        c.sndUna = c.sndNxt;
        sent.send(MILLI);
        rack.duplicateReported(c);
        assertEquals(3, c.reorderMultiple);
        for (int i = 0; i < 300; i++) {
            c.flight.reorderRoundOpen = false;
            rack.duplicateReported(c);
        }
        assertEquals(255, c.reorderMultiple);
    }

    @Test
    void rfc8985_6_2_step4_sixteenRecoveriesWithoutDsackMakeItSmallAgain() {
        sent.send(0);
        rack.duplicateReported(c);
        for (int i = 0; i < 15; i++) {
            rack.recoveryEnded(c);
        }
        assertEquals(2, c.reorderMultiple);
        rack.recoveryEnded(c);
        assertEquals(1, c.reorderMultiple);
        for (int i = 0; i < 300; i++) {
            rack.recoveryEnded(c);
            assertEquals(0, c.reorderPersist);
        }
    }

    @Test
    void rfc8985_6_2_step4_theWindowIsAQuarterOfTheMinimumAndAtMostTheSmoothedRtt() {
        int first = sent.send(0);
        int second = sent.send(MILLI);
        rack.sample(c, 40 * MILLI, 40 * MILLI);
        c.srttNanos = 15 * MILLI;
        sent.scoreboard.markSacked(c, second);
        rack.delivered(c, second, false, 0, 41 * MILLI);
        assertEquals(9 * MILLI, rack.detect(c, 41 * MILLI), "sent at 0, a round trip of 40 and 10 of grace");
        c.reorderMultiple = 2;
        assertEquals(14 * MILLI, rack.detect(c, 41 * MILLI), "no more than the smoothed round trip");
        assertTrue(sent.scoreboard.inNetwork(first));
        assertEquals(1, rack.detect(c, 55 * MILLI - 1));
        assertEquals(0, rack.detect(c, 55 * MILLI));
        assertTrue(sent.segments.has(first, SegmentTable.LOST));
    }

    @Test
    void rfc8985_6_3_aTimeoutTakesTheFirstAndWhatIsAsOld() {
        int first = sent.send(9 * MILLI);
        int second = sent.send(10 * MILLI);
        int third = sent.send(10 * MILLI + 1);
        sent.sent(first, 500 * MILLI);
        c.flight.rackRttNanos = 20 * MILLI;
        c.minRttNanos = 40 * MILLI;
        c.srttNanos = 40 * MILLI;
        rack.detectOnTimeout(c, 40 * MILLI);
        assertTrue(sent.segments.has(first, SegmentTable.LOST), "the first, however young");
        assertTrue(sent.segments.has(second, SegmentTable.LOST), "a round trip and 10 ms of grace are over");
        assertFalse(sent.segments.has(third, SegmentTable.LOST));
    }
}
