package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.Seq;
import io.doorbell.wire.TcpHeader;

/** LISTEN and the SYN-RECEIVED that follows from it (RFC 9293 sections 3.10.7.2 and 3.10.7.4). */
final class PassiveOpen {
    /** After so many SYNs in vain the option that nobody registered is left out: something may drop it. */
    static final int LAST_WITH_EXPERIMENT = 2;

    private final HalfOpenTable rows;
    private final StatelessReply reply;
    private final InitialSequence initialSequence;
    private final ChallengeAcks challenges;
    private final ReceiveWindow window;
    private final TcpConfig config;
    private final Counters counters;

    PassiveOpen(HalfOpenTable rows, StatelessReply reply, InitialSequence initialSequence, ChallengeAcks challenges,
                ReceiveWindow window, TcpConfig config, Counters counters) {
        this.rows = rows;
        this.reply = reply;
        this.initialSequence = initialSequence;
        this.challenges = challenges;
        this.window = window;
        this.config = config;
        this.counters = counters;
    }

    /** A segment for a listening port that belongs to no connection and no row. */
    void listen(ListenPort listener, InboundSegment segment, long now) {
        if (segment.has(TcpHeader.RST)) {
            counters.increment(Counter.DROP_TCP_STATE);
            return;
        }
        if (segment.has(TcpHeader.ACK)) {
            reply.reset(segment);
            return;
        }
        if (!segment.has(TcpHeader.SYN) || segment.has(TcpHeader.FIN)) {
            counters.increment(Counter.DROP_TCP_FLAGS);
            return;
        }
        int row = rows.add(segment.destination, segment.source, segment.ports, listener);
        if (row == Tcb.NONE) {
            listener.halfOpenOverflows++;
            counters.increment(Counter.TCP_HALF_OPEN_OVERFLOWS);
            return;
        }
        TcpOptions options = segment.options;
        rows.irs[row] = segment.seq;
        rows.iss[row] = initialSequence.next(segment.destination, segment.source, segment.ports, now);
        rows.maxSegmentSize[row] = options.maxSegmentSize;
        rows.scale[row] = (byte) (config.windowScaling() ? options.windowScale : -1);
        rows.timestamps[row] = config.timestamps() && options.timestamps;
        rows.sack[row] = config.sack() && options.sackPermitted;
        rows.ecn[row] = CongestionNotification.accepts(config, segment);
        boolean multi = config.multiSegment() && rows.sack[row]
                && options.multiLength == MultiSegmentOption.SYN_LENGTH;
        rows.multiOwn[row] = multi
                ? initialSequence.nonce(segment.destination, segment.source, segment.ports) : 0;
        rows.multiPeer[row] = multi ? Bytes.u32(segment.memory, options.multi + 4) : 0;
        rows.tsRecent[row] = options.tsValue;
        rows.tsOffset[row] = initialSequence.timestampOffset(segment.destination, segment.source, segment.ports);
        rows.sentNanos[row] = now;
        rows.schedule(row, now + config.initialRtoNanos());
        reply.synAck(row);
    }

    /**
     * A segment for a half-open row.
     *
     * @return whether it completes the handshake: the caller makes the connection, removes the row and goes on with
     *         the segment
     */
    boolean completes(int row, InboundSegment segment) {
        int expected = rows.irs[row] + 1;
        if (segment.has(TcpHeader.RST)) {
            reset(row, segment, expected);
            return false;
        }
        if (segment.has(TcpHeader.SYN)) {
            if (segment.seq == rows.irs[row] && !segment.has(TcpHeader.ACK)) {
                // RFC 3168 section 6.1.1: a peer that has sent a SYN without the flags won't use ECN.
                rows.ecn[row] &= CongestionNotification.accepts(config, segment);
                reply.synAck(row);
            } else if (challenges.allow(counters)) {
                reply.acknowledge(row);
            }
            return false;
        }
        if (!segment.has(TcpHeader.ACK)) {
            counters.increment(Counter.DROP_TCP_NO_ACK);
            return false;
        }
        if (rows.timestamps[row] && segment.options.timestamps
                && Seq.lt(segment.options.tsValue, rows.tsRecent[row])) {
            counters.increment(Counter.DROP_TCP_PAWS);
            reply.acknowledge(row);
            return false;
        }
        if (!inWindow(segment, expected)) {
            counters.increment(Counter.DROP_TCP_WINDOW);
            reply.acknowledge(row);
            return false;
        }
        if (segment.ack != rows.iss[row] + 1) {
            reply.reset(segment);
            return false;
        }
        return admitted(rows.listenPort[row]);
    }

    private boolean inWindow(InboundSegment segment, int expected) {
        int offered = window.announcedAtFirst();
        return Seq.within(segment.seq, expected, expected + offered)
                || segment.span() > 0 && Seq.within(segment.seq + segment.span() - 1, expected, expected + offered);
    }

    private boolean admitted(ListenPort listener) {
        if (listener.queueFull()) {
            listener.acceptOverflows++;
            counters.increment(Counter.TCP_ACCEPT_OVERFLOWS);
            return false;
        }
        return true;
    }

    /** RFC 5961 section 3.2, for a connection that only this row knows. */
    private void reset(int row, InboundSegment segment, int expected) {
        if (segment.seq == expected) {
            counters.increment(Counter.TCP_RESETS_IN);
            rows.remove(row);
        } else if (inWindow(segment, expected) && challenges.allow(counters)) {
            counters.increment(Counter.DROP_TCP_BLIND_RST);
            reply.acknowledge(row);
        } else {
            counters.increment(Counter.DROP_TCP_BLIND_RST);
        }
    }

    /** Sends SYN-ACKs again, and forgets rows that nobody completes. */
    void expire(long now) {
        if (rows.earliestNanos() > now) {
            return;
        }
        for (int row = 0; row < rows.limit(); row++) {
            if (!rows.used(row) || rows.deadline[row] > now) {
                continue;
            }
            if (rows.retries[row] >= config.synAckRetries()) {
                counters.increment(Counter.TCP_ATTEMPT_FAILS);
                rows.remove(row);
            } else {
                int sends = ++rows.retries[row];
                if (sends >= LAST_WITH_EXPERIMENT) {
                    rows.multiOwn[row] = 0;
                }
                rows.schedule(row, now + Math.min(config.maxRtoNanos(), config.initialRtoNanos() << Math.min(sends, 16)));
                counters.increment(Counter.TCP_RETRANSMITTED_SEGMENTS);
                if (sends >= config.pathRetries()) {
                    reply.doubt(row);
                }
                reply.synAck(row);
            }
        }
        rows.findEarliest();
    }

    /** Forgets the rows of a listener that was closed. */
    void forget(ListenPort listener) {
        for (int row = 0; row < rows.limit(); row++) {
            if (rows.listenPort[row] == listener) {
                rows.remove(row);
            }
        }
    }

    /** Fills a new connection from a row: it is established, as far as the handshake goes. */
    void establish(Tcb c, int row, long now) {
        c.localAddress = rows.localAddress[row];
        c.remoteAddress = rows.remoteAddress[row];
        c.ports = rows.ports[row];
        c.listenPort = rows.listenPort[row];
        c.irs = rows.irs[row];
        c.rcvNxt = c.irs + 1;
        c.rcvUser = c.rcvNxt;
        c.rcvInPlace = c.rcvNxt;
        c.lastAckSent = c.rcvNxt;
        c.iss = rows.iss[row];
        c.sndUna = c.iss + 1;
        c.sndNxt = c.sndUna;
        c.sndEnd = c.sndUna;
        c.scaled = rows.scale[row] >= 0;
        c.sndScale = c.scaled ? rows.scale[row] : 0;
        c.rcvScale = c.scaled ? window.scaleToOffer() : 0;
        c.timestamps = rows.timestamps[row];
        c.sackOk = rows.sack[row];
        if (rows.multiOwn[row] != 0) {
            c.multi = new MultiSegment(rows.multiOwn[row]);
            c.multi.agree(rows.multiPeer[row]);
        }
        c.tsRecent = rows.tsRecent[row];
        c.tsRecentNanos = now;
        c.tsOffset = rows.tsOffset[row];
        window.start(c);
    }
}
