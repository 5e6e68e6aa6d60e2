package io.doorbell;

/**
 * What a {@link Batch} may hold.
 *
 * @param messageBytes     the longest message; each takes a slot of so many bytes while it is in the batch or waits
 * @param periodNanos      after so long, from the first message on, a poll flushes the batch; {@link #EXPLICIT} for never
 * @param framesPerClient  frames of unacknowledged data at which a client counts as slow; those in which shared payloads
 *                         lie, once for all clients, not counted
 * @param waiting          messages that may wait, of all clients together
 * @param waitingPerClient messages that may wait for one client
 * @param slow             what is done with slow clients for which nothing else was chosen
 * @param shareBytes       messages of so many bytes or more lie in memory once for all their receivers, where the link
 *                         takes frames in two pieces; shorter ones are copied for each
 */
public record BatchConfig(int messageBytes, long periodNanos, int framesPerClient, int waiting, int waitingPerClient,
                          SlowClient slow, int shareBytes) {
    /** A period that never ends: only {@link Batch#flush} sends. */
    public static final long EXPLICIT = Long.MAX_VALUE;

    /** Checks the bounds. */
    public BatchConfig {
        atLeast("messageBytes", messageBytes, 1);
        atLeast("periodNanos", periodNanos, 0);
        atLeast("framesPerClient", framesPerClient, 1);
        atLeast("waiting", waiting, 1);
        atLeast("waitingPerClient", waitingPerClient, 1);
        atLeast("shareBytes", shareBytes, 1);
    }

    private static void atLeast(String name, long value, long least) {
        if (value < least) {
            throw new IllegalArgumentException(name + " is " + value + ": it must be at least " + least);
        }
    }

    /**
     * Messages of up to 1 KiB, flushed explicitly; 32 frames for a client, 4096 messages wait, 64 for one; refused; those of
     * 1 KiB are shared.
     */
    public static BatchConfig defaults() {
        return new BatchConfig(1024, EXPLICIT, 32, 4096, 64, SlowClient.REFUSE, 1024);
    }

    public BatchConfig withMessageBytes(int bytes) {
        return new BatchConfig(bytes, periodNanos, framesPerClient, waiting, waitingPerClient, slow, shareBytes);
    }

    public BatchConfig withPeriodNanos(long nanos) {
        return new BatchConfig(messageBytes, nanos, framesPerClient, waiting, waitingPerClient, slow, shareBytes);
    }

    public BatchConfig withFramesPerClient(int frames) {
        return new BatchConfig(messageBytes, periodNanos, frames, waiting, waitingPerClient, slow, shareBytes);
    }

    public BatchConfig withWaiting(int inAll, int perClient) {
        return new BatchConfig(messageBytes, periodNanos, framesPerClient, inAll, perClient, slow, shareBytes);
    }

    public BatchConfig withSlow(SlowClient policy) {
        return new BatchConfig(messageBytes, periodNanos, framesPerClient, waiting, waitingPerClient, policy, shareBytes);
    }

    public BatchConfig withShareBytes(int bytes) {
        return new BatchConfig(messageBytes, periodNanos, framesPerClient, waiting, waitingPerClient, slow, bytes);
    }
}
