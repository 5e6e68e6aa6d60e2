package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.ip.Clock;
import io.doorbell.link.FramePool;
import io.doorbell.wire.Checksum;
import io.doorbell.wire.TcpHeader;

/**
 * The emitter: every segment of a connection leaves through here, data, retransmissions, FINs, pure ACKs and RSTs, and
 * here it is decided when the next one is due.
 */
final class SegmentOutput {
    /** RFC 5681 section 3.2: so many duplicate ACKs tell a loss to a sender that counts them. */
    private static final int COUNTED_DUPLICATES = 3;

    private final FramePool pool;
    private final SegmentWriter writer;
    private final SegmentTable segments;
    private final Scoreboard scoreboard;
    private final SendSpace sendSpace;
    private final LossRecovery recovery;
    private final TcpConfig config;
    private final Counters counters;
    private final TimerQueue timers;
    private final Holes holes;
    private final MultiSegmentOutput multi;
    private final TimestampClock timestamps;
    private final Clock clock;

    SegmentOutput(FramePool pool, SegmentWriter writer, SegmentTable segments, Scoreboard scoreboard,
                  SendSpace sendSpace, LossRecovery recovery, TcpConfig config, Counters counters, TimerQueue timers,
                  Holes holes, MultiSegmentOutput multi, TimestampClock timestamps, Clock clock) {
        this.pool = pool;
        this.writer = writer;
        this.segments = segments;
        this.scoreboard = scoreboard;
        this.sendSpace = sendSpace;
        this.recovery = recovery;
        this.config = config;
        this.counters = counters;
        this.timers = timers;
        this.holes = holes;
        this.multi = multi;
        this.timestamps = timestamps;
        this.clock = clock;
    }

    int timestampClock() {
        return timestamps.ticks();
    }

    /**
     * Sends whatever the connection may and must send now, and arms its timers.
     *
     * @return whether it has to be called again although nothing new happens: the link or the frame pool was full
     */
    boolean run(Tcb c) {
        boolean blocked;
        if (c.state == TcpState.CLOSED) {
            // It ended while it waited for room, perhaps before its SYN could leave.
            return false;
        }
        if (c.synPending) {
            blocked = !sendSyn(c);
        } else if (c.state == TcpState.SYN_SENT) {
            return false;
        } else {
            blocked = !sendDuplicateAcks(c) || !retransmitLost(c) || !sendNew(c) || !sendFin(c) || !sendAck(c);
        }
        schedule(c, blocked);
        return blocked;
    }

    private boolean sendSyn(Tcb c) {
        if (!writer.syn(c, config)) {
            return false;
        }
        c.synPending = false;
        c.ackNow = false;
        c.sndNxt = c.iss + 1;
        c.lastSentNanos = clock.nanos();
        return true;
    }

    /**
     * RFC 5681 section 4.2: one for each segment that came out of order. A peer with SACK learns more from the blocks
     * than from the number of ACKs: as many as the blocks need, and no less than the three that older senders count.
     */
    private boolean sendDuplicateAcks(Tcb c) {
        int sent = 0;
        while (c.duplicateAcksOwed > 0) {
            if (!sendPureAck(c)) {
                return false;
            }
            c.duplicateAcksOwed--;
            sent++;
            boolean told = c.received == null || c.received.unreported() == 0;
            if (c.sackOk && told && sent >= COUNTED_DUPLICATES) {
                c.duplicateAcksOwed = 0;
            }
        }
        return true;
    }

    private boolean sendAck(Tcb c) {
        return !c.ackNow || sendPureAck(c);
    }

    private boolean sendPureAck(Tcb c) {
        if (!writer.control(c, c.sndNxt, TcpHeader.ACK)) {
            return false;
        }
        counters.increment(Counter.TCP_PURE_ACKS_OUT);
        return true;
    }

    private boolean retransmitLost(Tcb c) {
        while (c.flight != null && c.flight.lostSegments > 0) {
            int segment = scoreboard.firstLost(c);
            if (segments.length(segment) > c.mss && !sendSpace.split(c, segment, c.mss)) {
                return waitsForNeighbour(c, segment);
            }
            // Without SACK only the first segment can be lost for all one knows, and it is never held back; nor is it
            // after a timeout (RFC 6298 section 5.4), though RACK may deem others still on their way.
            boolean first = segment == c.sendHead && (!c.sackOk || c.flight.timedOut);
            boolean held = recovery.outstanding(c) > 0 && !first
                    && recovery.outstanding(c) + segments.length(segment) > c.cwnd;
            if (held) {
                return true;
            }
            if (recovery.outstanding(c) > 0 && Pacer.holds(c, clock.nanos())) {
                return true;
            }
            if (!retransmit(c, segment)) {
                return waitsForNeighbour(c, segment);
            }
        }
        return true;
    }

    /**
     * Whether it is of no use to try again at once: the segment's frame is held until the neighbour's address is known
     * (RFC 1122 section 2.3.2.2), and leaves then or when a timer sends it again.
     */
    private boolean waitsForNeighbour(Tcb c, int segment) {
        return pool.holds(pool.addressOf(segment)) > 1 && !c.nextHop.isUsable();
    }

    /** A frame that is still on its way out of this machine can't have been lost in the network: it has to wait. */
    private boolean retransmit(Tcb c, int segment) {
        if (pool.holds(pool.addressOf(segment)) > 1 || !sendSegment(c, segment)) {
            return false;
        }
        if (c.multi != null && segments.has(segment, SegmentTable.MULTI)) {
            segments.clear(segment, SegmentTable.MULTI);
            if (c.multi.partLost()) {
                counters.increment(Counter.TCP_MULTI_FALLBACKS);
            }
        }
        Repairs.retransmitted(c, counters);
        recovery.retransmitted(c, segments.end(segment), segments.length(segment), timestamps.ticks(), clock.nanos());
        return true;
    }

    /** Data that waits, past the holes of partial messages: Nagle's rule does not hold it, since it was asked to leave. */
    private boolean sendPastHoles(Tcb c) {
        if (c.flight != null && !scoreboard.awaitsAck(c) && c.restNanos() <= clock.nanos()) {
            recovery.rest(c);
        }
        for (int s = holes.firstReady(c); s != Tcb.NONE; s = holes.nextReady(s)) {
            if (segments.length(s) > c.mss && !sendSpace.split(c, s, c.mss)) {
                return false;
            }
            // What the peer's stream waits for is never held back: nothing else can move the windows.
            boolean held = s != c.sendHead && (!fitsCongestionWindow(c, s) || corked(c, s) || Pacer.holds(c, clock.nanos()));
            if (held || !fitsWindow(c, s)) {
                return true;
            }
            int together = c.multi != null && c.multi.sends() ? multi.choose(c, s, congestionRoom(c)) : 0;
            if (together > 0 ? !sendTogether(c, together) : !sendFirstTime(c, s)) {
                return false;
            }
        }
        return true;
    }

    private long congestionRoom(Tcb c) {
        int outstanding = recovery.outstanding(c);
        return outstanding == 0 ? Integer.MAX_VALUE : (long) c.cwnd - outstanding;
    }

    private boolean sendTogether(Tcb c, int count) {
        // A listener takes a handshake's last ACK only with the number that it expects.
        boolean endsHandshake = c.ackNow && c.sndNxt == c.iss + 1;
        if (endsHandshake && !sendPureAck(c) || !multi.send(c)) {
            return false;
        }
        for (int i = 0; i < count; i++) {
            int s = multi.chosen(i);
            segments.set(s, SegmentTable.MULTI);
            holes.leaves(c, s);
            recovery.takeOff(c);
            scoreboard.sent(c, s, clock.nanos());
            advance(c, segments.end(s));
            holes.left(c, s);
            recovery.sent(c, segments.length(s));
            counters.add(Counter.TCP_PAYLOAD_BYTES_OUT, segments.length(s));
        }
        c.flight.tailProbeDue = true;
        return true;
    }

    private boolean sendNew(Tcb c) {
        if (c.partial != null) {
            return sendPastHoles(c);
        }
        int segment = c.sendUnsent;
        if (segment == Tcb.NONE) {
            return true;
        }
        if (c.flight != null && c.sndNxt == c.sndUna && c.restNanos() <= clock.nanos()) {
            recovery.rest(c);
        }
        while (segment != Tcb.NONE && segments.has(segment, SegmentTable.READY)) {
            if (segments.length(segment) > c.mss && !sendSpace.split(c, segment, c.mss)) {
                return waitsForNeighbour(c, segment);
            }
            if (!fitsWindow(c, segment) || !fitsCongestionWindow(c, segment) || heldIncomplete(c, segment)
                    || Pacer.holds(c, clock.nanos())) {
                return true;
            }
            if (!sendFirstTime(c, segment)) {
                return waitsForNeighbour(c, segment);
            }
            segment = c.sendUnsent;
        }
        return true;
    }

    /** The frame of a segment whose first byte was a window probe may still be on its way out of this machine. */
    private boolean sendFirstTime(Tcb c, int segment) {
        if (pool.holds(pool.addressOf(segment)) > 1) {
            return false;
        }
        if (c.partial != null) {
            holes.leaves(c, segment);
        }
        if (!sendSegment(c, segment)) {
            return false;
        }
        if (c.partial != null) {
            holes.left(c, segment);
        } else {
            c.sendUnsent = segments.next(segment);
        }
        c.flight.tailProbeDue = true;
        recovery.sent(c, segments.length(segment));
        if (c.seldom != null) {
            Cork.sent(c);
        }
        return true;
    }

    /** RFC 9293 section 3.8.6.2.1: what the window cuts is sent only if it is half of the largest window seen. */
    private boolean fitsWindow(Tcb c, int segment) {
        int usable = c.sndUna + c.sndWnd - segments.seq(segment);
        if (segments.length(segment) <= usable) {
            return true;
        }
        return usable > 0 && usable >= c.sndMaxWnd / 2 && sendSpace.split(c, segment, usable);
    }

    private boolean fitsCongestionWindow(Tcb c, int segment) {
        int outstanding = recovery.outstanding(c);
        return outstanding == 0 || outstanding + segments.length(segment) <= c.cwnd;
    }

    /**
     * RFC 9293 section 3.7.4: a short segment waits while earlier ones are unacknowledged; or it is corked. A byte of
     * its own that probed a closed window is not earlier: nothing would ever send the others.
     */
    private boolean heldIncomplete(Tcb c, int segment) {
        if (segments.length(segment) >= c.mss) {
            return false;
        }
        boolean nagle = c.options.nagle() && segment != c.sendHead && !c.finQueued && !Cork.pushes(c);
        return nagle || corked(c, segment);
    }

    private boolean corked(Tcb c, int segment) {
        return segment == c.sendTail && segments.length(segment) < c.mss && Cork.holds(c, config.corkNanos(), clock.nanos());
    }

    /** Arms what follows from what was sent. Whoever is blocked comes again: it is not a window that it waits for. */
    void schedule(Tcb c, boolean blocked) {
        armTimers(c, blocked);
        timers.schedule(c, c.nextDeadline());
    }

    long nowNanos() {
        return clock.nanos();
    }

    private boolean sendSegment(Tcb c, int segment) {
        int length = segments.length(segment);
        int end = segments.end(segment);
        boolean fin = c.endsWithFin() && segment == c.sendTail
                && (c.partial == null || !holes.othersWait(c, segment)) && (c.finSent || c.sndUna + c.sndWnd - end > 0);
        int flags = TcpHeader.ACK | (segments.has(segment, SegmentTable.PUSH) ? TcpHeader.PSH : 0)
                | (fin ? TcpHeader.FIN : 0);
        if (!writer.segment(c, segments.seq(segment), flags, sendSpace.headersEnd(segment), segments.payload(segment), length,
                segments.sum(segment))) {
            return false;
        }
        recovery.takeOff(c);
        scoreboard.sent(c, segment, clock.nanos());
        advance(c, fin ? end + 1 : end);
        if (fin) {
            c.finSent = true;
            c.finLost = false;
        }
        if (c.seldom != null) {
            Pacer.sent(c, length);
        }
        counters.add(Counter.TCP_PAYLOAD_BYTES_OUT, length);
        return true;
    }

    void advance(Tcb c, int end) {
        recovery.takeOff(c);
        if (end - c.sndNxt > 0) {
            c.sndNxt = end;
        }
        c.lastSentNanos = clock.nanos();
    }

    private boolean sendFin(Tcb c) {
        boolean due = c.endsWithFin() && c.sendUnsent == Tcb.NONE
                && (c.partial == null || holes.firstUnsent(c) == Tcb.NONE)
                && (c.finSent ? c.finLost : c.sndUna + c.sndWnd - c.sndEnd > 0);
        if (!due) {
            return true;
        }
        if (!writer.control(c, c.sndEnd, TcpHeader.FIN | TcpHeader.ACK)) {
            return false;
        }
        if (c.finSent) {
            Repairs.retransmitted(c, counters);
        }
        c.finSent = true;
        c.finLost = false;
        advance(c, c.sndEnd + 1);
        return true;
    }

    /**
     * A RST from the sending side of a connection (RFC 9293 section 3.10.5, ABORT). Best effort: if no frame is free
     * the peer learns it when it speaks next.
     */
    void sendReset(Tcb c, Counter reason) {
        // RFC 5961 section 3.2: it is believed only with the number that the peer expects next.
        int seq = c.partial == null ? c.sndNxt : holes.firstGap(c);
        if (writer.control(c, seq, TcpHeader.RST | TcpHeader.ACK)) {
            counters.increment(Counter.TCP_RESETS_OUT);
            counters.increment(reason);
        }
    }

    /**
     * RFC 9293 section 3.8.6.2.1, the override timeout: a window too small to be worth a segment is used in the end,
     * since it may never grow.
     *
     * @return whether the window was open and something was sent into it
     */
    boolean sendSliver(Tcb c) {
        int segment = c.partial == null ? c.sendUnsent : holes.firstReady(c);
        if (segment == Tcb.NONE || !segments.has(segment, SegmentTable.READY)) {
            return false;
        }
        int usable = c.sndUna + c.sndWnd - segments.seq(segment);
        boolean fits = usable > 0 && (segments.length(segment) <= usable || sendSpace.split(c, segment, usable));
        return fits && sendFirstTime(c, segment);
    }

    /** RFC 9293 section 3.8.6.1: one byte beyond a closed window, or the FIN if that is all that waits. */
    void sendProbe(Tcb c) {
        counters.increment(Counter.TCP_WINDOW_PROBES);
        if (c.partial != null) {
            // A byte beyond the window would lie beyond a hole, too; what is old is answered as well.
            writer.control(c, c.sndUna - 1, TcpHeader.ACK);
            return;
        }
        int segment = c.sendUnsent;
        if (segment == Tcb.NONE) {
            if (c.endsWithFin() && writer.control(c, c.sndEnd, TcpHeader.FIN | TcpHeader.ACK)) {
                c.finSent = true;
                advance(c, c.sndEnd + 1);
            }
            return;
        }
        long payload = segments.payload(segment);
        int seq = segments.seq(segment);
        if (pool.holds(pool.addressOf(segment)) == 1
                && writer.segment(c, seq, TcpHeader.ACK, sendSpace.headersEnd(segment), payload, 1,
                        Checksum.sum(writer.memory(), payload, 1))) {
            advance(c, seq + 1);
        }
    }

    /**
     * RFC 9293 section 3.8.4: a segment without data in front of the window, which the peer answers with an ACK.
     *
     * @return whether it has left
     */
    boolean sendKeepalive(Tcb c) {
        if (!writer.control(c, c.sndUna - 1, TcpHeader.ACK)) {
            return false;
        }
        counters.increment(Counter.TCP_KEEPALIVE_PROBES);
        return true;
    }

    /**
     * RFC 8985 section 7.3: sends new data if there is some and the peer's window takes it, otherwise the last segment
     * again.
     *
     * @return whether a probe has left
     */
    boolean sendTailProbe(Tcb c) {
        int unsent = c.partial == null ? c.sendUnsent : holes.firstReady(c);
        boolean fresh = unsent != Tcb.NONE && segments.has(unsent, SegmentTable.READY)
                && segments.length(unsent) <= c.mss && !corked(c, unsent) && fitsWindow(c, unsent);
        if (fresh) {
            if (!sendFirstTime(c, unsent)) {
                return false;
            }
        } else {
            int last = scoreboard.highestInNetwork(c);
            if (last == Tcb.NONE || pool.holds(pool.addressOf(last)) > 1 || !sendSegment(c, last)) {
                return false;
            }
            recovery.noteRetransmission(c, segments.end(last), timestamps.ticks());
            Repairs.probed(c, counters);
        }
        TailLossProbe.sent(c, !fresh);
        counters.increment(Counter.TCP_TAIL_PROBES);
        return true;
    }

    /** It is not the peer's window that keeps data back, and there is a time at which it leaves. */
    private static boolean heldOnPurpose(Tcb c) {
        return c.seldom != null
                && (c.seldom.paceDeadline != Tcb.NO_DEADLINE || c.seldom.corkDeadline != Tcb.NO_DEADLINE);
    }

    /** RFC 6298 section 5.1, RFC 8985 section 7.2; or the persist timer if only a closed window keeps data back. */
    private void armTimers(Tcb c, boolean blocked) {
        if (c.retransmitDeadline == Tcb.NO_DEADLINE) {
            // Of a segment that was only probed with nothing is out: the window may have opened too little for it.
            boolean probedOnly = c.partial == null && c.sendUnsent != Tcb.NONE && c.sendUnsent == c.sendHead;
            if (scoreboard.awaitsAck(c) && !probedOnly) {
                c.retransmitDeadline = clock.nanos() + c.rtoNanos;
            } else if (!blocked && !heldOnPurpose(c) && waitsForWindow(c)) {
                c.persisting = true;
                c.retransmitDeadline = clock.nanos() + c.rtoNanos;
            }
        }
        if (c.seldom != null) {
            PeerLiveness.waiting(c, scoreboard.awaitsAck(c), clock.nanos());
        }
        if (c.flight == null) {
            return;
        }
        boolean reorderingTimer = c.flight.earlyDeadline != Tcb.NO_DEADLINE && !c.flight.earlyIsProbe;
        if (c.flight.tailProbeDue && !reorderingTimer) {
            c.flight.tailProbeDue = false;
            c.flight.earlyIsProbe = true;
            c.flight.earlyDeadline = TailLossProbe.deadline(c, config.peerAckDelayNanos(), clock.nanos());
        }
    }

    boolean awaitsAck(Tcb c) {
        return scoreboard.awaitsAck(c);
    }

    private boolean waitsForWindow(Tcb c) {
        if (c.partial != null) {
            return holes.firstReady(c) != Tcb.NONE
                    || c.endsWithFin() && !c.finSent && holes.firstUnsent(c) == Tcb.NONE;
        }
        return c.sendUnsent == Tcb.NONE ? c.endsWithFin() && !c.finSent : segments.has(c.sendUnsent, SegmentTable.READY);
    }
}
