package io.doorbell;

import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.PartialMessage;
import java.lang.foreign.MemorySegment;

/**
 * What a connection's user is told. All calls come from {@link TcpStack#poll}, after the burst and never in its middle,
 * on the stack's thread; per connection in the order of the methods below. Any call of the stack's API is allowed from
 * here, except {@code poll} itself.
 *
 * <p>A handler that throws loses its connection: it is reset, the others go on, and {@code poll} throws the exception.
 */
public interface ConnectionHandler {
    /** The handshake is complete: sends are accepted from now on. */
    default void connected(Connection connection) {
    }

    /**
     * In-order bytes from the peer.
     *
     * @param memory holds them during this call and no longer; read only
     * @param offset of the first byte in {@code memory}
     * @param length bytes
     * @return how many were taken, from the first on, 0 to {@code length}. The rest is kept, counts against the receive
     *         window, and is offered again with later data or after {@link Connection#resume}
     */
    int data(Connection connection, MemorySegment memory, long offset, int length);

    /** A send was refused, or a write cut short, for want of room; now there is room again. */
    default void writable(Connection connection) {
    }

    /**
     * A partial message is still open, and the time of {@link PartialMessage#deadline} has come. It stays open: it may
     * be completed now or later, or given up with the connection.
     */
    default void partialOverdue(Connection connection, PartialMessage message) {
    }

    /**
     * The peer sends no more, and everything it sent was taken. Closes this side too; override it to go on sending,
     * and call {@link Connection#close} later.
     */
    default void peerClosed(Connection connection) {
        connection.close();
    }

    /** The connection has ended; the last call for it. What it held has been given back. */
    default void closed(Connection connection, CloseReason reason) {
    }
}
