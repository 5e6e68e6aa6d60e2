package io.doorbell.tcp;

import io.doorbell.counters.Counters;
import io.doorbell.ip.Ipv4;
import io.doorbell.link.FramePool;
import io.doorbell.link.Link;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.Checksum;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * Sends and receives that do not happen: the very code of the real ones runs, on the memory that they will need, so
 * that both are in the caches; then everything is as it was. Nothing is posted, nobody is told.
 *
 * <p>A send runs on the connection itself, in a state in which it would leave at once, and is taken back step by step.
 * A receive runs on a stand-in with the connection's numbers, since what it changes is not so easily listed.
 */
public final class Rehearsal {
    /** More than any segment needs, so that a rehearsal never comes near to what makes others give way. */
    private static final int MOST_PAGES = 64;

    private final Link link;
    private final FramePool pool;
    private final Ipv4 ipv4;
    private final SegmentTable segments;
    private final Scoreboard scoreboard;
    private final SendSpace sendSpace;
    private final SegmentOutput output;
    private final DataInput data;
    private final Burst burst;
    private final EventList events;
    private final ReceiveMemory memory;
    private final Counters counters;
    private final Supplier<? extends Tcb> connections;
    private final int mtu;
    private final MemorySegment countersBefore = Arena.ofAuto().allocate(Counters.blockSize(), 8);
    private final MemorySegment frame;
    private final TcbMark before = new TcbMark();
    private Tcb standIn;
    private boolean receiving;

    Rehearsal(Link link, Ipv4 ipv4, SegmentTable segments, Scoreboard scoreboard, SendSpace sendSpace,
              SegmentOutput output, DataInput data, Burst burst, EventList events, ReceiveMemory memory,
              Counters counters, Supplier<? extends Tcb> connections) {
        this.link = link;
        this.pool = link.frames();
        this.ipv4 = ipv4;
        this.segments = segments;
        this.scoreboard = scoreboard;
        this.sendSpace = sendSpace;
        this.output = output;
        this.data = data;
        this.burst = burst;
        this.events = events;
        this.memory = memory;
        this.counters = counters;
        this.connections = connections;
        this.mtu = link.mtu();
        this.frame = Arena.ofAuto().allocate(EthernetHeader.LENGTH + mtu, 64);
    }

    // ---- sending

    /**
     * Of a message longer than one segment, the first segment stands for all.
     *
     * @return {@code length}; 0 if a send would not leave now, or the link can't; what a send would answer if this side
     *         does not send
     */
    public int send(Tcb c, MemorySegment source, long offset, int length) {
        Objects.checkFromIndexSize(offset, length, source.byteSize());
        if (!c.takesSends()) {
            return Tcp.refusal(c);
        }
        int bytes = Math.min(length, c.mss);
        if (bytes <= 0 || !wouldLeave(c, bytes) || !link.warm(true)) {
            return 0;
        }
        int lowest = pool.lowestAvailable();
        counters.copyTo(countersBefore);
        ipv4.warm(true);
        before.set(c);
        // Neither the restart after an idle time nor the timer queue is touched: the one changes much, the other's order.
        c.lastSentNanos = output.nowNanos();
        c.timerKey = Long.MIN_VALUE;
        c.timerIndex = 0;
        sendSpace.send(c, source, offset, bytes);
        int segment = c.sendTail;
        output.run(c);
        before.restore(c, segments, scoreboard);
        pool.release(pool.addressOf(segment));
        pool.lowestAvailable(lowest);
        ipv4.warm(false);
        counters.copyFrom(countersBefore);
        link.warm(false);
        return length;
    }

    /** The emitter would send this much as one segment, and nothing else with it. */
    private boolean wouldLeave(Tcb c, int bytes) {
        boolean quiet = c.sendUnsent == Tcb.NONE && c.sndNxt == c.sndEnd && !c.synPending && c.duplicateAcksOwed == 0 && c.duplicateStart == c.duplicateEnd && c.received == null && c.partial == null && c.narrow == null
                && (c.flight == null || c.flight.lostSegments == 0);
        int outstanding = c.flight == null ? 0 : c.flight.inFlight;
        boolean fits = c.sndUna + c.sndWnd - c.sndNxt >= bytes && (outstanding == 0 || outstanding + bytes <= c.cwnd);
        // What few connections have, nobody lists here.
        boolean held = c.options.nagle() && c.sendHead != Tcb.NONE || c.seldom != null;
        return quiet && fits && !held && ipv4.readyMac(c.nextHop) != Ipv4.NO_MAC && sendSpace.freeFrames() > 0;
    }

    // ---- receiving

    /**
     * The peer's segment with this payload comes in, as the next of its stream, up to where the user would hear of it.
     *
     * @return {@code length}; 0 if it is not possible or could not help now, or did not come that far
     */
    public int receive(Tcb c, MemorySegment source, long offset, int length) {
        Objects.checkFromIndexSize(offset, length, source.byteSize());
        int header = c.timestamps ? TcpHeader.LENGTH + TcpOptions.TIMESTAMPS_LENGTH : TcpHeader.LENGTH;
        int packet = Ipv4Header.LENGTH + header + length;
        if (length <= 0 || packet > mtu || length > c.rcvWnd() || !c.state.receives() || burst.size() > 0 || !events.isEmpty()
                || !memory.admits(c, MOST_PAGES, 0)) {
            return 0;
        }
        form(c, source, offset, length, header);
        if (standIn == null) {
            standIn = connections.get();
        }
        resemble(standIn, c);
        counters.copyTo(countersBefore);
        receiving = true;
        try {
            ipv4.frame(frame, 0, EthernetHeader.LENGTH + packet);
        } finally {
            receiving = false;
            data.endBurst();
            counters.copyFrom(countersBefore);
        }
        // A segment that was dropped on its way has warmed half of it.
        return standIn.rcvNxt - c.rcvNxt == length ? length : 0;
    }

    /** Whose segment it is: the connection's that was found, or the stand-in's during a rehearsal. */
    Tcb standsIn(Tcb found) {
        return receiving ? standIn : found;
    }

    private void form(Tcb c, MemorySegment source, long offset, int length, int header) {
        EthernetHeader.write(frame, 0, link.mac(), ipv4.readyMac(c.nextHop), EthernetHeader.TYPE_IPV4);
        Ipv4Header.write(frame, EthernetHeader.LENGTH, 0, Ipv4Header.LENGTH + header + length, 0,
                Ipv4Header.DONT_FRAGMENT, 64, Ipv4Header.PROTOCOL_TCP, c.remoteAddress, c.localAddress);
        long at = Ipv4.HEADROOM;
        int ports = c.ports << 16 | c.ports >>> 16;
        long sum = TcpHeader.write(frame, at, ports, c.rcvNxt, c.sndNxt, header, TcpHeader.ACK | TcpHeader.PSH,
                Math.min(0xffff, c.sndWnd >>> c.sndScale));
        if (c.timestamps) {
            Bytes.put32(frame, at + TcpHeader.LENGTH, TcpOptions.TIMESTAMPS_WORD);
            Bytes.put32(frame, at + TcpHeader.LENGTH + 4, c.tsRecent);
            Bytes.put32(frame, at + TcpHeader.LENGTH + 8, 0);
            sum += Checksum.sum(frame, at + TcpHeader.LENGTH, TcpOptions.TIMESTAMPS_LENGTH);
        }
        sum += Checksum.copyAndSum(source, offset, frame, at + header, length);
        TcpHeader.writeChecksum(frame, at, sum + Checksum.pseudoHeader(c.remoteAddress, c.localAddress,
                Ipv4Header.PROTOCOL_TCP, header + length));
    }

    /** What the receive path looks at. The stand-in is in no list, and is kept out of them. */
    private static void resemble(Tcb s, Tcb c) {
        s.localAddress = c.localAddress;
        s.remoteAddress = c.remoteAddress;
        s.ports = c.ports;
        s.nextHop = c.nextHop;
        s.state = TcpState.ESTABLISHED;
        s.options = c.options;
        s.iss = c.iss;
        s.sndUna = c.sndNxt;
        s.sndNxt = c.sndNxt;
        s.sndEnd = c.sndNxt;
        s.sndWnd = c.sndWnd;
        s.sndMaxWnd = c.sndMaxWnd;
        s.sndWl1 = c.sndWl1;
        s.sndWl2 = c.sndWl2;
        s.flight = null;
        s.mss = c.mss;
        s.sndScale = c.sndScale;
        s.rcvScale = c.rcvScale;
        s.scaled = c.scaled;
        s.sackOk = c.sackOk;
        s.cwnd = c.cwnd;
        s.rtoNanos = c.rtoNanos;
        s.srttNanos = c.srttNanos;
        s.rttvarNanos = c.rttvarNanos;
        s.irs = c.irs;
        s.rcvNxt = c.rcvNxt;
        s.rcvEdge = c.rcvEdge;
        s.rcvUser = c.rcvNxt;
        s.rcvInPlace = c.rcvNxt;
        s.lastAckSent = c.lastAckSent;
        s.rcvMss = c.rcvMss;
        s.firstPiece = Tcb.NONE;
        s.lastPiece = Tcb.NONE;
        s.timestamps = c.timestamps;
        s.tsRecent = c.tsRecent;
        s.tsRecentNanos = c.tsRecentNanos;
        s.ackNow = false;
        s.ackDeadline = Tcb.NO_DEADLINE;
        s.events = 0;
        s.outputPending = true;
        s.eventPending = true;
        s.rowDue = true;
    }

    /** What a send of one segment changes in a connection, and in the queue that the segment joins. */
    private static final class TcbMark {
        private int sndNxt;
        private int sndEnd;
        private int sendHead;
        private int sendTail;
        private Flight flight;
        private int inFlight;
        private int firstSent;
        private int lastSent;
        private int prrOut;
        private long lastSentNanos;
        private int rcvEdge;
        private int lastAckSent;
        private boolean ackNow;
        private long ackDeadline;
        private long retransmitDeadline;
        private long earlyDeadline;
        private boolean earlyIsProbe;
        private boolean persisting;
        private boolean tailProbeDue;
        private long timerKey;
        private int timerIndex;

        void set(Tcb c) {
            sndNxt = c.sndNxt;
            sndEnd = c.sndEnd;
            sendHead = c.sendHead;
            sendTail = c.sendTail;
            Flight f = c.flight;
            flight = f;
            if (f != null) {
                inFlight = f.inFlight;
                firstSent = f.firstSent;
                lastSent = f.lastSent;
                prrOut = f.prrOut;
                earlyDeadline = f.earlyDeadline;
                earlyIsProbe = f.earlyIsProbe;
                tailProbeDue = f.tailProbeDue;
            }
            lastSentNanos = c.lastSentNanos;
            rcvEdge = c.rcvEdge;
            lastAckSent = c.lastAckSent;
            ackNow = c.ackNow;
            ackDeadline = c.ackDeadline;
            retransmitDeadline = c.retransmitDeadline;
            persisting = c.persisting;
            timerKey = c.timerKey;
            timerIndex = c.timerIndex;
        }

        void restore(Tcb c, SegmentTable segments, Scoreboard scoreboard) {
            c.sndNxt = sndNxt;
            c.sndEnd = sndEnd;
            c.sendHead = sendHead;
            c.sendTail = sendTail;
            c.sendUnsent = Tcb.NONE;
            if (sendTail != Tcb.NONE) {
                segments.next(sendTail, Tcb.NONE);
            }
            if (flight == null) {
                scoreboard.clear(c);
            } else {
                restore(c.flight, segments);
            }
            c.lastSentNanos = lastSentNanos;
            c.rcvEdge = rcvEdge;
            c.lastAckSent = lastAckSent;
            c.ackNow = ackNow;
            c.ackDeadline = ackDeadline;
            c.retransmitDeadline = retransmitDeadline;
            c.persisting = persisting;
            c.timerKey = timerKey;
            c.timerIndex = timerIndex;
        }

        private void restore(Flight f, SegmentTable segments) {
            f.inFlight = inFlight;
            f.firstSent = firstSent;
            f.lastSent = lastSent;
            if (lastSent != Tcb.NONE) {
                segments.later(lastSent, Tcb.NONE);
            }
            f.prrOut = prrOut;
            f.earlyDeadline = earlyDeadline;
            f.earlyIsProbe = earlyIsProbe;
            f.tailProbeDue = tailProbeDue;
        }
    }
}
