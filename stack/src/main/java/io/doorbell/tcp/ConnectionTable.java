package io.doorbell.tcp;

/** The connections by their addresses and ports: constant time, whatever their number. */
final class ConnectionTable {
    private final BucketHash hash;
    private Tcb[] buckets = new Tcb[256];
    private int size;

    ConnectionTable(BucketHash hash) {
        this.hash = hash;
    }

    int size() {
        return size;
    }

    /** @param ports local port in the high half, remote port in the low half */
    Tcb find(int localAddress, int remoteAddress, int ports) {
        Tcb c = buckets[hash.bucket(localAddress, remoteAddress, ports, buckets.length)];
        while (c != null
                && (c.ports != ports || c.remoteAddress != remoteAddress || c.localAddress != localAddress)) {
            c = c.nextInBucket;
        }
        return c;
    }

    void add(Tcb c) {
        if (size >= buckets.length) {
            grow();
        }
        int bucket = hash.bucket(c.localAddress, c.remoteAddress, c.ports, buckets.length);
        c.nextInBucket = buckets[bucket];
        buckets[bucket] = c;
        size++;
    }

    void remove(Tcb c) {
        int bucket = hash.bucket(c.localAddress, c.remoteAddress, c.ports, buckets.length);
        if (buckets[bucket] == c) {
            buckets[bucket] = c.nextInBucket;
        } else {
            Tcb before = buckets[bucket];
            while (before.nextInBucket != c) {
                before = before.nextInBucket;
            }
            before.nextInBucket = c.nextInBucket;
        }
        c.nextInBucket = null;
        size--;
    }

    /** The connection behind another in an order of the table's own, the first for null; null behind the last. */
    Tcb after(Tcb c) {
        if (c != null && c.nextInBucket != null) {
            return c.nextInBucket;
        }
        int from = c == null ? 0 : hash.bucket(c.localAddress, c.remoteAddress, c.ports, buckets.length) + 1;
        for (int i = from; i < buckets.length; i++) {
            if (buckets[i] != null) {
                return buckets[i];
            }
        }
        return null;
    }

    private void grow() {
        Tcb[] larger = new Tcb[buckets.length * 2];
        for (Tcb bucket : buckets) {
            Tcb c = bucket;
            while (c != null) {
                Tcb next = c.nextInBucket;
                int at = hash.bucket(c.localAddress, c.remoteAddress, c.ports, larger.length);
                c.nextInBucket = larger[at];
                larger[at] = c;
                c = next;
            }
        }
        buckets = larger;
    }
}
