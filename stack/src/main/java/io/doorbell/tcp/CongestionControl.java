package io.doorbell.tcp;

/**
 * How much may be out. It is told what {@link LossRecovery} found, and never asks which bytes are lost. Its state is in
 * the connection's fields, in bytes.
 */
interface CongestionControl {
    /** The connection is established, or its window was not used for a while: forgets what it learnt of the path. */
    void start(Tcb c);

    /**
     * New data was acknowledged outside of recovery, and the window was what limited sending.
     *
     * @param bytes how much
     */
    void acknowledged(Tcb c, int bytes, long now);

    /**
     * Loss or congestion was noticed: sets the threshold.
     *
     * @param flightSize bytes sent and not acknowledged
     */
    void congested(Tcb c, int flightSize);

    /** The reduction was a mistake: goes back to what was before it (RFC 4015, RFC 9438 section 4.9). */
    void undo(Tcb c);

    /** A round trip was measured; {@code now} and the sample in nanoseconds. */
    void sample(Tcb c, long rttNanos, long now);
}
