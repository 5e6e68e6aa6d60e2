package io.doorbell.tcp;

/**
 * State of a connection that few connections need: made when the first of it is, so that the others do without. Plain
 * fields, as in {@link Tcb}; each group belongs to one file.
 */
final class SeldomUsed {
    // Explicit Congestion Notification (RFC 3168): CongestionNotification.
    /** Both sides agreed on it. */
    boolean ecn;
    /** The peer's data came with CE: its ACKs say ECE until it answers with CWR. */
    boolean echoOwed;
    /** The congestion window was reduced: the next new data says CWR. */
    boolean reductionUntold;
    /** The window was reduced for the peer's ECE; as long as SND.UNA is not beyond {@link #reducedEnd}, no further. */
    boolean reduced;
    int reducedEnd;
    /** The ACK that is being looked at carries ECE. */
    boolean echoing;

    // Keepalive and user timeout: PeerLiveness.
    long heardNanos;
    int probes;
    long keepaliveDeadline = Tcb.NO_DEADLINE;
    long userDeadline = Tcb.NO_DEADLINE;

    // Pacing: Pacer.
    /** When the next burst may leave. */
    long burstNanos = Long.MIN_VALUE;
    /** Bytes that the present burst may still take. */
    int burstLeft;
    long paceDeadline = Tcb.NO_DEADLINE;

    // Corking: Cork.
    boolean corked;
    /** An incomplete last segment is to leave all the same, once. */
    boolean tailMayGo;
    long corkDeadline = Tcb.NO_DEADLINE;

    long nextDeadline() {
        return Math.min(Math.min(keepaliveDeadline, userDeadline), Math.min(paceDeadline, corkDeadline));
    }
}
