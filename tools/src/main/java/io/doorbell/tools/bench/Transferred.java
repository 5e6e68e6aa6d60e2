package io.doorbell.tools.bench;

/**
 * What an end of a stream saw in the part of a round that counts, when the connection has found its pace.
 *
 * @param bytes          of payload
 * @param nanos          how long that took
 * @param messages       pieces in which they were handed over
 * @param allocatedBytes on the heap, by this end's thread
 */
record Transferred(long bytes, long nanos, long messages, long allocatedBytes) {
    double gbps() {
        return nanos == 0 ? 0 : 8.0 * bytes / nanos;
    }
}
