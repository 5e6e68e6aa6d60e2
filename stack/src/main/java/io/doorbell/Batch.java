package io.doorbell;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.link.LinkStatistics;
import io.doorbell.tcp.SummedSends;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Messages to many clients that leave together, with one doorbell: {@link #put} writes and sums a message once,
 * {@link #add} says who gets it, and {@link #flush}, or the first poll after {@link BatchConfig#periodNanos}, sends. A
 * period of 0 sends at the end of the poll. What the link's ring does not take at once leaves in the following polls,
 * with one doorbell for each filling of the ring.
 *
 * <p>Every client gets its messages in the order in which they were added; several that fit share a segment. A client
 * that holds as many frames as it may is slow: see {@link SlowClient}. If frames are short in all, messages wait
 * whatever the policy is, within the same bounds. Nobody waits for anybody else. Nagle's algorithm, off
 * unless it was chosen, would hold a batch back until the one before it is acknowledged.
 *
 * <p>Short messages are copied for each client. One of {@link BatchConfig#shareBytes} or more that goes to several lies in
 * the link's region once, and their segments refer to it, if the link takes frames in two pieces
 * ({@link io.doorbell.link.Link#scatter}): it stays there until the last of them has acknowledged it or has ended. Who
 * was slow when the batch was flushed gets a copy.
 *
 * <p>It belongs to the thread that polls the stack. Nothing is allocated but when the batch grows beyond all before it,
 * and once for each client that is slow for the first time. How it went is told per {@code add}, a <i>delivery</i>, by
 * {@link #outcome}, from the flush to the next {@link #put}.
 */
public final class Batch {
    /** The message has left, at least once. */
    public static final int SENT = 1;
    /** It was accepted and has not left yet: the client's windows are full, or the link is; or it waits to be conflated. */
    public static final int QUEUED = 2;
    /** The batch has not been flushed yet. */
    public static final int PENDING = 0;
    /** It was dropped for this client. */
    public static final int OVER_LIMIT = Connection.BACKPRESSURE;
    /** The connection sends no more. */
    public static final int CLOSED = Connection.CLOSED;
    /** Its handshake is not complete. */
    public static final int NOT_CONNECTED = Connection.NOT_CONNECTED;
    /** What {@link #put} answers for a message that is longer than {@link BatchConfig#messageBytes}. */
    public static final int TOO_LONG = -4;

    private static final int WAITS = 3;

    private final TcpStack stack;
    private final SummedSends sends;
    private final BatchConfig config;
    private final Counters counters;
    private final LinkStatistics link;
    private final MessageStore store;
    private final WaitingMessages waiting;

    private int[] slots = new int[64];
    private int[] receivers = new int[64];
    private int[] shared = new int[64];
    private int messages;
    private Connection[] connections = new Connection[256];
    private int[] messageOf = new int[256];
    private int[] results = new int[256];
    private int[] ends = new int[256];
    private int deliveries;

    private boolean open;
    private boolean flushing;
    private boolean leaving;
    /** Nobody gets a second message: what is handed to a connection may leave before the next is looked at. */
    private boolean alone;
    private long deadline = Long.MAX_VALUE;
    private long framesBefore;
    private long doorbellsBefore;

    private int lastMessages;
    private long lastPackets;
    private long lastDoorbells;
    private long batches;
    private long packets;
    private long doorbells;

    Batch(TcpStack stack, SummedSends sends, BatchConfig config) {
        this.stack = stack;
        this.sends = sends;
        this.config = config;
        this.counters = stack.counters();
        this.link = stack.link().statistics();
        store = new MessageStore(config.messageBytes());
        waiting = new WaitingMessages(store, config.waiting(), config.waitingPerClient());
    }

    // ---- filling

    /**
     * Puts a message into the batch. It is copied; the source may be reused at once.
     *
     * @return its number, for {@link #add}, until the flush; or {@link #TOO_LONG}
     */
    public int put(MemorySegment source, long offset, int length) {
        return put(source, offset, length, false, 0);
    }

    /** {@link #put} of a message that may take the place of an older one with the same key: {@link SlowClient#CONFLATE}. */
    public int putKeyed(long key, MemorySegment source, long offset, int length) {
        return put(source, offset, length, true, key);
    }

    private int put(MemorySegment source, long offset, int length, boolean hasKey, long key) {
        if (length > config.messageBytes()) {
            return TOO_LONG;
        }
        if (!open) {
            begin();
        }
        if (messages == slots.length) {
            slots = Arrays.copyOf(slots, messages * 2);
            receivers = Arrays.copyOf(receivers, messages * 2);
            shared = Arrays.copyOf(shared, messages * 2);
        }
        receivers[messages] = 0;
        slots[messages] = store.write(source, offset, length, hasKey, key);
        return messages++;
    }

    private void begin() {
        open = true;
        Arrays.fill(connections, 0, deliveries, null);
        messages = 0;
        deliveries = 0;
        deadline = config.periodNanos() == BatchConfig.EXPLICIT ? Long.MAX_VALUE
                : stack.nowNanos() + config.periodNanos();
    }

    /**
     * Has a connection get a message of this batch.
     *
     * @return the number of the delivery
     */
    public int add(int message, Connection connection) {
        if (message < 0 || message >= messages || !open) {
            throw new IllegalArgumentException("message " + message + " is not in this batch: put it again, a flush ends"
                    + " the batch");
        }
        if (deliveries == connections.length) {
            grow();
        }
        connections[deliveries] = connection;
        messageOf[deliveries] = message;
        receivers[message]++;
        results[deliveries] = PENDING;
        return deliveries++;
    }

    /**
     * Has all connections of a set get a message: those that are in it now.
     *
     * @return the number of the first delivery; the others follow in the set's order
     */
    public int add(int message, ConnectionSet set) {
        int first = deliveries;
        for (int i = 0; i < set.size(); i++) {
            add(message, set.get(i));
        }
        return first;
    }

    private void grow() {
        int larger = deliveries * 2;
        connections = Arrays.copyOf(connections, larger);
        messageOf = Arrays.copyOf(messageOf, larger);
        results = Arrays.copyOf(results, larger);
        ends = Arrays.copyOf(ends, larger);
    }

    /** Chooses what is done when this client is slow, instead of {@link BatchConfig#slow}. */
    public void policy(Connection connection, SlowClient policy) {
        connection.client().policy = policy;
    }

    // ---- sending

    /** Sends the batch, and whatever else waits to leave, with one doorbell. Not from within a handler: use a period. */
    public void flush(long nowNanos) {
        flushing = true;
        stack.flush(nowNanos);
    }

    /** When a poll is to send the batch. */
    long deadlineNanos() {
        return deadline;
    }

    /** Hands the batch to the connections if it is due, before the emitter runs. */
    void fill(long nowNanos) {
        boolean due = open && (flushing || nowNanos >= deadline);
        flushing = false;
        framesBefore = counters.get(Counter.TX_FRAMES);
        doorbellsBefore = link.doorbells;
        if (!due) {
            return;
        }
        open = false;
        deadline = Long.MAX_VALUE;
        leaving = true;
        lastMessages = messages;
        lastPackets = 0;
        lastDoorbells = 0;
        batches++;
        share();
        alone = messages == 1;
        sends.begin();
        for (int i = 0; i < deliveries; i++) {
            int message = messageOf[i];
            results[i] = offer(connections[i], slots[message], shared[message]);
            ends[i] = sends.end(connections[i]);
        }
        for (int i = 0; i < messages; i++) {
            store.release(slots[i]);
            sends.unshare(shared[i]);
        }
        alone = false;
        counters.increment(Counter.BATCHES);
        counters.add(Counter.BATCH_MESSAGES, messages);
        counters.add(Counter.BATCH_DELIVERIES, deliveries);
    }

    /** Long messages go to where their receivers' segments can refer to them. */
    private void share() {
        for (int i = 0; i < messages; i++) {
            int slot = slots[i];
            shared[i] = receivers[i] < 2 || store.length(slot) < config.shareBytes() ? SummedSends.NOT_SHARED
                    : sends.share(store.memory(slot), store.offset(slot), store.length(slot), store.sum(slot));
        }
    }

    /** The emitter has run and the doorbell was rung. */
    void sent(boolean someLeft) {
        if (leaving) {
            long frames = counters.get(Counter.TX_FRAMES) - framesBefore;
            long rung = link.doorbells - doorbellsBefore;
            lastPackets += frames;
            lastDoorbells += rung;
            packets += frames;
            doorbells += rung;
            leaving = someLeft;
        }
    }

    private int offer(Connection c, int slot, int payload) {
        BatchClient client = c.client;
        if (client != null && client.waiting > 0 && !drain(c)) {
            return sends.hasClosed(c) ? CLOSED : slow(c, slot);
        }
        int result = send(c, slot, payload, alone);
        return result >= 0 ? QUEUED : result == OVER_LIMIT ? slow(c, slot) : result;
    }

    private int send(Connection c, int slot, int payload, boolean atOnce) {
        return sends.send(c, store.memory(slot), store.offset(slot), store.length(slot), store.sum(slot), payload, atOnce,
                config.framesPerClient());
    }

    private int slow(Connection c, int slot) {
        BatchClient client = c.client();
        SlowClient policy = client.policy == null ? config.slow() : client.policy;
        boolean fault = sends.isSlow(c, store.length(slot), config.framesPerClient());
        if (policy == SlowClient.CONFLATE && waiting.replace(client, slot)) {
            client.conflated++;
            counters.increment(Counter.BATCH_CONFLATED);
            return WAITS;
        }
        if ((policy == SlowClient.CONFLATE || !fault) && waiting.append(client, slot)) {
            return WAITS;
        }
        client.refused++;
        counters.increment(Counter.BATCH_REFUSED);
        if (policy == SlowClient.DISCONNECT && fault) {
            counters.increment(Counter.BATCH_DISCONNECTS);
            c.abort();
        }
        return OVER_LIMIT;
    }

    /** Sends what waits for a client, as far as there is room; whether nothing waits any more. */
    private boolean drain(Connection c) {
        BatchClient client = c.client;
        while (client.waiting > 0) {
            int result = send(c, waiting.first(client), SummedSends.NOT_SHARED, false);
            if (result == OVER_LIMIT) {
                return false;
            }
            waiting.removeFirst(client);
        }
        c.nothingWaits();
        return true;
    }

    /** The connection can send again; whether that is of use to its handler, since nothing waits here. */
    boolean hasRoom(Connection c) {
        return c.client == null || drain(c) && !sends.hasClosed(c);
    }

    /** A connection has ended. */
    void forget(BatchClient client) {
        while (client.waiting > 0) {
            waiting.removeFirst(client);
        }
    }

    // ---- how it went

    /** Deliveries of the batch that is being filled, or was flushed last. */
    public int deliveries() {
        return deliveries;
    }

    /** Who was to get a delivery. */
    public Connection connection(int delivery) {
        return connections[delivery];
    }

    /** As of now: {@link #SENT}, {@link #QUEUED}, {@link #OVER_LIMIT}, {@link #CLOSED}, {@link #NOT_CONNECTED}, or {@link #PENDING}. */
    public int outcome(int delivery) {
        int result = results[delivery];
        return switch (result) {
            case WAITS -> connections[delivery].hasEnded() ? CLOSED : QUEUED;
            case QUEUED -> sends.hasLeft(connections[delivery], ends[delivery]) ? SENT
                    : connections[delivery].hasEnded() ? CLOSED : QUEUED;
            default -> result;
        };
    }

    /** Whether part of the batch that was flushed last waits for room on the link: the next polls send it. */
    public boolean leaving() {
        return leaving;
    }

    /** Messages of the batch that was flushed last. */
    public int messages() {
        return lastMessages;
    }

    /** Frames that left with the batch that was flushed last, those of others in the same polls included. */
    public long packets() {
        return lastPackets;
    }

    /** Doorbells that the last batch took: N', 1 if the link's ring took it at once. */
    public long doorbells() {
        return lastDoorbells;
    }

    /** Batches that were flushed. */
    public long batches() {
        return batches;
    }

    /** {@link #packets}, of all batches. */
    public long allPackets() {
        return packets;
    }

    /** {@link #doorbells}, of all batches. */
    public long allDoorbells() {
        return doorbells;
    }

    /** Messages that wait now, of all slow clients. */
    public int waiting() {
        return waiting.size();
    }

    /** Messages that are stored now: those of the open batch, and those that wait. */
    public int stored() {
        return store.held();
    }

    /** Messages that wait now for one client. */
    public int waiting(Connection connection) {
        return connection.client == null ? 0 : connection.client.waiting;
    }

    /** Messages that a newer one with the same key has replaced for one client. */
    public long conflated(Connection connection) {
        return connection.client == null ? 0 : connection.client.conflated;
    }

    /** Messages that were dropped for one client. */
    public long refused(Connection connection) {
        return connection.client == null ? 0 : connection.client.refused;
    }
}
