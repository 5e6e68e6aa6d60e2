package io.doorbell.tcp;

import io.doorbell.ip.Neighbour;

/**
 * The transmission control block (RFC 9293 section 3.3.1): all that a connection is, as plain fields.
 *
 * <p>The files of this package each own one concern and work on these fields; the user's face of a connection is its
 * only subclass. An idle connection holds no frame and no buffer. Times are nanoseconds of the clock that is handed to
 * {@code poll}; {@link #NO_DEADLINE} where none is set. Sequence numbers are raw 32-bit values.
 */
public abstract class Tcb {
    /** A send was refused: the send space or the frame pool is full. {@code writable} tells when to try again. */
    public static final int BACKPRESSURE = -1;
    /** A send was refused: this side is closed, or the connection has ended. */
    public static final int CLOSED = -2;
    /** A send was refused: the handshake is not complete yet. */
    public static final int NOT_CONNECTED = -3;

    /** A send was refused: an engine has the right to transmit, and its grant says {@link OwnerSends#REFUSE}. */
    public static final int GRANTED = -9;

    static final long NO_DEADLINE = Long.MAX_VALUE;
    static final int NONE = -1;

    // What happened since the user was last told, as bits.
    static final int EVENT_CONNECTED = 1;
    static final int EVENT_READABLE = 2;
    static final int EVENT_WRITABLE = 4;
    static final int EVENT_PEER_CLOSED = 8;
    static final int EVENT_CLOSED = 16;
    static final int EVENT_OVERDUE = 32;

    /** What was chosen for this connection; most share what the stack's settings say. */
    ConnectionOptions options = ConnectionOptions.STANDARD;
    /** Null as long as nothing in it is needed. */
    SeldomUsed seldom;

    // Identity.
    int localAddress;
    int remoteAddress;
    /** Local port in the high half, remote port in the low half: as the TCP header of a sent segment begins. */
    int ports;
    Neighbour nextHop;
    ListenPort listenPort;
    TcpState state = TcpState.CLOSED;

    // Send sequence space (RFC 9293 section 3.3.1).
    int iss;
    int sndUna;
    int sndNxt;
    int sndWnd;
    int sndWl1;
    int sndWl2;
    int sndMaxWnd;
    /** Behind the last byte that was accepted from the user; the FIN's sequence number once it is queued. */
    int sndEnd;
    /** The most payload bytes in one segment: what the peer takes and the path carries, less options. */
    int mss;
    /** Why it is less than it was; null on most paths. */
    PathMtu.Narrow narrow;
    byte sndScale;
    byte rcvScale;
    /** Both sides sent the window scale option (RFC 7323 section 2.2). */
    boolean scaled;
    boolean finQueued;
    /** The user's messages before the FIN were accepted, and wait for room in the send space: the FIN waits for them. */
    boolean finWaits;
    boolean finSent;
    boolean finLost;
    boolean synPending;

    // The send queue: frame numbers of the first, the last and the first segment that was not sent yet.
    int sendHead = NONE;
    int sendTail = NONE;
    int sendUnsent = NONE;
    /** What is known of the bytes on their way; null before the first send and when nothing was sent for one RTO. */
    Flight flight;
    /** Null unless something was sent past a hole, or may be. */
    PartialSends partial;
    /** Null unless an engine has, or had just now, the right to transmit. */
    Grant granted;
    /** Null unless this side offered the multi-segment option, or both did. */
    MultiSegment multi;

    // Loss recovery and congestion control, as far as it outlives a rest.
    boolean sackOk;
    long lastSentNanos;
    boolean reorderingSeen;
    short reorderMultiple;
    byte reorderPersist;
    int cwnd;
    int ssthresh = Integer.MAX_VALUE;

    // Round-trip time (RFC 6298).
    long srttNanos;
    long rttvarNanos;
    long minRttNanos;
    long minRttAtNanos;
    long rtoNanos;
    int retries;
    int retransmissions;
    /** Null as long as nothing was sent again. */
    Repairs repairs;

    // Receive sequence space.
    int irs;
    int rcvNxt;
    /** The right edge of the window that the peer was last told: RCV.NXT + RCV.WND. It never moves left. */
    int rcvEdge;
    /** The next byte to hand to the user. */
    int rcvUser;
    /** Bytes before this one and from {@link #rcvUser} wait in the burst, in place; those behind it in {@link #received}. */
    int rcvInPlace;
    int lastAckSent;
    /** The largest payload seen: what "full-sized segment" means for delayed ACKs. */
    int rcvMss;
    ReceiveSpace received;
    /** How the window grows; null as long as little was received. */
    WindowTuning windowTuning;
    int firstPiece = NONE;
    int lastPiece = NONE;
    boolean finReceived;
    /** A FIN has come whose predecessors have not. */
    boolean finAhead;
    int finAheadSeq;

    // Timestamps (RFC 7323).
    boolean timestamps;
    int tsRecent;
    int tsOffset;
    long tsRecentNanos;

    /** Until then no ACK is sent for a segment that is not acceptable and takes no sequence number. */
    long quietUntilNanos = Long.MIN_VALUE;

    // What the emitter owes.
    boolean ackNow;
    /** So many more segments of data are acknowledged one by one. */
    byte promptAcks;
    int duplicateAcksOwed;
    /** What came twice, to be reported by DSACK (RFC 2883) with the next ACK; equal if nothing. */
    int duplicateStart;
    int duplicateEnd;

    // Timers.
    long retransmitDeadline = NO_DEADLINE;
    long ackDeadline = NO_DEADLINE;
    boolean persisting;
    long timerKey;
    int timerIndex = NONE;

    // The user's side.
    int events;
    /** The end of the connection, not told yet because data before it was not taken. */
    int eventsHeld;
    /** The user's data handler is being called. */
    boolean delivering;
    boolean userClosed;
    boolean wantsWritable;
    /** It wants that, and has nothing out whose acknowledgement would tell it. */
    boolean awaitsFrames;
    boolean dataLeft;
    CloseReason closeReason;
    /** A router or this host said that the peer cannot be reached; told if the connection times out. */
    boolean unreachable;

    /** The templates that wait on this connection, as a chain; null if there are none. */
    MessageTemplate templates;
    /** What the next segment will say; null if no template was ever made. */
    ReadyHeader ready;

    // Intrusive lists and the hash chain.
    Tcb nextOutput;
    Tcb nextEvent;
    Tcb nextInBucket;
    boolean outputPending;
    boolean eventPending;

    // Inspection: its row, and whether something has happened that the row does not show yet.
    int row = NONE;
    boolean rowDue;

    public final int localAddress() {
        return localAddress;
    }

    public final int remoteAddress() {
        return remoteAddress;
    }

    public final int localPort() {
        return ports >>> 16;
    }

    public final int remotePort() {
        return ports & 0xffff;
    }

    /** Where the peer has connected to; null if this side has connected. */
    public final ListenPort listenPort() {
        return listenPort;
    }

    /** The state's name in RFC 9293's words; CLOSED as soon as it is over for the user, in TIME-WAIT, too. */
    public final String state() {
        return state.name().replace('_', '-');
    }

    /** Whether the connection has ended, or lives on in TIME-WAIT only: its user is told, or will be at the next poll. */
    public final boolean hasEnded() {
        return closeReason != null;
    }

    /** The smoothed round-trip time, 0 before the first sample. */
    public final long smoothedRttNanos() {
        return srttNanos;
    }

    /** Segments sent again, for whatever cause. */
    public final long retransmissions() {
        return retransmissions;
    }

    /** The window that may be out without an acknowledgement, in bytes. */
    public final int congestionWindow() {
        return cwnd;
    }

    /** What was chosen for this connection. */
    public final ConnectionOptions options() {
        return options;
    }

    /** Payload bytes in one full segment. */
    public final int segmentSize() {
        return mss;
    }

    /** The earliest time at which a timer of this connection has something to do. */
    final long nextDeadline() {
        long earliest = Math.min(retransmitDeadline, ackDeadline);
        if (flight != null) {
            earliest = Math.min(earliest, Math.min(flight.earlyDeadline, sndNxt == sndUna ? restNanos() : NO_DEADLINE));
        }
        if (partial != null) {
            earliest = Math.min(earliest, partial.deadlineNanos);
        }
        return seldom == null ? earliest : Math.min(earliest, seldom.nextDeadline());
    }

    /** When a connection that has nothing out has sent nothing for more than one RTO (RFC 5681 section 4.1). */
    final long restNanos() {
        return lastSentNanos + rtoNanos + 1;
    }

    final SeldomUsed seldom() {
        if (seldom == null) {
            seldom = new SeldomUsed();
        }
        return seldom;
    }

    final CongestionControl congestion() {
        return options.congestionControl().control();
    }

    /** Something happened to the connection: what was found out ahead of its next segment may hold no more. */
    final void changed() {
        if (ready != null) {
            ready.forget();
        }
    }

    final void options(ConnectionOptions chosen) {
        options = chosen;
        changed();
        if (chosen.needsState()) {
            seldom();
        }
    }

    /** The shift count to put into a SYN-ACK, -1 if the peer's SYN had none. */
    final int offeredScale() {
        return scaled ? rcvScale : -1;
    }

    /** Receive window, in bytes, as the peer may use it now. */
    final int rcvWnd() {
        return rcvEdge - rcvNxt;
    }

    /** Behind the last byte of data that is here in order: RCV.NXT less the FIN. */
    final int rcvDataEnd() {
        return finReceived ? rcvNxt - 1 : rcvNxt;
    }

    /** Bytes that wait for the user. */
    public final int unread() {
        return rcvDataEnd() - rcvUser;
    }

    /** Everything from SND.UNA that the user handed over and that is not acknowledged yet, in bytes. */
    final int unacknowledged() {
        return sndEnd - sndUna;
    }

    /** Whether a FIN is all that is to follow SND.END. */
    final boolean endsWithFin() {
        return finQueued && !finWaits;
    }

    /** Whether the user may send: he may from the handshake on, until he has closed this side. */
    final boolean takesSends() {
        return state.sends() && !finQueued;
    }

    /** Whether the user is to be told of room: he may send, or what he sent before he closed waits for it. */
    final boolean takesRoom() {
        return state.sends() || finWaits;
    }
}
