package io.doorbell.tcp;

import java.util.Arrays;

/**
 * Connections in SYN-RECEIVED that a listener has answered: one row of plain numbers each, bounded, so that a flood of
 * SYNs costs neither frames nor connections. A row waits in the queue of its number of retransmissions.
 */
final class HalfOpenTable extends ConnectionRows {
    int[] irs = {};
    int[] iss = {};
    /** The peer's MSS option, 0 if it sent none. */
    int[] maxSegmentSize = {};
    /** The peer's shift count, -1 if it sent none. */
    byte[] scale = {};
    boolean[] timestamps = {};
    boolean[] sack = {};
    /** ECN was asked for and is granted (RFC 3168). */
    boolean[] ecn = {};
    /** Both sides' nonces of the multi-segment option; 0 of our own if it is not agreed. */
    int[] multiOwn = {};
    int[] multiPeer = {};
    int[] tsRecent = {};
    int[] tsOffset = {};
    long[] sentNanos = {};
    int[] retries = {};
    ListenPort[] listenPort = {};

    HalfOpenTable(BucketHash hash, int limit, int synAckRetries) {
        super(hash, limit, synAckRetries + 1);
    }

    @Override
    void columns(int rows) {
        irs = Arrays.copyOf(irs, rows);
        iss = Arrays.copyOf(iss, rows);
        maxSegmentSize = Arrays.copyOf(maxSegmentSize, rows);
        scale = Arrays.copyOf(scale, rows);
        timestamps = Arrays.copyOf(timestamps, rows);
        sack = Arrays.copyOf(sack, rows);
        ecn = Arrays.copyOf(ecn, rows);
        multiOwn = Arrays.copyOf(multiOwn, rows);
        multiPeer = Arrays.copyOf(multiPeer, rows);
        tsRecent = Arrays.copyOf(tsRecent, rows);
        tsOffset = Arrays.copyOf(tsOffset, rows);
        sentNanos = Arrays.copyOf(sentNanos, rows);
        retries = Arrays.copyOf(retries, rows);
        listenPort = Arrays.copyOf(listenPort, rows);
    }

    @Override
    void remove(int row) {
        super.remove(row);
        listenPort[row] = null;
    }
}
