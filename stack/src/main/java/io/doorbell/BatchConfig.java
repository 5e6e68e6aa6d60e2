package io.doorbell;

/**
 * What a {@link Batch} may hold.
 *
 * @param messageBytes     the longest message; each takes a slot of so many bytes while it is in the batch or waits
 * @param periodNanos      after so long, from the first message on, a poll flushes the batch; {@link #EXPLICIT} for never
 * @param framesPerClient  frames of unacknowledged data at which a client counts as slow
 * @param waiting          messages that may wait, of all clients together
 * @param waitingPerClient messages that may wait for one client
 * @param slow             what is done with slow clients for which nothing else was chosen
 */
public record BatchConfig(int messageBytes, long periodNanos, int framesPerClient, int waiting, int waitingPerClient,
                          SlowClient slow) {
    /** A period that never ends: only {@link Batch#flush} sends. */
    public static final long EXPLICIT = Long.MAX_VALUE;

    /** Checks the bounds. */
    public BatchConfig {
        atLeast("messageBytes", messageBytes, 1);
        atLeast("periodNanos", periodNanos, 0);
        atLeast("framesPerClient", framesPerClient, 1);
        atLeast("waiting", waiting, 1);
        atLeast("waitingPerClient", waitingPerClient, 1);
    }

    private static void atLeast(String name, long value, long least) {
        if (value < least) {
            throw new IllegalArgumentException(name + " is " + value + ": it must be at least " + least);
        }
    }

    /** Messages of up to 1 KiB, flushed explicitly; 32 frames for a client, 4096 messages wait, 64 for one; refused. */
    public static BatchConfig defaults() {
        return new BatchConfig(1024, EXPLICIT, 32, 4096, 64, SlowClient.REFUSE);
    }

    public BatchConfig withMessageBytes(int bytes) {
        return new BatchConfig(bytes, periodNanos, framesPerClient, waiting, waitingPerClient, slow);
    }

    public BatchConfig withPeriodNanos(long nanos) {
        return new BatchConfig(messageBytes, nanos, framesPerClient, waiting, waitingPerClient, slow);
    }

    public BatchConfig withFramesPerClient(int frames) {
        return new BatchConfig(messageBytes, periodNanos, frames, waiting, waitingPerClient, slow);
    }

    public BatchConfig withWaiting(int inAll, int perClient) {
        return new BatchConfig(messageBytes, periodNanos, framesPerClient, inAll, perClient, slow);
    }

    public BatchConfig withSlow(SlowClient policy) {
        return new BatchConfig(messageBytes, periodNanos, framesPerClient, waiting, waitingPerClient, policy);
    }
}
