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
    private final Lifecycle lifecycle;
    private final PathMtu paths;
    private final Counters counters;

    PathErrors(Lifecycle lifecycle, PathMtu paths, Counters counters) {
        this.lifecycle = lifecycle;
        this.paths = paths;
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
            case IcmpHeader.CODE_FRAGMENTATION_NEEDED -> {
                if (paths.tooBig(c, nextHopMtu)) {
                    lifecycle.wantOutput(c);
                }
            }
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
}
