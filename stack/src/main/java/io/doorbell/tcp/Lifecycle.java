package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.ip.Clock;
import io.doorbell.ip.Ipv4;

/** How connections come into being, change and end, and who has to hear of it. */
final class Lifecycle {
    /** How long to wait before looking whether a frame has come back. */
    private static final long FRAME_WAIT_NANOS = 1_000_000L;

    private final ConnectionTable table;
    private final TimerQueue timers;
    private final SendSpace sendSpace;
    private final DataInput data;
    private final SegmentOutput output;
    private final ReadyHeaders headers;
    private final SegmentWriter writer;
    private final StatelessReply reply;
    private final TimeWait timeWait;
    private final EventList events;
    private final Ipv4 ipv4;
    private final PathMtu paths;
    private final TcpConfig config;
    private final Counters counters;
    private Tcb firstOutput;
    private Tcb lastOutput;
    /** The last run of the emitter left somebody behind. */
    private boolean someWait;
    private final Clock clock;
    /** Null if nobody wants to see them. */
    private InspectionRows rows;

    Lifecycle(ConnectionTable table, TimerQueue timers, SendSpace sendSpace, DataInput data, SegmentOutput output,
              ReadyHeaders headers, SegmentWriter writer, StatelessReply reply, TimeWait timeWait, EventList events,
              Ipv4 ipv4, PathMtu paths, TcpConfig config, Counters counters, Clock clock) {
        this.table = table;
        this.timers = timers;
        this.sendSpace = sendSpace;
        this.data = data;
        this.output = output;
        this.headers = headers;
        this.writer = writer;
        this.reply = reply;
        this.timeWait = timeWait;
        this.events = events;
        this.ipv4 = ipv4;
        this.paths = paths;
        this.config = config;
        this.counters = counters;
        this.clock = clock;
    }

    /** Shows the connections in {@code in} from now on. */
    void show(InspectionRows in) {
        rows = in;
    }

    /** Something happened to the connection: its row should show it, and its next segment may be another. */
    void touch(Tcb c) {
        c.changed();
        if (rows != null) {
            rows.touch(c);
        }
    }

    void event(Tcb c, int event) {
        touch(c);
        events.add(c, event);
    }

    /** The connection may have something to send: the emitter is to look at it before the next flush. */
    void wantOutput(Tcb c) {
        c.changed();
        if (!c.outputPending && c.state != TcpState.CLOSED) {
            c.outputPending = true;
            if (firstOutput == null) {
                firstOutput = c;
            } else {
                lastOutput.nextOutput = c;
            }
            lastOutput = c;
        }
    }

    /** Those for which {@link #output} is called until {@link #runOutput} may be emitted at once. */
    void beginOutput() {
        writer.forgetRefusal();
    }

    /**
     * Lets the emitter send for a connection at once, while all of it is in the processor's caches, unless others wait
     * for the link, or the connection itself waits with what it owes already. Then it takes its turn.
     */
    void output(Tcb c) {
        boolean turn = c.outputPending || someWait || writer.wasRefused();
        if (turn || emit(c)) {
            wantOutput(c);
        }
    }

    private boolean emit(Tcb c) {
        touch(c);
        boolean blocked = output.run(c);
        findOutAhead(c);
        return blocked;
    }

    /** Nothing more happens to the connection now: what a template's send will ask is answered while nobody waits. */
    void findOutAhead(Tcb c) {
        if (c.templates != null) {
            headers.make(c);
        }
    }

    /**
     * Lets the emitter send for every connection that has something to send, until the link is full: thousands that
     * wait would each form a segment in vain, at every poll. They stay in their order, behind the one that was refused.
     */
    void runOutput() {
        Tcb c = firstOutput;
        Tcb last = lastOutput;
        firstOutput = null;
        lastOutput = null;
        beginOutput();
        while (c != null) {
            if (writer.wasRefused()) {
                keepWaiting(c, last);
                break;
            }
            Tcb next = c.nextOutput;
            c.nextOutput = null;
            c.outputPending = false;
            if (emit(c)) {
                wantOutput(c);
            }
            c = next;
        }
        someWait = firstOutput != null;
    }

    private void keepWaiting(Tcb first, Tcb last) {
        if (firstOutput == null) {
            firstOutput = first;
        } else {
            lastOutput.nextOutput = first;
        }
        lastOutput = last;
    }

    /** Whether some connection still waits for room on the link or in the frame pool. */
    boolean outputWaiting() {
        return firstOutput != null;
    }

    /**
     * When the emitter should try again for those that wait: at once if it is the link that was full. A frame comes back
     * when somebody acknowledges or reads, and polling alone does not bring that about.
     */
    long outputDueNanos() {
        if (firstOutput == null) {
            return Tcb.NO_DEADLINE;
        }
        return sendSpace.hasFrameForControl() ? Long.MIN_VALUE : clock.nanos() + FRAME_WAIT_NANOS;
    }

    /** Answers a segment that fits no connection with a RST. */
    void reply(InboundSegment segment) {
        reply.reset(segment);
    }

    /** Finds the way to the peer and room for one more connection. */
    boolean admit(Tcb c, int remoteAddress) {
        if (table.size() >= config.maxConnections()) {
            counters.increment(Counter.TCP_CONNECTION_LIMIT);
            return false;
        }
        c.nextHop = ipv4.nextHop(remoteAddress);
        return c.nextHop != null;
    }

    void established(Tcb c) {
        c.state = TcpState.ESTABLISHED;
        paths.start(c);
        event(c, Tcb.EVENT_CONNECTED);
        PeerLiveness.start(c, clock.nanos());
        if (c.finQueued) {
            c.state = TcpState.FIN_WAIT_1;
        }
    }

    /** Everything up to and with our FIN was acknowledged. */
    void finAcknowledged(Tcb c) {
        switch (c.state) {
            case FIN_WAIT_1 -> {
                c.state = TcpState.FIN_WAIT_2;
                if (c.userClosed) {
                    awaitFin(c);
                }
            }
            case CLOSING -> timeWait(c);
            case LAST_ACK -> {
                counters.increment(Counter.TCP_CLOSES);
                end(c, CloseReason.NORMAL);
            }
            default -> { }
        }
    }

    /** A connection that nobody reads any more waits for the peer's FIN no longer than this. */
    void awaitFin(Tcb c) {
        c.retransmitDeadline = clock.nanos() + config.finWait2Nanos();
        timers.schedule(c, c.retransmitDeadline);
    }

    /** Both sides have ended: a row waits in the connection's place. */
    void timeWait(Tcb c) {
        counters.increment(Counter.TCP_CLOSES);
        timeWait.enter(c);
        end(c, CloseReason.NORMAL);
    }

    /** Sends a RST and ends the connection. */
    void reset(Tcb c, CloseReason reason) {
        if (c.state.isSynchronized() || c.state == TcpState.SYN_RECEIVED) {
            output.sendReset(c, why(c, reason));
        }
        end(c, reason);
    }

    private static Counter why(Tcb c, CloseReason reason) {
        if (reason == CloseReason.STACK_CLOSED) {
            return Counter.TCP_RESETS_OUT_STACK_CLOSED;
        }
        // RFC 2525 section 2.17: what was acknowledged and will not be read is an abort of its own kind.
        return reason != CloseReason.ABORTED ? Counter.TCP_RESETS_OUT_TIMED_OUT
                : c.state.isSynchronized() && c.unread() > 0 ? Counter.TCP_RESETS_OUT_UNREAD : Counter.TCP_RESETS_OUT_ABORTED;
    }

    /** The connection is no more; the user hears of it, unless that has happened already. Idempotent. */
    void end(Tcb c, CloseReason reason) {
        if (c.state == TcpState.CLOSED) {
            return;
        }
        if (!c.state.isSynchronized()) {
            counters.increment(Counter.TCP_ATTEMPT_FAILS);
        }
        c.state = TcpState.CLOSED;
        c.finWaits = false;
        c.seldom = null;
        c.retransmitDeadline = Tcb.NO_DEADLINE;
        c.ackDeadline = Tcb.NO_DEADLINE;
        c.ackNow = false;
        c.duplicateAcksOwed = 0;
        timers.remove(c);
        table.remove(c);
        TemplateOutput.closeAll(c);
        if (c.granted != null) {
            c.granted.connectionEnded();
        }
        if (rows != null) {
            rows.release(c);
        }
        sendSpace.clear(c);
        if (c.nextHop != null) {
            ipv4.release(c.nextHop);
            c.nextHop = null;
        }
        if (c.userClosed || reason == CloseReason.ABORTED || reason == CloseReason.STACK_CLOSED) {
            data.clear(c);
        }
        closed(c, reason);
    }

    private void closed(Tcb c, CloseReason reason) {
        if (c.closeReason == null) {
            c.closeReason = reason;
            event(c, Tcb.EVENT_CLOSED);
        }
    }
}
