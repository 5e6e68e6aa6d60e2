package io.doorbell.tools.bench;

/**
 * What one round of sends yields, each timed from its last byte known to its descriptor published.
 *
 * @param p50Nanos       half of the sends took no longer
 * @param p99Nanos       99 of 100 took no longer
 * @param count          sends timed
 * @param allocatedBytes on the heap, by the sending thread
 */
record PostedTimes(long p50Nanos, long p99Nanos, long count, long allocatedBytes) {
}
