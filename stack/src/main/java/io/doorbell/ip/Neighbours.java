package io.doorbell.ip;

/**
 * The table of neighbours: bounded, by address, with the unpinned ones in the order of their last use.
 *
 * <p>Open addressing with linear probing; a removal moves later entries of its cluster back, so that there are no
 * tombstones and the layout depends only on what is in it and in which order it came. All objects are made at set-up.
 */
final class Neighbours {
    private static final int HASH_MULTIPLIER = 0x9E37_79B9;

    private final Neighbour[] slots;
    private final Neighbour[] free;
    private final int shift;
    private int freeCount;
    /** Head of the ring of unpinned entries: {@code newer} is the least recently used one. */
    private final Neighbour ring = new Neighbour();

    /**
     * An empty table.
     *
     * @param capacity the most neighbours that it will hold
     */
    Neighbours(int capacity) {
        int size = Integer.highestOneBit(capacity * 2 - 1) * 2;
        this.slots = new Neighbour[size];
        this.shift = Integer.numberOfLeadingZeros(size - 1);
        this.free = new Neighbour[capacity];
        for (int i = 0; i < capacity; i++) {
            free[i] = new Neighbour();
        }
        this.freeCount = capacity;
        ring.newer = ring;
        ring.older = ring;
    }

    int size() {
        return free.length - freeCount;
    }

    boolean isFull() {
        return freeCount == 0;
    }

    int slots() {
        return slots.length;
    }

    /** The entry in a slot, null if there is none. */
    Neighbour at(int slot) {
        return slots[slot];
    }

    Neighbour find(int address) {
        int slot = home(address);
        while (slots[slot] != null) {
            if (slots[slot].address == address) {
                return slots[slot];
            }
            slot = (slot + 1) & (slots.length - 1);
        }
        return null;
    }

    /** A new, unpinned entry; the table must not be full and the address not in it. */
    Neighbour add(int address) {
        Neighbour neighbour = free[--freeCount];
        neighbour.address = address;
        neighbour.state = Neighbour.State.NEW;
        neighbour.mac = 0;
        neighbour.requests = 0;
        int slot = home(address);
        while (slots[slot] != null) {
            slot = (slot + 1) & (slots.length - 1);
        }
        slots[slot] = neighbour;
        append(neighbour);
        return neighbour;
    }

    /** The unpinned entry that was used the longest ago, null if all are pinned. */
    Neighbour leastRecentlyUsed() {
        return ring.newer == ring ? null : ring.newer;
    }

    /** Takes an unpinned entry, without held frames or a timer, out of the table. */
    void remove(Neighbour neighbour) {
        unlink(neighbour);
        int slot = home(neighbour.address);
        while (slots[slot] != neighbour) {
            slot = (slot + 1) & (slots.length - 1);
        }
        closeGap(slot);
        free[freeCount++] = neighbour;
    }

    /** Moves back whatever of the cluster would no longer be found behind the gap. */
    private void closeGap(int gap) {
        int mask = slots.length - 1;
        int slot = gap;
        while (true) {
            slots[gap] = null;
            do {
                slot = (slot + 1) & mask;
                if (slots[slot] == null) {
                    return;
                }
            } while (((slot - home(slots[slot].address)) & mask) < ((slot - gap) & mask));
            slots[gap] = slots[slot];
            gap = slot;
        }
    }

    /** Marks an entry as just used; costs nothing for a pinned one. */
    void touch(Neighbour neighbour) {
        if (neighbour.users == 0) {
            unlink(neighbour);
            append(neighbour);
        }
    }

    void pin(Neighbour neighbour) {
        if (neighbour.users++ == 0) {
            unlink(neighbour);
        }
    }

    void unpin(Neighbour neighbour) {
        if (neighbour.users <= 0) {
            throw new IllegalStateException("neighbour " + Ipv4Address.format(neighbour.address)
                    + " released more often than it was handed out");
        }
        if (--neighbour.users == 0) {
            append(neighbour);
        }
    }

    private void append(Neighbour neighbour) {
        neighbour.older = ring.older;
        neighbour.newer = ring;
        ring.older.newer = neighbour;
        ring.older = neighbour;
    }

    private static void unlink(Neighbour neighbour) {
        neighbour.older.newer = neighbour.newer;
        neighbour.newer.older = neighbour.older;
        neighbour.older = null;
        neighbour.newer = null;
    }

    private int home(int address) {
        return address * HASH_MULTIPLIER >>> shift;
    }
}
