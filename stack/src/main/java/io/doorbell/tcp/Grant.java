package io.doorbell.tcp;

import io.doorbell.grant.GrantBlock;
import io.doorbell.grant.GrantedSender;
import io.doorbell.grant.GrantedTemplate;
import io.doorbell.grant.LeaseTerms;
import io.doorbell.grant.PackedTemplate;
import io.doorbell.link.Link;

/**
 * The owner's side of a grant: an engine may transmit on a connection, until it gives that right back or it is taken from
 * it. The connection stays where it is: the stack receives, acknowledges, retransmits and controls congestion, also for
 * what the engine sends.
 *
 * <p>It belongs to the stack's thread, but for {@link #sender}, whose result is the engine's. Its frames come back when
 * the engine has let go of them: after {@link GrantedSender#giveBack}, or when it has seen that the right was taken, or
 * when its owner vouches for its end ({@link #engineEnded}).
 */
public final class Grant {
    final Tcb connection;
    static final long[] NO_FRAMES = {};

    final GrantOptions options;
    /** What the owner has prepared for the engine, and the frames in which it lies for another process. */
    final PackedTemplate[] templates;
    long[] templateFrames = NO_FRAMES;
    final GrantBlock block;
    final LeaseTerms terms = new LeaseTerms();
    /** The block's number in what other processes see, {@link GrantMemory#PRIVATE} if they do not. */
    final int place;
    private final Delegation delegation;

    /** Addresses of the slots' payload, from {@link #collected} to {@link #held}. */
    final long[] payload;
    final int mask;
    /** Slots that are in the send space, and slots that have a frame, both counted from the grant's beginning. */
    int collected;
    int held;
    /** Payload of the slot that is collected next. */
    int nextBytes;
    /** Bytes of sequence space that are reserved and not published; they are one record of the send queue. */
    int rest;
    int placeholder = Tcb.NONE;
    /** The sequence number that the engine goes on with. */
    int position;
    /** How many bytes are wished to be granted ahead. */
    int target;
    int asksSeen;
    /** The engine has asked and got nothing since. */
    boolean wanting;
    /** Bytes of a message that waits for its allowance, 0 if none does. */
    int waitingBytes;
    GrantLimit limitedBy = GrantLimit.NONE;
    boolean recalled;
    boolean over;
    boolean handedOut;
    boolean engineEnded;
    /** The block is not this grant's any more. */
    boolean released;
    long recallDeadline = Tcb.NO_DEADLINE;
    long probeDeadline = Tcb.NO_DEADLINE;
    long probeWaitNanos;
    /** What was shown last. */
    long answer = -1;
    long limit;
    int echo;
    /** When it was last looked for what the engine has published. */
    long lookedNanos;
    /** The newest clock that the engine has put into timestamps. */
    int lastClock;
    long sentBytes;

    Grant(Delegation delegation, Tcb connection, GrantOptions options, GrantBlock block, int place,
          PackedTemplate... templates) {
        this.delegation = delegation;
        this.connection = connection;
        this.options = options;
        this.block = block;
        this.templates = templates;
        this.place = place;
        this.payload = new long[block.slots()];
        this.mask = block.slots() - 1;
        this.target = options.bytes();
    }

    /**
     * The engine's side, for a thread of this process, with the templates that came with the grant
     * ({@link GrantedSender#prepared}). Only one thread may use it, the one that owns {@code link}.
     *
     * @param link the engine's own, to the same network as the stack's
     * @throws IllegalStateException if the engine's link has too few frames; where other processes see grants, also if one
     *                               of them has this one, or if it is over
     */
    public GrantedSender sender(Link link) {
        delegation.handOut(this);
        GrantedSender sender = new GrantedSender(block, delegation.region(), 0, link);
        for (PackedTemplate template : templates) {
            template.copyTo(sender.prepare(template.length()));
        }
        return sender;
    }

    /**
     * {@link #sender(Link)} with templates that the owner has prepared: {@link GrantedSender#prepared} has one for each, in
     * the same order. The bytes that a template has now are copied and known for good; the others are holes. A set-up
     * call, on the stack's thread, before the engine begins; the owner's own templates stay as they are.
     *
     * @throws IllegalStateException if the engine's link has too few frames
     */
    public GrantedSender sender(Link link, MessageTemplate... templates) {
        GrantedSender sender = sender(link);
        for (MessageTemplate template : templates) {
            GrantedTemplate copy = sender.prepare(template.length);
            template.copyTo(copy);
        }
        return sender;
    }

    /**
     * The process whose engine has this grant; 0 if none has it yet, or if the link has nothing that other processes see.
     * When that process ends, tell it with {@link #engineEnded}.
     */
    public int claimedBy() {
        return delegation.claimedBy(this);
    }

    /** Bytes that are granted and were not sent yet, as of the last poll. */
    public int granted() {
        return rest;
    }

    /** Why it is not more, as of the last poll. */
    public GrantLimit limitedBy() {
        return limitedBy;
    }

    /** Bytes that the engine has sent, as of the last poll. */
    public long sentBytes() {
        return sentBytes;
    }

    /** Whether the right has come back, was taken, or has ended with the connection. */
    public boolean isOver() {
        return over;
    }

    /**
     * Asks for the right back. The engine is told by the result codes of its next calls, may finish what it began, and
     * returns the rest; if it has not by {@code deadlineNanos}, it is fenced.
     */
    public void recall(long deadlineNanos) {
        delegation.recall(this, deadlineNanos);
    }

    /** Takes the right away now. What was published until this instant is sent; nothing else ever will be. */
    public void fence() {
        delegation.fence(this);
    }

    void connectionEnded() {
        delegation.ended(this);
    }

    /**
     * The engine's thread or process does not exist any more, or will never use its sender again: a dead engine cannot
     * say so itself. Takes the right away, and the grant's frames go back to the pool.
     */
    public void engineEnded() {
        delegation.fence(this);
        engineEnded = true;
    }
}
