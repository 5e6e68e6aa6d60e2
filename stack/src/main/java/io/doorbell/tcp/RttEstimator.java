package io.doorbell.tcp;

/** The round-trip time and the retransmission timeout (RFC 6298). */
final class RttEstimator {
    private final TcpConfig config;
    private final Rack rack;

    RttEstimator(TcpConfig config, Rack rack) {
        this.config = config;
        this.rack = rack;
    }

    void start(Tcb c) {
        c.rtoNanos = config.initialRtoNanos();
    }

    /** RFC 6298 sections 2.2, 2.3 and 2.4: one sample of a segment that was sent once (Karn's rule is the caller's). */
    void sample(Tcb c, long rttNanos, long now) {
        long rtt = Math.max(1, rttNanos);
        rack.sample(c, rtt, now);
        if (c.flight != null) {
            c.congestion().sample(c, rtt, now);
        }
        if (c.srttNanos == 0) {
            c.srttNanos = rtt;
            c.rttvarNanos = rtt / 2;
        } else {
            c.rttvarNanos += (Math.abs(c.srttNanos - rtt) - c.rttvarNanos) / 4;
            c.srttNanos += (rtt - c.srttNanos) / 8;
        }
        restore(c);
    }

    /** The RTO as the estimate gives it: undoes {@link #backOff} when new data was acknowledged. */
    void restore(Tcb c) {
        if (c.srttNanos == 0) {
            c.rtoNanos = config.initialRtoNanos();
        } else {
            c.rtoNanos = bound(c.srttNanos + Math.max(1_000, 4 * c.rttvarNanos));
        }
    }

    /** RFC 6298 section 5.5. */
    void backOff(Tcb c) {
        c.rtoNanos = Math.min(config.maxRtoNanos(), c.rtoNanos * 2);
    }

    /** RFC 6298 section 5.7: a SYN had to be sent again before any sample was taken. */
    void afterLostSyn(Tcb c) {
        if (c.srttNanos == 0) {
            c.rtoNanos = bound(3 * config.initialRtoNanos());
        }
    }

    private long bound(long rto) {
        return Math.min(config.maxRtoNanos(), Math.max(config.minRtoNanos(), rto));
    }
}
