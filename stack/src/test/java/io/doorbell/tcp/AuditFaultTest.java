package io.doorbell.tcp;

import static io.doorbell.script.Segments.ack;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The audit notices each single number that is wrong. */
@ExtendWith(Scripts.class)
class AuditFaultTest {
    private Script script;
    private Tcb c;

    private void begin(Script chosen) {
        script = chosen;
        script.establish();
        c = script.connection();
        assertNull(script.stack().audit().check(List.of()));
    }

    /** One number is changed, noticed, and put right again. */
    private void noticed(String fault, Consumer<Tcb> wrong, Consumer<Tcb> right) {
        Audit audit = script.stack().audit();
        // What is in the send queue was taken before this audit began to count: only what comes before frames is asked.
        wrong.accept(c);
        String found = audit.check(List.of());
        right.accept(c);
        assertTrue(found != null && found.startsWith(fault), "not \"" + fault + "\" but " + found);
    }

    @Test
    void whatIsSentMustBeInOrder(Script chosen) {
        begin(chosen);
        noticed("a piece of a burst", t -> t.firstPiece = 3, t -> t.firstPiece = Tcb.NONE);
        noticed("SND.UNA is beyond SND.NXT", t -> t.sndUna++, t -> t.sndUna--);
        noticed("SND.NXT is beyond what the user", t -> t.sndNxt++, t -> t.sndNxt--);
        noticed("a FIN was sent, and SND.NXT", t -> t.finSent = true, t -> t.finSent = false);
        noticed("a FIN is lost", t -> t.finLost = true, t -> t.finLost = false);
        noticed("something is out without a flight", t -> {
            t.sndNxt++;
            t.sndEnd++;
        }, t -> {
            t.sndNxt--;
            t.sndEnd--;
        });
        long rto = c.rtoNanos;
        noticed("the RTO is below", t -> t.rtoNanos = 1, t -> t.rtoNanos = rto);
        noticed("the RTO is above", t -> t.rtoNanos = Long.MAX_VALUE / 2, t -> t.rtoNanos = rto);
        noticed("the send buffer's bound", t -> t.sndEnd += 1 << 30, t -> t.sndEnd -= 1 << 30);
    }

    @Test
    void whatIsOwedNeedsATimer(Script chosen) {
        begin(chosen);
        noticed("an ACK is due", t -> t.ackNow = true, t -> t.ackNow = false);
        noticed("an ACK is due", t -> t.duplicateAcksOwed = 1, t -> t.duplicateAcksOwed = 0);
        noticed("no timer runs for an ACK", t -> t.lastAckSent--, t -> t.lastAckSent++);
        noticed("a deadline is not in the timer queue", t -> t.ackDeadline = 5, t -> t.ackDeadline = Tcb.NO_DEADLINE);
        noticed("no timer runs for what is held back", t -> t.finQueued = true, t -> t.finQueued = false);
    }

    @Test
    void whatIsReceivedMustBeInOrder(Script chosen) {
        begin(chosen);
        noticed("the user was given more than came", t -> t.rcvUser++, t -> t.rcvUser--);
        int edge = c.rcvEdge;
        noticed("RCV.NXT is beyond the window's", t -> t.rcvEdge = t.rcvNxt - 1, t -> t.rcvEdge = edge);
        noticed("the window is larger than", t -> t.rcvEdge += 1 << 30, t -> t.rcvEdge = edge);
        noticed("unread bytes are nowhere", t -> t.rcvUser--, t -> t.rcvUser++);
        Audit audit = script.stack().audit();
        assertNull(audit.check(List.of()));
        c.rcvEdge--;
        assertTrue(audit.check(List.of()).startsWith("the window's right edge moved left"));
        c.rcvEdge++;
        assertNull(audit.check(List.of()));
        c.sndUna--;
        c.iss--;
        String moved = audit.check(List.of());
        c.sndUna++;
        c.iss++;
        assertTrue(moved.startsWith("something is out") || moved.startsWith("SND.UNA or SND.NXT moved back"), moved);
    }

    @Test
    void rfc6298_5_1_whatIsOutIsCountedAndTimed(Script chosen) {
        begin(chosen);
        script.send(2000);
        script.expectBytes(1, 2001);
        long deadline = c.retransmitDeadline;
        noticed("no timer runs for what is out", t -> t.retransmitDeadline = Tcb.NO_DEADLINE,
                t -> t.retransmitDeadline = deadline);
        noticed("bytes in flight recounted", t -> t.flight.inFlight++, t -> t.flight.inFlight--);
        noticed("lost segments recounted", t -> t.flight.lostSegments++, t -> t.flight.lostSegments--);
        noticed("reported segments recounted", t -> t.flight.sackedSegments++, t -> t.flight.sackedSegments--);
        int last = c.flight.lastSent;
        noticed("the last segment sent is another", t -> t.flight.lastSent = Tcb.NONE, t -> t.flight.lastSent = last);
        int tail = c.sendTail;
        noticed("the send queue's tail", t -> t.sendTail = t.sendHead, t -> t.sendTail = tail);
        noticed("the first segment behind all", t -> t.sendUnsent = t.sendHead, t -> t.sendUnsent = Tcb.NONE);
        noticed("the send queue does not end", t -> t.sndEnd++, t -> t.sndEnd--);
        noticed("a gap in the send queue", t -> t.sndUna--, t -> t.sndUna++);
        int first = c.flight.firstSent;
        noticed("the order of transmission is torn", t -> t.flight.firstSent = tail, t -> t.flight.firstSent = first);
        script.receive(ack(2001)).expectNothing();
    }
}
