package io.doorbell.tools.demo;

/** What carries a stack's frames. */
public enum LinkKind {
    /** AF_XDP. */
    xdp,
    /** AF_PACKET: works where AF_XDP does not. */
    packet,
    /** A TAP interface: the kernel is at its other end. */
    tap,
    /** A cable in memory between two stacks of this process. */
    pipe
}
