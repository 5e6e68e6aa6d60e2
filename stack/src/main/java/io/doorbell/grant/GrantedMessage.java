package io.doorbell.grant;

import io.doorbell.link.FramePool;
import io.doorbell.link.FrameReceiver;
import io.doorbell.link.Link;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.Checksum;
import io.doorbell.wire.KnownBytes;
import io.doorbell.wire.MultiSegmentOption;
import io.doorbell.wire.Seq;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The right to complete an open message of a connection, in the hands of an engine: the message's place in the stream is
 * taken, its known parts have left, and what is missing leaves from here, from the core on which it was decided. Parts that
 * lie apart leave as one segment where the peer knows the multi-segment option, and as segments of their own elsewhere.
 *
 * <p>All that is missing is published at once, by one compare-and-set, before it is on the wire. Until then the message is
 * its owner's, who can take the right back and complete it himself: an engine that stops or dies at any instruction leaves
 * a message that is as open as it was, or one that is complete.
 *
 * <p>One thread, which also owns the link. No call blocks or allocates but the making. Result codes are those of
 * {@link GrantedSender}, and {@link #HOLES}.
 */
public final class GrantedMessage {
    /** Some byte was not supplied: nothing was sent. */
    public static final int HOLES = GrantedTemplate.HOLES;
    /** Bytes beyond the source's end, or that are no hole of the message: nothing was changed. */
    public static final int OUT_OF_RANGE = GrantedSender.OUT_OF_RANGE;

    private static final int LEAST_MSS = 64;
    private static final int ATTEMPTS = 4;
    private static final FrameReceiver NOBODY = (memory, offset, length) -> { };
    private static final long NO_GENERATION = -1;

    private final GrantBlock block;
    private final MemorySegment region;
    private final long slot;
    private final Link link;
    private final FramePool frames;
    private final MemorySegment memory;
    private final PackedMessage message = new PackedMessage();
    private final LeaseTerms terms = new LeaseTerms();
    private final SegmentForm form;
    private final KnownBytes bytes;
    private final int total;
    /** The frame in which all that leaves lies, and from which it leaves if that is one segment. */
    private final long frame;
    private final long[] begins;
    private final int[] formedBytes;
    private final long[] taken;
    private int takenCount;
    private long generation = NO_GENERATION;
    private long control;
    private boolean together;
    private int headerSeq;
    private int ended;

    /**
     * A set-up call: it takes a frame of the link.
     *
     * @param region     where the slot lies, as this engine sees it
     * @param regionBase the address in the stack's region of {@code region}'s first byte
     * @param link       the engine's own, to the same network as the stack's
     * @throws IllegalArgumentException if what the stack says of the message is damaged
     * @throws IllegalStateException    if the link has no free frame, or its frames are too short
     */
    public GrantedMessage(GrantBlock block, MemorySegment region, long regionBase, Link link) {
        this.block = block;
        this.region = region;
        this.slot = block.payload(0) - regionBase;
        this.link = link;
        this.frames = link.frames();
        this.memory = frames.memory();
        this.total = block.length(0);
        message.read(region, slot, total);
        if (total > frames.frameSize() - FramePool.PAYLOAD_OFFSET) {
            throw new IllegalStateException(total + " bytes are to leave together: give the engine's link longer frames");
        }
        this.frame = frames.allocate();
        if (frame == FramePool.NONE) {
            throw new IllegalStateException("the engine's link has no free frame: give it more");
        }
        this.form = new SegmentForm(memory, terms);
        this.bytes = new KnownBytes(total);
        MemorySegment.copy(region, slot, memory, payload(), total);
        bytes.supplied(0, total);
        bytes.stay(0, total);
        for (int i = 0; i < message.holes(); i++) {
            bytes.forget(message.position(message.holeAt[i], message.holeBytes[i]), message.holeBytes[i]);
        }
        bytes.rearm();
        // A path that carries still less than this has the stack send.
        int most = PackedMessage.MOST + total / LEAST_MSS;
        this.begins = new long[most];
        this.formedBytes = new int[most];
        this.taken = new long[most];
    }

    /** Gives the right back of a message that cannot be completed here. */
    public static void decline(GrantBlock block) {
        long now = block.control();
        int state = GrantBlock.state(now);
        while ((state == GrantBlock.OPEN || state == GrantBlock.SUSPENDED)
                && !block.change(now, GrantBlock.control(GrantBlock.generation(now), GrantBlock.RETURNED, 0))) {
            now = block.control();
            state = GrantBlock.state(now);
        }
        block.letGo();
    }

    private long payload() {
        return frame + FramePool.PAYLOAD_OFFSET;
    }

    /** Bytes of the message, those that have left before included. */
    public int length() {
        return message.length();
    }

    /** Bytes that must still be supplied. */
    public int missing() {
        return bytes.missing();
    }

    /** Offset of the first byte that is missing, the message's length if none is. */
    public int nextMissing() {
        int position = bytes.nextMissing(0);
        int before = 0;
        for (int i = 0; i < message.ranges(); i++) {
            if (position < before + message.rangeBytes[i]) {
                return message.rangeAt[i] + position - before;
            }
            before += message.rangeBytes[i];
        }
        return message.length();
    }

    /**
     * Supplies bytes, as often as wished until they are sent. The source may be reused at once.
     *
     * @param at offset of the first of them within the message; they lie in one hole of it
     * @return how many are still missing, or {@link #OUT_OF_RANGE}, or a code of {@link GrantedSender} if the right is gone
     */
    public int supply(int at, MemorySegment source, long offset, int count) {
        if (ended != 0) {
            return ended;
        }
        if (offset < 0 || count > source.byteSize() - offset || !isHole(at, count)) {
            return OUT_OF_RANGE;
        }
        int position = message.position(at, count);
        MemorySegment.copy(source, offset, memory, payload() + position, count);
        return bytes.supplied(position, count);
    }

    /** {@link #supply(int, MemorySegment, long, int)} from a whole array. */
    public int supply(int at, byte[] source) {
        if (ended != 0) {
            return ended;
        }
        if (!isHole(at, source.length)) {
            return OUT_OF_RANGE;
        }
        // Straight from the array: a segment around it would be allocated wherever it is not optimized away.
        int position = message.position(at, source.length);
        MemorySegment.copy(source, 0, memory, ValueLayout.JAVA_BYTE, payload() + position, source.length);
        return bytes.supplied(position, source.length);
    }

    private boolean isHole(int at, int count) {
        return at >= 0 && count > 0 && message.isHole(at, count);
    }

    /** {@link #send(long, int)} without flags. */
    public int send(long nowNanos) {
        return send(nowNanos, 0);
    }

    /**
     * Completes the message, with one doorbell. If it was taken, this engine is done with it.
     *
     * @param nowNanos the time, of the clock that the stack's {@code poll} is given
     * @param flags    {@link GrantedSender#WARM}, which takes holes as they are, or 0
     * @return {@link GrantedSender#FAST}: it has left; {@link GrantedSender#QUEUED}: the message is complete, and the stack
     *         sends what is missing of it when windows, its neighbour or this engine's frames allow;
     *         {@link GrantedSender#BACKPRESSURE}: the lease changes at this moment, try again; {@link #HOLES};
     *         {@link GrantedSender#CLOSED}, {@link GrantedSender#FENCED}; {@link GrantedSender#RETURNED}, also after it was sent
     */
    public int send(long nowNanos, int flags) {
        if (ended != 0) {
            return ended;
        }
        boolean warm = (flags & GrantedSender.WARM) != 0;
        if (bytes.missing() > 0 && !warm) {
            return HOLES;
        }
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            int code = lease();
            if (code != GrantedSender.FAST) {
                return code;
            }
            int clock = form.clock(nowNanos);
            long answer = block.answer();
            int count = form(answer, clock);
            if (warm) {
                return rehearse(count, nowNanos);
            }
            MemorySegment.copy(memory, payload(), region, slot, total);
            block.completed(total, count > 0, together, headerSeq, (int) (answer >>> 32), clock, nowNanos);
            if (block.change(control, GrantBlock.control(generation, GrantBlock.OPEN, 1))) {
                return post(count, nowNanos);
            }
            release();
        }
        return GrantedSender.BACKPRESSURE;
    }

    /** Whether the owner wants the message back. It can be sent until the right is taken. */
    public boolean isRecalled() {
        return ended == 0 && block.isRecalled();
    }

    /** Gives the right back: the message is its owner's to complete. Idempotent. */
    public void giveBack() {
        long now = block.control();
        while (ended == 0) {
            int state = GrantBlock.state(now);
            boolean held = state == GrantBlock.OPEN || state == GrantBlock.SUSPENDED;
            if (!held) {
                end(state == GrantBlock.FENCED ? GrantedSender.FENCED : GrantedSender.CLOSED);
            } else if (block.change(now, GrantBlock.control(GrantBlock.generation(now), GrantBlock.RETURNED, 0))) {
                end(GrantedSender.RETURNED);
            }
            now = block.control();
        }
    }

    private void end(int code) {
        ended = code;
        frames.release(frame);
        block.letGo();
    }

    // ---- the steps of a send

    private int lease() {
        control = block.control();
        int state = GrantBlock.state(control);
        switch (state) {
            case GrantBlock.OPEN -> {
                if (GrantBlock.generation(control) != generation) {
                    block.readLease(terms);
                    generation = GrantBlock.generation(control);
                }
                return GrantedSender.FAST;
            }
            case GrantBlock.SUSPENDED -> {
                return GrantedSender.BACKPRESSURE;
            }
            case GrantBlock.RETURNED -> end(GrantedSender.RETURNED);
            default -> end(state == GrantBlock.FENCED ? GrantedSender.FENCED : GrantedSender.CLOSED);
        }
        return ended;
    }

    /** @return how many segments were formed; 0 if nothing may leave from here now */
    private int form(long answer, int clock) {
        long limit = block.limit();
        int una = (int) (limit >>> 32);
        int last = message.ranges() - 1;
        together = false;
        takenCount = 0;
        if (Seq.gt(terms.seq + message.rangeAt[last] + message.rangeBytes[last], (int) limit)) {
            return 0;
        }
        int echo = block.echo();
        if (last == 0 && total <= terms.mss) {
            int sum = Checksum.fold(Checksum.sum(memory, payload(), total));
            formedBytes[0] = form.headers(frame, terms.seq + message.rangeAt[0], total, sum, true, answer, clock, echo);
            begins[0] = form.begin(frame);
            return 1;
        }
        if (terms.multiSegment && last > 0 && formTogether(una, answer, clock, echo)) {
            return 1;
        }
        return formApart(answer, clock, echo);
    }

    /** One segment with the option, if that has room (docs/multi-segment.md). */
    private boolean formTogether(int una, long answer, int clock, int echo) {
        int seq = una - total;
        int length = MultiSegmentOption.FIXED_LENGTH + layoutBytes(seq);
        int padded = length + 3 & ~3;
        int distance = terms.seq + message.length() - seq;
        if (padded > form.optionRoom() || total + padded > terms.mss || distance < 0
                || distance > MultiSegmentOption.FARTHEST) {
            return false;
        }
        long option = payload() - padded;
        writeLayout(option + MultiSegmentOption.FIXED_LENGTH, seq);
        for (int i = length; i < padded; i++) {
            Bytes.put8(memory, option + i, MultiSegmentOption.PADDING);
        }
        int check = MultiSegmentOption.check(terms.sendKey, seq - terms.iss, memory, option, length, payload(), total);
        MultiSegmentOption.finish(memory, option, length, check);
        int sum = Checksum.fold(Checksum.sum(memory, payload(), total));
        formedBytes[0] = form.headers(frame, seq, total, sum, true, answer, clock, echo, padded);
        begins[0] = form.begin(frame) - padded;
        together = true;
        headerSeq = seq;
        return true;
    }

    private int layoutBytes(int seq) {
        int length = MultiSegmentOption.numberLength(terms.seq + message.rangeAt[0] - seq);
        int end = message.rangeAt[0];
        for (int i = 0; i < message.ranges(); i++) {
            length += MultiSegmentOption.numberLength(message.rangeBytes[i])
                    + (i == 0 ? 0 : MultiSegmentOption.numberLength(message.rangeAt[i] - end));
            end = message.rangeAt[i] + message.rangeBytes[i];
        }
        return length;
    }

    private void writeLayout(long start, int seq) {
        long at = MultiSegmentOption.writeNumber(memory, start, terms.seq + message.rangeAt[0] - seq);
        int end = message.rangeAt[0];
        for (int i = 0; i < message.ranges(); i++) {
            if (i > 0) {
                at = MultiSegmentOption.writeNumber(memory, at, message.rangeAt[i] - end);
            }
            at = MultiSegmentOption.writeNumber(memory, at, message.rangeBytes[i]);
            end = message.rangeAt[i] + message.rangeBytes[i];
        }
    }

    /** Each range in segments of its own. */
    private int formApart(long answer, int clock, int echo) {
        int needed = 0;
        for (int i = 0; i < message.ranges(); i++) {
            needed += (message.rangeBytes[i] + terms.mss - 1) / terms.mss;
        }
        if (frames.available() < needed) {
            link.receive(NOBODY, Integer.MAX_VALUE, 0);
        }
        if (needed > taken.length || frames.available() < needed) {
            return 0;
        }
        long from = payload();
        for (int i = 0; i < message.ranges(); i++) {
            for (int at = 0; at < message.rangeBytes[i]; at += terms.mss) {
                int size = Math.min(terms.mss, message.rangeBytes[i] - at);
                long target = frames.allocate();
                int sum = Checksum.fold(Checksum.copyAndSum(memory, from, memory, target + FramePool.PAYLOAD_OFFSET, size));
                formedBytes[takenCount] = form.headers(target, terms.seq + message.rangeAt[i] + at, size, sum, true, answer,
                        clock, echo);
                begins[takenCount] = form.begin(target);
                taken[takenCount++] = target;
                from += size;
            }
        }
        return needed;
    }

    private int post(int count, long nowNanos) {
        int posted = 0;
        while (posted < count && link.transmit(begins[posted], formedBytes[posted], nowNanos)) {
            posted++;
        }
        if (count > 0) {
            link.flush(nowNanos);
        }
        release();
        end(GrantedSender.RETURNED);
        return count == 0 || posted < count ? GrantedSender.QUEUED : GrantedSender.FAST;
    }

    private int rehearse(int count, long nowNanos) {
        boolean warmed = link.warm(true);
        for (int i = 0; warmed && i < count; i++) {
            warmed = link.transmit(begins[i], formedBytes[i], nowNanos);
        }
        link.warm(false);
        release();
        return warmed && count > 0 ? GrantedSender.FAST : GrantedSender.QUEUED;
    }

    private void release() {
        for (int i = 0; i < takenCount; i++) {
            frames.release(taken[i]);
        }
        takenCount = 0;
    }
}
