package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.MultiSegmentOption;
import io.doorbell.wire.Seq;
import io.doorbell.wire.TcpHeader;

/**
 * SEGMENT ARRIVES for a connection, in the order of RFC 9293 section 3.10.7.4: sequence number, RST, SYN, ACK, payload,
 * FIN; with timestamps (RFC 7323) before and the hardening of RFC 5961 within.
 */
final class SegmentInput {
    /** RFC 7323 section 5.5: a recent timestamp that is older than this says nothing. */
    private static final long PAWS_IDLE_NANOS = 24L * 24 * 3600 * 1_000_000_000L;

    private final Lifecycle lifecycle;
    private final AckInput acks;
    private final DataInput data;
    private final ReceiveWindow window;
    private final ChallengeAcks challenges;
    private final TcpConfig config;
    private final Counters counters;
    private final int mtu;
    private final MultiSegment.Layout layout = new MultiSegment.Layout();

    SegmentInput(Lifecycle lifecycle, AckInput acks, DataInput data, ReceiveWindow window, ChallengeAcks challenges,
                 TcpConfig config, Counters counters, int mtu) {
        this.lifecycle = lifecycle;
        this.acks = acks;
        this.data = data;
        this.window = window;
        this.challenges = challenges;
        this.config = config;
        this.counters = counters;
        this.mtu = mtu;
    }

    void arrives(Tcb c, InboundSegment segment, long now) {
        if (c.state == TcpState.SYN_SENT) {
            synSent(c, segment, now);
        } else if (c.multi != null && segment.options.multiLength > 0 && !segment.has(TcpHeader.SYN)) {
            severalParts(c, segment, now);
        } else {
            crossedSynAck(c, segment);
            if (timestampAcceptable(c, segment, now) && sequenceAcceptable(c, segment, now)
                    && resetHandled(c, segment) && synHandled(c, segment)) {
                recordTimestamp(c, segment, now);
                if (ackHandled(c, segment, now)) {
                    payload(c, segment, now);
                    fin(c, segment);
                }
            }
        }
        lifecycle.wantOutput(c);
    }

    /** A segment with the multi-segment option: its own sequence number is not where its payload belongs. */
    private void severalParts(Tcb c, InboundSegment segment, long now) {
        if (!timestampAcceptable(c, segment, now) || !layoutAcceptable(c, segment)) {
            return;
        }
        counters.increment(Counter.TCP_MULTI_SEGMENTS_IN);
        long payload = segment.payload;
        int owed = c.duplicateAcksOwed;
        segment.seq = layout.starts[0];
        recordTimestamp(c, segment, now);
        if (!ackHandled(c, segment, now)) {
            return;
        }
        for (int i = 0; i < layout.parts && c.state != TcpState.CLOSED; i++) {
            segment.seq = layout.starts[i];
            segment.payload = payload;
            segment.length = layout.lengths[i];
            payload(c, segment, now);
            payload += layout.lengths[i];
        }
        // RFC 5681 section 4.2 asks for one ACK for each segment, and this was one.
        c.duplicateAcksOwed = Math.min(c.duplicateAcksOwed, owed + 1);
        fin(c, segment);
    }

    private boolean layoutAcceptable(Tcb c, InboundSegment segment) {
        TcpOptions options = segment.options;
        boolean plain = (segment.flags & (TcpHeader.ACK | TcpHeader.FIN | TcpHeader.RST)) == TcpHeader.ACK;
        if (!plain || !c.multi.isAgreed()
                || !layout.read(segment.memory, options.multi, options.multiLength, segment.seq, segment.length)
                || Seq.gt(segment.seq + segment.length, c.rcvNxt)) {
            counters.increment(Counter.DROP_TCP_LAYOUT);
            return false;
        }
        int check = MultiSegmentOption.check(c.multi.receiveKey(), segment.seq - c.irs, segment.memory, options.multi,
                options.multiLength, segment.payload, segment.length);
        if (check != Bytes.u32(segment.memory, options.multi + 4)) {
            counters.increment(Counter.DROP_TCP_LAYOUT_CHECK);
            return false;
        }
        if (!layout.isBefore(c.rcvEdge)) {
            counters.increment(Counter.DROP_TCP_LAYOUT_WINDOW);
            c.ackNow = true;
            return false;
        }
        return true;
    }

    /** SYN-SENT (RFC 9293 section 3.10.7.3). */
    private void synSent(Tcb c, InboundSegment segment, long now) {
        boolean ack = segment.has(TcpHeader.ACK);
        if (ack && (Seq.le(segment.ack, c.iss) || Seq.gt(segment.ack, c.sndNxt))) {
            counters.increment(Counter.DROP_TCP_ACK);
            lifecycle.reply(segment);
            return;
        }
        if (segment.has(TcpHeader.RST)) {
            if (ack) {
                counters.increment(Counter.TCP_RESETS_IN);
                counters.increment(Counter.TCP_RESETS_IN_REFUSED);
                lifecycle.end(c, CloseReason.REFUSED);
            } else {
                counters.increment(Counter.DROP_TCP_BLIND_RST);
            }
            return;
        }
        if (!segment.has(TcpHeader.SYN)) {
            counters.increment(Counter.DROP_TCP_FLAGS);
            return;
        }
        synchronizeReceive(c, segment, now);
        boolean ecn = ack ? CongestionNotification.accepted(c, config, segment)
                : CongestionNotification.asks(c, config) && CongestionNotification.accepts(config, segment);
        if (ecn) {
            CongestionNotification.agree(c, counters);
        }
        if (!ack) {
            // Simultaneous open: both have sent a SYN.
            c.state = TcpState.SYN_RECEIVED;
            c.synPending = true;
            c.retransmitDeadline = Tcb.NO_DEADLINE;
            return;
        }
        acks.handshakeComplete(c, segment, c.retries > 0 ? Tcb.NO_DEADLINE : c.lastSentNanos, now);
        c.ackNow = true;
        segment.seq++;
        segment.flags &= ~TcpHeader.SYN;
        payload(c, segment, now);
        fin(c, segment);
    }

    private void synchronizeReceive(Tcb c, InboundSegment segment, long now) {
        c.irs = segment.seq;
        c.rcvNxt = segment.seq + 1;
        c.rcvUser = c.rcvNxt;
        c.rcvInPlace = c.rcvNxt;
        c.lastAckSent = c.rcvNxt;
        TcpOptions options = segment.options;
        c.timestamps = config.timestamps() && options.timestamps;
        c.sackOk = config.sack() && options.sackPermitted;
        agreeMultiSegment(c, segment);
        c.tsRecent = options.tsValue;
        c.tsRecentNanos = now;
        c.scaled = config.windowScaling() && options.windowScale >= 0;
        c.sndScale = (byte) (c.scaled ? options.windowScale : 0);
        c.rcvScale = c.scaled ? window.scaleToOffer() : 0;
        c.mss = TcpOptions.segmentSize(options.maxSegmentSize, mtu, c.timestamps);
        window.start(c);
    }

    /** Only a SYN-ACK that proves that our option was understood agrees to it; not a SYN that crossed ours. */
    private static void agreeMultiSegment(Tcb c, InboundSegment segment) {
        TcpOptions options = segment.options;
        boolean answered = c.multi != null && c.sackOk && segment.has(TcpHeader.ACK)
                && options.multiLength == MultiSegmentOption.SYN_ACK_LENGTH;
        int nonce = answered ? Bytes.u32(segment.memory, options.multi + 4) : 0;
        if (answered && Bytes.u32(segment.memory, options.multi + 8) == MultiSegmentOption.proof(nonce, c.multi.nonce)) {
            c.multi.agree(nonce);
        } else {
            c.multi = null;
        }
    }

    /**
     * In a simultaneous open the peer's SYN-ACK repeats the SYN that is known already (RFC 9293 figure 8): what is new
     * in it is the ACK.
     */
    private static void crossedSynAck(Tcb c, InboundSegment segment) {
        int both = TcpHeader.SYN | TcpHeader.ACK;
        if (c.state == TcpState.SYN_RECEIVED && (segment.flags & both) == both && segment.seq == c.irs
                && segment.ack == c.sndNxt) {
            segment.flags &= ~TcpHeader.SYN;
            segment.seq++;
        }
    }

    /** RFC 7323 section 5.3 (PAWS), and section 3.2: once agreed, the option is in every segment but a RST. */
    private boolean timestampAcceptable(Tcb c, InboundSegment segment, long now) {
        if (!c.timestamps || segment.has(TcpHeader.RST)) {
            return true;
        }
        if (!segment.options.timestamps) {
            if (segment.has(TcpHeader.SYN)) {
                // RFC 5961 section 4.2: a SYN is answered whatever else is wrong; its sender may have restarted.
                return true;
            }
            counters.increment(Counter.DROP_TCP_NO_TIMESTAMP);
            return false;
        }
        int value = segment.options.tsValue;
        if (Seq.lt(value, c.tsRecent) && now - c.tsRecentNanos < PAWS_IDLE_NANOS) {
            counters.increment(Counter.DROP_TCP_PAWS);
            answerUnacceptable(c, segment, now);
            return false;
        }
        return true;
    }

    /** RFC 7323 section 4.3: only the timestamp of a segment that spans the last acknowledged byte is echoed. */
    private static void recordTimestamp(Tcb c, InboundSegment segment, long now) {
        if (c.timestamps && Seq.le(segment.seq, c.lastAckSent)) {
            c.tsRecent = segment.options.tsValue;
            c.tsRecentNanos = now;
        }
    }

    /** The four cases of RFC 9293 section 3.10.7.4, first step. */
    private boolean sequenceAcceptable(Tcb c, InboundSegment segment, long now) {
        int wnd = c.rcvWnd();
        int span = segment.span();
        if (wnd == 0 && segment.seq == c.rcvNxt && span > 0 && !segment.has(TcpHeader.RST | TcpHeader.SYN)) {
            // A probe of a closed window: its ACK counts, its data does not.
            counters.increment(Counter.DROP_TCP_WINDOW);
            segment.length = 0;
            segment.flags &= ~TcpHeader.FIN;
            c.ackNow = true;
            return true;
        }
        boolean first = wnd == 0 ? segment.seq == c.rcvNxt : Seq.within(segment.seq, c.rcvNxt, c.rcvNxt + wnd);
        // Not compared as sequence numbers: the ends of a segment 2^31 away lie on different sides of the window's.
        int before = c.rcvNxt - segment.seq;
        boolean acceptable = span == 0 ? first : wnd > 0
                && (first || Seq.within(segment.seq + span - 1, c.rcvNxt, c.rcvNxt + wnd)
                || before > 0 && span - before >= wnd);
        if (acceptable || isAckAtRightEdge(c, segment)) {
            return true;
        }
        if (segment.has(TcpHeader.RST)) {
            counters.increment(Counter.DROP_TCP_BLIND_RST);
            return false;
        }
        counters.increment(Counter.DROP_TCP_WINDOW);
        data.refused(c, segment);
        answerUnacceptable(c, segment, now);
        return false;
    }

    /**
     * The table of RFC 9293 section 3.4 leaves it out, and yet who has filled the window can send no other: each end would
     * drop the other's, were both windows filled behind a hole, and both connections would time out. Linux and BSD take it
     * (net/ipv4/tcp_input.c, tcp_sequence), as the RFC has valid ACKs taken by a closed window.
     */
    private static boolean isAckAtRightEdge(Tcb c, InboundSegment segment) {
        return segment.span() == 0 && !segment.has(TcpHeader.RST) && segment.seq == c.rcvEdge;
    }

    /**
     * RFC 9293 section 3.10.7.4 has an ACK sent. Where two ends no longer agree on where they are, or somebody between
     * them has altered a number, each would answer the other's for ever; so what takes no sequence number is answered
     * once in a while only (net/ipv4/tcp_input.c, tcp_oow_rate_limited). Data is no part of such a loop.
     */
    private void answerUnacceptable(Tcb c, InboundSegment segment, long now) {
        if (segment.has(TcpHeader.SYN)) {
            challenge(c);
        } else if (segment.span() > 0) {
            c.ackNow = true;
        } else if (now >= c.quietUntilNanos) {
            c.quietUntilNanos = now + config.invalidAckNanos();
            c.ackNow = true;
        } else {
            counters.increment(Counter.TCP_INVALID_ACKS_LIMITED);
        }
    }

    /** RFC 5961 section 3.2: only the exact sequence number resets. */
    private boolean resetHandled(Tcb c, InboundSegment segment) {
        if (!segment.has(TcpHeader.RST)) {
            return true;
        }
        if (segment.seq != c.rcvNxt) {
            counters.increment(Counter.DROP_TCP_BLIND_RST);
            challenge(c);
        } else {
            counters.increment(Counter.TCP_RESETS_IN);
            counters.increment(c.state == TcpState.SYN_RECEIVED ? Counter.TCP_RESETS_IN_REFUSED
                    : Counter.TCP_RESETS_IN_CONNECTION);
            lifecycle.end(c, c.state == TcpState.SYN_RECEIVED ? CloseReason.REFUSED : CloseReason.RESET_BY_PEER);
        }
        return false;
    }

    /** RFC 5961 section 4.2: a SYN never resets; the peer, if it restarted, answers the challenge with a RST. */
    private boolean synHandled(Tcb c, InboundSegment segment) {
        if (!segment.has(TcpHeader.SYN)) {
            return true;
        }
        counters.increment(Counter.DROP_TCP_BLIND_SYN);
        challenge(c);
        return false;
    }

    private void challenge(Tcb c) {
        if (challenges.allow(counters)) {
            c.ackNow = true;
        }
    }

    private boolean ackHandled(Tcb c, InboundSegment segment, long now) {
        if (!segment.has(TcpHeader.ACK)) {
            counters.increment(Counter.DROP_TCP_NO_ACK);
            return false;
        }
        if (c.state == TcpState.SYN_RECEIVED) {
            if (Seq.le(segment.ack, c.sndUna) || Seq.gt(segment.ack, c.sndNxt)) {
                counters.increment(Counter.DROP_TCP_ACK);
                lifecycle.reply(segment);
                return false;
            }
            acks.handshakeComplete(c, segment, c.retries > 0 ? Tcb.NO_DEADLINE : c.lastSentNanos, now);
            return true;
        }
        // RFC 5961 section 5.2.
        if (Seq.gt(segment.ack, c.sndNxt) || Seq.lt(segment.ack, c.sndUna - c.sndMaxWnd)
                || c.partial != null && c.partial.isBeyondHole(segment.ack)) {
            counters.increment(Counter.DROP_TCP_ACK);
            challenge(c);
            return false;
        }
        acks.acknowledge(c, segment, now);
        return c.state != TcpState.CLOSED;
    }

    private void payload(Tcb c, InboundSegment segment, long now) {
        if (segment.length == 0) {
            return;
        }
        if (!c.state.receives()) {
            counters.increment(Counter.DROP_TCP_STATE);
            segment.flags &= ~TcpHeader.FIN;
            c.ackNow = true;
            return;
        }
        int beyond = segment.seq + segment.length - c.rcvEdge;
        if (beyond >= 0) {
            // A FIN has a number of its own: behind data that fills the window it lies outside, and comes again.
            segment.length -= beyond;
            segment.flags &= ~TcpHeader.FIN;
        }
        if (c.seldom != null) {
            CongestionNotification.dataArrived(c, segment, counters);
        }
        if (c.userClosed && Seq.gt(segment.seq + segment.length, c.rcvNxt)) {
            // RFC 9293 section 3.6.1: nobody will read it, and the peer is to know.
            lifecycle.reset(c, CloseReason.ABORTED);
            return;
        }
        if (data.accept(c, segment)) {
            lifecycle.event(c, Tcb.EVENT_READABLE);
            acknowledgeLater(c, now);
        }
    }

    /**
     * RFC 9293 section 3.8.6.3: every second full-sized segment at once, anything else within the delay. Where segments
     * get lost the sender's window is small, and so are the chances of a second one: there, each at once.
     */
    private void acknowledgeLater(Tcb c, long now) {
        if (c.promptAcks > 0) {
            c.promptAcks--;
            c.ackNow = true;
        } else if (c.rcvNxt - c.lastAckSent >= 2 * c.rcvMss || c.options.delayedAckNanos() == 0) {
            c.ackNow = true;
        } else if (c.ackDeadline == Tcb.NO_DEADLINE) {
            c.ackDeadline = now + c.options.delayedAckNanos();
        }
    }

    /**
     * The eighth step of RFC 9293 section 3.10.7.4. A FIN beyond a gap is remembered: the peer need not repeat it once
     * the gap is filled.
     */
    private void fin(Tcb c, InboundSegment segment) {
        if (segment.has(TcpHeader.FIN) && c.state != TcpState.CLOSED) {
            c.ackNow = true;
            int finSeq = segment.seq + segment.length;
            if (c.state.receives() && !c.finReceived) {
                c.finAhead = true;
                c.finAheadSeq = finSeq;
            }
        }
        if (c.finAhead && c.finAheadSeq == c.rcvNxt && c.state.receives()) {
            c.finAhead = false;
            c.finReceived = true;
            c.rcvNxt++;
            c.ackNow = true;
            data.endOfStream(c);
            lifecycle.event(c, Tcb.EVENT_PEER_CLOSED);
            switch (c.state) {
                case ESTABLISHED -> c.state = TcpState.CLOSE_WAIT;
                case FIN_WAIT_1 -> c.state = TcpState.CLOSING;
                default -> lifecycle.timeWait(c);
            }
        }
    }
}
