package io.doorbell.tcp;

import io.doorbell.ip.Ipv4;
import io.doorbell.wire.Seq;
import io.doorbell.wire.TcpHeader;

/** The ACK field and the window of an acceptable segment: what it frees, measures and permits. */
final class AckInput {
    private final Lifecycle lifecycle;
    private final SendSpace sendSpace;
    private final WritableWaiters waiters;
    private final SackInput sacks;
    private final LossRecovery recovery;
    private final RttEstimator rtt;
    private final SegmentOutput output;
    private final Holes holes;
    private final Ipv4 ipv4;
    private final TcpConfig config;

    AckInput(Lifecycle lifecycle, SendSpace sendSpace, WritableWaiters waiters, SackInput sacks, LossRecovery recovery,
             RttEstimator rtt, SegmentOutput output, Holes holes, Ipv4 ipv4, TcpConfig config) {
        this.lifecycle = lifecycle;
        this.sendSpace = sendSpace;
        this.waiters = waiters;
        this.sacks = sacks;
        this.recovery = recovery;
        this.rtt = rtt;
        this.output = output;
        this.holes = holes;
        this.ipv4 = ipv4;
        this.config = config;
    }

    /**
     * Our SYN was acknowledged.
     *
     * @param sentAt when it was sent, {@link Tcb#NO_DEADLINE} if more than once
     */
    void handshakeComplete(Tcb c, InboundSegment segment, long sentAt, long now) {
        handshakeComplete(c, segment, sentAt == Tcb.NO_DEADLINE, now);
        if (sentAt == Tcb.NO_DEADLINE) {
            rtt.afterLostSyn(c);
        } else {
            rtt.sample(c, now - sentAt, now);
        }
    }

    /** Our SYN was acknowledged, and the time that this took tells nothing. */
    void handshakeComplete(Tcb c, InboundSegment segment, boolean synWasLost, long now) {
        // RFC 7323 section 2.2: the window of a SYN is not scaled.
        c.sndWnd = segment.has(TcpHeader.SYN) ? segment.window : segment.window << c.sndScale;
        c.sndMaxWnd = c.sndWnd;
        c.sndWl1 = segment.seq;
        c.sndWl2 = segment.ack;
        c.sndUna = segment.ack;
        c.retries = 0;
        c.synPending = false;
        c.retransmitDeadline = Tcb.NO_DEADLINE;
        c.rcvMss = Math.min(536, c.mss);
        c.lastSentNanos = now;
        recovery.start(c, synWasLost);
        lifecycle.established(c);
    }

    /** The fifth step of RFC 9293 section 3.10.7.4, in every synchronized state. */
    void acknowledge(Tcb c, InboundSegment segment, long now) {
        int window = segment.window << c.sndScale;
        if (Seq.ge(segment.ack, c.sndUna)) {
            if (c.seldom != null) {
                PeerLiveness.heard(c, segment.ack, now);
            }
            boolean advances = segment.ack != c.sndUna;
            take(c, segment, window, now);
            updateWindow(c, segment, window, advances);
        }
        waiters.tell(c);
        if (c.finSent && c.sndUna == c.sndEnd + 1) {
            lifecycle.finAcknowledged(c);
        }
    }

    private void take(Tcb c, InboundSegment segment, int window, long now) {
        if (c.flight == null) {
            // Nothing is out: there is nothing that it could acknowledge.
            return;
        }
        int ack = segment.ack;
        int bytes = ack - c.sndUna;
        boolean duplicateAck = bytes == 0 && c.sndNxt != c.sndUna && segment.length == 0
                && !segment.has(TcpHeader.FIN) && window == c.sndWnd && !c.persisting;
        int inFlightBefore = c.flight.inFlight;
        boolean inRecovery = c.flight.recovering;
        sacks.take(c, segment, ack, c.finSent && ack == c.sndEnd + 1 ? c.sndEnd : ack, now);
        if (bytes > 0) {
            c.retries = 0;
            ipv4.confirm(c.nextHop);
            if (c.sndUna == c.sndNxt) {
                c.persisting = false;
            }
        }
        measure(c, bytes, now);
        boolean congestionEchoed = c.seldom != null && CongestionNotification.echoed(c, segment);
        recovery.acknowledged(c, sacks, bytes, duplicateAck, inFlightBefore, now);
        if (congestionEchoed) {
            recovery.congestionEchoed(c);
        }
        if (c.partial != null) {
            pastHoles(c, bytes);
        }
        if (bytes > 0 || c.partial != null && sacks.delivered > 0) {
            restartTimer(c, inRecovery, now);
        }
    }

    private void pastHoles(Tcb c, int bytes) {
        if (bytes > 0 || sacks.delivered > 0) {
            c.retries = 0;
            // The timer is set anew below; an ACK that tells nothing new leaves both as they are.
            c.persisting &= sacks.awaitsAck(c);
        }
        holes.settle(c);
    }

    private void restartTimer(Tcb c, boolean inRecovery, long now) {
        c.flight.tailProbeDue = true;
        if (!sacks.awaitsAck(c)) {
            c.retransmitDeadline = Tcb.NO_DEADLINE;
            c.flight.earlyDeadline = Tcb.NO_DEADLINE;
        } else if (c.sackOk || !(inRecovery && c.flight.recovering && c.flight.partialAckSeen)) {
            // RFC 6298 section 5.3. RFC 6582 section 3.2: without SACK only the first partial ACK restarts it.
            c.retransmitDeadline = now + c.rtoNanos;
            c.flight.partialAckSeen = inRecovery;
        }
    }

    private void measure(Tcb c, int bytes, long now) {
        if (sacks.sampleSentAt != Tcb.NO_DEADLINE) {
            rtt.sample(c, now - sacks.sampleSentAt, now);
        } else if (bytes > 0 && sacks.hasEcho) {
            // RFC 7323 section 4.1: the echo tells which transmission was acknowledged, even of a retransmission.
            int ticks = output.timestampClock() - sacks.echoTicks;
            if (ticks > 0) {
                // The peer may echo what it likes. Nobody waits longer than the longest RTO.
                rtt.sample(c, Math.min(ticks * config.timestampTickNanos(), config.maxRtoNanos()), now);
            } else {
                rtt.restore(c);
            }
        }
    }

    /**
     * RFC 9293 section 3.10.7.4. An ACK of new data is newer than all before, even on a retransmission, whose sequence
     * number is not: otherwise the window's right edge would move with SND.UNA beyond what the peer has offered.
     */
    private void updateWindow(Tcb c, InboundSegment segment, int window, boolean advances) {
        if (c.persisting) {
            // RFC 9293 section 3.8.6.1, MUST-37: whoever answers probes is there, even if his window is not news.
            c.retries = 0;
        }
        boolean newer = advances || Seq.lt(c.sndWl1, segment.seq)
                || c.sndWl1 == segment.seq && Seq.le(c.sndWl2, segment.ack);
        // A peer has nothing to say from beyond its FIN. Believed, such a segment could close the window for ever: the
        // peer's own, which all stand at the FIN's end, would be the older ones.
        boolean fromItsEnd = c.finReceived && segment.seq == c.rcvNxt && Seq.le(c.sndWl2, segment.ack);
        if (c.finReceived ? !fromItsEnd : !newer) {
            return;
        }
        c.sndWnd = window;
        c.sndWl1 = Seq.max(c.sndWl1, segment.seq);
        c.sndWl2 = segment.ack;
        c.sndMaxWnd = Math.max(c.sndMaxWnd, window);
        if (window == 0) {
            // RFC 9293 section 3.8.6.1: as long as the peer answers, a closed window is no reason to give up.
            c.retries = 0;
        } else if (c.persisting) {
            c.persisting = false;
            c.retries = 0;
            PeerLiveness.windowOpened(c);
            c.retransmitDeadline = Tcb.NO_DEADLINE;
            rtt.restore(c);
        }
    }
}
