package io.doorbell.tools.bench;

/**
 * What one round of ping-pong yields.
 *
 * @param p50Nanos       half of the round trips took no longer
 * @param p99Nanos       99 of 100 took no longer
 * @param count          round trips
 * @param allocatedBytes on the heap, by both threads together
 */
record RoundTrips(long p50Nanos, long p99Nanos, long count, long allocatedBytes) {
}
