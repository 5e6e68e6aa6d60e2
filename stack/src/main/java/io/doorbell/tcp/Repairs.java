package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;

/** What a connection had to send again, by cause: made when the first such segment leaves, so that most do without. */
final class Repairs {
    /** Found lost by RACK (RFC 8985), by SACK (RFC 6675) or by duplicate ACKs (RFC 5681). */
    int fast;
    /** After a retransmission timeout (RFC 6298), SYNs and FINs included. */
    int timeout;
    /** Tail loss probes that sent old data (RFC 8985 section 7). */
    int probe;
    /** Recoveries that turned out to be a mistake and were undone (RFC 3522, RFC 5682). */
    int undone;

    private Repairs() {
    }

    private static Repairs of(Tcb c) {
        if (c.repairs == null) {
            c.repairs = new Repairs();
        }
        return c.repairs;
    }

    private static void count(Tcb c, Counters counters) {
        c.retransmissions++;
        counters.increment(Counter.TCP_RETRANSMITTED_SEGMENTS);
    }

    /** A segment leaves again because it is deemed lost. */
    static void retransmitted(Tcb c, Counters counters) {
        count(c, counters);
        if (c.flight == null || c.flight.timedOut) {
            of(c).timeout++;
        } else {
            of(c).fast++;
        }
    }

    /** The timer has expired for a segment that no loss recovery keeps. */
    static void timedOut(Tcb c, Counters counters) {
        count(c, counters);
        of(c).timeout++;
    }

    /** A tail loss probe leaves with data that was sent before. */
    static void probed(Tcb c, Counters counters) {
        count(c, counters);
        of(c).probe++;
    }

    /** Nothing was lost after all. */
    static void undone(Tcb c, Counters counters) {
        counters.increment(Counter.TCP_SPURIOUS_RECOVERIES);
        of(c).undone++;
    }
}
