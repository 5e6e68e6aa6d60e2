package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.ip.Ipv4;
import io.doorbell.link.FramePool;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.Checksum;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.MultiSegmentOption;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;

/** Forms the headers of a connection's segments in front of their payload, and posts them. */
final class SegmentWriter {
    private final FramePool pool;
    private final MemorySegment memory;
    private final Ipv4 ipv4;
    private final ReceiveWindow window;
    private final Counters counters;
    private final TimestampClock clock;
    private final int[] blockStart = new int[4];
    private final int[] blockEnd = new int[4];
    private boolean refused;

    SegmentWriter(FramePool pool, Ipv4 ipv4, ReceiveWindow window, Counters counters, TimestampClock clock) {
        this.pool = pool;
        this.memory = pool.memory();
        this.ipv4 = ipv4;
        this.window = window;
        this.counters = counters;
        this.clock = clock;
    }

    /** Whether the link has refused a segment since {@link #forgetRefusal}. */
    boolean wasRefused() {
        return refused;
    }

    void forgetRefusal() {
        refused = false;
    }

    MemorySegment memory() {
        return memory;
    }

    /**
     * A SYN, or the SYN-ACK of a simultaneous open.
     *
     * @return false if no frame was free or the link is full
     */
    boolean syn(Tcb c, TcpConfig config) {
        long frame = allocate();
        if (frame == FramePool.NONE) {
            return false;
        }
        boolean answer = c.state != TcpState.SYN_SENT;
        long tcp = frame + SendSpace.HEADROOM;
        int length = TcpHeader.LENGTH + SynOptions.write(memory, tcp + TcpHeader.LENGTH, window.maxSegmentSize(),
                answer ? c.offeredScale() : window.scaleToOffer(), answer ? c.sackOk : config.sack(),
                answer ? c.timestamps : config.timestamps(), clock.ticks() + c.tsOffset, c.tsRecent);
        if (c.multi != null) {
            length += MultiSegmentOption.writeSyn(memory, tcp + length, c.multi.nonce);
        }
        // RFC 7323 section 2.2: the window of a SYN is never scaled.
        int announced = window.announcedAtFirst();
        int flags = answer ? TcpHeader.SYN | TcpHeader.ACK | (CongestionNotification.agreed(c) ? TcpHeader.ECE : 0)
                : TcpHeader.SYN | (CongestionNotification.asks(c, config) ? TcpHeader.ECE | TcpHeader.CWR : 0);
        TcpHeader.write(memory, tcp, c.ports, c.iss, answer ? c.rcvNxt : 0, length, flags, announced);
        boolean posted = post(c, tcp, length, Checksum.sum(memory, tcp, length), CongestionNotification.NOT_ECT);
        pool.release(frame);
        return posted;
    }

    /** A segment without payload, in a frame of its own. */
    boolean control(Tcb c, int seq, int flags) {
        long frame = allocate();
        if (frame == FramePool.NONE) {
            return false;
        }
        long headersEnd = frame + SendSpace.HEADROOM;
        boolean posted = segment(c, seq, flags, headersEnd, headersEnd, 0, 0);
        pool.release(frame);
        return posted;
    }

    private long allocate() {
        long frame = pool.allocate();
        if (frame == FramePool.NONE) {
            counters.increment(Counter.NO_FRAME);
        }
        return frame;
    }

    /**
     * A segment whose payload is in place.
     *
     * @param headersEnd where the headers end: at the payload, or in another frame if the payload is shared
     * @param payload    its address
     * @param payloadSum the payload's sum
     * @return false if the link is full
     */
    boolean segment(Tcb c, int seq, int flags, long headersEnd, long payload, int length, long payloadSum) {
        long sum = payloadSum;
        int options = c.timestamps ? TcpOptions.TIMESTAMPS_LENGTH : 0;
        int blocks = 0;
        if (c.sackOk && (c.received != null || c.duplicateStart != c.duplicateEnd)) {
            // RFC 6691: what the peer takes and the path carries, SACK blocks make no larger.
            blocks = sackBlocks(c, Math.min(TcpHeader.MAX_LENGTH - TcpHeader.LENGTH - options, c.mss - length));
        }
        int header = TcpHeader.LENGTH + options + (blocks == 0 ? 0 : 4 + 8 * blocks);
        long tcp = headersEnd - header;
        boolean marked = c.seldom != null && CongestionNotification.marks(c, seq, length);
        int allFlags = c.seldom == null ? flags : flags | CongestionNotification.flags(c, flags, marked);
        sum += TcpHeader.write(memory, tcp, c.ports, seq, c.rcvNxt, header, allFlags, window.advertise(c));
        if (options > 0) {
            sum += TcpOptions.writeTimestamps(memory, tcp + TcpHeader.LENGTH, Delegation.clock(c, clock.ticks()) + c.tsOffset, c.tsRecent);
        }
        if (blocks > 0) {
            writeSack(tcp + TcpHeader.LENGTH + options, blocks);
            sum += Checksum.sum(memory, tcp + TcpHeader.LENGTH + options, 4 + 8 * blocks);
        }
        int ecn = marked ? CongestionNotification.ECT_0 : CongestionNotification.NOT_ECT;
        if (headersEnd == payload ? !post(c, tcp, header + length, sum, ecn)
                : !postTwo(c, tcp, header, payload, length, sum, ecn)) {
            return false;
        }
        if (marked) {
            CongestionNotification.sent(c);
        }
        acknowledged(c);
        c.duplicateEnd = c.duplicateStart;
        return true;
    }

    /** What leaves tells RCV.NXT: no other ACK is owed for it. */
    private static void acknowledged(Tcb c) {
        c.ackNow = false;
        c.ackDeadline = Tcb.NO_DEADLINE;
        c.lastAckSent = c.rcvNxt;
    }

    /**
     * A segment of new data whose payload is in place and has an option in front of it, which leaves no room for SACK
     * blocks: what they would have told, an ACK of its own tells.
     *
     * @param optionLength a multiple of four
     * @return false if the link is full
     */
    boolean withOption(Tcb c, int seq, int flags, long payload, int length, int optionLength) {
        int timestamps = c.timestamps ? TcpOptions.TIMESTAMPS_LENGTH : 0;
        int header = TcpHeader.LENGTH + timestamps + optionLength;
        long tcp = payload - header;
        // RFC 3168 section 6.1.5 is about what was sent before, and this was not. Who does not know the option takes it
        // for that, and ignores its marks with the rest of it.
        boolean marked = CongestionNotification.agreed(c);
        int allFlags = c.seldom == null ? flags : flags | CongestionNotification.flags(c, flags, marked);
        long sum = Checksum.sum(memory, payload - optionLength, optionLength + length)
                + TcpHeader.write(memory, tcp, c.ports, seq, c.rcvNxt, header, allFlags, window.advertise(c));
        if (timestamps > 0) {
            sum += TcpOptions.writeTimestamps(memory, tcp + TcpHeader.LENGTH, Delegation.clock(c, clock.ticks()) + c.tsOffset, c.tsRecent);
        }
        int ecn = marked ? CongestionNotification.ECT_0 : CongestionNotification.NOT_ECT;
        if (!post(c, tcp, header + length, sum, ecn)) {
            return false;
        }
        if (marked) {
            CongestionNotification.sent(c);
        }
        if (c.received == null && c.duplicateStart == c.duplicateEnd) {
            acknowledged(c);
        }
        return true;
    }

    /** RFC 2018 section 4, and RFC 2883 section 4: what came twice goes first. */
    private int sackBlocks(Tcb c, int bytes) {
        int limit = Math.min(4, (bytes - 4) >> 3);
        int count = 0;
        if (c.duplicateStart != c.duplicateEnd && limit > 0) {
            blockStart[0] = c.duplicateStart;
            blockEnd[0] = c.duplicateEnd;
            count = 1;
        }
        return c.received == null ? count : c.received.sackBlocks(blockStart, blockEnd, count, limit);
    }

    private void writeSack(long option, int blocks) {
        Bytes.put32(memory, option, 0x0101_0500 | 2 + 8 * blocks);
        for (int i = 0; i < blocks; i++) {
            Bytes.put32(memory, option + 4 + 8L * i, blockStart[i]);
            Bytes.put32(memory, option + 8 + 8L * i, blockEnd[i]);
        }
    }

    /** @param sum of header, options and payload */
    private boolean post(Tcb c, long tcp, int length, long sum, int ecn) {
        TcpHeader.writeChecksum(memory, tcp, sum
                + Checksum.pseudoHeader(c.localAddress, c.remoteAddress, Ipv4Header.PROTOCOL_TCP, length));
        return posted(ipv4.send(tcp, length, Ipv4Header.PROTOCOL_TCP, c.localAddress, c.remoteAddress,
                c.options.dscp() << 2 | ecn, c.nextHop));
    }

    /**
     * The same for a payload that lies elsewhere. It leaves in two pieces; or, where a neighbour's MAC must be asked for
     * while the frame waits, as one, for which the payload is copied behind the headers.
     */
    private boolean postTwo(Tcb c, long tcp, int header, long payload, int length, long sum, int ecn) {
        if (ipv4.readyMac(c.nextHop) == Ipv4.NO_MAC) {
            MemorySegment.copy(memory, payload, memory, tcp + header, length);
            return post(c, tcp, header + length, sum, ecn);
        }
        TcpHeader.writeChecksum(memory, tcp, sum
                + Checksum.pseudoHeader(c.localAddress, c.remoteAddress, Ipv4Header.PROTOCOL_TCP, header + length));
        ipv4.prepare(tcp, header + length, Ipv4Header.PROTOCOL_TCP, c.localAddress, c.remoteAddress,
                c.options.dscp() << 2 | ecn, ipv4.readyMac(c.nextHop));
        return posted(ipv4.sendPrepared(tcp, header, payload, length, c.nextHop));
    }

    private boolean posted(int result) {
        if (result == Ipv4.LINK_FULL) {
            counters.increment(Counter.TX_LINK_FULL);
            refused = true;
            return false;
        }
        counters.increment(Counter.TCP_SEGMENTS_OUT);
        return true;
    }
}
