package io.doorbell.counters;

/**
 * What a connection's row tells, in the order of its slots: 64 bits each. Sequence numbers are raw 32-bit values,
 * times nanoseconds of the stack's clock, sizes bytes where the name does not say otherwise.
 */
public enum ConnectionField {
    /** Never given twice by one stack; 0 in a row that is free. */
    ID,
    LOCAL_ADDRESS,
    REMOTE_ADDRESS,
    LOCAL_PORT,
    REMOTE_PORT,
    /** When it got its row. */
    OPENED_NANOS,
    /** 1 if the peer opened it. */
    PASSIVE,
    /** When the row was written. */
    WRITTEN_NANOS,
    /** The ordinal of {@code TcpState}. */
    STATE,
    /** Bits, as {@link ConnectionFlag} orders them. */
    FLAGS,
    /** The ordinal of {@link SendLimit}. */
    LIMIT,

    ISS,
    SND_UNA,
    SND_NXT,
    SND_WND,
    SND_WL1,
    SND_WL2,
    SND_MAX_WND,
    SND_END,
    SND_MSS,
    SND_SCALE,

    IRS,
    RCV_NXT,
    RCV_WND,
    RCV_USER,
    RCV_MSS,
    RCV_SCALE,
    /** Received in order and not taken by the user. */
    UNREAD_BYTES,
    OUT_OF_ORDER_RANGES,
    /** Frames that keep received data. */
    RECEIVE_FRAMES,

    /** The ordinal of {@code CongestionAlgorithm}. */
    CONGESTION_ALGORITHM,
    CWND,
    SSTHRESH,
    /** Sent, not acknowledged and not deemed lost. */
    IN_FLIGHT,
    LOST_SEGMENTS,
    SACKED_SEGMENTS,
    /** Accepted from the user and not acknowledged, sent or not. */
    SEND_QUEUE,
    SEND_BUFFER,
    /** Partial messages that are open. */
    PARTIAL_MESSAGES,

    SRTT_NANOS,
    RTTVAR_NANOS,
    MIN_RTT_NANOS,
    RTO_NANOS,
    /** Retransmission timeouts in a row. */
    RETRIES,
    RETRANSMISSIONS,
    /** {@link Long#MAX_VALUE} if it does not run. */
    RETRANSMIT_DEADLINE_NANOS,
    ACK_DEADLINE_NANOS,

    /** Of {@link #RETRANSMISSIONS}: what was found lost by RACK, SACK or duplicate ACKs. */
    RETRANSMITTED_FAST,
    /** Of {@link #RETRANSMISSIONS}: after a timeout. */
    RETRANSMITTED_TIMEOUT,
    /** Of {@link #RETRANSMISSIONS}: tail loss probes. */
    RETRANSMITTED_PROBE,
    /** Recoveries that were a mistake and were undone. */
    RECOVERIES_UNDONE,

    /** The ordinal of {@link CongestionPhase}. */
    CONGESTION_PHASE,
    /** CUBIC (RFC 9438): W_max in bytes, 0 if there was no loss yet. */
    CUBIC_W_MAX,
    /** How long an epoch takes to reach W_max again. */
    CUBIC_K_NANOS,
    /** When the epoch began; {@link Long#MAX_VALUE} if none has. */
    CUBIC_EPOCH_NANOS,
    /** W_est in bytes: what Reno would have. */
    CUBIC_W_EST,
    /** NewReno (RFC 5681): acknowledged since the window last grew in congestion avoidance. */
    NEWRENO_ACKED,

    /** Message templates that are open, and their sends: posted at once, and queued as ordinary data. */
    TEMPLATES,
    TEMPLATES_SENT_FAST,
    TEMPLATES_SENT_QUEUED,

    /**
     * The first of the {@link #OUT_OF_ORDER_RANGES} by sequence number: that of the first byte in the high half, that
     * behind the last byte in the low half; 0 if there are fewer ranges.
     */
    OUT_OF_ORDER_1,
    OUT_OF_ORDER_2,
    OUT_OF_ORDER_3,
    OUT_OF_ORDER_4,

    /** What an engine may send under the grant that is out, and what it has sent under it; 0 if there is none. */
    GRANTED_BYTES,
    GRANT_SENT_BYTES,
    /** The ordinal of {@code GrantLimit}: why no more is granted. */
    GRANT_LIMIT;

    /** The name as tools print it: {@code snd.una}. */
    public String label() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '.');
    }
}
