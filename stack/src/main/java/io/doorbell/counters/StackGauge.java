package io.doorbell.counters;

/** What a stack has at the moment, and what its link counts. Brought up to date a few times a second. */
public enum StackGauge {
    /** The stack's address, in the low 32 bits. */
    ADDRESS,
    /** Those in TIME-WAIT included, which have no rows. */
    CONNECTIONS,
    TIME_WAIT,
    HALF_OPEN,
    FRAMES,
    FRAMES_FREE,
    FRAME_BYTES,
    LINK_RX_FRAMES,
    LINK_RX_BYTES,
    LINK_TX_FRAMES,
    LINK_TX_BYTES,
    LINK_DOORBELLS,
    LINK_TX_REFUSED,
    LINK_RX_DROPPED,
    LINK_TX_DROPPED,
    LINK_FILL_RING_EMPTY,
    LINK_TX_RING_EMPTY,
    LINK_INVALID_DESCRIPTORS;

    /** The name as tools print it: {@code link.doorbells}. */
    public String label() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '.');
    }
}
