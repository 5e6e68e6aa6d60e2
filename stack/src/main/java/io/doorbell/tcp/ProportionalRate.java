package io.doorbell.tcp;

/**
 * Proportional Rate Reduction (RFC 6937): during recovery the window sinks to the threshold in step with what is
 * delivered, so that there is neither a burst nor a pause.
 */
final class ProportionalRate {
    private ProportionalRate() {
    }

    static void start(Tcb c, int flightSize) {
        c.flight.prrDelivered = 0;
        c.flight.prrOut = 0;
        c.flight.prrFlightSize = Math.max(1, flightSize);
    }

    /**
     * An ACK in recovery.
     *
     * @param delivered bytes that it acknowledged or reported for the first time
     * @param progress  whether it moved SND.UNA and nothing more was found lost: the slow-start variant of the bound
     */
    static void acknowledged(Tcb c, int delivered, boolean progress) {
        c.flight.prrDelivered += delivered;
        long sendable;
        if (c.flight.inFlight > c.ssthresh) {
            sendable = ((long) c.flight.prrDelivered * c.ssthresh + c.flight.prrFlightSize - 1) / c.flight.prrFlightSize - c.flight.prrOut;
        } else {
            long limit = progress
                    ? Math.max(c.flight.prrDelivered - c.flight.prrOut, delivered) + c.mss
                    : c.flight.prrDelivered - c.flight.prrOut;
            sendable = Math.min(c.ssthresh - c.flight.inFlight, limit);
        }
        if (c.flight.prrOut == 0) {
            // The first retransmission is never held back.
            sendable = Math.max(sendable, c.mss);
        }
        c.cwnd = (int) Math.min(c.flight.inFlight + Math.max(0, sendable), 1 << 30);
    }
}
