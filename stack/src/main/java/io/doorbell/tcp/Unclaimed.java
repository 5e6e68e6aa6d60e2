package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import java.util.function.Supplier;

/**
 * Segments that belong to no connection: to one that is half-open or in TIME-WAIT, to a listener, or to nobody. What
 * completes a handshake makes the connection and goes on as its first segment.
 */
final class Unclaimed {
    private final Rows rows;
    private final ListenPorts listeners;
    private final PassiveOpen passiveOpen;
    private final TimeWait timeWait;
    private final StatelessReply reply;
    private final InitialSequence initialSequence;
    private final Lifecycle lifecycle;
    private final RttEstimator rtt;
    private final AckInput acks;
    private final SegmentInput input;
    private final Supplier<? extends Tcb> connections;
    private final ConnectionOptions options;
    private final int mtu;
    private final Counters counters;

    /** The tables in which a peer may be known. */
    record Rows(HalfOpenTable halfOpen, TimeWaitTable waiting, ConnectionTable connections) {
    }

    Unclaimed(Rows rows, ListenPorts listeners, PassiveOpen passiveOpen, TimeWait timeWait, StatelessReply reply,
              InitialSequence initialSequence, Lifecycle lifecycle, RttEstimator rtt, AckInput acks, SegmentInput input,
              Supplier<? extends Tcb> connections, ConnectionOptions options, int mtu, Counters counters) {
        this.rows = rows;
        this.listeners = listeners;
        this.passiveOpen = passiveOpen;
        this.timeWait = timeWait;
        this.reply = reply;
        this.initialSequence = initialSequence;
        this.lifecycle = lifecycle;
        this.rtt = rtt;
        this.acks = acks;
        this.input = input;
        this.connections = connections;
        this.options = options;
        this.mtu = mtu;
        this.counters = counters;
    }

    void arrives(InboundSegment segment, long now) {
        int row = rows.halfOpen.find(segment.destination, segment.source, segment.ports);
        if (row != Tcb.NONE) {
            if (passiveOpen.completes(row, segment)) {
                accept(row, segment, now);
            }
            return;
        }
        ListenPort listener = listeners.find(segment.ports >>> 16);
        row = rows.waiting.find(segment.destination, segment.source, segment.ports);
        if (row != Tcb.NONE) {
            timeWait(row, listener, segment, now);
        } else if (listener == null) {
            reply.reset(segment);
        } else if (passiveOpen.listen(listener, segment, now)) {
            accept(listener, segment, now);
        }
    }

    private void timeWait(int row, ListenPort listener, InboundSegment segment, long now) {
        if (listener != null && passiveOpen.hasRoom() && timeWait.reopens(row, segment)) {
            int iss = initialSequence.next(segment.destination, segment.source, segment.ports, now);
            passiveOpen.open(listener, segment, timeWait.replace(row, iss), now);
        } else {
            timeWait.arrives(row, segment);
        }
    }

    private void accept(int row, InboundSegment segment, long now) {
        HalfOpenTable halfOpen = rows.halfOpen;
        Tcb c = connections.get();
        if (!lifecycle.admit(c, halfOpen.remoteAddress[row])) {
            return;
        }
        c.options(options);
        boolean synWasLost = halfOpen.retries[row] > 0;
        long sentNanos = halfOpen.sentNanos[row];
        int announced = halfOpen.maxSegmentSize[row];
        passiveOpen.establish(c, row, now);
        if (halfOpen.ecn[row]) {
            CongestionNotification.agree(c, counters);
        }
        halfOpen.remove(row);
        add(c, announced);
        acks.handshakeComplete(c, segment, synWasLost ? Tcb.NO_DEADLINE : sentNanos, now);
        input.arrives(c, segment, now);
    }

    /** The segment brings a good cookie: it makes the connection, and what it carries is taken. */
    private void accept(ListenPort listener, InboundSegment segment, long now) {
        Tcb c = connections.get();
        if (!lifecycle.admit(c, segment.source)) {
            return;
        }
        counters.increment(Counter.TCP_SYN_COOKIES_ACCEPTED);
        listener.cookiesAccepted++;
        c.options(options);
        add(c, passiveOpen.establish(c, listener, segment, now));
        acks.handshakeComplete(c, segment, false, now);
        input.arrives(c, segment, now);
    }

    private void add(Tcb c, int announced) {
        c.mss = TcpOptions.segmentSize(announced, mtu, c.timestamps);
        rtt.start(c);
        rows.connections.add(c);
        counters.increment(Counter.TCP_PASSIVE_OPENS);
        c.listenPort.waiting++;
    }
}
