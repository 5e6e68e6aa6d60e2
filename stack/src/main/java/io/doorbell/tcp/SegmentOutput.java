package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.ip.Ipv4;
import io.doorbell.link.FramePool;
import io.doorbell.wire.Checksum;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;

/**
 * The emitter: every segment of a connection leaves through here, data, retransmissions, FINs, pure ACKs and RSTs, and
 * here it is decided when the next one is due.
 */
final class SegmentOutput {
    private final FramePool pool;
    private final MemorySegment memory;
    private final Ipv4 ipv4;
    private final SegmentTable segments;
    private final SendSpace sendSpace;
    private final LossRecovery recovery;
    private final CongestionControl congestion;
    private final ReceiveWindow window;
    private final TcpConfig config;
    private final Counters counters;
    private final TimerQueue timers;
    private long now;
    private int timestampClock;

    SegmentOutput(FramePool pool, Ipv4 ipv4, SegmentTable segments, SendSpace sendSpace, LossRecovery recovery,
                  CongestionControl congestion, ReceiveWindow window, TcpConfig config, Counters counters,
                  TimerQueue timers) {
        this.pool = pool;
        this.memory = pool.memory();
        this.ipv4 = ipv4;
        this.segments = segments;
        this.sendSpace = sendSpace;
        this.recovery = recovery;
        this.congestion = congestion;
        this.window = window;
        this.config = config;
        this.counters = counters;
        this.timers = timers;
    }

    void now(long nowNanos) {
        now = nowNanos;
        // RFC 7323 section 5.4: a clock of 1 ms.
        timestampClock = (int) Math.floorDiv(nowNanos, 1_000_000L);
    }

    /** The clock that timestamps are taken from, in milliseconds, before a connection's own offset. */
    int timestampClock() {
        return timestampClock;
    }

    /**
     * Sends whatever the connection may and must send now, and arms its timers.
     *
     * @return whether it has to be called again although nothing new happens: the link or the frame pool was full
     */
    boolean run(Tcb c) {
        boolean blocked;
        if (c.synPending) {
            blocked = !sendSyn(c);
        } else if (c.state == TcpState.CLOSED || c.state == TcpState.SYN_SENT) {
            return false;
        } else {
            blocked = !sendDuplicateAcks(c) || !retransmitLost(c) || !sendNew(c) || !sendFin(c) || !sendAck(c);
        }
        armRetransmission(c);
        timers.schedule(c, Math.min(c.retransmitDeadline, c.ackDeadline));
        return blocked;
    }

    private boolean sendSyn(Tcb c) {
        int flags = c.state == TcpState.SYN_SENT ? TcpHeader.SYN : TcpHeader.SYN | TcpHeader.ACK;
        long frame = pool.allocate();
        if (frame == FramePool.NONE) {
            counters.increment(Counter.NO_FRAME);
            return false;
        }
        long tcp = frame + SendSpace.HEADROOM;
        boolean answer = flags != TcpHeader.SYN;
        int length = TcpHeader.LENGTH + SynOptions.write(memory, tcp + TcpHeader.LENGTH, window.maxSegmentSize(),
                answer ? c.offeredScale() : window.scaleToOffer(),
                answer ? c.timestamps : config.timestamps(), timestampClock + c.tsOffset, c.tsRecent);
        // RFC 7323 section 2.2: the window of a SYN is never scaled.
        int announced = Math.min(0xffff, config.receiveWindowBytes());
        TcpHeader.write(memory, tcp, c.ports, c.iss, answer ? c.rcvNxt : 0, length, flags, announced);
        if (!post(c, tcp, length, 0)) {
            pool.release(frame);
            return false;
        }
        pool.release(frame);
        c.synPending = false;
        c.sndNxt = c.iss + 1;
        c.lastSentNanos = now;
        if (answer) {
            acknowledged(c);
        }
        return true;
    }

    private boolean sendDuplicateAcks(Tcb c) {
        while (c.duplicateAcksOwed > 0) {
            if (!sendPureAck(c)) {
                return false;
            }
            c.duplicateAcksOwed--;
        }
        return true;
    }

    private boolean sendAck(Tcb c) {
        return !c.ackNow || sendPureAck(c);
    }

    private boolean sendPureAck(Tcb c) {
        if (!sendControl(c, c.sndNxt, TcpHeader.ACK)) {
            return false;
        }
        counters.increment(Counter.TCP_PURE_ACKS_OUT);
        return true;
    }

    private boolean retransmitLost(Tcb c) {
        while (c.lostSegments > 0) {
            int segment = sendSpace.firstLost(c);
            if (segments.length(segment) > c.mss && !sendSpace.split(c, segment, c.mss)) {
                return false;
            }
            if (segment != c.sendHead && recovery.outstanding(c) + segments.length(segment) > c.cwnd) {
                return true;
            }
            // A frame that is still on its way out of this machine can't have been lost in the network.
            if (pool.holds(pool.addressOf(segment)) > 1 || !sendSegment(c, segment)) {
                return false;
            }
            c.lostSegments--;
            c.retransmissions++;
            counters.increment(Counter.TCP_RETRANSMITTED_SEGMENTS);
        }
        return true;
    }

    private boolean sendNew(Tcb c) {
        int segment = c.sendUnsent;
        if (segment == Tcb.NONE) {
            return true;
        }
        if (c.sndNxt == c.sndUna && now - c.lastSentNanos > c.rtoNanos) {
            congestion.restartAfterIdle(c);
        }
        while (segment != Tcb.NONE && segments.has(segment, SegmentTable.READY)) {
            if (segments.length(segment) > c.mss && !sendSpace.split(c, segment, c.mss)) {
                return false;
            }
            if (!fitsWindow(c, segment) || !fitsCongestionWindow(c, segment) || heldByNagle(c, segment)) {
                return true;
            }
            if (!sendSegment(c, segment)) {
                return false;
            }
            segment = segments.next(segment);
            c.sendUnsent = segment;
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

    /** RFC 9293 section 3.7.4: a short segment waits while earlier ones are unacknowledged. */
    private boolean heldByNagle(Tcb c, int segment) {
        return config.nagle() && segments.length(segment) < c.mss && c.sndNxt != c.sndUna && !c.finQueued;
    }

    private boolean sendSegment(Tcb c, int segment) {
        int length = segments.length(segment);
        int end = segments.end(segment);
        boolean fin = c.finQueued && segment == c.sendTail;
        int flags = TcpHeader.ACK | (segments.has(segment, SegmentTable.PUSH) ? TcpHeader.PSH : 0)
                | (fin ? TcpHeader.FIN : 0);
        if (!sendPayload(c, segments.seq(segment), flags, segments.payload(segment), length, segments.sum(segment))) {
            return false;
        }
        c.inFlight += length;
        segments.sent(segment, now);
        advance(c, fin ? end + 1 : end);
        if (fin) {
            c.finSent = true;
            c.finLost = false;
        }
        counters.add(Counter.TCP_PAYLOAD_BYTES_OUT, length);
        return true;
    }

    private boolean sendPayload(Tcb c, int seq, int flags, long payload, int length, long sum) {
        int header = TcpHeader.LENGTH + (c.timestamps ? TcpOptions.TIMESTAMPS_LENGTH : 0);
        long tcp = payload - header;
        writeHeader(c, tcp, header, seq, flags);
        if (!post(c, tcp, header + length, sum)) {
            return false;
        }
        acknowledged(c);
        return true;
    }

    private void advance(Tcb c, int end) {
        if (end - c.sndNxt > 0) {
            c.sndNxt = end;
        }
        c.lastSentNanos = now;
    }

    private boolean sendFin(Tcb c) {
        boolean due = c.finQueued && c.sendUnsent == Tcb.NONE
                && (c.finSent ? c.finLost : c.sndUna + c.sndWnd - c.sndEnd > 0);
        if (!due) {
            return true;
        }
        if (!sendControl(c, c.sndEnd, TcpHeader.FIN | TcpHeader.ACK)) {
            return false;
        }
        if (c.finSent) {
            c.retransmissions++;
            counters.increment(Counter.TCP_RETRANSMITTED_SEGMENTS);
        }
        c.finSent = true;
        c.finLost = false;
        advance(c, c.sndEnd + 1);
        return true;
    }

    /** A segment without payload, in a frame of its own. */
    private boolean sendControl(Tcb c, int seq, int flags) {
        long frame = pool.allocate();
        if (frame == FramePool.NONE) {
            counters.increment(Counter.NO_FRAME);
            return false;
        }
        boolean sent = sendPayload(c, seq, flags, frame + SendSpace.HEADROOM, 0, 0);
        pool.release(frame);
        return sent;
    }

    /**
     * A RST from the sending side of a connection (RFC 9293 section 3.10.4, ABORT). Best effort: if no frame is free
     * the peer learns it when it speaks next.
     */
    void sendReset(Tcb c) {
        if (sendControl(c, c.sndNxt, TcpHeader.RST | TcpHeader.ACK)) {
            counters.increment(Counter.TCP_RESETS_OUT);
        }
    }

    /**
     * RFC 9293 section 3.8.6.2.1, the override timeout: a window too small to be worth a segment is used in the end,
     * since it may never grow.
     *
     * @return whether the window was open and something was sent into it
     */
    boolean sendSliver(Tcb c) {
        int segment = c.sendUnsent;
        if (segment == Tcb.NONE || !segments.has(segment, SegmentTable.READY)) {
            return false;
        }
        int usable = c.sndUna + c.sndWnd - segments.seq(segment);
        boolean fits = usable > 0 && (segments.length(segment) <= usable || sendSpace.split(c, segment, usable));
        if (!fits || !sendSegment(c, segment)) {
            return false;
        }
        c.sendUnsent = segments.next(segment);
        return true;
    }

    /** RFC 9293 section 3.8.6.1: one byte beyond a closed window, or the FIN if that is all that waits. */
    void sendProbe(Tcb c) {
        counters.increment(Counter.TCP_WINDOW_PROBES);
        int segment = c.sendUnsent;
        if (segment == Tcb.NONE) {
            if (c.finQueued && sendControl(c, c.sndEnd, TcpHeader.FIN | TcpHeader.ACK)) {
                c.finSent = true;
                advance(c, c.sndEnd + 1);
            }
            return;
        }
        long payload = segments.payload(segment);
        int seq = segments.seq(segment);
        if (pool.holds(pool.addressOf(segment)) == 1
                && sendPayload(c, seq, TcpHeader.ACK, payload, 1, Checksum.sum(memory, payload, 1))) {
            advance(c, seq + 1);
        }
    }

    private void writeHeader(Tcb c, long tcp, int headerLength, int seq, int flags) {
        TcpHeader.write(memory, tcp, c.ports, seq, c.rcvNxt, headerLength, flags, window.advertise(c));
        if (c.timestamps) {
            TcpOptions.writeTimestamps(memory, tcp + TcpHeader.LENGTH, timestampClock + c.tsOffset, c.tsRecent);
        }
    }

    private boolean post(Tcb c, long tcp, int length, long payloadSum) {
        int header = TcpHeader.headerLength(memory, tcp);
        TcpHeader.writeChecksum(memory, tcp, header, payloadSum
                + Checksum.pseudoHeader(c.localAddress, c.remoteAddress, Ipv4Header.PROTOCOL_TCP, length));
        int result = ipv4.send(tcp, length, Ipv4Header.PROTOCOL_TCP, c.localAddress, c.remoteAddress, 0, c.nextHop);
        if (result == Ipv4.LINK_FULL) {
            counters.increment(Counter.TX_LINK_FULL);
            return false;
        }
        counters.increment(Counter.TCP_SEGMENTS_OUT);
        return true;
    }

    private static void acknowledged(Tcb c) {
        c.ackNow = false;
        c.ackDeadline = Tcb.NO_DEADLINE;
        c.lastAckSent = c.rcvNxt;
    }

    /** RFC 6298 section 5.1; or the persist timer if only a closed window keeps data back. */
    private void armRetransmission(Tcb c) {
        if (c.retransmitDeadline != Tcb.NO_DEADLINE || c.state == TcpState.TIME_WAIT) {
            return;
        }
        if (c.sndNxt != c.sndUna) {
            c.retransmitDeadline = now + c.rtoNanos;
        } else if (c.sendUnsent != Tcb.NONE && segments.has(c.sendUnsent, SegmentTable.READY)
                || c.finQueued && !c.finSent) {
            c.persisting = true;
            c.retransmitDeadline = now + c.rtoNanos;
        }
    }
}
