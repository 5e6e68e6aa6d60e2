package io.doorbell.tcp;

import io.doorbell.ip.Ipv4Address;
import jdk.jfr.Category;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** Flight Recorder events for what happens to a connection rarely. Off unless a recording asks for them by name. */
public final class Transitions {
    private Transitions() {
    }

    /** A connection is established. */
    @Name("doorbell.ConnectionOpened")
    @Label("Connection opened")
    @Category("Doorbell")
    @Enabled(false)
    @StackTrace(false)
    static final class Opened extends Event {
        @Label("Local")
        String local;
        @Label("Remote")
        String remote;
    }

    /** A connection has ended. */
    @Name("doorbell.ConnectionClosed")
    @Label("Connection closed")
    @Category("Doorbell")
    @Enabled(false)
    @StackTrace(false)
    static final class Closed extends Event {
        @Label("Local")
        String local;
        @Label("Remote")
        String remote;
        @Label("Reason")
        String reason;
        @Label("Retransmissions")
        long retransmissions;
    }

    /** Nothing was acknowledged for one RTO. */
    @Name("doorbell.RetransmissionTimeout")
    @Label("Retransmission timeout")
    @Category("Doorbell")
    @Enabled(false)
    @StackTrace(false)
    static final class TimedOut extends Event {
        @Label("Local")
        String local;
        @Label("Remote")
        String remote;
        @Label("Retries")
        int retries;
        @Label("RTO in nanoseconds, as it is from now on")
        long rtoNanos;
    }

    private static String local(Tcb c) {
        return Ipv4Address.format(c.localAddress) + ":" + c.localPort();
    }

    private static String remote(Tcb c) {
        return Ipv4Address.format(c.remoteAddress) + ":" + c.remotePort();
    }

    /** The connection is established. */
    public static void opened(Tcb c) {
        Opened event = new Opened();
        if (event.shouldCommit()) {
            event.local = local(c);
            event.remote = remote(c);
            event.commit();
        }
    }

    /** The user is told that the connection has ended. A reset is one of the reasons. */
    public static void closed(Tcb c, CloseReason reason) {
        Closed event = new Closed();
        if (event.shouldCommit()) {
            event.local = local(c);
            event.remote = remote(c);
            event.reason = reason.name();
            event.retransmissions = c.retransmissions;
            event.commit();
        }
    }

    static void timedOut(Tcb c) {
        TimedOut event = new TimedOut();
        if (event.shouldCommit()) {
            event.local = local(c);
            event.remote = remote(c);
            event.retries = c.retries;
            event.rtoNanos = c.rtoNanos;
            event.commit();
        }
    }
}
