package io.doorbell.tcp;

/**
 * How much may be out: slow start and congestion avoidance (RFC 5681), in bytes. Which bytes are lost is decided by
 * {@link LossRecovery}, which tells this class what it found.
 */
final class CongestionControl {
    /** The most that one ACK adds in slow start, in segments (RFC 9406 section 4.2 for senders that do not pace). */
    private static final int SLOW_START_LIMIT = 8;

    private final TcpConfig config;

    CongestionControl(TcpConfig config) {
        this.config = config;
    }

    /**
     * RFC 6928 section 2: min(10 segments, max(2 segments, 14600 bytes)); one segment if the SYN had to be sent again
     * (RFC 5681 section 3.1).
     */
    void start(Tcb c, boolean synWasLost) {
        c.cwnd = synWasLost ? c.mss : initialWindow(c);
        c.ssthresh = Integer.MAX_VALUE;
        c.ackedInAvoidance = 0;
    }

    private int initialWindow(Tcb c) {
        int segments = config.initialWindowSegments();
        return Math.min(segments * c.mss, Math.max(2 * c.mss, segments * 1460));
    }

    /**
     * New data was acknowledged outside of recovery.
     *
     * @param inFlightBefore bytes that were out before the ACK: the window grows only if it was what limited sending
     */
    void acknowledged(Tcb c, int bytes, int inFlightBefore) {
        if (c.cwnd < c.ssthresh) {
            if (2L * inFlightBefore >= c.cwnd) {
                grow(c, Math.min(bytes, SLOW_START_LIMIT * c.mss));
            }
        } else if (inFlightBefore + c.mss >= c.cwnd) {
            // RFC 3465 section 2.1: one segment for each window's worth of acknowledged bytes.
            c.ackedInAvoidance += bytes;
            if (c.ackedInAvoidance >= c.cwnd) {
                c.ackedInAvoidance -= c.cwnd;
                grow(c, c.mss);
            }
        }
    }

    private void grow(Tcb c, int bytes) {
        c.cwnd = (int) Math.min((long) c.cwnd + bytes, 1 << 30);
    }

    /** RFC 5681 section 3.2 step 2, equation 4. */
    void enterRecovery(Tcb c, int flightSize) {
        c.ssthresh = Math.max(flightSize / 2, 2 * c.mss);
        c.cwnd = c.ssthresh;
        c.ackedInAvoidance = 0;
    }

    /** RFC 6582 section 3.2 step 3, full acknowledgment, option 1: no burst when little is out. */
    void exitRecovery(Tcb c, int flightSize) {
        c.cwnd = Math.min(c.ssthresh, Math.max(flightSize, c.mss) + c.mss);
    }

    /** RFC 5681 section 3.1: the loss window; the threshold is lowered only by the first timeout of a segment. */
    void timedOut(Tcb c, int flightSize, boolean again) {
        if (!again) {
            c.ssthresh = Math.max(flightSize / 2, 2 * c.mss);
        }
        c.cwnd = c.mss;
        c.ackedInAvoidance = 0;
    }

    /** RFC 5681 section 4.1: a window that was not used for one RTO says nothing of the path any more. */
    void restartAfterIdle(Tcb c) {
        c.cwnd = Math.min(c.cwnd, initialWindow(c));
    }
}
