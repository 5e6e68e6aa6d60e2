package io.doorbell.tools.replay;

/** How alike a replay and its capture must be. Each includes those before it. */
public enum Strictness {
    /**
     * The same bytes in both directions and the same end: what the capture acknowledges was delivered, what it sends was
     * sent, and FIN and RST come where they came.
     */
    BYTES,
    /**
     * Whenever the capture acknowledges, the stack has received exactly as much, or had 10 ms before (a host may be slower
     * than its capture), reports the same ranges by SACK, and says so itself within the half second that RFC 9293
     * section 3.8.6.3 allows. It may save ACKs, or send more.
     */
    ACKS,
    /**
     * The same segments in the same order: flags, sequence and acknowledgment numbers, payload, SACK blocks, the SYN's
     * options, and whether the window is closed. Free are PSH, the size of an open window, and times.
     */
    SEGMENTS
}
