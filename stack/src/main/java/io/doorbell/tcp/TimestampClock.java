package io.doorbell.tcp;

import io.doorbell.ip.Clock;

/** The clock that timestamps are taken from (RFC 7323 section 5.4), in ticks, before a connection's own offset. */
final class TimestampClock {
    private final Clock clock;
    private final long tickNanos;
    private long beganNanos;
    private int ticks;

    TimestampClock(Clock clock, long tickNanos) {
        this.clock = clock;
        this.tickNanos = tickNanos;
    }

    int ticks() {
        return at(clock.nanos());
    }

    /**
     * At a time that need not be that of the duty cycle, or not yet. Most are within the tick of the one before, and a
     * division takes longer than all else here.
     */
    int at(long nanos) {
        long since = nanos - beganNanos;
        if (since < 0 || since >= tickNanos) {
            long whole = Math.floorDiv(nanos, tickNanos);
            beganNanos = whole * tickNanos;
            ticks = (int) whole;
        }
        return ticks;
    }
}
