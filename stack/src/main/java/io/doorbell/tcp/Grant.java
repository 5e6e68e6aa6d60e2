package io.doorbell.tcp;

import io.doorbell.grant.GrantBlock;
import io.doorbell.grant.GrantedSender;
import io.doorbell.grant.GrantedTemplate;
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
public final class Grant extends GrantedRight {
    static final long[] NO_FRAMES = {};

    final GrantOptions options;
    /** What the owner has prepared for the engine, and the frames in which it lies for another process. */
    final PackedTemplate[] templates;
    long[] templateFrames = NO_FRAMES;
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
    long probeDeadline = Tcb.NO_DEADLINE;
    long probeWaitNanos;
    /** The newest clock that the engine has put into timestamps. */
    int lastClock;
    long sentBytes;

    Grant(Delegation delegation, Tcb connection, GrantOptions options, GrantBlock block, int place,
          PackedTemplate... templates) {
        super(delegation.rights, connection, block, place);
        this.delegation = delegation;
        this.options = options;
        this.templates = templates;
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
        delegation.rights.handOut(this);
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

    void connectionEnded() {
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
        return GrantSpace.frames(this) + templateFrames.length;
    }

    @Override
    long deadlineNanos(long collectNanos) {
        return rest > 0 ? Math.min(collectNanos, probeDeadline) : probeDeadline;
    }
}
