package io.doorbell;

import java.util.Arrays;

/**
 * The messages that wait for slow clients: a chain for each client, in order, and all that have a key in one hash table,
 * so that a newer value finds the one it replaces at once. All memory is allocated beforehand.
 *
 * <p>What waits names a slot of the {@link MessageStore}: a message that waits for many clients is there once.
 */
final class WaitingMessages {
    private static final int NONE = BatchClient.NONE;

    private final MessageStore store;
    private final int perClient;
    private final int[] slots;
    private final BatchClient[] clients;
    private final int[] next;
    private final int[] nextInBucket;
    private final int[] buckets;
    private int free;
    private int size;
    private int clientNumbers;

    WaitingMessages(MessageStore store, int limit, int perClient) {
        this.store = store;
        this.perClient = perClient;
        slots = new int[limit];
        clients = new BatchClient[limit];
        next = new int[limit];
        nextInBucket = new int[limit];
        buckets = new int[Math.max(2, Integer.highestOneBit(Math.min(limit, 1 << 29)) << 1)];
        Arrays.fill(buckets, NONE);
        for (int i = 0; i < limit; i++) {
            next[i] = i + 1 < limit ? i + 1 : NONE;
        }
    }

    /** Messages that wait, of all clients. */
    int size() {
        return size;
    }

    /** Puts a message in the place of one with its key; false if none waits. */
    boolean replace(BatchClient client, int slot) {
        if (!store.hasKey(slot) || client.waiting == 0) {
            return false;
        }
        int entry = buckets[bucket(client, store.key(slot))];
        while (entry != NONE && (clients[entry] != client || store.key(slots[entry]) != store.key(slot))) {
            entry = nextInBucket[entry];
        }
        if (entry == NONE) {
            return false;
        }
        store.release(slots[entry]);
        store.hold(slot);
        slots[entry] = slot;
        return true;
    }

    /** Puts a message behind those that wait for the client; false if there are too many. */
    boolean append(BatchClient client, int slot) {
        if (free == NONE || client.waiting >= perClient) {
            return false;
        }
        if (client.number == 0) {
            client.number = ++clientNumbers;
        }
        int entry = free;
        free = next[entry];
        store.hold(slot);
        slots[entry] = slot;
        clients[entry] = client;
        next[entry] = NONE;
        if (client.firstWaiting == NONE) {
            client.firstWaiting = entry;
        } else {
            next[client.lastWaiting] = entry;
        }
        client.lastWaiting = entry;
        client.waiting++;
        size++;
        if (store.hasKey(slot)) {
            int bucket = bucket(client, store.key(slot));
            nextInBucket[entry] = buckets[bucket];
            buckets[bucket] = entry;
        }
        return true;
    }

    /** The slot of the client's first message. */
    int first(BatchClient client) {
        return slots[client.firstWaiting];
    }

    /** Drops the client's first message. */
    void removeFirst(BatchClient client) {
        int entry = client.firstWaiting;
        int slot = slots[entry];
        if (store.hasKey(slot)) {
            unhash(entry, bucket(client, store.key(slot)));
        }
        client.firstWaiting = next[entry];
        if (client.firstWaiting == NONE) {
            client.lastWaiting = NONE;
        }
        client.waiting--;
        size--;
        clients[entry] = null;
        next[entry] = free;
        free = entry;
        store.release(slot);
    }

    private void unhash(int entry, int bucket) {
        if (buckets[bucket] == entry) {
            buckets[bucket] = nextInBucket[entry];
            return;
        }
        int before = buckets[bucket];
        while (nextInBucket[before] != entry) {
            before = nextInBucket[before];
        }
        nextInBucket[before] = nextInBucket[entry];
    }

    private int bucket(BatchClient client, long key) {
        long mixed = (key ^ client.number * 0x9e37_79b9_7f4a_7c15L) * 0xbf58_476d_1ce4_e5b9L;
        return (int) (mixed >>> 34) & buckets.length - 1;
    }
}
