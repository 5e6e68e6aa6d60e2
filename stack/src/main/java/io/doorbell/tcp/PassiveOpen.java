package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.MultiSegmentOption;
import io.doorbell.wire.Seq;
import io.doorbell.wire.TcpHeader;

/** LISTEN and the SYN-RECEIVED that follows from it (RFC 9293 sections 3.10.7.2 and 3.10.7.4). */
final class PassiveOpen {
    /** After so many SYNs in vain the option that nobody registered is left out: something may drop it. */
    static final int LAST_WITH_EXPERIMENT = 2;

    private final HalfOpenTable rows;
    private final StatelessReply reply;
    private final InitialSequence initialSequence;
    private final SynCookies cookies;
    private final ChallengeAcks challenges;
    private final ReceiveWindow window;
    private final TcpConfig config;
    private final Counters counters;

    PassiveOpen(HalfOpenTable rows, StatelessReply reply, InitialSequence initialSequence, SynCookies cookies,
                ChallengeAcks challenges, ReceiveWindow window, TcpConfig config, Counters counters) {
        this.rows = rows;
        this.reply = reply;
        this.initialSequence = initialSequence;
        this.cookies = cookies;
        this.challenges = challenges;
        this.window = window;
        this.config = config;
        this.counters = counters;
    }

    /** Whether a SYN would get a row. */
    boolean hasRoom() {
        return !rows.isFull();
    }

    /**
     * A segment for a listening port that belongs to no connection and no row.
     *
     * @return whether it brings a good cookie back: the caller makes the connection and goes on with the segment
     */
    boolean listen(ListenPort listener, InboundSegment segment, long now) {
        if (segment.has(TcpHeader.RST)) {
            counters.increment(Counter.DROP_TCP_STATE);
        } else if (segment.has(TcpHeader.ACK)) {
            return cookieReturned(listener, segment, now);
        } else if (!segment.has(TcpHeader.SYN) || segment.has(TcpHeader.FIN)) {
            counters.increment(Counter.DROP_TCP_FLAGS);
        } else if (rows.isFull()) {
            listener.halfOpenOverflows++;
            counters.increment(Counter.TCP_HALF_OPEN_OVERFLOWS);
            if (config.synCookies()) {
                bake(listener, segment, now);
            }
        } else {
            open(listener, segment, initialSequence.next(segment.destination, segment.source, segment.ports, now), now);
        }
        return false;
    }

    private void bake(ListenPort listener, InboundSegment segment, long now) {
        TcpOptions options = segment.options;
        boolean timestamps = config.timestamps() && options.timestamps;
        int scale = timestamps && config.windowScaling() ? options.windowScale : SynCookies.NO_SCALE;
        boolean sack = timestamps && config.sack() && options.sackPermitted;
        boolean ecn = timestamps && CongestionNotification.accepts(config, segment);
        int said = timestamps ? SynCookies.options(scale, sack, ecn) : SynCookies.NO_SCALE;
        int cookie = cookies.bake(segment.destination, segment.source, segment.ports, segment.seq,
                options.maxSegmentSize, said, now);
        int clock = (int) Math.floorDiv(now, config.timestampTickNanos());
        int stamp = tsOffset(segment) + SynCookies.timestamp(clock, said);
        if (reply.cookie(segment, cookie, scale, sack, timestamps, ecn, stamp)) {
            counters.increment(Counter.TCP_SYN_COOKIES_SENT);
            listener.cookiesSent++;
        }
    }

    private boolean cookieReturned(ListenPort listener, InboundSegment segment, long now) {
        boolean timestamps = config.timestamps() && segment.options.timestamps;
        int echoed = timestamps ? segment.options.tsEcho - tsOffset(segment) : 0;
        if (!config.synCookies() || !cookies.areOut(now)) {
            reply.reset(segment);
            return false;
        }
        if (segment.has(TcpHeader.SYN) || !cookies.isGood(segment, timestamps, echoed, now)) {
            // No RST: only the first byte of a stream brings its cookie, and it may have been overtaken or lost.
            counters.increment(Counter.TCP_SYN_COOKIES_REJECTED);
            listener.cookiesRejected++;
            return false;
        }
        return admitted(listener);
    }

    private int tsOffset(InboundSegment segment) {
        return initialSequence.timestampOffset(segment.destination, segment.source, segment.ports);
    }

    /** Answers a SYN and remembers it. There is {@link #hasRoom}. */
    void open(ListenPort listener, InboundSegment segment, int iss, long now) {
        int row = rows.add(segment.destination, segment.source, segment.ports);
        TcpOptions options = segment.options;
        rows.irs[row] = segment.seq;
        rows.iss[row] = iss;
        rows.listenPort[row] = listener;
        rows.retries[row] = 0;
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
        rows.tsOffset[row] = tsOffset(segment);
        rows.sentNanos[row] = now;
        rows.await(row, 0, now + config.initialRtoNanos());
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
            } else {
                challenge(row);
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
            challenge(row);
            return false;
        }
        if (!inWindow(segment, expected)) {
            counters.increment(Counter.DROP_TCP_WINDOW);
            challenge(row);
            return false;
        }
        if (segment.ack != rows.iss[row] + 1) {
            reply.reset(segment);
            return false;
        }
        return admitted(rows.listenPort[row]);
    }

    private void challenge(int row) {
        if (challenges.allow(counters)) {
            reply.acknowledge(row);
        }
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
            counters.increment(Counter.TCP_RESETS_IN_HALF_OPEN);
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
        for (int row = rows.expired(now); row != Tcb.NONE; row = rows.expired(now)) {
            if (rows.retries[row] >= config.synAckRetries()) {
                counters.increment(Counter.TCP_ATTEMPT_FAILS);
                rows.remove(row);
            } else {
                int sends = ++rows.retries[row];
                if (sends >= LAST_WITH_EXPERIMENT) {
                    rows.multiOwn[row] = 0;
                }
                rows.await(row, sends, now + Math.min(config.maxRtoNanos(), config.initialRtoNanos() << Math.min(sends, 16)));
                counters.increment(Counter.TCP_RETRANSMITTED_SEGMENTS);
                if (sends >= config.pathRetries()) {
                    reply.doubt(row);
                }
                reply.synAck(row);
            }
        }
    }

    /** Forgets the rows of a listener that was closed. */
    void forget(ListenPort listener) {
        for (int row = 0; row < rows.capacity(); row++) {
            if (rows.listenPort[row] == listener) {
                rows.remove(row);
            }
        }
    }

    /** Fills a new connection from a row: it is established, as far as the handshake goes. */
    void establish(Tcb c, int row, long now) {
        c.listenPort = rows.listenPort[row];
        c.timestamps = rows.timestamps[row];
        c.tsRecent = rows.tsRecent[row];
        c.tsOffset = rows.tsOffset[row];
        c.sackOk = rows.sack[row];
        scale(c, rows.scale[row]);
        if (rows.multiOwn[row] != 0) {
            c.multi = new MultiSegment(rows.multiOwn[row]);
            c.multi.agree(rows.multiPeer[row]);
        }
        number(c, rows.localAddress[row], rows.remoteAddress[row], rows.ports[row], rows.irs[row], rows.iss[row], now);
    }

    /**
     * Fills a new connection from the segment that brought the cookie just found good.
     *
     * @return the MSS that the peer announced, or a little less
     */
    int establish(Tcb c, ListenPort listener, InboundSegment segment, long now) {
        c.listenPort = listener;
        c.timestamps = config.timestamps() && segment.options.timestamps;
        c.tsRecent = segment.options.tsValue;
        c.tsOffset = tsOffset(segment);
        c.sackOk = cookies.sack;
        if (cookies.ecn) {
            CongestionNotification.agree(c, counters);
        }
        scale(c, cookies.scale);
        number(c, segment.destination, segment.source, segment.ports, segment.seq - 1, segment.ack - 1, now);
        return cookies.maxSegmentSize;
    }

    private void scale(Tcb c, int shift) {
        c.scaled = shift >= 0;
        c.sndScale = (byte) (c.scaled ? shift : 0);
        c.rcvScale = c.scaled ? window.scaleToOffer() : 0;
    }

    private void number(Tcb c, int local, int remote, int ports, int irs, int iss, long now) {
        c.localAddress = local;
        c.remoteAddress = remote;
        c.ports = ports;
        c.irs = irs;
        c.rcvNxt = irs + 1;
        c.rcvUser = c.rcvNxt;
        c.rcvInPlace = c.rcvNxt;
        c.lastAckSent = c.rcvNxt;
        c.iss = iss;
        c.sndUna = iss + 1;
        c.sndNxt = c.sndUna;
        c.sndEnd = c.sndUna;
        c.tsRecentNanos = now;
        window.start(c);
    }
}
