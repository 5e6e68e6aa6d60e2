package io.doorbell.tcp;

/** Why no more is granted than is. */
public enum GrantLimit {
    /** All that was wished is granted. */
    NONE,
    PEER_WINDOW,
    CONGESTION_WINDOW,
    /** The bound of what a connection may have unacknowledged. */
    SEND_BUFFER,
    /** Frames of the stack's link. */
    FRAMES,
    /** Data of the owner's goes first. */
    EARLIER_DATA,
    /** The next hop's MAC is not known. */
    NEIGHBOUR,
    /** The right is asked back, or the connection is being closed. */
    CLOSING
}
