package io.doorbell.grant;

import io.doorbell.link.FramePool;
import io.doorbell.link.FrameReceiver;
import io.doorbell.link.Link;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The right to transmit on a connection, in the hands of an engine: a thread, or another process, beside the stack's. It
 * sends on a link of its own, without a lock and without asking the stack, as long as its allowance lasts. The stack goes
 * on to receive, to acknowledge, and to retransmit, also what was sent here.
 *
 * <p>A message is published in the shared block before it is on the wire, by one compare-and-set. So it is either sent,
 * and the stack's from then on, or refused, and never happened, whatever else goes on at the same moment. The engine may
 * stop or die at any instruction.
 *
 * <p>One thread, which also owns the link. No call blocks or allocates. Result codes of sends: {@link #FAST},
 * {@link #FAST_RECALLED}, {@link #QUEUED} if the message was taken; {@link #BACKPRESSURE}, {@link #CLOSED},
 * {@link #FENCED}, {@link #RETURNED}, {@link #OUT_OF_RANGE} if nothing was sent and nothing has changed.
 */
public final class GrantedSender {
    /** Published and posted. */
    public static final int FAST = 0;
    /** Published, but this engine's link was full: the stack sends it, as it would something that was lost. */
    public static final int QUEUED = 1;
    /** As {@link #FAST}; the right is asked back: finish what was begun, then {@link #giveBack}. */
    public static final int FAST_RECALLED = 2;
    /**
     * More than is granted now, or no frame of the engine's link is free. The stack was asked for more, if the grant is
     * one that is renewed: try again.
     */
    public static final int BACKPRESSURE = -1;
    /** The connection sends nothing any more. */
    public static final int CLOSED = -2;
    /** No bytes, more bytes than the source has, or more than a grant has slots for. */
    public static final int OUT_OF_RANGE = -5;
    /** The stack has taken the right away. */
    public static final int FENCED = -7;
    /** The engine has given the right back. */
    public static final int RETURNED = -8;

    /** For {@link #send(MemorySegment, long, int, long, int)}: do everything but publish and post. */
    public static final int WARM = 1;

    /** How often a send looks again after the stack changed the lease under it. */
    private static final int ATTEMPTS = 4;
    private static final FrameReceiver NOBODY = (memory, offset, length) -> { };
    private static final long NO_GENERATION = -1;

    final GrantBlock block;
    final LeaseTerms terms = new LeaseTerms();
    final Link link;
    final FramePool frames;
    private final MemorySegment region;
    private final long regionBase;
    private final SegmentForm form;
    private final List<GrantedTemplate> prepared = new ArrayList<>();
    private final long[] formed;
    private final int[] formedBytes;
    private long generation = NO_GENERATION;
    private long control;
    private int seq;
    private int slot;
    private int endSeq;
    private int endSlot;
    private int asks;
    private long askedAt = -1;
    private int askedFor;
    /** The code that ended this grant for the engine: the block may be another grant's meanwhile. */
    private int ended;

    /**
     * @param region     where the slots' payload lies, as this engine sees it
     * @param regionBase the address in the stack's region of {@code region}'s first byte
     * @param link       the engine's own, to the same network as the stack's
     */
    public GrantedSender(GrantBlock block, MemorySegment region, long regionBase, Link link) {
        this.block = block;
        this.region = region;
        this.regionBase = regionBase;
        this.link = link;
        this.frames = link.frames();
        this.form = new SegmentForm(frames.memory(), terms);
        this.formed = new long[block.slots()];
        this.formedBytes = new int[block.slots()];
    }

    /** {@link #send(MemorySegment, long, int, long, int)} without flags. */
    public int send(MemorySegment source, long offset, int length, long nowNanos) {
        return send(source, offset, length, nowNanos, 0);
    }

    /**
     * Sends a message, all of it or nothing, in as many segments as it needs, with one doorbell. The bytes are copied.
     *
     * @param nowNanos the time, of the clock that the stack's {@code poll} is given
     * @param flags    {@link #WARM} or 0
     */
    public int send(MemorySegment source, long offset, int length, long nowNanos, int flags) {
        if (length < 1 || offset < 0 || length > source.byteSize() - offset) {
            return OUT_OF_RANGE;
        }
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            int code = ready(length);
            if (code != FAST) {
                return code;
            }
            int count = form(source, offset, length, nowNanos);
            if ((flags & WARM) != 0) {
                return rehearse(count, nowNanos);
            }
            if (publish(count, length)) {
                return post(count, nowNanos);
            }
            release(count);
        }
        return BACKPRESSURE;
    }

    /**
     * Prepares a message of which the last bytes are still unknown. A set-up call: it takes a frame of the engine's link.
     *
     * @return null if none is free
     */
    public GrantedTemplate template(int length) {
        if (length < 1) {
            throw new IllegalArgumentException("a template of " + length + " bytes: give at least 1");
        }
        if (length > GrantedTemplate.mostInFrame(frames)) {
            return new GrantedTemplate(this, frames, FramePool.NONE, length);
        }
        long frame = frames.allocate();
        return frame == FramePool.NONE ? null : new GrantedTemplate(this, frames, frame, length);
    }

    /** One of the templates that came with the grant, in the order in which the owner gave them. */
    public GrantedTemplate prepared(int number) {
        return prepared.get(number);
    }

    /**
     * Adds to what the grant brings along; for the owner, before the engine begins.
     *
     * @throws IllegalStateException if the engine's link has too few frames
     */
    public GrantedTemplate prepare(int length) {
        GrantedTemplate template = template(length);
        if (template == null) {
            throw new IllegalStateException("the engine's link has no free frame for another template: give it more");
        }
        prepared.add(template);
        return template;
    }

    /**
     * Prepares the templates that came with a grant of another process.
     *
     * @param first the first one's address in the stack's region, {@link GrantDirectory#NO_TEMPLATE}
     * @throws IllegalArgumentException if they are damaged
     * @throws IllegalStateException    if the engine's link has too few frames
     */
    public void prepareAll(long first) {
        PackedTemplate.prepareAll(this, region, regionBase, first);
    }

    /** Sends from the frame in which the message lies, if it is one segment. */
    int send(GrantedTemplate t, long nowNanos, int flags) {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            int code = ready(t.length);
            if (code != FAST) {
                return code;
            }
            if (t.length > terms.mss || t.frame == FramePool.NONE) {
                return send(t.memory, t.at, t.length, nowNanos, flags);
            }
            form(t, nowNanos);
            frames.hold(t.frame);
            if ((flags & WARM) != 0) {
                return rehearse(1, nowNanos);
            }
            if (publish(1, t.length)) {
                long left = t.frame;
                int result = post(1, nowNanos);
                t.moveTo(frames.allocate());
                frames.release(left);
                return result;
            }
            release(1);
        }
        return BACKPRESSURE;
    }

    /** Bytes that may be sent now without asking; 0 if there are none for whatever reason. */
    public int allowance() {
        return lease() == FAST ? endSeq - seq : 0;
    }

    /** Whether the stack or its user wants the right back. Sends go on until it is fenced. */
    public boolean isRecalled() {
        return ended == 0 && block.isRecalled();
    }

    /** Asks for an allowance of so many bytes ahead; the stack gives it in a later poll, as windows open. */
    public void request(int bytes) {
        if (ended != 0) {
            return;
        }
        asks++;
        block.ask(asks, Math.max(0, bytes), false);
    }

    /** Gives the right and what was not used of it back. Idempotent. */
    public void giveBack() {
        if (ended != 0) {
            return;
        }
        long now = block.control();
        while (isHeld(GrantBlock.state(now)) && !block.change(now,
                GrantBlock.control(GrantBlock.generation(now), GrantBlock.RETURNED, GrantBlock.published(now)))) {
            now = block.control();
        }
        ended = isHeld(GrantBlock.state(now)) ? RETURNED : refusal(GrantBlock.state(now));
        block.letGo();
    }

    private static boolean isHeld(int state) {
        return state == GrantBlock.OPEN || state == GrantBlock.SUSPENDED;
    }

    // ---- the steps of a send

    /** What the grant says at this moment: {@link #FAST} if bytes may be sent under it. */
    private int lease() {
        if (ended != 0) {
            return ended;
        }
        control = block.control();
        int state = GrantBlock.state(control);
        if (state != GrantBlock.OPEN) {
            return refusal(state);
        }
        if (GrantBlock.generation(control) != generation) {
            block.readLease(terms);
            generation = GrantBlock.generation(control);
            // The same limit again may be another one: what was asked before may have come to nothing.
            askedAt = -1;
            seq = terms.seq;
            slot = GrantBlock.published(control);
        }
        long limit = block.limit();
        endSeq = (int) limit;
        endSlot = (int) (limit >>> 32);
        return FAST;
    }

    private int refusal(int state) {
        switch (state) {
            case GrantBlock.SUSPENDED -> {
                return BACKPRESSURE;
            }
            case GrantBlock.RETURNED -> {
                return RETURNED;
            }
            default -> {
                ended = state == GrantBlock.FENCED ? FENCED : CLOSED;
                block.letGo();
                return ended;
            }
        }
    }

    /** Whether {@code length} bytes may be sent now. What is wrong with the lease is noticed when it is published. */
    int ready(int length) {
        int code = lease();
        if (code != FAST) {
            return code;
        }
        int mss = terms.mss;
        int count = length <= mss ? 1 : (length + mss - 1) / mss;
        if (count >= block.slots()) {
            return OUT_OF_RANGE;
        }
        if (endSeq - seq < length || GrantBlock.slotsBetween(slot, endSlot) < count) {
            renewFor(length);
            return BACKPRESSURE;
        }
        if (frames.available() < count) {
            link.receive(NOBODY, Integer.MAX_VALUE, 0);
        }
        return frames.available() < count ? BACKPRESSURE : FAST;
    }

    /** @return how many segments were formed */
    private int form(MemorySegment source, long offset, int length, long nowNanos) {
        long answer = block.answer();
        int echo = block.echo();
        int clock = form.clock(nowNanos);
        int mss = terms.mss;
        int count = 0;
        for (int at = 0; at < length; at += mss) {
            int bytes = Math.min(mss, length - at);
            boolean last = at + bytes == length;
            long payload = block.payload(slot + count) - regionBase;
            long frame = frames.allocate();
            int sum = form.payload(source, offset + at, region, payload, frame, bytes);
            block.record(slot + count, bytes, sum, last, (int) (answer >>> 32), clock, nowNanos);
            formedBytes[count] = form.headers(frame, seq + at, bytes, sum, last, answer, clock, echo);
            formed[count] = frame;
            count++;
        }
        return count;
    }

    private void form(GrantedTemplate t, long nowNanos) {
        long answer = block.answer();
        int clock = form.clock(nowNanos);
        MemorySegment.copy(t.memory, t.at, region, block.payload(slot) - regionBase, t.length);
        block.record(slot, t.length, t.sum, true, (int) (answer >>> 32), clock, nowNanos);
        formedBytes[0] = form.headers(t.frame, seq, t.length, t.sum, true, answer, clock, block.echo());
        formed[0] = t.frame;
    }

    private boolean publish(int count, int length) {
        if (!block.change(control, GrantBlock.control(generation, GrantBlock.OPEN, slot + count))) {
            return false;
        }
        slot += count;
        seq += length;
        return true;
    }

    private int post(int count, long nowNanos) {
        int posted = 0;
        while (posted < count && link.transmit(form.begin(formed[posted]), formedBytes[posted], nowNanos)) {
            posted++;
        }
        link.flush(nowNanos);
        release(count);
        int renewBytes = terms.renewBytes;
        if (renewBytes > 0 && (endSeq - seq < renewBytes / 2 || GrantBlock.slotsBetween(slot, endSlot) < block.slots() / 2)) {
            renew(renewBytes);
        }
        return posted < count ? QUEUED : block.isRecalled() ? FAST_RECALLED : FAST;
    }

    private int rehearse(int count, long nowNanos) {
        boolean warmed = link.warm(true);
        for (int i = 0; warmed && i < count; i++) {
            warmed = link.transmit(form.begin(formed[i]), formedBytes[i], nowNanos);
        }
        link.warm(false);
        release(count);
        return warmed ? FAST : QUEUED;
    }

    private void release(int count) {
        for (int i = 0; i < count; i++) {
            frames.release(formed[i]);
        }
    }

    /** A message of this length waits: asks once for each state of the allowance, and for each longer one. */
    private void renewFor(int length) {
        long limit = block.limit();
        if (terms.renewBytes > 0 && (limit != askedAt || length > askedFor)) {
            askedAt = limit;
            askedFor = length;
            asks++;
            block.ask(asks, length, true);
        }
    }

    /** Asks once for each state of the allowance. */
    private void renew(int bytes) {
        long limit = block.limit();
        if (terms.renewBytes > 0 && limit != askedAt) {
            askedAt = limit;
            askedFor = 0;
            request(bytes);
        }
    }
}
