package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** What the scoreboard answers about holes, and in which order segments were sent. */
class ScoreboardTest {
    private final SentSegments sent = new SentSegments();
    private final Scoreboard scoreboard = sent.scoreboard;
    private final Tcb c = sent.c;

    @Test
    void rfc2018_5_dataArrivedIfAllThatWasSentBeforeWasReported() {
        int first = sent.send(0);
        int second = sent.send(1);
        sent.send(2);
        c.sackOk = true;
        int middle = sent.segments.end(second);
        assertTrue(scoreboard.arrivedUpTo(c, SentSegments.ISS), "nothing is before the first byte");
        scoreboard.markSacked(c, second);
        assertFalse(scoreboard.arrivedUpTo(c, middle));
        scoreboard.markSacked(c, first);
        assertTrue(scoreboard.arrivedUpTo(c, middle));
        assertFalse(scoreboard.arrivedUpTo(c, c.sndNxt));
    }

    @Test
    void rfc2018_5_withoutSackNothingBehindAHoleCanBeAskedFor() {
        int hole = sent.hole();
        int second = sent.send(0);
        assertTrue(scoreboard.arrivedUpTo(c, c.sndNxt), "the peer can't tell");
        c.sackOk = true;
        assertFalse(scoreboard.arrivedUpTo(c, c.sndNxt), "the peer would have reported it");
        scoreboard.markSacked(c, second);
        assertTrue(scoreboard.arrivedUpTo(c, c.sndNxt), "a hole is nothing that was sent");
        assertTrue(scoreboard.isHole(hole));
    }

    @Test
    void rfc6298_5_1_anAckIsDueForDataBehindAHoleOnlyFromAPeerWithSack() {
        int hole = sent.hole();
        int second = sent.send(0);
        c.partial = new PartialSends();
        assertFalse(scoreboard.awaitsAck(c), "the peer can't acknowledge it");
        c.sackOk = true;
        assertTrue(scoreboard.awaitsAck(c));
        scoreboard.markLost(c, second);
        assertTrue(scoreboard.awaitsAck(c), "it has to arrive all the same");
        scoreboard.sent(c, second, 1);
        scoreboard.markSacked(c, second);
        assertFalse(scoreboard.awaitsAck(c), "everything has arrived");
        sent.sent(hole, 2);
        assertTrue(scoreboard.awaitsAck(c), "the hole is filled");
    }

    @Test
    void rfc6298_5_1_aFinAloneAwaitsItsAck() {
        c.partial = new PartialSends();
        assertFalse(scoreboard.awaitsAck(c));
        c.sndNxt++;
        assertTrue(scoreboard.awaitsAck(c));
    }

    @Test
    void rfc5681_2_duplicateAcksOfWhatWasSentPastAHoleAreCounted() {
        int hole = sent.hole();
        sent.send(0);
        sent.send(1);
        c.partial = new PartialSends();
        assertEquals(0, scoreboard.sentPast(c), "the hole is open: no ACK tells of it");
        sent.sent(hole, 2);
        sent.segments.set(hole, SegmentTable.LATE);
        sent.send(3);
        assertEquals(2, scoreboard.sentPast(c));
        c.partial = null;
        assertEquals(0, scoreboard.sentPast(c));
    }

    @Test
    void rfc6298_5_4_theLowestInTheNetworkIsNeitherLostNorReported() {
        int lost = sent.send(0);
        int reported = sent.send(1);
        int third = sent.send(2);
        sent.send(3);
        assertEquals(lost, scoreboard.lowestInNetwork(c));
        scoreboard.markLost(c, lost);
        scoreboard.markSacked(c, reported);
        assertEquals(third, scoreboard.lowestInNetwork(c));
        scoreboard.markAllLost(c);
        assertEquals(Tcb.NONE, scoreboard.lowestInNetwork(c));
    }

    @Test
    void rfc8985_5_2_whatFillsAHoleWasSentAfterWhatIsBehindIt() {
        int hole = sent.hole();
        sent.send(7);
        sent.sent(hole, 7);
        scoreboard.keepOrder(hole);
        assertEquals(8, sent.segments.sentAtNanos(hole), "the sequence number alone would have it the other way");
        int last = sent.send(9);
        scoreboard.keepOrder(last);
        assertEquals(9, sent.segments.sentAtNanos(last));
    }
}
