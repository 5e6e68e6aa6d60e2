package io.doorbell.tcp;

import io.doorbell.wire.Seq;

/**
 * Finds out what stands between a message and the wire, by the same rules as the emitter, and what its header would say:
 * when it is asked, and ahead, whenever a connection that has templates is done with what has happened to it.
 */
final class ReadyHeaders {
    private final ReceiveWindow window;
    private final LossRecovery recovery;
    private final SendSpace sendSpace;
    private final TcpConfig config;

    ReadyHeaders(ReceiveWindow window, LossRecovery recovery, SendSpace sendSpace, TcpConfig config) {
        this.window = window;
        this.recovery = recovery;
        this.sendSpace = sendSpace;
        this.config = config;
    }

    /** The connection's, made when its first template is. */
    ReadyHeader of(Tcb c) {
        if (c.ready == null) {
            c.ready = new ReadyHeader();
        }
        return c.ready;
    }

    /** The connection is as it will be when the next message comes, for all that can be known. */
    void make(Tcb c) {
        ReadyHeader header = c.ready;
        write(header, c);
        header.room = room(c);
    }

    /** Only what the header says; how much may leave with it, the caller has found out. */
    void write(ReadyHeader header, Tcb c) {
        header.forget();
        header.segmentSize = c.mss;
        header.nextHop = c.nextHop;
        header.seq = c.sndEnd;
        header.ack = c.rcvNxt;
        // The edge is where the peer was told it is: it moves when the segment leaves.
        int edge = c.rcvEdge;
        header.window = window.advertise(c);
        header.rcvEdge = c.rcvEdge;
        c.rcvEdge = edge;
        header.timestamps = c.timestamps;
        header.tsOffset = c.tsOffset;
        header.tsRecent = c.tsRecent;
        header.sum = unsigned(header.ack) + header.window + (c.timestamps ? unsigned(c.tsRecent) : 0);
    }

    /** What holds whatever the time is, for one segment; the rest has to be asked for at each send. */
    private int room(Tcb c) {
        SeldomUsed s = c.seldom;
        boolean asked = c.granted != null || c.narrow != null || !c.state.sends() || !first(c)
                || c.options.nagle() && c.sendHead != Tcb.NONE
                || s != null && (s.corked || s.echoOwed || s.reductionUntold || c.options.pacing().on());
        if (asked) {
            return ReadyHeader.UNKNOWN;
        }
        int outstanding = recovery.outstanding(c);
        int congestion = outstanding == 0 ? c.mss : c.cwnd - outstanding;
        int buffer = c.options.sendBufferBytes() - c.unacknowledged();
        int room = Math.min(Math.min(c.mss, congestion), Math.min(buffer, c.sndUna + c.sndWnd - c.sndNxt));
        return Math.max(0, room);
    }

    /** What the emitter would hold this message back for, by the same rules; {@link MessageTemplate#FAST} if nothing. */
    int obstacle(MessageTemplate t, Tcb c, long now) {
        int length = t.length;
        if (sendSpace.freeFrames() < t.count || c.unacknowledged() + length > c.options.sendBufferBytes()) {
            return MessageTemplate.BACKPRESSURE;
        }
        boolean fits = c.sndUna + c.sndWnd - c.sndNxt >= length && fitsCongestionWindow(t, c, now);
        boolean held = c.options.nagle() && c.sendHead != Tcb.NONE || c.seldom != null && heldBySeldom(c, now);
        return first(c) && fits && !held ? MessageTemplate.FAST : MessageTemplate.QUEUED;
    }

    /** Nothing waits to be sent, or to be sent again. */
    private static boolean first(Tcb c) {
        return c.sendUnsent == Tcb.NONE && c.sndNxt == c.sndEnd && c.partial == null
                && (c.flight == null || c.flight.lostSegments == 0);
    }

    /** A cork, the pace, and flags of RFC 3168 that are told once are the emitter's. */
    private static boolean heldBySeldom(Tcb c, long now) {
        SeldomUsed s = c.seldom;
        return s.corked || s.echoOwed || s.reductionUntold || Pacer.holds(c, now);
    }

    private boolean fitsCongestionWindow(MessageTemplate t, Tcb c, long now) {
        int outstanding = recovery.outstanding(c);
        if (outstanding == 0 && t.count == 1) {
            return true;
        }
        int limit = isIdle(c, now) && config.slowStartAfterIdle()
                ? Math.min(c.cwnd, CongestionWindow.initial(c, config.initialWindowSegments())) : c.cwnd;
        return outstanding + t.length <= limit;
    }

    /** RFC 5681 section 4.1, as the emitter sees it. */
    static boolean isIdle(Tcb c, long now) {
        return c.flight != null && c.sndNxt == c.sndUna && c.restNanos() <= now;
    }

    /** Whether what was found out ahead is still so: whatever changes it must have said that it may be otherwise. */
    boolean isTrue(Tcb c) {
        ReadyHeader h = c.ready;
        return h.room == ReadyHeader.UNKNOWN || h.room == room(c) && h.segmentSize == c.mss && h.nextHop == c.nextHop
                && h.seq == c.sndEnd && h.ack == c.rcvNxt && Seq.ge(h.rcvEdge, c.rcvEdge)
                && h.timestamps == c.timestamps && h.tsOffset == c.tsOffset && h.tsRecent == c.tsRecent;
    }

    /** Whether a message that leaves because of it would leave without it, too. */
    boolean agrees(MessageTemplate t, Tcb c, long now) {
        return isTrue(c) && t.formedFor == c.mss && obstacle(t, c, now) == MessageTemplate.FAST;
    }

    private static long unsigned(int word) {
        return word & 0xffff_ffffL;
    }
}
