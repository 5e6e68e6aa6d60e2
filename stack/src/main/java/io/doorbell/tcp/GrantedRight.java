package io.doorbell.tcp;

import io.doorbell.grant.GrantBlock;
import io.doorbell.grant.LeaseTerms;

/**
 * The owner's side of a right that an engine was granted: to transmit on a connection ({@link Grant}), or to complete a
 * message of one ({@link MessageGrant}). It ends when the engine gives it back, or when it is taken away, which never waits
 * for the engine.
 */
public abstract sealed class GrantedRight permits Grant, MessageGrant {
    /** How much later than the running duty cycle began a segment may have been sent that is acknowledged within it. */
    private static final long LAG_NANOS = 10_000;
    private static final int MOST_TICKS_AHEAD = 1 << 16;

    final Tcb connection;
    final GrantBlock block;
    final LeaseTerms terms = new LeaseTerms();
    /** The block's number in what other processes see, {@link GrantMemory#PRIVATE} if they do not. */
    final int place;
    private final EngineRights rights;
    boolean recalled;
    boolean over;
    boolean handedOut;
    boolean engineEnded;
    /** The block is not this right's any more. */
    boolean released;
    long recallDeadline = Tcb.NO_DEADLINE;
    /** What was shown last. */
    long answer = -1;
    long limit;
    int echo;
    /** When it was last looked for what the engine has published. */
    long lookedNanos;

    GrantedRight(EngineRights rights, Tcb connection, GrantBlock block, int place) {
        this.rights = rights;
        this.connection = connection;
        this.block = block;
        this.place = place;
    }

    /**
     * The process whose engine has this grant; 0 if none has it yet, or if the link has nothing that other processes see.
     * When that process ends, tell it with {@link #engineEnded}.
     */
    public final int claimedBy() {
        return rights.claimedBy(this);
    }

    /**
     * Whether the right has come back, was taken, or has ended with the connection; that of a message is over, too, when it
     * was completed.
     */
    public final boolean isOver() {
        return over;
    }

    /**
     * Asks for the right back. The engine is told by the result codes of its next calls, may finish what it began, and
     * returns the rest; if it has not by {@code deadlineNanos}, it is fenced.
     */
    public final void recall(long deadlineNanos) {
        rights.recall(this, deadlineNanos);
    }

    /** Takes the right away now. What was published until this instant is sent; nothing else ever will be. */
    public final void fence() {
        rights.fence(this);
    }

    /**
     * The engine's thread or process does not exist any more, or will never use its side again: a dead engine cannot say
     * so itself. Takes the right away, and the grant's frames go back to the pool.
     */
    public final void engineEnded() {
        rights.fence(this);
        engineEnded = true;
    }

    // ---- what differs

    /** Takes what was published. */
    abstract void collect();

    /** The lease follows what has become of the connection, its path and its neighbour. */
    abstract void follow(boolean wasOpen);

    /** The right is over: nothing is published any more. */
    abstract void finish();

    /** The engine will not touch them any more: frames go back that are nobody else's. */
    abstract void reclaim();

    /** Frames that would go back then. */
    abstract int frames();

    /** @param collectNanos when it is to be looked for what was published, if anything can be */
    abstract long deadlineNanos(long collectNanos);

    // ---- what an engine says, as far as it is credible

    /** When a slot left. Nobody had sent it when the stack looked before, whatever time the engine was given. */
    final long sentAtNanos(int slot, long nowNanos) {
        return Math.min(Math.max(lookedNanos, block.sentAtNanos(slot)), nowNanos - LAG_NANOS);
    }

    /** An engine's clock may be ahead of the running duty cycle's, but not by long. */
    static boolean isCredible(int clock, int ownClock) {
        return clock - ownClock <= MOST_TICKS_AHEAD;
    }
}
