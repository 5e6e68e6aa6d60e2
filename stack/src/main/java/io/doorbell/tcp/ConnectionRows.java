package io.doorbell.tcp;

import java.util.Arrays;

/**
 * Connections that need no {@link Tcb}, as rows of plain numbers: found by their addresses and ports, bounded, and each
 * waiting for its time in one of a few queues. All rows of a queue wait equally long, so that a queue is in the order
 * of its deadlines without being sorted. The arrays grow by doubling, up to the bound.
 */
abstract class ConnectionRows {
    private static final int FIRST_ROWS = 64;

    int[] localAddress;
    int[] remoteAddress;
    int[] ports;
    long[] deadline;

    private final BucketHash hash;
    private final int limit;
    /** The first and the last row of each queue. */
    private final int[] first;
    private final int[] last;
    private byte[] queue;
    private int[] sooner;
    private int[] later;
    private int[] buckets;
    private int[] next;
    private int free = Tcb.NONE;
    private int size;

    /**
     * @param limit  the most rows
     * @param queues how many different times rows wait, at most 127
     */
    ConnectionRows(BucketHash hash, int limit, int queues) {
        this.hash = hash;
        this.limit = limit;
        first = new int[queues];
        last = new int[queues];
        Arrays.fill(first, Tcb.NONE);
        Arrays.fill(last, Tcb.NONE);
        localAddress = new int[0];
        remoteAddress = new int[0];
        ports = new int[0];
        deadline = new long[0];
        queue = new byte[0];
        sooner = new int[0];
        later = new int[0];
        next = new int[0];
        buckets = new int[0];
    }

    /** Gives the columns of the subclass room for so many rows. */
    abstract void columns(int rows);

    final int size() {
        return size;
    }

    final boolean isFull() {
        return size == limit;
    }

    /** Rows that there is memory for: every row's number is below it. */
    final int capacity() {
        return next.length;
    }

    /** The row of a connection, or {@link Tcb#NONE}. */
    final int find(int local, int remote, int bothPorts) {
        if (size == 0) {
            return Tcb.NONE;
        }
        int row = buckets[hash.bucket(local, remote, bothPorts, buckets.length)];
        while (row != Tcb.NONE
                && (ports[row] != bothPorts || remoteAddress[row] != remote || localAddress[row] != local)) {
            row = next[row];
        }
        return row;
    }

    /** A new row that waits in no queue yet, or {@link Tcb#NONE} if the table is full. */
    final int add(int local, int remote, int bothPorts) {
        if (free == Tcb.NONE && !grow()) {
            return Tcb.NONE;
        }
        int row = free;
        free = next[row];
        localAddress[row] = local;
        remoteAddress[row] = remote;
        ports[row] = bothPorts;
        queue[row] = Tcb.NONE;
        int bucket = hash.bucket(local, remote, bothPorts, buckets.length);
        next[row] = buckets[bucket];
        buckets[bucket] = row;
        size++;
        return row;
    }

    void remove(int row) {
        leave(row);
        int bucket = hash.bucket(localAddress[row], remoteAddress[row], ports[row], buckets.length);
        if (buckets[bucket] == row) {
            buckets[bucket] = next[row];
        } else {
            int before = buckets[bucket];
            while (next[before] != row) {
                before = next[before];
            }
            next[before] = next[row];
        }
        next[row] = free;
        free = row;
        size--;
    }

    /** The row waits in this queue from now on; no other there has a later deadline. */
    final void await(int row, int in, long deadlineNanos) {
        leave(row);
        deadline[row] = deadlineNanos;
        queue[row] = (byte) in;
        sooner[row] = last[in];
        later[row] = Tcb.NONE;
        if (last[in] == Tcb.NONE) {
            first[in] = row;
        } else {
            later[last[in]] = row;
        }
        last[in] = row;
    }

    private void leave(int row) {
        int in = queue[row];
        if (in == Tcb.NONE) {
            return;
        }
        if (sooner[row] == Tcb.NONE) {
            first[in] = later[row];
        } else {
            later[sooner[row]] = later[row];
        }
        if (later[row] == Tcb.NONE) {
            last[in] = sooner[row];
        } else {
            sooner[later[row]] = sooner[row];
        }
        queue[row] = Tcb.NONE;
    }

    /** Whether the row is that of a connection which waits. */
    final boolean waits(int row) {
        return queue[row] != Tcb.NONE;
    }

    /** The row of a queue that has waited longest, {@link Tcb#NONE} if none waits there. */
    final int longestWaiting(int in) {
        return first[in];
    }

    /** A row whose deadline is not later than {@code now}, {@link Tcb#NONE} if there is none. */
    final int expired(long now) {
        if (size > 0) {
            for (int row : first) {
                if (row != Tcb.NONE && deadline[row] <= now) {
                    return row;
                }
            }
        }
        return Tcb.NONE;
    }

    /** The first deadline of all, {@link Tcb#NO_DEADLINE} if none waits. */
    final long earliestNanos() {
        long earliest = Tcb.NO_DEADLINE;
        if (size > 0) {
            for (int row : first) {
                if (row != Tcb.NONE) {
                    earliest = Math.min(earliest, deadline[row]);
                }
            }
        }
        return earliest;
    }

    private boolean grow() {
        int before = capacity();
        int rows = (int) Math.min(limit, Math.max(FIRST_ROWS, 2L * before));
        if (rows == before) {
            return false;
        }
        localAddress = Arrays.copyOf(localAddress, rows);
        remoteAddress = Arrays.copyOf(remoteAddress, rows);
        ports = Arrays.copyOf(ports, rows);
        deadline = Arrays.copyOf(deadline, rows);
        queue = Arrays.copyOf(queue, rows);
        Arrays.fill(queue, before, rows, (byte) Tcb.NONE);
        sooner = Arrays.copyOf(sooner, rows);
        later = Arrays.copyOf(later, rows);
        next = new int[rows];
        columns(rows);
        buckets = new int[Math.max(2, Integer.highestOneBit(rows) << 1)];
        Arrays.fill(buckets, Tcb.NONE);
        for (int row = 0; row < before; row++) {
            int bucket = hash.bucket(localAddress[row], remoteAddress[row], ports[row], buckets.length);
            next[row] = buckets[bucket];
            buckets[bucket] = row;
        }
        for (int row = rows - 1; row >= before; row--) {
            next[row] = free;
            free = row;
        }
        return true;
    }
}
