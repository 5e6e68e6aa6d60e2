package io.doorbell.tools.demo;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What was made and must be unmade, in reverse order: at the end, after a failure, or when the process is told to
 * stop. Any thread may close it; whoever comes second waits until everything is gone.
 */
public final class Cleanup implements AutoCloseable {
    private static volatile boolean stopping;

    private final Deque<AutoCloseable> made = new ArrayDeque<>();
    private final Thread hook = new Thread(this::stop, "cleanup");
    private boolean closed;

    public Cleanup() {
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Whether the process has been told to stop. */
    public static boolean stopping() {
        return stopping;
    }

    private void stop() {
        stopping = true;
        // From here on threads lose the ground under their feet; what they die of is of no interest.
        Thread.setDefaultUncaughtExceptionHandler((thread, error) -> { });
        close();
    }

    /** Registers {@code thing} and returns it; closes it at once if all is over already. */
    public synchronized <T extends AutoCloseable> T add(T thing) {
        made.push(thing);
        if (closed) {
            closeAll();
            throw new IllegalStateException("interrupted");
        }
        return thing;
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            closeAll();
            if (Thread.currentThread() != hook) {
                try {
                    Runtime.getRuntime().removeShutdownHook(hook);
                } catch (IllegalStateException e) {
                    // The JVM is on its way down: the hook runs, and finds nothing left to do.
                }
            }
        }
    }

    private void closeAll() {
        while (!made.isEmpty()) {
            AutoCloseable each = made.pop();
            try {
                each.close();
            } catch (Exception e) {
                // One thing that cannot be removed must not keep the others: say so and go on.
                System.err.println("stack-cli: could not remove " + each + ": " + e.getMessage());
            }
        }
    }
}
