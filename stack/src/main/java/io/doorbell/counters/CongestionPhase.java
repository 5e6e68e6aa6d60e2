package io.doorbell.counters;

/** Where the congestion control of a connection is. */
public enum CongestionPhase {
    SLOW_START,
    /** HyStart++ (RFC 9406) has seen round trips get longer, and grows the window at a quarter of the pace. */
    CONSERVATIVE_SLOW_START,
    CONGESTION_AVOIDANCE,
    /** Repairs what was found lost (RFC 6582, RFC 6675). */
    FAST_RECOVERY,
    /** Repairs what a timeout has shown (RFC 6298). */
    LOSS_RECOVERY;

    /** The name as tools print it: {@code slow-start}. */
    public String label() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
}
