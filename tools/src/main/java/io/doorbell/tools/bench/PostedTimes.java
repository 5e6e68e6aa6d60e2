package io.doorbell.tools.bench;

import org.HdrHistogram.Histogram;

/**
 * What one round of sends yields, each timed from its last byte known to its descriptor published.
 *
 * @param times          of the sends, in nanoseconds
 * @param returnedNanos  half of the sends returned, the doorbell rung and all books kept, in no longer
 * @param allocatedBytes on the heap, by the sending thread
 */
record PostedTimes(Histogram times, long returnedNanos, long allocatedBytes) {
    /** Half of the sends took no longer. */
    long p50Nanos() {
        return times.getValueAtPercentile(50);
    }

    /** 99 of 100 took no longer. */
    long p99Nanos() {
        return times.getValueAtPercentile(99);
    }

    /** Sends timed. */
    long count() {
        return times.getTotalCount();
    }
}
