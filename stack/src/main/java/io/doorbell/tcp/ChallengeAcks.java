package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.ip.Clock;

/** The limit on challenge ACKs (RFC 5961 section 7): so many in each second, for the stack as a whole. */
final class ChallengeAcks {
    private static final long SECOND = 1_000_000_000L;

    private final int perSecond;
    private long second = Long.MIN_VALUE;
    private final Clock clock;
    private int left;

    ChallengeAcks(int perSecond, Clock clock) {
        this.perSecond = perSecond;
        this.clock = clock;
    }

    /** Whether one more may be sent; counted either way. */
    boolean allow(Counters counters) {
        long current = Math.floorDiv(clock.nanos(), SECOND);
        if (current != second) {
            second = current;
            left = perSecond;
        }
        if (left == 0) {
            counters.increment(Counter.TCP_CHALLENGE_ACKS_LIMITED);
            return false;
        }
        left--;
        counters.increment(Counter.TCP_CHALLENGE_ACKS);
        return true;
    }
}
