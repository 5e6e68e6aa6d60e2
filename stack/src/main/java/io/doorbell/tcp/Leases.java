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

    /** Whether a lease has other terms than it would have now. */
    static boolean isStale(LeaseTerms t, Tcb c, long mac) {
        return mac != t.destinationMac || c.mss != t.mss || dscpEcn(c) != t.dscpEcn;
    }

    static void terms(LeaseTerms t, Tcb c, long mac, long ownMac, TcpConfig config) {
        t.destinationMac = mac;
        t.sourceMac = ownMac;
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

    /** Shows an engine what its segments say of the other direction, if that has changed. */
    static void show(GrantedRight r) {
        Tcb c = r.connection;
        long answer = answer(c);
        if (answer != r.answer) {
            r.answer = answer;
            r.block.answer(answer);
        }
        if (c.tsRecent != r.echo) {
            r.echo = c.tsRecent;
            r.block.echo(c.tsRecent);
        }
    }

    /**
     * What segments say of the other direction, as {@code GrantBlock} has it: never more window than the peer was told, or
     * would be told now.
     */
    private static long answer(Tcb c) {
        int flags = c.seldom != null && c.seldom.echoOwed ? TcpHeader.ECE : 0;
        int field = Math.min(0xffff, (c.rcvEdge - c.rcvNxt) >>> c.rcvScale);
        return (long) c.rcvNxt << 32 | flags << 16 | field;
    }
}
