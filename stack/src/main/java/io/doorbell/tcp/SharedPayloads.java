package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.link.FramePool;
import io.doorbell.link.Link;
import java.lang.foreign.MemorySegment;

/**
 * Payloads that lie in the link's region once, however many connections send them: each of their segments is a frame for
 * its headers and a reference ({@link SegmentTable#SHARED}). A frame here is held by whoever wrote it, by every segment
 * that refers to it until that is acknowledged or its connection has ended, and by every descriptor that is out.
 *
 * <p>A payload is a chain of pieces, one for each full segment, in the records of their own frames. Connections whose
 * segments are smaller get copies.
 */
final class SharedPayloads {
    /** Each has one descriptor out at the most, and a frame's holds are a short. */
    private static final int MOST_REFERENCES = 16_000;

    private final FramePool pool;
    private final MemorySegment memory;
    private final SegmentTable segments;
    private final SendSpace sendSpace;
    private final Counters counters;
    private final boolean possible;
    private final int pieceBytes;

    /** @param pieceBytes the payload of a full segment, as most connections have it */
    SharedPayloads(Link link, SegmentTable segments, SendSpace sendSpace, int pieceBytes, Counters counters) {
        this.pool = link.frames();
        this.memory = pool.memory();
        this.segments = segments;
        this.sendSpace = sendSpace;
        this.counters = counters;
        this.possible = link.scatter();
        this.pieceBytes = pieceBytes;
    }

    /** @return the first piece, whose holds are the caller's; {@link Tcb#NONE} if this link can't or frames are short */
    int write(MemorySegment source, long offset, int length, int sum) {
        if (!possible || length == 0 || sendSpace.freeFrames() < pieces(length)) {
            return Tcb.NONE;
        }
        int first = Tcb.NONE;
        int last = Tcb.NONE;
        for (int at = 0; at < length; at += pieceBytes) {
            long frame = pool.allocate();
            int piece = pool.indexOf(frame);
            int size = Math.min(length - at, pieceBytes);
            segments.create(piece, 0, size, frame + SendSpace.HEADROOM, 0);
            if (size == length) {
                MemorySegment.copy(source, offset, memory, frame + SendSpace.HEADROOM, size);
                segments.sum(piece, sum);
            } else {
                sendSpace.fill(piece, 0, source, offset + at, size);
            }
            if (first == Tcb.NONE) {
                first = piece;
            } else {
                segments.next(last, piece);
            }
            last = piece;
        }
        return first;
    }

    private int pieces(int length) {
        return (length + pieceBytes - 1) / pieceBytes;
    }

    void release(int first) {
        for (int piece = first; piece != Tcb.NONE; ) {
            int next = segments.next(piece);
            pool.release(pool.addressOf(piece));
            piece = next;
        }
    }

    /**
     * Whether a connection's segments can refer to the payload, and would not be more than with a copy, which may fill
     * the segment before it: one more packet costs more than any copy.
     */
    boolean suits(Tcb c, int first, int length) {
        return first != Tcb.NONE && segments.length(first) <= c.mss
                && (length - sendSpace.tailRoom(c) + c.mss - 1) / c.mss >= pieces(length)
                && pool.holds(pool.addressOf(first)) < MOST_REFERENCES;
    }

    /** As {@link SendSpace#sendSummed}, without copying anything. */
    int send(Tcb c, int first, int length, int mostFrames) {
        boolean room = length <= c.options.sendBufferBytes() - c.unacknowledged()
                && sendSpace.freeFrames() >= pieces(length);
        if (!room || sendSpace.holdsFrames(c, mostFrames)) {
            return Tcb.BACKPRESSURE;
        }
        for (int piece = first; piece != Tcb.NONE; piece = segments.next(piece)) {
            sendSpace.refer(c, piece);
        }
        segments.set(c.sendTail, SegmentTable.PUSH);
        counters.increment(Counter.BATCH_SHARED);
        return length;
    }
}
