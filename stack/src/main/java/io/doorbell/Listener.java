package io.doorbell;

import io.doorbell.tcp.ListenPort;
import io.doorbell.tcp.Tcp;

/** A port on which a stack accepts connections. */
public final class Listener implements AutoCloseable {
    private final Tcp tcp;
    private final ListenPort port;
    final Acceptor acceptor;

    Listener(Tcp tcp, ListenPort port, Acceptor acceptor) {
        this.tcp = tcp;
        this.port = port;
        this.acceptor = acceptor;
    }

    public int port() {
        return port.port();
    }

    /** Connections that were handed to the acceptor. */
    public long accepted() {
        return port.accepted();
    }

    /** SYNs that were dropped because too many handshakes were under way. */
    public long halfOpenOverflows() {
        return port.halfOpenOverflows();
    }

    /** Handshakes that were put off because too many connections waited for the acceptor. */
    public long acceptOverflows() {
        return port.acceptOverflows();
    }

    /** Accepts no more; the connections it has accepted live on. Idempotent. */
    @Override
    public void close() {
        tcp.close(port);
    }
}
