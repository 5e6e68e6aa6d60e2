package io.doorbell.tools.bench;

import io.doorbell.tools.cli.ExitCode;
import io.doorbell.tools.cli.UserError;
import io.doorbell.xdp.CpuAffinity;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * Two threads, each tied to a processor of its own: the two ends of whatever is measured. They live as long as the run,
 * so that all contestants are measured on the same threads.
 */
final class PinnedThreads implements AutoCloseable {
    private static final long GRACE_NANOS = 30_000_000_000L;

    /** What one end does in one round; it may fail in any way. */
    interface Part {
        void play() throws Exception;
    }

    private final ExecutorService first = thread("bench-first");
    private final ExecutorService second = thread("bench-second");
    private final Signal failed = new Signal();
    private final AtomicLong preemptions = new AtomicLong();

    private final Processors processors;

    PinnedThreads(Processors processors) {
        this.processors = processors;
        play(() -> CpuAffinity.pinCurrentThread(processors.first()),
                () -> CpuAffinity.pinCurrentThread(processors.second()), 0);
    }

    private static ExecutorService thread(String name) {
        return Executors.newSingleThreadExecutor(task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Has the first thread make something. What two threads use all the time is best made by each for itself: objects that
     * one thread makes lie next to each other, and a cache line with something of both is in the way of both.
     */
    <T> T onFirst(Supplier<T> maker) {
        AtomicReference<T> made = new AtomicReference<>();
        play(() -> made.set(maker.get()), () -> { }, 0);
        return made.get();
    }

    /** Has the second thread make something: {@link #onFirst}. */
    <T> T onSecond(Supplier<T> maker) {
        AtomicReference<T> made = new AtomicReference<>();
        play(() -> { }, () -> made.set(maker.get()), 0);
        return made.get();
    }

    /** What they are tied to. */
    Processors processors() {
        return processors;
    }

    /** Raised when the run has failed or is broken off: a loop that waits for the other end looks at it. */
    Signal failed() {
        return failed;
    }

    /** How often the kernel took a processor from either for somebody else while they played. */
    long preemptions() {
        return preemptions.get();
    }

    /**
     * Plays two parts at the same time, each on its thread, to their ends.
     *
     * @param expectedNanos how long they take if all goes well; much longer is a failure
     * @throws RuntimeException what either part threw, after both have been told to stop
     */
    void play(Part onFirst, Part onSecond, long expectedNanos) {
        BlockingQueue<Optional<Throwable>> ends = new LinkedBlockingQueue<>();
        first.execute(() -> ends.add(outcome(onFirst)));
        second.execute(() -> ends.add(outcome(onSecond)));
        try {
            for (int i = 0; i < 2; i++) {
                Optional<Throwable> end = ends.poll(expectedNanos + GRACE_NANOS, TimeUnit.NANOSECONDS);
                if (end == null) {
                    throw new UserError(ExitCode.FAILED, "one end still waits for the other, long after it should have"
                            + " heard from it");
                }
                if (end.isPresent()) {
                    throw failure(end.get());
                }
            }
        } catch (InterruptedException e) {
            close();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private Optional<Throwable> outcome(Part part) {
        try {
            long before = ThreadStatus.preemptions();
            part.play();
            preemptions.addAndGet(ThreadStatus.preemptions() - before);
            return Optional.empty();
        } catch (Exception | Error thrown) {
            return Optional.of(thrown);
        }
    }

    private static RuntimeException failure(Throwable thrown) {
        return switch (thrown) {
            case RuntimeException unchecked -> unchecked;
            case Error error -> throw error;
            default -> new IllegalStateException(thrown.toString(), thrown);
        };
    }

    /** Tells both to stop, and waits until they have: blocking socket calls are interrupted. Idempotent. */
    @Override
    public void close() {
        failed.raise();
        first.shutdownNow();
        second.shutdownNow();
        try {
            first.awaitTermination(5, TimeUnit.SECONDS);
            second.awaitTermination(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
