package io.doorbell.tcp;

import io.doorbell.link.FramePool;
import io.doorbell.wire.Checksum;
import io.doorbell.wire.Seq;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;

/**
 * Partial messages in the send space: sequence space is reserved for the whole message, segments are cut where known
 * bytes meet unknown ones, and each leaves when its own bytes are known, past those that are not.
 *
 * <p>As long as a connection has {@code partial}, segments before {@code sendUnsent} need not have been sent: that is
 * then the first one behind every segment that was.
 */
final class Holes {
    private static final int SPARE = 64;

    private final FramePool pool;
    private final MemorySegment memory;
    private final SegmentTable segments;
    private final Scoreboard scoreboard;
    private final SendSpace sendSpace;
    private final TcpConfig config;
    private final ArrayDeque<PartialSends> spare = new ArrayDeque<>(SPARE);

    Holes(FramePool pool, SegmentTable segments, Scoreboard scoreboard, SendSpace sendSpace, TcpConfig config) {
        this.pool = pool;
        this.memory = pool.memory();
        this.segments = segments;
        this.scoreboard = scoreboard;
        this.sendSpace = sendSpace;
        this.config = config;
    }

    // ---- the user's calls

    /** Reserves sequence space and frames: 0 or {@link Tcb#BACKPRESSURE}. */
    int begin(PartialOutput output, Tcb c, PartialMessage message, int length) {
        if (length > sendSpace.roomBehindTail(c)) {
            return Tcb.BACKPRESSURE;
        }
        message.open(output, c, length);
        message.seq = c.sndEnd;
        message.hole = sendSpace.reserve(c, length);
        message.holeSeq = message.seq;
        if (c.partial == null) {
            PartialSends sends = spare.poll();
            c.partial = sends != null ? sends : new PartialSends();
            c.partial.disturbedEnd = c.sndUna;
        }
        c.partial.add(message);
        return 0;
    }

    /** Supplies bytes of an open message: how many are missing still, or a code of {@link PartialMessage}. */
    int complete(PartialMessage message, int at, MemorySegment source, long offset, int length) {
        if (at < 0 || length <= 0 || at > message.length() - length) {
            return PartialMessage.OUT_OF_RANGE;
        }
        int run = message.learn(at, at + length);
        if (run < 0) {
            return run;
        }
        Tcb c = message.connection;
        int from = message.seq + message.runStart(run);
        int to = message.seq + message.runEnd(run);
        if (waiting(message, from, to) >= config.leastPartBytes()) {
            cutAt(c, message, from);
            cutAt(c, message, to);
        }
        write(message, message.seq + at, source, offset, length);
        release(message, from, to);
        int missing = message.missing();
        findHole(c, message);
        return missing;
    }

    /** How many bytes of {@code [from, to)} have not been let go. */
    private int waiting(PartialMessage message, int from, int to) {
        int bytes = 0;
        int end = message.endSeq();
        for (int s = message.hole; s != Tcb.NONE && Seq.lt(segments.seq(s), Seq.min(to, end)); s = segments.next(s)) {
            if (!segments.has(s, SegmentTable.READY)) {
                bytes += Math.max(0, Seq.min(to, segments.end(s)) - Seq.max(from, segments.seq(s)));
            }
        }
        return bytes;
    }

    /** Lets a segment begin at {@code seq}. Without a free frame it stays whole, and leaves when all of it is known. */
    private void cutAt(Tcb c, PartialMessage message, int seq) {
        int s = message.hole;
        while (s != Tcb.NONE && Seq.le(segments.end(s), seq)) {
            s = segments.next(s);
        }
        if (s == Tcb.NONE || Seq.ge(segments.seq(s), seq) || segments.has(s, SegmentTable.READY)) {
            return;
        }
        long frame = pool.allocate(sendSpace.keepFree());
        if (frame == FramePool.NONE) {
            return;
        }
        int second = pool.indexOf(frame);
        int end = segments.end(s);
        segments.create(second, seq, end - seq, frame + SendSpace.HEADROOM, 0);
        copyKnown(message, s, second);
        segments.length(s, seq - segments.seq(s));
        sendSpace.insertBehind(c, s, second);
    }

    private void copyKnown(PartialMessage message, int first, int second) {
        int from = segments.seq(second);
        int to = segments.end(second);
        for (int run = 0; run < message.runs(); run++) {
            int low = Seq.max(from, message.seq + message.runStart(run));
            int high = Seq.min(to, message.seq + message.runEnd(run));
            if (Seq.lt(low, high)) {
                MemorySegment.copy(memory, segments.payload(first) + (low - segments.seq(first)),
                        memory, segments.payload(second) + (low - from), high - low);
            }
        }
    }

    private void write(PartialMessage message, int seq, MemorySegment source, long offset, int length) {
        int end = seq + length;
        for (int s = message.hole; s != Tcb.NONE && Seq.lt(segments.seq(s), end); s = segments.next(s)) {
            int low = Seq.max(seq, segments.seq(s));
            int high = Seq.min(end, segments.end(s));
            if (Seq.lt(low, high)) {
                MemorySegment.copy(source, offset + (low - seq),
                        memory, segments.payload(s) + (low - segments.seq(s)), high - low);
            }
        }
    }

    /** Lets the segments go that lie in whole within a run of known bytes. */
    private void release(PartialMessage message, int from, int to) {
        for (int s = message.hole; s != Tcb.NONE && Seq.lt(segments.seq(s), to); s = segments.next(s)) {
            boolean whole = Seq.ge(segments.seq(s), from) && Seq.le(segments.end(s), to);
            if (whole && !segments.has(s, SegmentTable.READY)) {
                segments.sum(s, Checksum.fold(Checksum.sum(memory, segments.payload(s), segments.length(s))));
                segments.set(s, SegmentTable.PUSH);
                sendSpace.release(s);
            }
        }
    }

    private void findHole(Tcb c, PartialMessage message) {
        int s = message.hole;
        int end = message.endSeq();
        while (s != Tcb.NONE && Seq.lt(segments.seq(s), end) && segments.has(s, SegmentTable.READY)) {
            s = segments.next(s);
        }
        if (s == Tcb.NONE || Seq.ge(segments.seq(s), end)) {
            c.partial.disturbedUpTo(Seq.max(c.sndNxt, end));
            c.partial.remove(message);
        } else {
            message.hole = s;
            message.holeSeq = segments.seq(s);
        }
    }

    /** Nothing is missing of a message any more. */
    void completed(Tcb c, PartialMessage message) {
        findHole(c, message);
    }

    // ---- what the emitter asks

    /** The first segment that was never sent, {@link Tcb#NONE} if there is none. */
    int firstUnsent(Tcb c) {
        int s = c.sendHead;
        while (s != Tcb.NONE && segments.has(s, SegmentTable.SENT)) {
            s = segments.next(s);
        }
        return s;
    }

    /** The first segment that was never sent and may leave. */
    int firstReady(Tcb c) {
        return nextReady(c.sendHead);
    }

    /** The first such segment from {@code segment} on. */
    int nextReady(int segment) {
        int s = segment;
        while (s != Tcb.NONE && (segments.has(s, SegmentTable.SENT) || !segments.has(s, SegmentTable.READY))) {
            s = segments.next(s);
        }
        return s;
    }

    /** Whether something but {@code segment} was never sent. */
    boolean othersWait(Tcb c, int segment) {
        int s = firstUnsent(c);
        return s != Tcb.NONE && (s != segment || nextUnsent(segments.next(s)) != Tcb.NONE);
    }

    private int nextUnsent(int segment) {
        int s = segment;
        while (s != Tcb.NONE && segments.has(s, SegmentTable.SENT)) {
            s = segments.next(s);
        }
        return s;
    }

    /** Where the peer's stream stands still, as far as this side has sent: what a RST must say to be believed. */
    int firstGap(Tcb c) {
        int s = firstUnsent(c);
        return s == Tcb.NONE || Seq.gt(segments.seq(s), c.sndNxt) ? c.sndNxt : segments.seq(s);
    }

    /** A segment is about to leave for the first time. */
    void leaves(Tcb c, int segment) {
        boolean late = c.sendUnsent == Tcb.NONE || Seq.lt(segments.seq(segment), segments.seq(c.sendUnsent));
        if (late) {
            segments.set(segment, SegmentTable.LATE);
        }
        c.partial.leaves(segments.seq(segment));
    }

    /** A segment has left for the first time. */
    void left(Tcb c, int segment) {
        c.partial.left();
        if (segments.has(segment, SegmentTable.LATE)) {
            scoreboard.keepOrder(segment);
        } else {
            c.sendUnsent = segments.next(segment);
        }
        if (c.partial.first != null || segments.has(segment, SegmentTable.LATE)) {
            c.partial.disturbedUpTo(c.sndNxt);
        }
    }

    /** Once everything is acknowledged that the holes disturbed, the connection is as any other again. */
    void settle(Tcb c) {
        PartialSends sends = c.partial;
        if (sends.first == null && Seq.ge(c.sndUna, sends.disturbedEnd)) {
            c.partial = null;
            sends.clear();
            if (spare.size() < SPARE) {
                spare.push(sends);
            }
        }
    }
}
