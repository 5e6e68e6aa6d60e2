package io.doorbell;

import io.doorbell.tcp.CloseReason;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * What happened to any number of connections, to be taken as one set after a poll instead of in handlers: an entry for
 * each connection that something happened to, in the order of its first event, whatever the number of events. What
 * merely succeeded, acknowledgements and sends that have left, is not in it.
 *
 * <pre>
 *   stack.listen(7, events);            // or stack.connect(address, port, events)
 *   stack.poll(now);
 *   for (int i = 0; i &lt; events.size(); i++) {
 *       if (events.has(i, EventSet.READABLE)) {
 *           events.connection(i).read(memory, 0, events.readable(i));
 *       }
 *   }
 *   events.clear();
 * </pre>
 *
 * <p>It is both an {@link Acceptor}, which accepts every connection, and a {@link ConnectionHandler}. Payload waits in
 * the stack until it is read, within the receive window. What is not cleared before the next poll stays, and later events
 * join the entries. It belongs to the stack's thread; nothing is allocated but when it grows beyond all before it, and
 * once for each connection.
 */
public final class EventSet implements Acceptor, ConnectionHandler {
    /** The handshake is complete. */
    public static final int CONNECTED = 1;
    /** More bytes are there to be read; told again with the next bytes, or after {@link Connection#resume}. */
    public static final int READABLE = 2;
    /** A send was refused; now there is room. */
    public static final int WRITABLE = 4;
    /** What was sent cannot be delivered: the peer does not answer or cannot be reached. The connection has ended. */
    public static final int SEND_ERROR = 8;
    /** The peer sends no more, and all it sent was read. {@link Connection#close} is up to the user. */
    public static final int PEER_CLOSED = 16;
    /** The peer has reset or refused the connection. It has ended. */
    public static final int RESET = 32;
    /** The connection has ended: in order, by this side, or with {@link #SEND_ERROR} or {@link #RESET}. The last event. */
    public static final int CLOSED = 64;

    private Connection[] connections = new Connection[64];
    private int[] flags = new int[64];
    private CloseReason[] reasons = new CloseReason[64];
    private int size;

    /** Entries. */
    public int size() {
        return size;
    }

    /** @param entry 0 to {@link #size} - 1 */
    public Connection connection(int entry) {
        return connections[entry];
    }

    /** All that happened, as a sum of the constants. */
    public int flags(int entry) {
        return flags[entry];
    }

    public boolean has(int entry, int flag) {
        return (flags[entry] & flag) != 0;
    }

    /** Bytes that {@link Connection#read} would give now. */
    public int readable(int entry) {
        return connections[entry].unread();
    }

    /** Why the connection has ended; null if it has not. */
    public CloseReason reason(int entry) {
        return reasons[entry];
    }

    /** Empties the set, before the next poll. */
    public void clear() {
        for (int i = 0; i < size; i++) {
            connections[i].client.eventEntry = BatchClient.NONE;
        }
        Arrays.fill(connections, 0, size, null);
        Arrays.fill(reasons, 0, size, null);
        size = 0;
    }

    private int note(Connection connection, int flag) {
        BatchClient client = connection.client();
        if (client.eventEntry == BatchClient.NONE) {
            if (size == connections.length) {
                connections = Arrays.copyOf(connections, size * 2);
                flags = Arrays.copyOf(flags, size * 2);
                reasons = Arrays.copyOf(reasons, size * 2);
            }
            client.eventEntry = size;
            connections[size] = connection;
            flags[size] = 0;
            size++;
        }
        flags[client.eventEntry] |= flag;
        return client.eventEntry;
    }

    // ---- what the stack tells

    @Override
    public ConnectionHandler accept(Connection connection) {
        return this;
    }

    @Override
    public void connected(Connection connection) {
        note(connection, CONNECTED);
    }

    @Override
    public int data(Connection connection, MemorySegment memory, long offset, int length) {
        note(connection, READABLE);
        return 0;
    }

    @Override
    public void writable(Connection connection) {
        note(connection, WRITABLE);
    }

    @Override
    public void peerClosed(Connection connection) {
        note(connection, PEER_CLOSED);
    }

    @Override
    public void closed(Connection connection, CloseReason reason) {
        int how = switch (reason) {
            case TIMED_OUT, UNREACHABLE -> SEND_ERROR | CLOSED;
            case RESET_BY_PEER, REFUSED -> RESET | CLOSED;
            case NORMAL, ABORTED, STACK_CLOSED -> CLOSED;
        };
        int entry = note(connection, how);
        reasons[entry] = reason;
    }
}
