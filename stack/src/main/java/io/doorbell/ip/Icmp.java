package io.doorbell.ip;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.link.FramePool;
import io.doorbell.link.Link;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.Checksum;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.IcmpHeader;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;

/**
 * ICMP (RFC 792, RFC 1122 section 3.2.2): answers echo requests, tells senders about datagrams that nobody here takes,
 * and hands errors about our own TCP segments up.
 */
final class Icmp {
    /** The most errors a second and at once: Linux's {@code icmp_msgs_per_sec} and {@code icmp_msgs_burst}. */
    static final int ERRORS_PER_SECOND = 1000;
    static final int ERRORS_BURST = 50;
    private static final long ERROR_INTERVAL_NANOS = 1_000_000_000L / ERRORS_PER_SECOND;

    /** The largest ICMP error as an IP datagram: RFC 1812 section 4.3.2.3. */
    static final int ERROR_LENGTH_LIMIT = 576;
    /** RFC 1812 section 4.3.2.5: errors have precedence 6, internetwork control. */
    private static final int ERROR_DSCP = 0xc0;
    /** What an error must quote behind the IP header (RFC 792): ports and sequence number. */
    private static final int QUOTED_TRANSPORT = 8;

    private final Ipv4 ipv4;
    private final FramePool frames;
    private final MemorySegment frameMemory;
    private final int longestMessage;
    private final Counters counters;
    private Transport transport;
    private final Clock clock;
    /** When the burst will be full again: the token bucket as one number. */
    private long bucketFullNanos = Long.MIN_VALUE;

    Icmp(Ipv4 ipv4, Link link, Counters counters, Clock clock) {
        this.ipv4 = ipv4;
        this.frames = link.frames();
        this.frameMemory = frames.memory();
        this.longestMessage = Math.min(link.mtu(), frames.frameSize() - EthernetHeader.LENGTH) - Ipv4Header.LENGTH;
        this.counters = counters;
        this.clock = clock;
    }

    void transport(Transport above) {
        this.transport = above;
    }

    // ---- in

    void message(MemorySegment memory, long ip, long icmp, int length) {
        if (length < IcmpHeader.LENGTH) {
            counters.increment(Counter.DROP_ICMP_SHORT);
        } else if (!IcmpHeader.checksumValid(memory, icmp, length)) {
            counters.increment(Counter.DROP_ICMP_CHECKSUM);
        } else {
            switch (IcmpHeader.type(memory, icmp)) {
                case IcmpHeader.ECHO_REQUEST -> echo(memory, ip, icmp, length);
                case IcmpHeader.DESTINATION_UNREACHABLE, IcmpHeader.TIME_EXCEEDED, IcmpHeader.PARAMETER_PROBLEM ->
                        error(memory, icmp, length);
                // RFC 1122 section 3.2.2: unknown types are silently discarded. Source quench is to be ignored too
                // (RFC 6633 section 3), and a redirect has nothing to change in a table of one route.
                default -> counters.increment(Counter.DROP_ICMP_TYPE);
            }
        }
    }

    /**
     * RFC 1122 section 3.2.2.6: the same data back, from the address that was asked, with the same DSCP; in fragments
     * if it came in fragments.
     */
    private void echo(MemorySegment memory, long ip, long icmp, int length) {
        counters.increment(Counter.ICMP_ECHOS_IN);
        int piece = length <= longestMessage ? length : longestMessage & ~7;
        int frameCount = (length + piece - 1) / piece;
        // A long echo is nobody's business but its sender's: it takes no frame that a connection may need.
        if (frameCount > 1 && frames.available() - frameCount < frames.capacity() / 2) {
            counters.increment(Counter.NO_FRAME);
            return;
        }
        int datagram = frameCount > 1 ? ipv4.nextIdentification() : 0;
        int result = Ipv4.SENT;
        for (int at = 0; at < length && result >= 0; at += piece) {
            result = echo(memory, ip, icmp, at, Math.min(piece, length - at), length, datagram);
        }
        if (result >= 0) {
            counters.increment(Counter.ICMP_ECHO_REPLIES_OUT);
        }
    }

    private int echo(MemorySegment memory, long ip, long icmp, int at, int piece, int length, int datagram) {
        long frame = frames.allocate();
        if (frame == FramePool.NONE) {
            counters.increment(Counter.NO_FRAME);
            return Ipv4.DROPPED;
        }
        long reply = frame + Ipv4.HEADROOM;
        MemorySegment.copy(memory, icmp + at, frameMemory, reply, piece);
        if (at == 0) {
            // Only the first word changes, so the sum over the data, which was just checked, is kept (RFC 1624).
            int checksum = Checksum.update(Bytes.u16(frameMemory, reply + 2), Bytes.u16(frameMemory, reply), 0);
            Bytes.put32(frameMemory, reply, IcmpHeader.ECHO_REPLY << 24 | checksum);
        }
        int dscp = Bytes.u8(memory, ip + 1) & ~3;
        int from = Ipv4Header.destination(memory, ip);
        int to = Ipv4Header.source(memory, ip);
        int more = at + piece < length ? Ipv4Header.MORE_FRAGMENTS : 0;
        int result = piece == length
                ? ipv4.send(reply, length, Ipv4Header.PROTOCOL_ICMP, from, to, dscp)
                : ipv4.sendFragment(reply, piece, Ipv4Header.PROTOCOL_ICMP, from, to, dscp, datagram, more | at >> 3);
        frames.release(frame);
        return result;
    }

    /** RFC 1122 section 3.2.2: the quoted header says whose error it is. Only what we could have sent is believed. */
    private void error(MemorySegment memory, long icmp, int length) {
        counters.increment(Counter.ICMP_ERRORS_IN);
        long quote = icmp + IcmpHeader.LENGTH;
        int quoted = length - IcmpHeader.LENGTH;
        if (transport == null || !isOurSegment(memory, quote, quoted)) {
            counters.increment(Counter.DROP_ICMP_QUOTE);
            return;
        }
        int type = IcmpHeader.type(memory, icmp);
        int code = IcmpHeader.code(memory, icmp);
        boolean tooBig = type == IcmpHeader.DESTINATION_UNREACHABLE && code == IcmpHeader.CODE_FRAGMENTATION_NEEDED;
        int nextHopMtu = tooBig ? IcmpHeader.rest(memory, icmp) & 0xffff : 0;
        long tcp = quote + Ipv4Header.headerLength(memory, quote);
        transport.pathError(type, code, nextHopMtu, Ipv4Header.source(memory, quote),
                Ipv4Header.destination(memory, quote), TcpHeader.sourcePort(memory, tcp),
                TcpHeader.destinationPort(memory, tcp), TcpHeader.seq(memory, tcp));
    }

    /**
     * Whether a quoted datagram could be a TCP segment of ours. Its checksum is not looked at: routers on the way
     * change the header, and not all of them repair what they quote.
     */
    private boolean isOurSegment(MemorySegment memory, long quote, int quoted) {
        if (quoted < Ipv4Header.LENGTH + QUOTED_TRANSPORT || Ipv4Header.version(memory, quote) != 4) {
            return false;
        }
        int headerLength = Ipv4Header.headerLength(memory, quote);
        return headerLength >= Ipv4Header.LENGTH
                && headerLength + QUOTED_TRANSPORT <= quoted
                && headerLength + TcpHeader.LENGTH <= Ipv4Header.totalLength(memory, quote)
                && !Ipv4Header.isFragment(memory, quote)
                && Ipv4Header.protocol(memory, quote) == Ipv4Header.PROTOCOL_TCP
                && ipv4.isLocal(Ipv4Header.source(memory, quote));
    }

    // ---- out

    /** RFC 1122 section 4.1.3.1, for UDP: no port is open here. */
    void portUnreachable(MemorySegment memory, long ip, int totalLength) {
        sendError(IcmpHeader.DESTINATION_UNREACHABLE, IcmpHeader.CODE_PORT_UNREACHABLE, memory, ip, totalLength);
    }

    /** RFC 1122 section 3.2.2.1. */
    void protocolUnreachable(MemorySegment memory, long ip, int totalLength) {
        sendError(IcmpHeader.DESTINATION_UNREACHABLE, IcmpHeader.CODE_PROTOCOL_UNREACHABLE, memory, ip, totalLength);
    }

    /** RFC 1122 section 3.3.2: about the first fragment of a datagram whose others have not come in time. */
    void reassemblyTimeExceeded(MemorySegment memory, long ip, int firstLength) {
        boolean error = Ipv4Header.protocol(memory, ip) == Ipv4Header.PROTOCOL_ICMP
                && IcmpHeader.type(memory, ip + Ipv4Header.headerLength(memory, ip)) != IcmpHeader.ECHO_REQUEST;
        if (!error) {
            sendError(IcmpHeader.TIME_EXCEEDED, IcmpHeader.CODE_REASSEMBLY_TIME, memory, ip, firstLength);
        }
    }

    /**
     * Tells the sender that its datagram was not taken. What RFC 1122 section 3.2.2 forbids errors about (ICMP errors,
     * broadcasts, later fragments, sources that are no single host) does not get here: it was dropped before.
     */
    private void sendError(int type, int code, MemorySegment memory, long ip, int totalLength) {
        if (!takeToken()) {
            counters.increment(Counter.ICMP_ERRORS_LIMITED);
            return;
        }
        long frame = frames.allocate();
        if (frame == FramePool.NONE) {
            counters.increment(Counter.NO_FRAME);
            return;
        }
        int room = Math.min(longestMessage, ERROR_LENGTH_LIMIT - Ipv4Header.LENGTH) - IcmpHeader.LENGTH;
        int quoted = Math.min(totalLength, room);
        long message = frame + Ipv4.HEADROOM;
        MemorySegment.copy(memory, ip, frameMemory, message + IcmpHeader.LENGTH, quoted);
        IcmpHeader.write(frameMemory, message, type, code, 0, quoted + IcmpHeader.LENGTH);
        int result = ipv4.send(message, quoted + IcmpHeader.LENGTH, Ipv4Header.PROTOCOL_ICMP,
                Ipv4Header.destination(memory, ip), Ipv4Header.source(memory, ip), ERROR_DSCP);
        frames.release(frame);
        if (result >= 0) {
            counters.increment(Counter.ICMP_ERRORS_OUT);
        }
    }

    /** RFC 1812 section 4.3.2.8: errors are limited in rate. */
    private boolean takeToken() {
        long full = Math.max(bucketFullNanos, clock.nanos());
        if (full - clock.nanos() > (ERRORS_BURST - 1) * ERROR_INTERVAL_NANOS) {
            return false;
        }
        bucketFullNanos = full + ERROR_INTERVAL_NANOS;
        return true;
    }
}
