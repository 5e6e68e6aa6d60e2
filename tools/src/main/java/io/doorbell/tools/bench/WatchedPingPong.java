package io.doorbell.tools.bench;

import java.util.List;

/**
 * A ping-pong between stacks that show themselves, with a {@code stack-cli top} that refreshes while it runs and is
 * stopped while others are measured. It runs where the answering end does: there is no third processor.
 */
final class WatchedPingPong extends Contestant<RoundTrips> {
    private static final String REFRESH = "connections";

    private final PingPong pingPong;
    private final PinnedThreads threads;
    private final StackCliProcess top;
    private long refreshes;

    /**
     * Starts {@code top} and waits until it has shown something.
     *
     * @param pingPong     between stacks that show themselves; the caller's to close
     * @param topArguments what {@code top} is to be told
     */
    WatchedPingPong(PingPong pingPong, PinnedThreads threads, List<String> topArguments) {
        super(pingPong.name());
        this.pingPong = pingPong;
        this.threads = threads;
        top = onSecond(threads, topArguments);
        while (top.said(REFRESH) == 0) {
            if (!top.isAlive()) {
                throw top.failure("top has ended");
            }
            Thread.onSpinWait();
        }
        top.signal("STOP");
    }

    /** Started by the second thread: it inherits the processor. */
    static StackCliProcess onSecond(PinnedThreads threads, List<String> arguments) {
        return threads.onSecond(() -> StackCliProcess.start(null, arguments));
    }

    @Override
    RoundTrips round(long nanos) {
        long before = top.said(REFRESH);
        top.signal("CONT");
        try {
            return pingPong.round(nanos);
        } finally {
            top.signal("STOP");
            refreshes += top.said(REFRESH) - before;
        }
    }

    /** How often {@code top} has shown something new while it was measured. */
    long refreshes() {
        return refreshes;
    }

    @Override
    public void close() {
        top.close();
    }
}
