package io.doorbell.tcp;

import io.doorbell.link.FramePool;
import io.doorbell.wire.Checksum;
import io.doorbell.wire.Seq;
import java.lang.foreign.MemorySegment;

/**
 * SND.* and the bytes behind it: the frames from SND.UNA to the last byte that the user handed over.
 *
 * <p>Every send is the same three steps: {@link #reserve} takes sequence space and frames for it, {@link #fill} writes
 * content into those frames, {@link #release} lets a segment go. The bytes stay in the frame they were written into
 * until they are acknowledged; a retransmission posts that frame again.
 */
final class SendSpace {
    /** Room in front of a payload for Ethernet (14), IPv4 (20) and a TCP header with all its options (60), and more. */
    static final int HEADROOM = FramePool.PAYLOAD_OFFSET;

    private final FramePool pool;
    private final MemorySegment memory;
    private final SegmentTable segments;
    private final Scoreboard scoreboard;
    /** Frames that sends leave free, so that control segments and received data always find one. */
    private final int keepFree;
    /** Frames that cutting a segment in two leaves free, so that an ACK always finds one. */
    private final int keepForControl;

    SendSpace(FramePool pool, SegmentTable segments, Scoreboard scoreboard) {
        this.pool = pool;
        this.memory = pool.memory();
        this.segments = segments;
        this.scoreboard = scoreboard;
        this.keepFree = ReceiveMemory.notForSends(pool.capacity());
        this.keepForControl = ReceiveMemory.forControl(pool.capacity()) / 2;
    }

    /** How many bytes would be accepted now. */
    int room(Tcb c) {
        int budget = c.options.sendBufferBytes() - c.unacknowledged();
        if (budget <= 0) {
            return 0;
        }
        long frames = Math.max(0, pool.available() - keepFree);
        return (int) Math.min(budget, frames * c.mss + tailRoom(c));
    }

    /**
     * Whether who waits to write is to be told now: half of the buffer is free, or more than is still to be acknowledged.
     * What an engine may send is not: no ACK comes for it as long as the engine rests. Where the owner's sends come first
     * it is room, since the next one takes it.
     */
    boolean isToldOfRoom(Tcb c) {
        if (!c.wantsWritable || Delegation.refuses(c)) {
            return false;
        }
        int granted = GrantSpace.rest(c);
        int taken = c.unacknowledged() - granted;
        boolean first = granted > 0 && c.granted.options.ownerSends() == OwnerSends.FIRST;
        return room(c) + (first ? granted : 0) >= Math.min(c.options.sendBufferBytes() / 2, taken + 1);
    }

    /** How many bytes {@link #reserve} may take now. */
    int roomBehindTail(Tcb c) {
        long frames = Math.max(0, pool.available() - keepFree);
        return (int) Math.max(0, Math.min(c.options.sendBufferBytes() - c.unacknowledged(), frames * c.mss));
    }

    int keepFree() {
        return keepFree;
    }

    /** Accepts all bytes as one message, or none: {@code length} or {@link Tcb#BACKPRESSURE}. */
    int send(Tcb c, MemorySegment source, long offset, int length) {
        if (length > room(c)) {
            return Tcb.BACKPRESSURE;
        }
        int appended = Math.min(length, tailRoom(c));
        if (appended > 0) {
            extendTail(c, source, offset, appended);
        }
        int rest = length - appended;
        if (rest > 0) {
            int segment = reserve(c, rest);
            long from = offset + appended;
            while (segment != Tcb.NONE) {
                fill(segment, 0, source, from, segments.length(segment));
                release(segment);
                from += segments.length(segment);
                segment = segments.next(segment);
            }
        }
        if (length > 0) {
            segments.set(c.sendTail, SegmentTable.PUSH);
        }
        return length;
    }

    /**
     * As {@link #send}, for a message whose folded sum is known: it goes in whole behind the last segment or into one of
     * its own, so that it need not be summed again. Only what is longer than a segment is.
     *
     * @param mostFrames beyond so many that the connection holds, only what fits behind the last segment is accepted
     */
    int sendSummed(Tcb c, MemorySegment source, long offset, int length, int sum, int mostFrames) {
        boolean behind = length <= tailRoom(c);
        if (length > room(c) || !behind && holdsFrames(c, mostFrames)) {
            return Tcb.BACKPRESSURE;
        }
        if (length > c.mss || length == 0) {
            return send(c, source, offset, length);
        }
        int segment = behind ? c.sendTail : reserve(c, length);
        int at = behind ? segments.length(segment) : 0;
        own(segment);
        MemorySegment.copy(source, offset, memory, segments.payload(segment) + at, length);
        segments.sum(segment, Checksum.fold((long) segments.sum(segment) + ((at & 1) == 0 ? sum : Checksum.swap(sum))));
        if (behind) {
            segments.length(segment, at + length);
            c.sndEnd += length;
        }
        release(segment);
        segments.set(segment, SegmentTable.PUSH);
        return length;
    }

    /** Whether the connection holds so many frames or more; looks at no more than those. */
    boolean holdsFrames(Tcb c, int frames) {
        int counted = 0;
        int segment = c.sendHead;
        while (segment != Tcb.NONE && counted < frames) {
            segment = segments.next(segment);
            counted++;
        }
        return counted >= frames;
    }

    /**
     * Takes {@code length} bytes of sequence space, and a frame for each segment of it. The caller has made sure that
     * there is {@link #room}.
     *
     * @return the first of the new segments; the others follow it
     */
    int reserve(Tcb c, int length) {
        int first = Tcb.NONE;
        int left = length;
        while (left > 0) {
            long frame = pool.allocate();
            int segment = pool.indexOf(frame);
            int size = Math.min(left, c.mss);
            segments.create(segment, c.sndEnd, size, frame + HEADROOM, 0);
            append(c, segment);
            c.sndEnd += size;
            left -= size;
            if (first == Tcb.NONE) {
                first = segment;
            }
        }
        return first;
    }

    /** Writes content into a reserved segment and sums it on the way. */
    void fill(int segment, int at, MemorySegment source, long offset, int length) {
        long sum = Checksum.copyAndSum(source, offset, memory, segments.payload(segment) + at, length);
        int folded = Checksum.fold(sum);
        segments.sum(segment, Checksum.fold((long) segments.sum(segment)
                + ((at & 1) == 0 ? folded : Checksum.swap(folded))));
    }

    /** The segment's content is complete: it may leave. */
    void release(int segment) {
        segments.set(segment, SegmentTable.READY);
    }

    /** Frames that may be taken for data now: the rest is kept for control segments and what is received. */
    int freeFrames() {
        return pool.available() - keepFree;
    }

    /** Whether a frame may be taken for what is owed to peers, as opposed to data. */
    boolean hasFrameForControl() {
        return pool.available() > keepForControl;
    }

    /**
     * Takes {@code length} bytes of sequence space for content that lies ready in a frame, whose hold passes to the
     * send space. As {@link #reserve}, {@link #fill} and {@link #release} in one.
     *
     * @param payload its address, {@link #HEADROOM} behind the frame's first byte
     * @param sum     its folded checksum
     * @return the segment
     */
    int adopt(Tcb c, long payload, int length, int sum, int flags) {
        int segment = pool.indexOf(payload);
        segments.create(segment, c.sndEnd, length, payload, SegmentTable.READY | flags);
        segments.sum(segment, sum);
        append(c, segment);
        c.sndEnd += length;
        return segment;
    }

    /**
     * Takes sequence space for content that others have, too: it stays where it is, held for this segment from now on,
     * and the segment's own frame is for its headers. The caller has made sure that a frame is free.
     *
     * @param piece the record of the frame in which it lies
     */
    void refer(Tcb c, int piece) {
        int segment = pool.indexOf(pool.allocate());
        long payload = segments.payload(piece);
        int length = segments.length(piece);
        pool.hold(payload);
        segments.create(segment, c.sndEnd, length, payload, SegmentTable.READY | SegmentTable.SHARED);
        segments.sum(segment, segments.sum(piece));
        append(c, segment);
        c.sndEnd += length;
    }

    /** Where a segment's headers end: in front of its payload, or in its own frame if the payload is shared. */
    long headersEnd(int segment) {
        return segments.has(segment, SegmentTable.SHARED) ? pool.addressOf(segment) + HEADROOM : segments.payload(segment);
    }

    /** Copies a payload that is shared into the segment's own frame: only there something can follow it. */
    private void own(int segment) {
        if (segments.has(segment, SegmentTable.SHARED)) {
            long shared = segments.payload(segment);
            long payload = headersEnd(segment);
            MemorySegment.copy(memory, shared, memory, payload, segments.length(segment));
            segments.payload(segment, payload);
            segments.clear(segment, SegmentTable.SHARED);
            pool.release(shared);
        }
    }

    private void append(Tcb c, int segment) {
        if (c.sendTail == Tcb.NONE) {
            c.sendHead = segment;
        } else {
            segments.next(c.sendTail, segment);
        }
        c.sendTail = segment;
        if (c.sendUnsent == Tcb.NONE) {
            c.sendUnsent = segment;
        }
    }

    /** Bytes that still fit behind the last segment, if it has not left yet. */
    int tailRoom(Tcb c) {
        int tail = c.sendTail;
        if (tail == Tcb.NONE || !segments.has(tail, SegmentTable.READY) || segments.has(tail, SegmentTable.SENT)
                || pool.holds(pool.addressOf(tail)) > 1) {
            return 0;
        }
        long frameEnd = pool.addressOf(tail) + pool.frameSize();
        long inFrame = frameEnd - headersEnd(tail) - segments.length(tail);
        return (int) Math.max(0, Math.min(inFrame, c.mss - segments.length(tail)));
    }

    private void extendTail(Tcb c, MemorySegment source, long offset, int length) {
        int tail = c.sendTail;
        int at = segments.length(tail);
        own(tail);
        fill(tail, at, source, offset, length);
        segments.length(tail, at + length);
        c.sndEnd += length;
    }

    /**
     * Drops everything before {@code ack} from the queue and gives its frames back.
     *
     * @return how many segments were acknowledged in whole
     */
    int acknowledge(Tcb c, int ack) {
        int whole = 0;
        int segment = c.sendHead;
        while (segment != Tcb.NONE && Seq.le(segments.end(segment), ack)) {
            int next = segments.next(segment);
            scoreboard.forget(c, segment);
            if (segment == c.sendUnsent) {
                c.sendUnsent = next;
            }
            giveBack(segment);
            segment = next;
            whole++;
        }
        c.sendHead = segment;
        if (segment == Tcb.NONE) {
            c.sendTail = Tcb.NONE;
        } else if (Seq.lt(segments.seq(segment), ack)) {
            trimFront(c, segment, ack - segments.seq(segment));
        }
        return whole;
    }

    private void giveBack(int segment) {
        if (segments.has(segment, SegmentTable.LENT)) {
            segments.clear(segment, SegmentTable.LENT);
            return;
        }
        if (segments.has(segment, SegmentTable.SHARED)) {
            pool.release(segments.payload(segment));
        }
        pool.release(pool.addressOf(segment));
    }

    private void trimFront(Tcb c, int segment, int bytes) {
        int left = segments.length(segment) - bytes;
        scoreboard.shortened(c, segment, bytes);
        segments.seq(segment, segments.seq(segment) + bytes);
        segments.length(segment, left);
        segments.payload(segment, segments.payload(segment) + bytes);
        resum(segment);
    }

    private void resum(int segment) {
        segments.sum(segment, Checksum.fold(Checksum.sum(memory, segments.payload(segment), segments.length(segment))));
    }

    /**
     * Cuts a segment in two, the first of {@code size} bytes: the path or the window takes no more at once.
     *
     * @return false if no frame was free, or the frame is still being sent; nothing has changed then
     */
    boolean split(Tcb c, int segment, int size) {
        if (pool.holds(pool.addressOf(segment)) > 1) {
            return false;
        }
        long frame = pool.allocate(keepForControl);
        if (frame == FramePool.NONE) {
            return false;
        }
        int second = pool.indexOf(frame);
        int rest = segments.length(segment) - size;
        MemorySegment.copy(memory, segments.payload(segment) + size, memory, frame + HEADROOM, rest);
        segments.create(second, segments.seq(segment) + size, rest, frame + HEADROOM, 0);
        scoreboard.split(c, segment, second);
        segments.clear(second, SegmentTable.LENT | SegmentTable.SHARED);
        segments.clear(segment, SegmentTable.PUSH);
        segments.length(segment, size);
        resum(segment);
        resum(second);
        insertBehind(c, segment, second);
        return true;
    }

    void insertBehind(Tcb c, int segment, int second) {
        segments.next(second, segments.next(segment));
        segments.next(segment, second);
        if (c.sendTail == segment) {
            c.sendTail = second;
        }
    }

    /** Takes a segment out of the queue that was never sent; its frame is its owner's again. */
    void unlink(Tcb c, int segment) {
        int before = Tcb.NONE;
        for (int s = c.sendHead; s != segment; s = segments.next(s)) {
            before = s;
        }
        int behind = segments.next(segment);
        if (before == Tcb.NONE) {
            c.sendHead = behind;
        } else {
            segments.next(before, behind);
        }
        if (c.sendTail == segment) {
            c.sendTail = before;
        }
        if (c.sendUnsent == segment) {
            c.sendUnsent = behind;
        }
    }

    /** Gives every frame back: the connection has ended. */
    void clear(Tcb c) {
        int segment = c.sendHead;
        while (segment != Tcb.NONE) {
            int next = segments.next(segment);
            giveBack(segment);
            segment = next;
        }
        if (c.partial != null) {
            c.partial.end();
            c.partial = null;
        }
        c.sendHead = Tcb.NONE;
        c.sendTail = Tcb.NONE;
        c.sendUnsent = Tcb.NONE;
        scoreboard.clear(c);
    }
}
