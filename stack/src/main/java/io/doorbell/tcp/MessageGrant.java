package io.doorbell.tcp;

import io.doorbell.grant.GrantBlock;
import io.doorbell.grant.GrantedMessage;
import io.doorbell.grant.LeaseTerms;
import io.doorbell.link.Link;

/**
 * The owner's side of a granted message: an engine may complete a {@link PartialMessage} that is open. The message keeps
 * its place in the stream, and everything else on the connection goes on. Until the engine has completed it, which it does
 * as a whole or not at all, it is the owner's: when the right has come back or was taken, he completes it himself.
 *
 * <p>It belongs to the stack's thread, but for {@link #engine}, whose result is the engine's.
 */
public final class MessageGrant {
    final Tcb connection;
    final PartialMessage message;
    final GrantBlock block;
    final LeaseTerms terms = new LeaseTerms();
    /** The block's number in what other processes see, {@link GrantMemory#PRIVATE} if they do not. */
    final int place;
    /** The slot's address in the region, and how many bytes are to leave from there. */
    final long slot;
    final int total;
    private final MessageDelegation delegation;
    boolean recalled;
    boolean over;
    boolean completed;
    boolean handedOut;
    boolean engineEnded;
    boolean released;
    long recallDeadline = Tcb.NO_DEADLINE;
    /** What was shown last. */
    long answer = -1;
    long limit;
    int echo;
    /** When it was last looked for what the engine has published. */
    long lookedNanos;

    MessageGrant(MessageDelegation delegation, PartialMessage message, GrantBlock block, int place, long slot, int total) {
        this.delegation = delegation;
        this.connection = message.connection;
        this.message = message;
        this.block = block;
        this.place = place;
        this.slot = slot;
        this.total = total;
    }

    /**
     * The engine's side, for a thread of this process. Only one thread may use it, the one that owns {@code link}.
     *
     * @param link the engine's own, to the same network as the stack's
     * @throws IllegalStateException    if the engine's link has no free frame, another engine has or had this grant, or it is
     *                                  over
     * @throws IllegalArgumentException if another process has damaged what an engine is told; the right is given back then
     */
    public GrantedMessage engine(Link link) {
        return delegation.engine(this, link);
    }

    /**
     * The process whose engine has this grant; 0 if none has it yet, or if the link has nothing that other processes see.
     * When that process ends, tell it with {@link #engineEnded}.
     */
    public int claimedBy() {
        return delegation.claimedBy(this);
    }

    /** Whether the message was completed, or the right has come back, was taken, or has ended with the connection. */
    public boolean isOver() {
        return over;
    }

    /** Whether the engine has completed the message, as of the last poll. */
    public boolean isCompleted() {
        return completed;
    }

    /** Asks for the right back. If the engine has neither completed the message nor returned it by then, it is fenced. */
    public void recall(long deadlineNanos) {
        delegation.recall(this, deadlineNanos);
    }

    /**
     * Takes the right away now. Either the engine has completed the message by this instant, or it never will:
     * {@link #isCompleted} tells, and {@link PartialMessage#isOpen}.
     */
    public void fence() {
        delegation.fence(this);
    }

    /**
     * The engine's thread or process does not exist any more, or will never use its side again. Takes the right away, and
     * the grant's frame goes back to the pool.
     */
    public void engineEnded() {
        delegation.fence(this);
        engineEnded = true;
    }

    /** The message is open no more. */
    void messageClosed() {
        delegation.ended(this);
    }
}
