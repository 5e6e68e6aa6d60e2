package io.doorbell.tcp;

import io.doorbell.grant.LeaseTerms;
import io.doorbell.wire.TcpHeader;

/** What an engine is told of a connection, whatever it may send. */
final class Leases {
    private Leases() {
    }

    static int dscpEcn(Tcb c) {
        return c.options.dscp() << 2
                | (CongestionNotification.agreed(c) ? CongestionNotification.ECT_0 : CongestionNotification.NOT_ECT);
    }

    static void terms(LeaseTerms t, Tcb c, TcpConfig config) {
        t.mss = c.mss;
        t.localAddress = c.localAddress;
        t.remoteAddress = c.remoteAddress;
        t.ports = c.ports;
        t.dscpEcn = dscpEcn(c);
        t.timeToLive = config.timeToLive();
        t.timestamps = c.timestamps;
        t.tsOffset = c.tsOffset;
        t.tickNanos = config.timestampTickNanos();
    }

    /**
     * What segments say of the other direction, as {@code GrantBlock} has it: never more window than the peer was told, or
     * would be told now.
     */
    static long answer(Tcb c) {
        int flags = c.seldom != null && c.seldom.echoOwed ? TcpHeader.ECE : 0;
        int field = Math.min(0xffff, (c.rcvEdge - c.rcvNxt) >>> c.rcvScale);
        return (long) c.rcvNxt << 32 | flags << 16 | field;
    }
}
