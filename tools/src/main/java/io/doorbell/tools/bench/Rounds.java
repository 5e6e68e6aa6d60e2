package io.doorbell.tools.bench;

import java.io.PrintWriter;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;

/**
 * How often and how long each contestant is measured.
 *
 * @param count        rounds that count, for each contestant
 * @param nanos        length of a round
 * @param warmUpNanos  how long each contestant runs beforehand, at least
 */
record Rounds(int count, long nanos, long warmUpNanos) {
    /** Warming up in pieces lets the compiled code be entered anew, instead of in the middle of a long loop. */
    private static final int WARM_UP_PIECES = 10;
    /** On a busy machine the compilers get little time: a warm-up lasts until they rest and all are warm, but no longer. */
    private static final int MOST_PIECES = 5 * WARM_UP_PIECES;
    private static final long RESTING_MILLIS = 5;

    /** Runs every contestant until its code is compiled; the results are dropped. */
    void warmUp(List<? extends Contestant<?>> contestants, PrintWriter progress) {
        CompilationMXBean compilers = ManagementFactory.getCompilationMXBean();
        boolean resting = false;
        for (int i = 0; i < WARM_UP_PIECES || i < MOST_PIECES && !resting; i++) {
            say(progress, "warming up, " + (i + 1));
            long before = compilers.getTotalCompilationTime();
            for (Contestant<?> contestant : contestants) {
                contestant.round(warmUpNanos / WARM_UP_PIECES);
            }
            resting = compilers.getTotalCompilationTime() - before <= RESTING_MILLIS
                    && contestants.stream().allMatch(Contestant::isWarm);
        }
    }

    /** Measures all in turn; every other time in reverse, so that a slow drift hits all alike. */
    <R> void measure(List<? extends Contestant<R>> contestants, PrintWriter progress) {
        for (int i = 0; i < count; i++) {
            say(progress, "round " + (i + 1) + " of " + count);
            for (Contestant<R> contestant : i % 2 == 0 ? contestants : contestants.reversed()) {
                contestant.keep(contestant.round(nanos));
            }
        }
    }

    private static void say(PrintWriter progress, String what) {
        progress.println("  " + what);
        progress.flush();
    }
}
