package io.doorbell;

/** Decides what becomes of a connection that a peer opened. */
@FunctionalInterface
public interface Acceptor {
    /**
     * A handshake is complete. Called from {@code poll}, on the stack's thread; the handler's
     * {@link ConnectionHandler#connected} follows.
     *
     * @return who handles the connection from now on; null refuses it with a RST
     */
    ConnectionHandler accept(Connection connection);
}
