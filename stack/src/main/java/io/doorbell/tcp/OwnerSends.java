package io.doorbell.tcp;

/** What becomes of sends by a connection's owner while an engine has the right to transmit on it. */
public enum OwnerSends {
    /** They queue behind what is granted, and leave when that was used or given back. */
    WAIT,
    /** They are refused: {@link Tcb#GRANTED}. */
    REFUSE,
    /** They go first: what was granted and not used moves behind them. The engine notices at most a short pause. */
    FIRST
}
