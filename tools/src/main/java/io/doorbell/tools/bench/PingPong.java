package io.doorbell.tools.bench;

import io.doorbell.TcpStack;
import io.doorbell.tools.cli.ExitCode;
import io.doorbell.tools.cli.UserError;
import org.HdrHistogram.Histogram;

/**
 * A request goes out, its copy comes back, and only then the next one goes out: {@value #MESSAGE_BYTES} bytes each way.
 * The first of two pinned threads asks, the second answers. Each round trip is timed by itself, from the moment at which
 * the request's last byte is known to the moment at which the program holds the answer's.
 *
 * <p>A request carries its number in its first eight bytes, in the machine's order, and the answer must carry the same.
 */
abstract class PingPong extends Contestant<RoundTrips> {
    static final int MESSAGE_BYTES = 64;
    /** The number of the request after whose answer the answering side stops. */
    static final long LAST = -1;

    private static final long LONGEST_NANOS = 10_000_000_000L;
    private static final int DIGITS = 3;

    private final PinnedThreads threads;
    private final Histogram times = new Histogram(LONGEST_NANOS, DIGITS);
    private long number;
    private long askingAllocated;
    private long answeringAllocated;

    PingPong(String name, PinnedThreads threads) {
        super(name);
        this.threads = threads;
    }

    /**
     * Sends request number {@code number} and waits for its answer; fails if that is wrong, or if {@link #waiting} says
     * so.
     *
     * @return how long it took
     */
    abstract long roundTripNanos(long number) throws Exception;

    /** Answers until the request with number {@link #LAST} was answered. */
    abstract void answer() throws Exception;

    /** What the asking side has to do after the last answer. */
    void settle() {
    }

    @Override
    final RoundTrips round(long nanos) {
        times.reset();
        threads.play(() -> ask(nanos), this::answerAndCount, nanos);
        return new RoundTrips(times.getValueAtPercentile(50), times.getValueAtPercentile(99), times.getTotalCount(),
                askingAllocated + answeringAllocated);
    }

    private void ask(long nanos) throws Exception {
        long allocatedBefore = ThreadStatus.allocatedBytes();
        long until = System.nanoTime() + nanos;
        do {
            times.recordValue(Math.min(roundTripNanos(++number), LONGEST_NANOS));
        } while (System.nanoTime() - until < 0);
        askingAllocated = ThreadStatus.allocatedBytes() - allocatedBefore;
        roundTripNanos(LAST);
        settle();
    }

    private void answerAndCount() throws Exception {
        long allocatedBefore = ThreadStatus.allocatedBytes();
        answer();
        answeringAllocated = ThreadStatus.allocatedBytes() - allocatedBefore;
    }

    final PinnedThreads threads() {
        return threads;
    }

    final UserError wrong(String what) {
        return new UserError(ExitCode.FAILED, name() + ": " + what);
    }

    /**
     * One of the two ends: whatever its thread uses all the time, made by that thread. The other end's thread uses none of
     * it, nor does this one's use anything that the other's writes: neither is to wait for a cache line that only the
     * benchmark has in common.
     */
    abstract static class End {
        private final String name;
        private final Signal failed;

        End(PingPong of) {
            name = of.name();
            failed = of.threads.failed();
        }

        /** To be called by loops that wait for the other end. */
        final void waiting() {
            if (failed.raised()) {
                throw wrong("broken off");
            }
        }

        final UserError wrong(String what) {
            return new UserError(ExitCode.FAILED, name + ": " + what);
        }

        /** Keeps a stack going. */
        final void pollFor(TcpStack stack, long nanos) {
            long begin = System.nanoTime();
            for (long now = begin; now - begin < nanos; now = System.nanoTime()) {
                stack.poll(now);
                waiting();
            }
        }
    }
}
