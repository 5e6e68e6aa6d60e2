package io.doorbell.tcp;

/** Whether connections use Explicit Congestion Notification (RFC 3168); the choices of Linux's {@code tcp_ecn}. */
public enum EcnMode {
    /** Never. */
    OFF,
    /** When the peer's SYN asks for it. */
    PASSIVE,
    /** As {@link #PASSIVE}, and asked for in every SYN that this stack sends. */
    ON
}
