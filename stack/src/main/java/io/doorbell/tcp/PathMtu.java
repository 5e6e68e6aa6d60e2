package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.ip.Clock;
import io.doorbell.link.Link;

/**
 * How much the path to a peer carries, as far as it is less than the link does (RFC 1191, RFC 4821). Routers tell it, or
 * silence does: when full segments are lost again and again, smaller ones are tried. Either way full ones are tried
 * again after a time, because paths change.
 *
 * <p>What a router told is remembered for the destination, too, so that the next connection need not be told again. The
 * memory is small and may forget.
 */
final class PathMtu {
    /** RFC 791: every link carries this much; RFC 1191 section 3: never below. */
    private static final int LEAST_MTU = 68;
    /** RFC 1191 section 7.1: what paths commonly carry, for routers that do not say. */
    private static final int[] PLATEAUS = {32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, LEAST_MTU};
    private static final int FIXED_HEADERS = 40;
    private static final int LEAST_SEGMENT = 8;
    /** No black hole is suspected below: every host takes datagrams of 576 bytes (RFC 1122 section 3.3.3). */
    private static final int LEAST_GUESS = 512;
    /** How long smaller segments are used before a full one is tried at first; twice as long each time it fails. */
    private static final long FIRST_TRIAL_NANOS = 10_000_000_000L;
    private static final int ROWS = 256;
    private static final int HASH_MULTIPLIER = 0x9E37_79B9;

    private final Scoreboard scoreboard;
    private final SegmentTable segments;
    private final TcpConfig config;
    private final Counters counters;
    private final int[] addresses = new int[ROWS];
    private final int[] mtus = new int[ROWS];
    private final long[] untilNanos = new long[ROWS];
    private final Clock clock;

    /** What a connection has to know whose path carries less than full segments; others have none. */
    static final class Narrow {
        /** Payload bytes of a segment before, and of those that get through. */
        private final int fullSize;
        private int size;
        private long untilNanos;
        private long trialNanos;
        /** It was guessed from silence; nobody told. */
        private boolean guessed;

        private Narrow(int fullSize) {
            this.fullSize = fullSize;
        }
    }

    PathMtu(Scoreboard scoreboard, SegmentTable segments, TcpConfig config, Counters counters, Clock clock) {
        this.scoreboard = scoreboard;
        this.segments = segments;
        this.config = config;
        this.counters = counters;
        this.clock = clock;
    }

    private static int row(Tcb c) {
        return c.remoteAddress * HASH_MULTIPLIER >>> 24;
    }

    private static int headers(Tcb c) {
        return FIXED_HEADERS + (c.timestamps ? TcpOptions.TIMESTAMPS_LENGTH : 0);
    }

    /** A connection is established: what is known of its path is used from the first segment on. */
    void start(Tcb c) {
        int row = row(c);
        if (addresses[row] == c.remoteAddress && mtus[row] > 0 && clock.nanos() < untilNanos[row]) {
            int size = mtus[row] - headers(c);
            if (size < c.mss) {
                narrow(c, size, untilNanos[row]);
            }
        }
    }

    /**
     * A router says that a segment was too big (RFC 1191 section 4).
     *
     * @param nextHopMtu 0 if it does not say how big one may be
     * @return whether segments become smaller
     */
    boolean tooBig(Tcb c, int nextHopMtu) {
        int current = c.mss + headers(c);
        int mtu = Math.max(nextHopMtu == 0 ? plateauBelow(current) : nextHopMtu, config.minPathMtu());
        if (mtu >= current) {
            return false;
        }
        long until = clock.nanos() + config.pathMtuAgeNanos();
        int row = row(c);
        addresses[row] = c.remoteAddress;
        mtus[row] = mtu;
        untilNanos[row] = until;
        narrow(c, mtu - headers(c), until);
        c.narrow.guessed = false;
        return true;
    }

    private static int plateauBelow(int mtu) {
        for (int plateau : PLATEAUS) {
            if (plateau < mtu) {
                return plateau;
            }
        }
        return LEAST_MTU;
    }

    private void narrow(Tcb c, int size, long until) {
        if (c.narrow == null) {
            c.narrow = new Narrow(c.mss);
        }
        c.narrow.size = Math.max(size, LEAST_SEGMENT);
        c.narrow.untilNanos = until;
        c.mss = c.narrow.size;
        c.changed();
        for (int segment = c.sendHead; segment != c.sendUnsent; segment = segments.next(segment)) {
            if (segments.length(segment) > c.mss) {
                scoreboard.markLost(c, segment);
            }
        }
    }

    /**
     * The retransmission timer has expired {@code c.retries} times in a row (RFC 4821 section 7.7, RFC 8899 section
     * 4.3): if it is because the segments are too big, and no router says so, smaller ones get through.
     */
    void timeout(Tcb c) {
        if (!config.blackHoleDetection() || c.sendHead == Tcb.NONE) {
            return;
        }
        Narrow narrow = c.narrow;
        boolean trialFailed = narrow != null && narrow.guessed && c.mss > narrow.size;
        if (!trialFailed && c.retries < config.pathRetries()) {
            return;
        }
        int guess = c.mss > config.baseSegmentSize() ? config.baseSegmentSize() : c.mss / 2;
        int size = trialFailed ? narrow.size : Math.max(guess, LEAST_GUESS);
        if (size >= c.mss || segments.length(c.sendHead) <= size) {
            return;
        }
        counters.increment(Counter.TCP_BLACK_HOLES);
        narrow(c, size, Link.NEVER);
        narrow = c.narrow;
        narrow.trialNanos = !trialFailed ? FIRST_TRIAL_NANOS : Math.min(config.pathMtuAgeNanos(), 2 * narrow.trialNanos);
        narrow.untilNanos = clock.nanos() + narrow.trialNanos;
        narrow.guessed = true;
    }

    /** New data is about to be cut into segments: full ones again, if it is time to try (RFC 1191 section 6.3). */
    void age(Tcb c) {
        Narrow narrow = c.narrow;
        if (narrow == null || clock.nanos() < narrow.untilNanos) {
            return;
        }
        boolean trialPassed = c.mss > narrow.size;
        if (!trialPassed) {
            counters.increment(Counter.TCP_PATH_TRIALS);
            c.mss = narrow.fullSize;
            narrow.untilNanos = clock.nanos() + FIRST_TRIAL_NANOS;
        }
        if (trialPassed || !narrow.guessed) {
            c.narrow = null;
        }
    }
}
