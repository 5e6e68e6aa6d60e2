package io.doorbell.tcp;

/**
 * What a connection knows of the bytes that are on their way: the scoreboard's counts, loss recovery, RACK, the tail
 * loss probe and the congestion control's view of the path.
 *
 * <p>A connection has one from its first send on, until everything was acknowledged and nothing was sent for one RTO.
 * That is when RFC 5681 section 4.1 has all of this forgotten anyway, so that an idle connection need not carry it.
 * What outlives a rest is in the {@link Tcb}: the congestion window and threshold, the round-trip time, and how far
 * the path reorders. {@link Flights} keeps those that are not in use.
 */
final class Flight {
    /** Payload bytes sent, not acknowledged and not deemed lost. */
    int inFlight;
    /** Segments deemed lost and not sent again yet, and segments that the peer has reported by SACK. */
    int lostSegments;
    int sackedSegments;
    /** The segments in the network, in the order of their transmission: first and last. */
    int firstSent;
    int lastSent;

    // Loss recovery (RFC 5681, RFC 6582).
    int duplicateAcks;
    int recover;
    boolean recovering;
    boolean partialAckSeen;
    boolean timedOut;
    /** When the window was last lowered for a loss, and when the youngest segment was sent that RACK deemed lost. */
    long loweredNanos;
    long lostSentNanos;
    // What an undo goes back to.
    boolean undoPossible;
    int undoCwnd;
    int undoSsthresh;
    int undoRetransmissions;
    /** SND.UNA then: what the peer got twice from before it belongs to an earlier recovery. */
    int undoFrom;
    int firstRetransmitTicks;
    /** Behind the last byte that was sent again and is not acknowledged; SND.UNA if there is none. */
    int retransmitEnd;

    // RACK and TLP (RFC 8985).
    long rackSentNanos;
    long rackRttNanos;
    int rackEnd;
    int fack;
    boolean reorderRoundOpen;
    int reorderRoundEnd;
    boolean tailProbe;
    boolean tailProbeAgain;
    boolean tailProbeDue;
    int tailProbeEnd;
    /** The tail loss probe's time, or RACK's for segments that were overtaken. */
    long earlyDeadline;
    boolean earlyIsProbe;

    // Congestion control: RFC 5681, PRR (RFC 6937), HyStart++ (RFC 9406), CUBIC (RFC 9438, in segments and seconds).
    int ackedInAvoidance;
    int prrDelivered;
    int prrOut;
    int prrFlightSize;
    long roundLastMinNanos;
    long roundMinNanos;
    long conservativeBaselineNanos;
    int roundEnd;
    byte roundSamples;
    byte conservativeRounds;
    float cubicMax;
    float cubicMaxBefore;
    float cubicPrior;
    float cubicK;
    float cubicRenoEstimate;
    float cubicFraction;
    long cubicEpochNanos;

    /** In {@link Flights}: the next one that is not in use. */
    Flight nextSpare;

    /** Nothing is known, nothing is out. The congestion control has its own {@link CongestionControl#start}. */
    void clear() {
        inFlight = 0;
        lostSegments = 0;
        sackedSegments = 0;
        firstSent = Tcb.NONE;
        lastSent = Tcb.NONE;
        duplicateAcks = 0;
        recovering = false;
        partialAckSeen = false;
        timedOut = false;
        loweredNanos = Long.MIN_VALUE;
        lostSentNanos = Long.MIN_VALUE;
        undoPossible = false;
        undoRetransmissions = 0;
        firstRetransmitTicks = 0;
        rackRttNanos = 0;
        reorderRoundOpen = false;
        tailProbe = false;
        tailProbeAgain = false;
        tailProbeDue = false;
        earlyDeadline = Tcb.NO_DEADLINE;
        earlyIsProbe = false;
        prrDelivered = 0;
        prrOut = 0;
        prrFlightSize = 0;
        cubicMaxBefore = 0;
        cubicPrior = 0;
        cubicK = 0;
        cubicRenoEstimate = 0;
        cubicFraction = 0;
    }
}
