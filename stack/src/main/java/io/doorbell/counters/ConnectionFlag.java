package io.doorbell.counters;

/** What is true of a connection or not: the bits of {@link ConnectionField#FLAGS}, the first the lowest. */
public enum ConnectionFlag {
    SACK,
    TIMESTAMPS,
    WINDOW_SCALING,
    ECN,
    FIN_QUEUED,
    FIN_SENT,
    FIN_RECEIVED,
    /** In loss recovery (RFC 6582, RFC 6675). */
    RECOVERY,
    /** In the recovery that follows a retransmission timeout. */
    LOSS,
    /** The peer's window is closed and is being probed. */
    PERSIST,
    /** The user will read no more. */
    USER_CLOSED,
    CORKED,
    /** Both sides agreed on the multi-segment option. */
    MULTI_SEGMENT,
    /** A send was refused, and the user waits for room. */
    WANTS_WRITABLE,
    /** Data was offered to the user and not taken. */
    DATA_LEFT,
    /** An engine has the right to transmit. */
    GRANTED,
    /** That right is asked back. */
    GRANT_RECALLED;

    /** The name as tools print it: {@code window-scaling}. */
    public String label() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }

    /** This flag's bit if {@code set}, else 0. */
    public long bit(boolean set) {
        return set ? 1L << ordinal() : 0;
    }
}
