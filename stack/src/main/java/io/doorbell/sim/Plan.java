package io.doorbell.sim;

import java.util.SplittableRandom;

/**
 * What one end of a connection is going to do.
 *
 * @param seed         of the choices that it makes on the way
 * @param bytes        how much it sends
 * @param writeBytes   the most bytes of one send
 * @param thinkNanos   how long it pauses between sends at times, 0 for never
 * @param reading      how it takes what comes
 * @param readNanos    how long a slow reader waits before it takes more
 * @param ending       how it ends
 * @param endsAfter    {@link Ending#ABORT}: after so many bytes, sent and received together
 * @param unusual      whether it also sends templates and partial messages, and rehearses
 * @param grants       how often it grants an engine the right to transmit, at most
 */
record Plan(long seed, int bytes, int writeBytes, long thinkNanos, Reading reading, long readNanos, Ending ending,
            int endsAfter, boolean unusual, int grants) {
    private static final long MILLISECOND = 1_000_000L;

    /** How an application takes its bytes. */
    enum Reading {
        /** All at once, as they come. */
        EAGER,
        /** At times a part; the rest is offered again after a while. */
        PARTLY,
        /** Nothing as it comes; from time to time it reads what has gathered. */
        BY_READ
    }

    /** How an application ends its connection. */
    enum Ending {
        /** It closes its output when it has sent all, and goes on reading until the peer has sent all. */
        HALF_CLOSE,
        /** It closes when it has sent all, whatever the peer still sends. */
        CLOSE,
        /** It aborts. */
        ABORT
    }

    /**
     * @param most  bytes that one end sends
     * @param sends decides what kinds of sends there are
     * @param grants how often this end makes a grant
     */
    static Plan draw(SplittableRandom random, int most, SplittableRandom sends, int grants) {
        int bytes = random.nextInt(8) == 0 ? 0 : logUniform(random, 1, most);
        int write = logUniform(random, 1, 16_384);
        Reading reading = switch (random.nextInt(4)) {
            case 0 -> Reading.PARTLY;
            case 1 -> Reading.BY_READ;
            default -> Reading.EAGER;
        };
        Ending ending = switch (random.nextInt(12)) {
            case 0 -> Ending.CLOSE;
            case 1 -> Ending.ABORT;
            default -> Ending.HALF_CLOSE;
        };
        // Not so many tiny sends that the run becomes one of them alone.
        int least = Math.max(1, bytes / 400);
        return new Plan(random.nextLong(), bytes, Math.max(least, write),
                random.nextInt(4) == 0 ? 1 + random.nextLong(300 * MILLISECOND) : 0, reading,
                1 + random.nextLong(random.nextInt(8) == 0 ? 5_000 * MILLISECOND : 50 * MILLISECOND), ending,
                random.nextInt(2 * most), sends.nextBoolean(), grants);
    }

    static int logUniform(SplittableRandom random, int low, int high) {
        return (int) Math.min(high, low * Math.pow((double) high / low, random.nextDouble()) + 0.5);
    }

    /** Whether this end takes all that the other one sends, if that one also ends in order. */
    boolean endsInOrder(Plan other) {
        return ending == Ending.HALF_CLOSE || ending == Ending.CLOSE && other.bytes == 0 && other.grants == 0;
    }
}
