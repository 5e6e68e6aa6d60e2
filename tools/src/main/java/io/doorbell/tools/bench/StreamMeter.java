package io.doorbell.tools.bench;

/**
 * What one end of a stream counts: all bytes from the first to the last, and those between two moments, the counted part
 * of a round, which begins when the connection has had time to find its pace. One thread's.
 */
final class StreamMeter {
    private final long settleNanos;
    private final long countedNanos;
    private long bytes;
    private long messages;
    private long firstNanos;
    private boolean begun;
    private boolean counting;
    private boolean over;
    private long bytesAtStart;
    private long messagesAtStart;
    private long startNanos;
    private long allocatedAtStart;
    private Transferred counted = new Transferred(0, 0, 0, 0);

    /**
     * A meter for one round.
     *
     * @param settleNanos  from the first byte to the beginning of the counted part
     * @param countedNanos length of the counted part
     */
    StreamMeter(long settleNanos, long countedNanos) {
        this.settleNanos = settleNanos;
        this.countedNanos = countedNanos;
    }

    void moved(int length) {
        bytes += length;
        messages++;
    }

    /** To be called often, with the time. */
    void tick(long now) {
        if (counting) {
            if (now - startNanos >= countedNanos) {
                end(now);
            }
        } else if (begun && !over) {
            if (now - firstNanos >= settleNanos) {
                start(now);
            }
        } else if (bytes > 0 && !over) {
            begun = true;
            firstNanos = now;
        }
    }

    private void start(long now) {
        counting = true;
        bytesAtStart = bytes;
        messagesAtStart = messages;
        startNanos = now;
        allocatedAtStart = ThreadStatus.allocatedBytes();
    }

    private void end(long now) {
        long allocated = ThreadStatus.allocatedBytes() - allocatedAtStart;
        counting = false;
        over = true;
        counted = new Transferred(bytes - bytesAtStart, now - startNanos, messages - messagesAtStart, allocated);
    }

    /** Whether the counted part is over. */
    boolean over() {
        return over;
    }

    /** All bytes, those before and behind the counted part included. */
    long bytes() {
        return bytes;
    }

    Transferred counted() {
        return counted;
    }
}
