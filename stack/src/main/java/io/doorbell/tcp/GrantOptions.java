package io.doorbell.tcp;

import io.doorbell.grant.GrantBlock;

/**
 * What a grant is like.
 *
 * @param bytes            the allowance: what the engine may send without asking; with {@code renewed}, what is granted
 *                         ahead of it again and again
 * @param segments         the most segments that may be published and not yet seen by the stack's poll, and the longest
 *                         message; a power of two, each takes a frame of the stack's link
 * @param renewed          whether the engine may ask for more, near the end of its allowance
 * @param ownerSends       what becomes of sends by the connection's owner meanwhile
 * @param closeRecallNanos what a close of the owner does: negative, it waits for the right to come back; otherwise it
 *                         recalls it, and fences the engine after that time
 */
public record GrantOptions(int bytes, int segments, boolean renewed, OwnerSends ownerSends, long closeRecallNanos) {
    private static final int SEGMENTS = 64;

    public GrantOptions {
        if (bytes < 1) {
            throw new IllegalArgumentException("a grant of " + bytes + " bytes: give at least 1");
        }
        if (segments < 2 || segments > GrantBlock.MOST_SLOTS || Integer.bitCount(segments) != 1) {
            throw new IllegalArgumentException(segments + " segments: give a power of two from 2 to " + GrantBlock.MOST_SLOTS);
        }
    }

    /** Renewed, 64 segments; the owner's sends wait, and so does a close. */
    public static GrantOptions of(int bytes) {
        return new GrantOptions(bytes, SEGMENTS, true, OwnerSends.WAIT, -1);
    }

    /** See {@link #segments}. */
    public GrantOptions withSegments(int count) {
        return new GrantOptions(bytes, count, renewed, ownerSends, closeRecallNanos);
    }

    /** So many bytes and no more. */
    public GrantOptions once() {
        return new GrantOptions(bytes, segments, false, ownerSends, closeRecallNanos);
    }

    /** See {@link #ownerSends}. */
    public GrantOptions withOwnerSends(OwnerSends sends) {
        return new GrantOptions(bytes, segments, renewed, sends, closeRecallNanos);
    }

    /** See {@link #closeRecallNanos}. */
    public GrantOptions withCloseRecall(long nanos) {
        return new GrantOptions(bytes, segments, renewed, ownerSends, nanos);
    }
}
