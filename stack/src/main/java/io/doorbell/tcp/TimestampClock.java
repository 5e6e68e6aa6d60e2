package io.doorbell.tcp;

/** The clock that timestamps are taken from (RFC 7323 section 5.4), in ticks, before a connection's own offset. */
final class TimestampClock {
    private final long tickNanos;
    private long beganNanos;
    private int ticks;

    TimestampClock(long tickNanos) {
        this.tickNanos = tickNanos;
    }

    /** Most duty cycles come within the tick of the one before, and a division takes longer than all else here. */
    void now(long nowNanos) {
        long since = nowNanos - beganNanos;
        if (since < 0 || since >= tickNanos) {
            long whole = Math.floorDiv(nowNanos, tickNanos);
            beganNanos = whole * tickNanos;
            ticks = (int) whole;
        }
    }

    int ticks() {
        return ticks;
    }

    /** At a time that is not, or not yet, that of the duty cycle. */
    int at(long nanos) {
        long since = nanos - beganNanos;
        return since >= 0 && since < tickNanos ? ticks : (int) Math.floorDiv(nanos, tickNanos);
    }
}
