package io.doorbell.ip;

/**
 * The time of the running duty cycle, which all that belongs to a stack reads here: whatever happens in a cycle happens
 * at once.
 */
public final class Clock {
    private long nanos;

    /** A duty cycle begins: for {@link Ipv4} alone. */
    public void now(long nowNanos) {
        nanos = nowNanos;
    }

    public long nanos() {
        return nanos;
    }
}
