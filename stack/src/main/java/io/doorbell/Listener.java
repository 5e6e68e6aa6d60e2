package io.doorbell;

import io.doorbell.tcp.ListenPort;
import io.doorbell.tcp.Tcp;

/** A port on which a stack accepts connections. */
public final class Listener extends ListenPort implements AutoCloseable {
    private final Tcp tcp;
    final Acceptor acceptor;

    Listener(Tcp tcp, int port, Acceptor acceptor) {
        super(port);
        this.tcp = tcp;
        this.acceptor = acceptor;
    }

    /** Accepts no more; the connections it has accepted live on. Idempotent. */
    @Override
    public void close() {
        tcp.close(this);
    }
}
