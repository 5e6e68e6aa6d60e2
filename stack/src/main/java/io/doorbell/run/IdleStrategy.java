package io.doorbell.run;

import java.util.concurrent.locks.LockSupport;

/** What a runner does while there is nothing to do. */
public enum IdleStrategy {
    /** Never gives the core away: the lowest latency, for a core of its own. */
    SPIN {
        @Override
        public void idle(int idleCycles) {
            Thread.onSpinWait();
        }
    },
    /** Lets others run, and comes back as soon as it may. */
    YIELD {
        @Override
        public void idle(int idleCycles) {
            if (idleCycles < SPINS) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
    },
    /** Spins a little, then sleeps ever longer, up to half a millisecond. */
    PARK {
        @Override
        public void idle(int idleCycles) {
            if (idleCycles < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(Math.min(500_000L, 1_000L << Math.min(9, (idleCycles - SPINS) >>> 6)));
            }
        }
    };

    private static final int SPINS = 256;

    /**
     * Waits a little, in a loop of one's own that has found nothing to do.
     *
     * @param idleCycles how often in a row before
     */
    public abstract void idle(int idleCycles);
}
