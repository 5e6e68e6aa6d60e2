package io.doorbell.tcp;

/** Arithmetic on the congestion window that all algorithms share. */
final class CongestionWindow {
    /** The most that one ACK adds in slow start, in segments (RFC 9406 section 4.2 for senders that do not pace). */
    private static final int SLOW_START_LIMIT = 8;

    private CongestionWindow() {
    }

    /** RFC 6928 section 2: min(10 segments, max(2 segments, 14600 bytes)), for any number of segments. */
    static int initial(Tcb c, int segments) {
        return Math.min(segments * c.mss, Math.max(2 * c.mss, segments * 1460));
    }

    /** RFC 5681 section 3.1 with the limit of RFC 9406: bytes acknowledged are added, up to the threshold. */
    static void slowStart(Tcb c, int bytes) {
        grow(c, Math.min(bytes, SLOW_START_LIMIT * c.mss));
    }

    static void grow(Tcb c, int bytes) {
        c.cwnd = (int) Math.min((long) c.cwnd + bytes, 1 << 30);
    }

    /**
     * Whether the window was what limited sending, so that ACKs say something of a larger one (RFC 7661 section 4.3,
     * with Linux's measure: in slow start half of it is enough).
     *
     * @param inFlightBefore bytes that were out before the ACK
     */
    static boolean wasUsed(Tcb c, int inFlightBefore) {
        return c.cwnd < c.ssthresh ? 2L * inFlightBefore >= c.cwnd : inFlightBefore + c.mss >= c.cwnd;
    }
}
