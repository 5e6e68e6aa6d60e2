package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.ip.Ipv4;
import io.doorbell.link.FramePool;
import io.doorbell.link.Link;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.Checksum;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;

/**
 * Sends templates: what is left to do when the last byte of a message is known. It checks that nothing is in the way,
 * writes what only now is known into headers that were formed long before, and posts them. Everything else, the send
 * queue, timers, counters, the next frames for the template, comes after the doorbell.
 *
 * <p>It never waits and never decides differently from the emitter: what the emitter would hold back is queued, and
 * leaves through the emitter.
 */
public final class TemplateOutput {
    private final Tcp tcp;
    private final Link link;
    private final FramePool pool;
    private final MemorySegment memory;
    private final Ipv4 ipv4;
    private final Scoreboard scoreboard;
    private final SendSpace sendSpace;
    private final SegmentOutput output;
    private final LossRecovery recovery;
    private final ReadyHeaders headers;
    private final PathMtu paths;
    private final Lifecycle lifecycle;
    private final TcpConfig config;
    private final Counters counters;
    private final TemplateReferences references;
    private final TimestampClock clock;
    private final MemorySegment scratch = MemorySegment.ofArray(new byte[Long.BYTES]);

    TemplateOutput(Tcp tcp, Link link, Ipv4 ipv4, Scoreboard scoreboard, SendSpace sendSpace, SegmentOutput output,
                   LossRecovery recovery, ReadyHeaders headers, PathMtu paths, Lifecycle lifecycle, TcpConfig config,
                   Counters counters, TemplateReferences references, TimestampClock clock) {
        this.references = references;
        this.clock = clock;
        this.tcp = tcp;
        this.link = link;
        this.pool = link.frames();
        this.memory = pool.memory();
        this.ipv4 = ipv4;
        this.scoreboard = scoreboard;
        this.sendSpace = sendSpace;
        this.output = output;
        this.recovery = recovery;
        this.headers = headers;
        this.paths = paths;
        this.lifecycle = lifecycle;
        this.config = config;
        this.counters = counters;
    }

    /** A big-endian value, where an update can take it from. */
    MemorySegment scratch(long value) {
        Bytes.put64(scratch, 0, value);
        return scratch;
    }

    ArrayCopy arrayCopy() {
        return tcp.arrayCopy();
    }

    TemplateReferences references() {
        return references;
    }

    ReadyHeaders headers() {
        return headers;
    }

    // ---- making and closing

    /** @return null, counted, if the connection does not send any more, or for want of frames */
    public MessageTemplate open(Tcb c, int length) {
        if (length < 1 || length > c.options.sendBufferBytes()) {
            throw new IllegalArgumentException("a template of " + length + " bytes: at least 1, and at most the "
                    + c.options.sendBufferBytes() + " bytes of the connection's sendBufferBytes");
        }
        MessageTemplate t = new MessageTemplate(this, memory, c, length);
        boolean sends = c.state.sends() || c.state == TcpState.SYN_SENT || c.state == TcpState.SYN_RECEIVED;
        if (!sends || c.finQueued || !layOut(t, c.mss)) {
            counters.increment(Counter.TEMPLATES_REFUSED);
            return null;
        }
        t.next = c.templates;
        if (t.next != null) {
            t.next.previous = t;
        }
        c.templates = t;
        t.header = headers.of(c);
        if (c.state.sends()) {
            form(t, c);
            headers.make(c);
        }
        counters.increment(Counter.TEMPLATES_OPENED);
        return t;
    }

    void close(MessageTemplate t) {
        if (t.isClosed()) {
            return;
        }
        if (t.previous == null) {
            t.connection.templates = t.next;
        } else {
            t.previous.next = t.next;
        }
        if (t.next != null) {
            t.next.previous = t.previous;
        }
        t.next = null;
        t.previous = null;
        for (int i = 0; i < t.count; i++) {
            pool.release(t.payload(i));
        }
        t.closed();
    }

    /** The connection will not send again. */
    static void closeAll(Tcb c) {
        while (c.templates != null) {
            c.templates.close();
        }
    }

    /** What the headers say was chosen anew: they are formed again before the next send. */
    static void optionsChosen(Tcb c) {
        for (MessageTemplate t = c.templates; t != null; t = t.next) {
            t.formedFor = MessageTemplate.NOT_FORMED;
        }
    }

    /** Divides the message into segments; the bytes and sums that are there move along. */
    private boolean layOut(MessageTemplate t, int segmentSize) {
        t.copyLast();
        int count = (t.length + segmentSize - 1) / segmentSize;
        if (sendSpace.freeFrames() < count) {
            return false;
        }
        long[] segments = MessageTemplate.segments(count);
        for (int i = 0; i < count; i++) {
            long payload = pool.allocate() + SendSpace.HEADROOM;
            int from = i * segmentSize;
            int bytes = Math.min(segmentSize, t.length - from);
            long sum = 0;
            if (t.count == 0) {
                memory.asSlice(payload, bytes).fill((byte) 0);
            } else {
                gather(t, from, bytes, payload);
                sum = Checksum.word(Checksum.fold(Checksum.sum(memory, payload, bytes)));
            }
            MessageTemplate.segment(segments, i, payload, sum);
        }
        for (int i = 0; i < t.count; i++) {
            pool.release(t.payload(i));
        }
        t.segments = segments;
        t.segmentSize = segmentSize;
        t.count = count;
        return true;
    }

    private void gather(MessageTemplate t, int offset, int bytes, long target) {
        int from = offset;
        int end = offset + bytes;
        while (from < end) {
            int segment = from / t.segmentSize;
            int at = from - segment * t.segmentSize;
            int part = Math.min(end - from, t.length(segment) - at);
            MemorySegment.copy(memory, t.payload(segment) + at, memory, target + from - offset, part);
            from += part;
        }
    }

    /** Writes all of the headers that does not depend on when the message leaves, and sums it. */
    private void form(MessageTemplate t, Tcb c) {
        int header = headerLength(c);
        long mac = ipv4.readyMac(c.nextHop);
        int ecn = CongestionNotification.agreed(c) ? CongestionNotification.ECT_0 : CongestionNotification.NOT_ECT;
        for (int i = 0; i < t.count; i++) {
            int length = header + t.length(i);
            int flags = TcpHeader.ACK | (i == t.count - 1 ? TcpHeader.PSH : 0);
            long tcpHeader = t.payload(i) - header;
            TcpHeader.write(memory, tcpHeader, c.ports, 0, 0, header, flags, 0);
            long sum = unsigned(c.localAddress) + unsigned(c.remoteAddress) + Ipv4Header.PROTOCOL_TCP + length
                    + unsigned(c.ports) + unsigned(header << 26 | flags << 16);
            if (c.timestamps) {
                Bytes.put32(memory, tcpHeader + TcpHeader.LENGTH, TcpOptions.TIMESTAMPS_WORD);
                sum += TcpOptions.TIMESTAMPS_WORD;
            }
            t.headerSum(i, sum);
            ipv4.prepare(tcpHeader, length, Ipv4Header.PROTOCOL_TCP, c.localAddress, c.remoteAddress,
                    c.options.dscp() << 2 | ecn, mac);
        }
        t.mac = mac;
        // Formed with nobody to send it to, it does not count: it is formed again when there is.
        t.formedFor = mac == Ipv4.NO_MAC ? MessageTemplate.NOT_FORMED : c.mss;
    }

    private static int headerLength(Tcb c) {
        return c.timestamps ? TcpHeader.LENGTH + TcpOptions.TIMESTAMPS_LENGTH : TcpHeader.LENGTH;
    }

    private static long unsigned(int word) {
        return word & 0xffff_ffffL;
    }

    // ---- sending

    int send(MessageTemplate t, long nowNanos, int flags) {
        boolean warm = (flags & MessageTemplate.WARM) != 0;
        if (t.known.missing() != 0 && !warm) {
            return withHoles(t);
        }
        ReadyHeader header = t.header;
        long now = Math.max(nowNanos, output.nowNanos());
        int ticks = clock.at(now);
        if (t.length <= header.room && t.formedFor == header.segmentSize && t.last == null
                && sendSpace.freeFrames() > 0 && ipv4.readyMac(header.nextHop) == t.mac) {
            assert headers.agrees(t, t.connection, now) : "a header that was made ahead is out of date";
        } else {
            int obstacle = obstacle(t, t.connection, now, warm);
            if (obstacle != MessageTemplate.FAST) {
                return warm ? obstacle : insteadOfPosting(t, t.connection, obstacle);
            }
            ticks = Delegation.clock(t.connection, ticks);
        }
        if (warm) {
            return rehearse(t, header, ticks, now);
        }
        int posted = post(t, header, ticks, now);
        if (posted == 0) {
            return insteadOfPosting(t, t.connection, MessageTemplate.QUEUED);
        }
        if ((flags & MessageTemplate.POST_ONLY) == 0) {
            link.flush(now);
        }
        int count = t.count;
        account(t, t.connection, posted, now);
        return posted == count ? MessageTemplate.FAST : MessageTemplate.QUEUED;
    }

    /** Looks at everything anew, and writes the header if nothing is in the way. */
    private int obstacle(MessageTemplate t, Tcb c, long now, boolean warm) {
        if (c.granted != null && !warm && tcp.delegation().ownerSends(c) != 0) {
            return Tcb.GRANTED;
        }
        if (c.narrow != null && !warm) {
            tcp.advance(now);
            paths.age(c);
        }
        boolean follows = t.formedFor == c.mss && ipv4.readyMac(c.nextHop) == t.mac;
        if (warm && c.options.pacing().on()) {
            // To ask the pacer is to begin a burst.
            return MessageTemplate.QUEUED;
        }
        int obstacle = follows || !warm && followed(t, c) ? headers.obstacle(t, c, now) : unsendable(t, c);
        if (obstacle == MessageTemplate.FAST) {
            if (warm) {
                headers.make(c);
            } else {
                headers.write(t.header, c);
            }
        }
        return obstacle;
    }

    private int rehearse(MessageTemplate t, ReadyHeader header, int ticks, long now) {
        if (!link.warm(true)) {
            return MessageTemplate.QUEUED;
        }
        int posted = post(t, header, ticks, now);
        link.warm(false);
        return posted == t.count ? MessageTemplate.FAST : MessageTemplate.QUEUED;
    }

    int begin(MessageTemplate t, PartialMessage message) {
        return tcp.partials().begin(message, t);
    }

    private int withHoles(MessageTemplate t) {
        if (t.isClosed()) {
            return MessageTemplate.CLOSED;
        }
        counters.increment(Counter.TEMPLATE_SENDS_WITH_HOLES);
        return MessageTemplate.HOLES;
    }

    /**
     * The one step between knowing and sending.
     *
     * @return how many segments the link took
     */
    private int post(MessageTemplate t, ReadyHeader h, int ticks, long now) {
        int header = TcpHeader.LENGTH;
        long changing = h.sum;
        long stamps = 0;
        if (h.timestamps) {
            header += TcpOptions.TIMESTAMPS_LENGTH;
            stamps = (long) (ticks + h.tsOffset) << 32 | unsigned(h.tsRecent);
            changing += stamps >>> 32;
        }
        int seq = h.seq;
        int i = 0;
        do {
            long tcpHeader = t.payload(i) - header;
            Bytes.put64(memory, tcpHeader + 4, (long) seq << 32 | unsigned(h.ack));
            Bytes.put16(memory, tcpHeader + 14, h.window);
            if (h.timestamps) {
                Bytes.put64(memory, tcpHeader + TcpHeader.LENGTH + 4, stamps);
            }
            long sum = t.headerSum(i) + t.payloadSum(i) + changing + unsigned(seq);
            Bytes.put16(memory, tcpHeader + 16, ~Checksum.fold(sum));
            int length = t.length(i);
            if (!transmit(t, tcpHeader - Ipv4.HEADROOM, Ipv4.HEADROOM + header + length, now)) {
                break;
            }
            seq += length;
            i++;
        } while (i < t.count);
        return i;
    }

    private boolean transmit(MessageTemplate t, long frame, int bytes, long now) {
        return t.last == null ? link.transmit(frame, bytes, now)
                : link.transmit(frame, bytes - t.lastBytes, t.last.address(), t.lastBytes, now);
    }

    /** All that a send entails and that need not happen before it. */
    private void account(MessageTemplate t, Tcb c, int posted, long now) {
        c.rcvEdge = t.header.rcvEdge;
        tcp.advance(now);
        if (ReadyHeaders.isIdle(c, now)) {
            recovery.rest(c);
        }
        int frameBytes = posted * (Ipv4.HEADROOM + headerLength(c));
        int payloadBytes = t.last == null ? leftFromFrames(t, c, posted, now) : leftByReference(t, c, now);
        counters.add(Counter.TCP_PAYLOAD_BYTES_OUT, payloadBytes);
        counters.add(Counter.TCP_SEGMENTS_OUT, posted);
        counters.add(Counter.TX_FRAMES, posted);
        counters.add(Counter.TX_BYTES, frameBytes + payloadBytes);
        acknowledged(c);
        lifecycle.touch(c);
        output.schedule(c, false);
        ipv4.used(c.nextHop);
        if (posted == t.count) {
            counters.increment(Counter.TEMPLATE_SENDS_FAST);
            t.sentFast++;
        } else {
            counters.increment(Counter.TX_LINK_FULL);
            counters.increment(Counter.TEMPLATE_SENDS_QUEUED);
            t.sentQueued++;
            lifecycle.wantOutput(c);
        }
        refresh(t, c);
        headers.make(c);
    }

    /** @return bytes that have left; the others are queued */
    private int leftFromFrames(MessageTemplate t, Tcb c, int posted, long now) {
        int bytes = 0;
        for (int i = 0; i < t.count; i++) {
            int segment = sendSpace.adopt(c, t.payload(i), t.length(i), Checksum.word(Checksum.fold(t.sum(i))),
                    i == t.count - 1 ? SegmentTable.PUSH : 0);
            if (i < posted) {
                bytes += t.length(i);
                left(c, segment, t.length(i), now);
            }
        }
        return bytes;
    }

    private int leftByReference(MessageTemplate t, Tcb c, long now) {
        int rest = t.lastBytes;
        int first = references.adopt(c, t);
        int second = c.sendTail;
        left(c, first, t.length - rest, now);
        left(c, second, rest, now);
        return t.length;
    }

    /** The segment has left for the first time. */
    private void left(Tcb c, int segment, int length, long now) {
        output.advance(c, c.sndNxt + length);
        scoreboard.sent(c, segment, now);
        c.sendUnsent = Tcb.NONE;
        c.flight.tailProbeDue = true;
        recovery.sent(c, length);
        if (c.seldom != null) {
            Pacer.sent(c, length);
            Cork.sent(c);
        }
    }

    /** The segment carried RCV.NXT; what it had no option for, SACK blocks, an ACK of its own still has to tell. */
    static void acknowledged(Tcb c) {
        boolean sackOwed = c.sackOk && (c.duplicateStart != c.duplicateEnd
                || c.received != null && c.received.ranges() > 0);
        if (!sackOwed) {
            c.ackNow = false;
            c.ackDeadline = Tcb.NO_DEADLINE;
            c.lastAckSent = c.rcvNxt;
        }
    }

    /**
     * The frames that left are the send queue's now and stay as they are until they are acknowledged; the template goes
     * on in others. That there are enough was checked before.
     */
    private void refresh(MessageTemplate t, Tcb c) {
        int headers = Ipv4.HEADROOM + headerLength(c);
        for (int i = 0; i < t.count; i++) {
            long fresh = pool.allocate() + SendSpace.HEADROOM;
            MemorySegment.copy(memory, t.payload(i) - headers, memory, fresh - headers, headers + t.length(i));
            t.payload(i, fresh);
        }
        t.known.rearm();
    }

    // ---- what is rare

    /** Brings the frames up to date with a segment size or a MAC that has changed; false if that must wait. */
    private boolean followed(MessageTemplate t, Tcb c) {
        if (t.isClosed() || !c.state.sends() || ipv4.readyMac(c.nextHop) == Ipv4.NO_MAC
                || t.segmentSize != c.mss && !layOut(t, c.mss)) {
            return false;
        }
        form(t, c);
        counters.increment(Counter.TEMPLATES_FORMED_AGAIN);
        return true;
    }

    private static int unsendable(MessageTemplate t, Tcb c) {
        if (t.isClosed()) {
            return MessageTemplate.CLOSED;
        }
        return c.state.sends() ? MessageTemplate.QUEUED : MessageTemplate.NOT_CONNECTED;
    }

    /** The message becomes ordinary data, if there is room for all of it. */
    private int insteadOfPosting(MessageTemplate t, Tcb c, int obstacle) {
        if (obstacle != MessageTemplate.QUEUED && obstacle != MessageTemplate.BACKPRESSURE) {
            return obstacle;
        }
        int frames = t.count * ((t.segmentSize + c.mss - 1) / c.mss);
        if (sendSpace.freeFrames() < frames || t.length > sendSpace.room(c)) {
            tcp.waitForRoom(c);
            counters.increment(Counter.TEMPLATE_SENDS_BACKPRESSURE);
            return MessageTemplate.BACKPRESSURE;
        }
        t.copyLast();
        for (int i = 0; i < t.count; i++) {
            tcp.send(c, memory, t.payload(i), t.length(i));
        }
        counters.increment(Counter.TEMPLATE_SENDS_QUEUED);
        t.sentQueued++;
        t.known.rearm();
        return MessageTemplate.QUEUED;
    }
}
