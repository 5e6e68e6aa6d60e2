package io.doorbell.tcp;

import java.util.Arrays;

/** Connections in TIME-WAIT: what answering their peers takes, 54 bytes each, and no {@link Tcb}. */
final class TimeWaitTable extends ConnectionRows {
    int[] sndNxt = {};
    int[] rcvNxt = {};
    /** The window field of the last segment. */
    char[] window = {};
    boolean[] timestamps = {};
    int[] tsRecent = {};
    int[] tsOffset = {};

    TimeWaitTable(BucketHash hash, int limit) {
        super(hash, limit, 1);
    }

    @Override
    void columns(int rows) {
        sndNxt = Arrays.copyOf(sndNxt, rows);
        rcvNxt = Arrays.copyOf(rcvNxt, rows);
        window = Arrays.copyOf(window, rows);
        timestamps = Arrays.copyOf(timestamps, rows);
        tsRecent = Arrays.copyOf(tsRecent, rows);
        tsOffset = Arrays.copyOf(tsOffset, rows);
    }
}
