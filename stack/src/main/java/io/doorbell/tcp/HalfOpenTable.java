package io.doorbell.tcp;

import java.util.Arrays;

/**
 * Connections in SYN-RECEIVED that a listener has answered: one row of plain numbers each, bounded, so that a flood of
 * SYNs costs neither frames nor connections.
 */
final class HalfOpenTable {
    final int[] localAddress;
    final int[] remoteAddress;
    final int[] ports;
    final int[] irs;
    final int[] iss;
    /** The peer's MSS option, 0 if it sent none. */
    final int[] maxSegmentSize;
    /** The peer's shift count, -1 if it sent none. */
    final byte[] scale;
    final boolean[] timestamps;
    final boolean[] sack;
    /** ECN was asked for and is granted (RFC 3168). */
    final boolean[] ecn;
    /** Both sides' nonces of the multi-segment option; 0 of our own if it is not agreed. */
    final int[] multiOwn;
    final int[] multiPeer;
    final int[] tsRecent;
    final int[] tsOffset;
    final long[] sentNanos;
    final long[] deadline;
    final int[] retries;
    final ListenPort[] listenPort;

    private final int[] buckets;
    private final int[] next;
    private int free;
    private int size;
    private long earliest = Tcb.NO_DEADLINE;

    HalfOpenTable(int limit) {
        localAddress = new int[limit];
        remoteAddress = new int[limit];
        ports = new int[limit];
        irs = new int[limit];
        iss = new int[limit];
        maxSegmentSize = new int[limit];
        scale = new byte[limit];
        timestamps = new boolean[limit];
        sack = new boolean[limit];
        ecn = new boolean[limit];
        multiOwn = new int[limit];
        multiPeer = new int[limit];
        tsRecent = new int[limit];
        tsOffset = new int[limit];
        sentNanos = new long[limit];
        deadline = new long[limit];
        retries = new int[limit];
        listenPort = new ListenPort[limit];
        buckets = new int[Math.max(2, Integer.highestOneBit(limit) << 1)];
        Arrays.fill(buckets, Tcb.NONE);
        next = new int[limit];
        for (int row = 0; row < limit; row++) {
            next[row] = row + 1 < limit ? row + 1 : Tcb.NONE;
        }
    }

    int size() {
        return size;
    }

    int limit() {
        return next.length;
    }

    /** Whether the row is in use: it has a listener. */
    boolean used(int row) {
        return listenPort[row] != null;
    }

    /** A time not later than the first deadline of any row. */
    long earliestNanos() {
        return earliest;
    }

    /** The row of a connection, or {@link Tcb#NONE}. */
    int find(int local, int remote, int bothPorts) {
        int row = buckets[bucket(local, remote, bothPorts)];
        while (row != Tcb.NONE
                && (ports[row] != bothPorts || remoteAddress[row] != remote || localAddress[row] != local)) {
            row = next[row];
        }
        return row;
    }

    /** A new row with its addresses and listener set, or {@link Tcb#NONE} if the table is full. */
    int add(int local, int remote, int bothPorts, ListenPort listener) {
        int row = free;
        if (size == next.length) {
            return Tcb.NONE;
        }
        free = next[row];
        localAddress[row] = local;
        remoteAddress[row] = remote;
        ports[row] = bothPorts;
        listenPort[row] = listener;
        retries[row] = 0;
        int bucket = bucket(local, remote, bothPorts);
        next[row] = buckets[bucket];
        buckets[bucket] = row;
        size++;
        return row;
    }

    void remove(int row) {
        int bucket = bucket(localAddress[row], remoteAddress[row], ports[row]);
        if (buckets[bucket] == row) {
            buckets[bucket] = next[row];
        } else {
            int before = buckets[bucket];
            while (next[before] != row) {
                before = next[before];
            }
            next[before] = next[row];
        }
        listenPort[row] = null;
        next[row] = free;
        free = row;
        size--;
        if (size == 0) {
            earliest = Tcb.NO_DEADLINE;
        }
    }

    void schedule(int row, long deadlineNanos) {
        deadline[row] = deadlineNanos;
        earliest = Math.min(earliest, deadlineNanos);
    }

    /** Finds the earliest deadline anew, after rows were removed or put off. */
    void findEarliest() {
        earliest = Tcb.NO_DEADLINE;
        for (int row = 0; row < next.length; row++) {
            if (used(row)) {
                earliest = Math.min(earliest, deadline[row]);
            }
        }
    }

    private int bucket(int local, int remote, int bothPorts) {
        long key = ((long) remote << 32 | bothPorts & 0xffff_ffffL) + local;
        return (int) ((key ^ key >>> 32) * 0x9e37_79b9_7f4a_7c15L >>> 40) & (buckets.length - 1);
    }
}
