package io.doorbell.tools.bench;

import java.time.Instant;

/** Brings times of the kernel's, in CLOCK_REALTIME, to the clock of {@link System#nanoTime}. One thread. */
final class RealTime {
    /** The shortest of so many looks at both clocks counts. */
    private static final int LOOKS = 1_000;

    private long ahead;

    /** Compares the two clocks: whoever sets the time of day makes a comparison void. */
    void compare() {
        long shortest = Long.MAX_VALUE;
        for (int i = 0; i < LOOKS; i++) {
            long before = System.nanoTime();
            Instant now = Instant.now();
            long after = System.nanoTime();
            if (after - before < shortest) {
                shortest = after - before;
                ahead = now.getEpochSecond() * 1_000_000_000L + now.getNano() - (before + shortest / 2);
            }
        }
    }

    /** How much CLOCK_REALTIME is ahead, as last compared. */
    long aheadNanos() {
        return ahead;
    }

    /** What {@link System#nanoTime} was then. */
    long nanoTime(long realTimeNanos) {
        return realTimeNanos - ahead;
    }
}
