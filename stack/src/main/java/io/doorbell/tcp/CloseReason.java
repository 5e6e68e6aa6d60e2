package io.doorbell.tcp;

/** Why a connection ended. */
public enum CloseReason {
    /** Both sides sent FIN and both FINs were acknowledged. */
    NORMAL,
    /** The peer sent a RST. */
    RESET_BY_PEER,
    /** This side sent a RST: {@code abort()}, or {@code close()} while received bytes were unread or still came in. */
    ABORTED,
    /** The peer answered the SYN with a RST, or a router with a hard ICMP error. */
    REFUSED,
    /** The peer did not answer: within the retransmission limit, the user timeout, or the limit of keepalive. */
    TIMED_OUT,
    /** No route, or the next hop did not answer ARP while the connection was opened. */
    UNREACHABLE,
    /** The stack was closed. */
    STACK_CLOSED
}
