package io.doorbell.tcp;

import io.doorbell.grant.GrantBlock;
import io.doorbell.grant.GrantedMessage;
import io.doorbell.link.Link;

/**
 * The owner's side of a granted message: an engine may complete a {@link PartialMessage} that is open. The message keeps
 * its place in the stream, and everything else on the connection goes on. Until the engine has completed it, which it does
 * as a whole or not at all, it is the owner's: when the right has come back or was taken, he completes it himself. From
 * {@link #fence} on it is certain whether the engine has: {@link #isCompleted} tells, and {@link PartialMessage#isOpen}.
 *
 * <p>It belongs to the stack's thread, but for {@link #engine}, whose result is the engine's.
 */
public final class MessageGrant extends GrantedRight {
    final PartialMessage message;
    /** The slot's address in the region, and how many bytes are to leave from there. */
    final long slot;
    final int total;
    private final MessageDelegation delegation;
    boolean completed;

    MessageGrant(MessageDelegation delegation, PartialMessage message, GrantBlock block, int place, long slot, int total) {
        super(delegation.rights, message.connection, block, place);
        this.delegation = delegation;
        this.message = message;
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

    /** Whether the engine has completed the message, as of the last poll. */
    public boolean isCompleted() {
        return completed;
    }

    /** The message is open no more. */
    void messageClosed() {
        delegation.ended(this);
    }

    @Override
    void collect() {
        delegation.collect(this);
    }

    @Override
    void follow(boolean wasOpen) {
        delegation.follow(this, wasOpen);
    }

    @Override
    void finish() {
        delegation.finish(this);
    }

    @Override
    void reclaim() {
        delegation.reclaim(this);
    }

    @Override
    int frames() {
        return 1;
    }

    @Override
    long deadlineNanos(long collectNanos) {
        return collectNanos;
    }
}
