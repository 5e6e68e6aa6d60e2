package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.ip.Ipv4;
import io.doorbell.link.FramePool;
import io.doorbell.wire.Checksum;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.MultiSegmentOption;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;

/** Segments that belong to no connection: RSTs, and what a half-open row sends. Best effort, nothing is remembered. */
final class StatelessReply {
    private final FramePool pool;
    private final MemorySegment memory;
    private final Ipv4 ipv4;
    private final TcpConfig config;
    private final ReceiveWindow window;
    private final Counters counters;
    private final HalfOpenTable rows;
    private final TimestampClock clock;

    StatelessReply(FramePool pool, Ipv4 ipv4, TcpConfig config, ReceiveWindow window, Counters counters,
                   HalfOpenTable rows, TimestampClock clock) {
        this.pool = pool;
        this.memory = pool.memory();
        this.ipv4 = ipv4;
        this.config = config;
        this.window = window;
        this.counters = counters;
        this.rows = rows;
        this.clock = clock;
    }

    /** The RST for a segment that no connection claims (RFC 9293 section 3.10.7.1). */
    void reset(InboundSegment segment) {
        if (segment.has(TcpHeader.RST)) {
            return;
        }
        boolean ack = segment.has(TcpHeader.ACK);
        int seq = ack ? segment.ack : 0;
        int flags = ack ? TcpHeader.RST : TcpHeader.RST | TcpHeader.ACK;
        int acknowledge = ack ? 0 : segment.seq + segment.span();
        if (send(segment.destination, segment.source, segment.ports, seq, acknowledge, flags, 0)) {
            counters.increment(Counter.TCP_RESETS_OUT);
            counters.increment(Counter.TCP_RESETS_OUT_NO_CONNECTION);
        }
    }

    boolean synAck(int row) {
        long frame = allocate();
        if (frame == FramePool.NONE) {
            return false;
        }
        long tcp = frame + SendSpace.HEADROOM;
        int header = TcpHeader.LENGTH + SynOptions.write(memory, tcp + TcpHeader.LENGTH, window.maxSegmentSize(),
                rows.scale[row] >= 0 ? window.scaleToOffer() : -1, rows.sack[row], rows.timestamps[row],
                clock.ticks() + rows.tsOffset[row], rows.tsRecent[row]);
        if (rows.multiOwn[row] != 0) {
            header += MultiSegmentOption.writeSynAck(memory, tcp + header, rows.multiOwn[row], rows.multiPeer[row]);
        }
        TcpHeader.write(memory, tcp, rows.ports[row], rows.iss[row], rows.irs[row] + 1, header,
                TcpHeader.SYN | TcpHeader.ACK | (rows.ecn[row] ? TcpHeader.ECE : 0), window.announcedAtFirst());
        return post(frame, tcp, header, rows.localAddress[row], rows.remoteAddress[row]);
    }

    /** SYN-ACKs get no answer: the next hop's MAC may be wrong (RFC 1122 section 3.3.1.4). */
    void doubt(int row) {
        ipv4.doubt(rows.remoteAddress[row]);
    }

    /** The SYN-ACK that carries a cookie, for a SYN that no row is left for. */
    boolean cookie(InboundSegment segment, int cookie, int scale, boolean sack, boolean timestamps, boolean ecn,
                   int tsValue) {
        long frame = allocate();
        if (frame == FramePool.NONE) {
            return false;
        }
        long tcp = frame + SendSpace.HEADROOM;
        int header = TcpHeader.LENGTH + SynOptions.write(memory, tcp + TcpHeader.LENGTH, window.maxSegmentSize(),
                scale >= 0 ? window.scaleToOffer() : -1, sack, timestamps, tsValue, segment.options.tsValue);
        TcpHeader.write(memory, tcp, segment.ports, cookie, segment.seq + 1, header,
                TcpHeader.SYN | TcpHeader.ACK | (ecn ? TcpHeader.ECE : 0), window.announcedAtFirst());
        return post(frame, tcp, header, segment.destination, segment.source);
    }

    /** A bare ACK that tells a half-open row's numbers: what an unacceptable segment is answered with. */
    void acknowledge(int row) {
        acknowledge(rows, row, rows.iss[row] + 1, rows.irs[row] + 1, window.announcedAtFirst(),
                rows.timestamps[row], rows.tsOffset[row], rows.tsRecent[row]);
    }

    /** A bare ACK for a row of either table. */
    void acknowledge(ConnectionRows of, int row, int seq, int ack, int announced, boolean timestamps, int tsOffset,
                     int tsEcho) {
        long frame = allocate();
        if (frame == FramePool.NONE) {
            return;
        }
        long tcp = frame + SendSpace.HEADROOM;
        int header = TcpHeader.LENGTH;
        if (timestamps) {
            TcpOptions.writeTimestamps(memory, tcp + header, clock.ticks() + tsOffset, tsEcho);
            header += TcpOptions.TIMESTAMPS_LENGTH;
        }
        TcpHeader.write(memory, tcp, of.ports[row], seq, ack, header, TcpHeader.ACK, announced);
        if (post(frame, tcp, header, of.localAddress[row], of.remoteAddress[row])) {
            counters.increment(Counter.TCP_PURE_ACKS_OUT);
        }
    }

    private boolean send(int local, int remote, int ports, int seq, int ack, int flags, int announced) {
        long frame = allocate();
        if (frame == FramePool.NONE) {
            return false;
        }
        long tcp = frame + SendSpace.HEADROOM;
        TcpHeader.write(memory, tcp, ports, seq, ack, TcpHeader.LENGTH, flags, announced);
        return post(frame, tcp, TcpHeader.LENGTH, local, remote);
    }

    private long allocate() {
        long frame = pool.allocate();
        if (frame == FramePool.NONE) {
            counters.increment(Counter.NO_FRAME);
        }
        return frame;
    }

    private boolean post(long frame, long tcp, int length, int local, int remote) {
        TcpHeader.writeChecksum(memory, tcp, Checksum.sum(memory, tcp, length)
                + Checksum.pseudoHeader(local, remote, Ipv4Header.PROTOCOL_TCP, length));
        int result = ipv4.send(tcp, length, Ipv4Header.PROTOCOL_TCP, local, remote, config.dscp() << 2);
        pool.release(frame);
        if (result == Ipv4.SENT || result == Ipv4.HELD) {
            counters.increment(Counter.TCP_SEGMENTS_OUT);
            return true;
        }
        return false;
    }
}
