package io.doorbell.sim;

/**
 * What became of one seed.
 *
 * @param seed        which
 * @param violation   what was wrong, null if nothing was
 * @param connections that were opened
 * @param inOrder     of those, how many had to carry both streams to their ends, and did
 * @param bytes       that the applications received
 * @param steps       polls of both stacks
 * @param nanos       of virtual time, until the last connection had ended
 */
public record Outcome(long seed, String violation, int connections, int inOrder, long bytes, long steps, long nanos) {
    /** Whether nothing was wrong. */
    public boolean isClean() {
        return violation == null;
    }
}
