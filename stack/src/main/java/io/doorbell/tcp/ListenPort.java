package io.doorbell.tcp;

/** A port in LISTEN: its bounds, and what was counted at them. The user's face of it is its only subclass. */
public abstract class ListenPort {
    private final int port;
    int acceptQueueLimit;
    boolean closed;
    /** Established connections that the acceptor has not been told of yet. */
    int waiting;
    long accepted;
    long halfOpenOverflows;
    long acceptOverflows;
    long cookiesSent;
    long cookiesAccepted;
    long cookiesRejected;

    protected ListenPort(int port) {
        this.port = port;
    }

    public final int port() {
        return port;
    }

    /** Connections that were handed to the acceptor. */
    public final long accepted() {
        return accepted;
    }

    /** SYNs that came when the half-open table was full: answered with a cookie, or dropped if there are none. */
    public final long halfOpenOverflows() {
        return halfOpenOverflows;
    }

    /** Handshakes whose last ACK was ignored because too many connections waited for the acceptor. */
    public final long acceptOverflows() {
        return acceptOverflows;
    }

    boolean queueFull() {
        return waiting >= acceptQueueLimit;
    }
}
