package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.ip.Clock;
import io.doorbell.wire.Seq;
import io.doorbell.wire.TcpHeader;

/**
 * TIME-WAIT: the connection has ended for its user, and a row remembers for 2 MSL what its peer may still ask (RFC 9293
 * section 3.10.7.4), or until a new connection may take its place.
 */
final class TimeWait {
    /** The one queue of the table: all rows wait equally long. */
    private static final int QUEUE = 0;
    /** What a new connection's ISN is ahead of the old one's numbers: more than a window without scaling. */
    private static final int ISN_GAP = 0x1_0001;
    /** Timestamps have to be a tick newer, also on a peer whose clock ticks slowly (RFC 7323 section 5.4: 1 s at most). */
    private static final long TICK_NANOS = 1_000_000_000L;

    private final TimeWaitTable rows;
    private final StatelessReply reply;
    private final ReceiveWindow window;
    private final ChallengeAcks challenges;
    private final TcpConfig config;
    private final Counters counters;
    private final Clock clock;

    TimeWait(TimeWaitTable rows, StatelessReply reply, ReceiveWindow window, ChallengeAcks challenges,
             TcpConfig config, Counters counters, Clock clock) {
        this.rows = rows;
        this.reply = reply;
        this.window = window;
        this.challenges = challenges;
        this.config = config;
        this.counters = counters;
        this.clock = clock;
    }

    /**
     * A row takes the connection's place; an ACK that it owes is sent now. If all rows are in use, the one that has
     * waited longest goes: of all peers, its has had the most time to repeat its FIN.
     */
    void enter(Tcb c) {
        if (rows.isFull()) {
            counters.increment(Counter.TCP_TIME_WAIT_OVERFLOWS);
            rows.remove(rows.longestWaiting(QUEUE));
        }
        int row = rows.add(c.localAddress, c.remoteAddress, c.ports);
        rows.sndNxt[row] = c.sndNxt;
        rows.rcvNxt[row] = c.rcvNxt;
        rows.window[row] = (char) window.advertise(c);
        rows.timestamps[row] = c.timestamps;
        rows.tsRecent[row] = c.tsRecent;
        rows.tsOffset[row] = c.tsOffset;
        rows.await(row, QUEUE, clock.nanos() + config.timeWaitNanos());
        if (c.ackNow || c.ackDeadline != Tcb.NO_DEADLINE) {
            acknowledge(row);
        }
    }

    /**
     * Whether a SYN is a new connection's: by its timestamp (RFC 6191 section 2), or by its sequence number (RFC 9293
     * section 3.6.1). Either tells its segments from those of the old one.
     */
    boolean reopens(int row, InboundSegment segment) {
        if ((segment.flags & (TcpHeader.SYN | TcpHeader.ACK | TcpHeader.RST | TcpHeader.FIN)) != TcpHeader.SYN) {
            return false;
        }
        boolean timestamps = config.timestamps() && segment.options.timestamps;
        if (timestamps && !rows.timestamps[row]) {
            // What is left of the old connection has no timestamps and will be told by that.
            return true;
        }
        if (timestamps && segment.options.tsValue != rows.tsRecent[row]) {
            return Seq.gt(segment.options.tsValue, rows.tsRecent[row]);
        }
        return Seq.gt(segment.seq, rows.rcvNxt[row]);
    }

    /**
     * Whether this side may connect anew: its timestamps will be later than all that the old connection sent, which is
     * what lets the peer accept them (RFC 6191).
     */
    boolean reusable(int row) {
        long since = rows.deadline[row] - config.timeWaitNanos();
        return config.timestamps() && rows.timestamps[row] && clock.nanos() - since > TICK_NANOS;
    }

    /**
     * The row makes way for a new connection.
     *
     * @param initialSequence what the new one would begin with
     * @return what it is to begin with, beyond all numbers of the old one (RFC 9293 section 3.6.1)
     */
    int replace(int row, int initialSequence) {
        int least = rows.sndNxt[row] + ISN_GAP;
        counters.increment(Counter.TCP_TIME_WAIT_REUSES);
        rows.remove(row);
        return Seq.gt(initialSequence, least) ? initialSequence : least;
    }

    /** A segment that does not open a new connection. */
    void arrives(int row, InboundSegment segment) {
        if (segment.has(TcpHeader.RST)) {
            // RFC 1337 section 3, fix (a): an old segment's answer must not end TIME-WAIT before its time.
            counters.increment(Counter.DROP_TCP_TIME_WAIT_RST);
            return;
        }
        if (segment.has(TcpHeader.SYN)) {
            counters.increment(Counter.DROP_TCP_BLIND_SYN);
            challenge(row);
            return;
        }
        if (rows.timestamps[row] && !segment.options.timestamps) {
            counters.increment(Counter.DROP_TCP_NO_TIMESTAMP);
            return;
        }
        if (rows.timestamps[row] && Seq.lt(segment.options.tsValue, rows.tsRecent[row])) {
            counters.increment(Counter.DROP_TCP_PAWS);
            challenge(row);
            return;
        }
        if (segment.has(TcpHeader.FIN) && segment.seq + segment.length == rows.rcvNxt[row] - 1) {
            // RFC 9293 section 3.10.7.4: the peer has not heard our ACK; it is repeated, and 2 MSL begin anew.
            if (rows.timestamps[row]) {
                rows.tsRecent[row] = segment.options.tsValue;
            }
            rows.await(row, QUEUE, clock.nanos() + config.timeWaitNanos());
            acknowledge(row);
            return;
        }
        counters.increment(Counter.DROP_TCP_STATE);
        if (segment.span() > 0) {
            challenge(row);
        }
    }

    private void challenge(int row) {
        if (challenges.allow(counters)) {
            acknowledge(row);
        }
    }

    private void acknowledge(int row) {
        reply.acknowledge(rows, row, rows.sndNxt[row], rows.rcvNxt[row], rows.window[row], rows.timestamps[row],
                rows.tsOffset[row], rows.tsRecent[row]);
    }

    /** Forgets the rows whose time has come. */
    void expire() {
        for (int row = rows.expired(clock.nanos()); row != Tcb.NONE; row = rows.expired(clock.nanos())) {
            rows.remove(row);
        }
    }
}
