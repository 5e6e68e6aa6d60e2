package io.doorbell.tcp;

/** The states of RFC 9293 section 3.3.2. LISTEN is a {@link ListenPort} and TIME-WAIT a row of
 * {@link TimeWaitTable}: for their users, connections in TIME-WAIT are closed. */
public enum TcpState {
    CLOSED,
    SYN_SENT,
    SYN_RECEIVED,
    ESTABLISHED,
    FIN_WAIT_1,
    FIN_WAIT_2,
    CLOSE_WAIT,
    CLOSING,
    LAST_ACK;

    /** Whether both sides know each other's sequence numbers (RFC 9293 section 3.5.2, group 3). */
    boolean isSynchronized() {
        return ordinal() >= ESTABLISHED.ordinal();
    }

    /** Whether the peer may still send data. */
    boolean receives() {
        return this == ESTABLISHED || this == FIN_WAIT_1 || this == FIN_WAIT_2;
    }

    /** Whether the user may still send data. */
    boolean sends() {
        return this == ESTABLISHED || this == CLOSE_WAIT;
    }
}
