package io.doorbell;

import java.util.HashMap;
import java.util.Map;

/**
 * Topics, and the connections that want to hear of them. Joining and leaving take constant time; a connection that ends
 * leaves by itself, and a topic that nobody wants is forgotten. It belongs to the thread that polls the stack.
 *
 * @param <T> what names a topic: its {@code equals} and {@code hashCode} count
 */
public final class Subscriptions<T> {
    private static final ConnectionSet NOBODY = new ConnectionSet();

    private final Map<T, ConnectionSet> topics = new HashMap<>();

    /** @return false if the connection had joined already, or has ended */
    public boolean join(T topic, Connection connection) {
        if (connection.hasEnded()) {
            return false;
        }
        ConnectionSet set = topics.get(topic);
        if (set == null) {
            set = new ConnectionSet();
            set.whenEmpty(() -> topics.remove(topic));
            topics.put(topic, set);
        }
        return set.add(connection);
    }

    /** @return false if the connection had not joined */
    public boolean leave(T topic, Connection connection) {
        ConnectionSet set = topics.get(topic);
        return set != null && set.remove(connection);
    }

    /** Takes a connection out of every set that it is in, of these subscriptions or others. */
    public void leaveAll(Connection connection) {
        ConnectionSet.leaveAll(connection.client());
    }

    /** Who wants to hear of a topic, to be given to {@link Batch#add(int, ConnectionSet)}; not to be changed or kept. */
    public ConnectionSet of(T topic) {
        return topics.getOrDefault(topic, NOBODY);
    }

    /** Topics that somebody wants to hear of. */
    public int topics() {
        return topics.size();
    }
}
