package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** What one ACK says. */
class SackInputTest {
    private static final long MILLI = 1_000_000L;

    private final SentSegments sent = new SentSegments();
    private final SackInput acks = sent.acks;

    @Test
    void rfc8985_6_2_aCumulativeAckTellsRackOfTheTransmission() {
        sent.send(MILLI);
        sent.send(2 * MILLI);
        sent.send(3 * MILLI);
        sent.ack(2000, 12 * MILLI);
        assertEquals(2 * MILLI, sent.c.flight.rackSentNanos);
        assertEquals(10 * MILLI, sent.c.flight.rackRttNanos);
        assertEquals(2000, acks.delivered);
        assertEquals(2, acks.whole);
        assertTrue(acks.originalDelivered);
        assertEquals(2 * MILLI, acks.sampleSentAt);
    }

    @Test
    void rfc6298_3_anAckThatCoversARetransmissionGivesNoSample() {
        int first = sent.send(MILLI);
        sent.send(2 * MILLI);
        sent.again(first, 20 * MILLI);
        sent.ack(2000, 30 * MILLI);
        assertEquals(Tcb.NO_DEADLINE, acks.sampleSentAt);
        assertTrue(acks.originalDelivered);
    }

    @Test
    void rfc2883_4_whichReportsAreDuplicates() {
        sent.c.sackOk = true;
        sent.send(4, MILLI);
        sent.ack(2000, 12 * MILLI, 0, 1000);
        assertTrue(acks.duplicate, "below the ACK");
        sent.ack(2000, 12 * MILLI, 1000, 2000);
        assertTrue(acks.duplicate, "up to the ACK");
        assertEquals(SentSegments.ISS + 2000, acks.duplicateEnd);
        sent.ack(2000, 12 * MILLI, 1000, 1000);
        assertFalse(acks.duplicate, "no bytes");
        sent.ack(2000, 12 * MILLI, 3000, 4000, 3000, 4000);
        assertTrue(acks.duplicate, "within the second block");
        sent.ack(2000, 12 * MILLI, 2000 - (1 << 30) - 1, 1000);
        assertFalse(acks.duplicate, "older than anything that can be out");
        sent.ack(2000, 12 * MILLI, 2000 - (1 << 30), 1000);
        assertTrue(acks.duplicate);
        sent.ack(2000, 12 * MILLI, 4000, 5000, 4000, 5000);
        assertFalse(acks.duplicate, "beyond what was sent");
    }
}
