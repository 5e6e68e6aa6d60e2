package io.doorbell;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Connections that get the same messages. Joining and leaving take constant time; a connection that ends leaves all its
 * sets by itself. The order is that of joining until one leaves, whose place the last one takes.
 *
 * <p>It belongs to the thread that polls the stack. Joining allocates; sending to a set does not.
 */
public final class ConnectionSet {
    private final Map<Connection, Membership> byConnection = new HashMap<>();
    private Membership[] members = new Membership[4];
    private int size;
    private Runnable whenEmpty;

    /** A connection in a set: also a link of the chain of all sets that the connection is in. */
    static final class Membership {
        private final ConnectionSet set;
        private final Connection connection;
        private int index;
        private Membership next;
        private Membership previous;

        private Membership(ConnectionSet set, Connection connection, int index) {
            this.set = set;
            this.connection = connection;
            this.index = index;
        }
    }

    /** Has something done whenever the last connection has left. */
    void whenEmpty(Runnable action) {
        whenEmpty = action;
    }

    public int size() {
        return size;
    }

    /** @param index 0 to {@link #size} - 1 */
    public Connection get(int index) {
        return members[index].connection;
    }

    public boolean contains(Connection connection) {
        return byConnection.containsKey(connection);
    }

    /** @return false if it was in the set already, or has ended */
    public boolean add(Connection connection) {
        if (connection.hasEnded() || byConnection.containsKey(connection)) {
            return false;
        }
        Membership joined = new Membership(this, connection, size);
        byConnection.put(connection, joined);
        if (size == members.length) {
            members = Arrays.copyOf(members, size * 2);
        }
        members[size++] = joined;
        BatchClient client = connection.client();
        joined.next = client.memberships;
        if (joined.next != null) {
            joined.next.previous = joined;
        }
        client.memberships = joined;
        return true;
    }

    /** @return false if it was not in the set */
    public boolean remove(Connection connection) {
        Membership leaving = byConnection.get(connection);
        if (leaving != null) {
            remove(leaving);
        }
        return leaving != null;
    }

    private void remove(Membership leaving) {
        byConnection.remove(leaving.connection);
        Membership last = members[--size];
        members[leaving.index] = last;
        last.index = leaving.index;
        members[size] = null;
        if (leaving.previous == null) {
            leaving.connection.client.memberships = leaving.next;
        } else {
            leaving.previous.next = leaving.next;
        }
        if (leaving.next != null) {
            leaving.next.previous = leaving.previous;
        }
        if (size == 0 && whenEmpty != null) {
            whenEmpty.run();
        }
    }

    /** Takes a connection out of every set that it is in. */
    static void leaveAll(BatchClient client) {
        while (client.memberships != null) {
            client.memberships.set.remove(client.memberships);
        }
    }
}
