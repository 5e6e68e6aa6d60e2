package io.doorbell.tcp;

/** A port in LISTEN: its bounds, and what was counted at them. */
public final class ListenPort {
    private final int port;
    private final int acceptQueueLimit;
    boolean closed;
    /** Established connections that the acceptor has not been told of yet. */
    int waiting;
    long accepted;
    long halfOpenOverflows;
    long acceptOverflows;

    ListenPort(int port, int acceptQueueLimit) {
        this.port = port;
        this.acceptQueueLimit = acceptQueueLimit;
    }

    public int port() {
        return port;
    }

    /** Connections that were handed to the acceptor. */
    public long accepted() {
        return accepted;
    }

    /** SYNs that were dropped because the half-open table was full. */
    public long halfOpenOverflows() {
        return halfOpenOverflows;
    }

    /** Handshakes whose last ACK was ignored because too many connections waited for the acceptor. */
    public long acceptOverflows() {
        return acceptOverflows;
    }

    boolean queueFull() {
        return waiting >= acceptQueueLimit;
    }
}
