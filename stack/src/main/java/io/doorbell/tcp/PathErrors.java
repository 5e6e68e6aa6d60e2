package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.wire.IcmpHeader;
import io.doorbell.wire.Seq;

/**
 * What ICMP errors do to a connection (RFC 9293 section 3.9.2.2, RFC 5927, RFC 1191). A forged one can at the most slow
 * a connection down: nothing that it says ends an established one.
 */
final class PathErrors {
    /** RFC 791: every link carries this much; RFC 1191 section 3: never below. */
    private static final int LEAST_MTU = 68;
    /** RFC 1191 section 7.1: what paths commonly carry, for routers that do not say. */
    private static final int[] PLATEAUS = {32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, LEAST_MTU};

    private final Lifecycle lifecycle;
    private final Scoreboard scoreboard;
    private final SegmentTable segments;
    private final Counters counters;

    PathErrors(Lifecycle lifecycle, Scoreboard scoreboard, SegmentTable segments, Counters counters) {
        this.lifecycle = lifecycle;
        this.scoreboard = scoreboard;
        this.segments = segments;
        this.counters = counters;
    }

    void arrived(Tcb c, int type, int code, int nextHopMtu, int seq) {
        // RFC 5927 section 4.1: an error about bytes that are not in flight is forged, or too old to matter.
        if (!Seq.within(seq, c.sndUna, c.sndNxt)) {
            counters.increment(Counter.DROP_TCP_BLIND_ICMP);
            return;
        }
        if (type != IcmpHeader.DESTINATION_UNREACHABLE) {
            return;
        }
        switch (code) {
            case IcmpHeader.CODE_FRAGMENTATION_NEEDED -> pathMtu(c, nextHopMtu);
            case IcmpHeader.CODE_PROTOCOL_UNREACHABLE, IcmpHeader.CODE_PORT_UNREACHABLE -> {
                if (!c.state.isSynchronized()) {
                    lifecycle.end(c, CloseReason.REFUSED);
                }
            }
            default -> {
                c.unreachable = true;
                if (c.state == TcpState.SYN_SENT && !c.nextHop.isUsable()) {
                    lifecycle.end(c, CloseReason.UNREACHABLE);
                }
            }
        }
    }

    private void pathMtu(Tcb c, int nextHopMtu) {
        int overhead = 40 + (c.timestamps ? TcpOptions.TIMESTAMPS_LENGTH : 0);
        int current = c.mss + overhead;
        int mtu = nextHopMtu == 0 ? plateauBelow(current) : Math.max(nextHopMtu, LEAST_MTU);
        if (mtu >= current) {
            return;
        }
        c.mss = Math.max(mtu - overhead, 8);
        for (int segment = c.sendHead; segment != c.sendUnsent; segment = segments.next(segment)) {
            if (segments.length(segment) > c.mss) {
                scoreboard.markLost(c, segment);
            }
        }
        lifecycle.wantOutput(c);
    }

    private static int plateauBelow(int mtu) {
        for (int plateau : PLATEAUS) {
            if (plateau < mtu) {
                return plateau;
            }
        }
        return LEAST_MTU;
    }
}
