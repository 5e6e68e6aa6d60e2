package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.link.FramePool;
import io.doorbell.wire.Seq;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;

/**
 * RCV.*: what becomes of received payload. In order and wanted: it stays in the link's frame until the user has seen
 * it. Out of order, or not taken: it is copied into the connection's {@link ReceiveSpace}.
 */
final class DataInput {
    /** Frames that out-of-order data leaves free: the segment that fills the gap must always find room. */
    private static final int KEEP_FOR_ORDER = 64;
    /** A piece in place touches at most two pages if it has to be copied after all. */
    private static final int PAGES_PER_PIECE = 2;
    /** Receive spaces kept for reuse. */
    private static final int SPARE_SPACES = 64;

    private final FramePool pool;
    private final Burst burst;
    private final ReceiveWindow window;
    private final Counters counters;
    private final ArrayDeque<ReceiveSpace> spare = new ArrayDeque<>(SPARE_SPACES);
    private final int keepForOrder;
    /** Pages set aside for pieces of this burst and for bytes that are being kept. */
    private int promised;

    DataInput(FramePool pool, Burst burst, ReceiveWindow window, Counters counters) {
        this.pool = pool;
        this.burst = burst;
        this.window = window;
        this.counters = counters;
        this.keepForOrder = Math.min(KEEP_FOR_ORDER, pool.capacity() / 8);
    }

    /**
     * Takes a segment's payload, already trimmed to the window on the right.
     *
     * @return whether RCV.NXT moved
     */
    boolean accept(Tcb c, InboundSegment segment) {
        int before = c.rcvNxt - segment.seq;
        if (before > 0) {
            counters.add(Counter.TCP_DUPLICATE_BYTES_IN, Math.min(before, segment.length));
            reportDuplicate(c, segment.seq, segment.seq + Math.min(before, segment.length));
            if (before >= segment.length) {
                c.ackNow = true;
                return false;
            }
            segment.trimFront(before);
        }
        if (segment.length > c.rcvMss) {
            c.rcvMss = segment.length;
        }
        return segment.seq == c.rcvNxt ? inOrder(c, segment) : outOfOrder(c, segment);
    }

    private boolean inOrder(Tcb c, InboundSegment segment) {
        int end = segment.seq + segment.length;
        boolean inPlace = c.rcvNxt == c.rcvInPlace && !burst.isFull();
        if (inPlace) {
            if (pool.available() < promised + PAGES_PER_PIECE) {
                counters.increment(Counter.DROP_TCP_NO_MEMORY);
                return false;
            }
            promised += PAGES_PER_PIECE;
            burst.add(c, segment.memory, segment.payload, segment.length);
            c.rcvInPlace = end;
        } else if (!space(c).store(segment.seq, segment.memory, segment.payload, segment.length, promised)) {
            counters.increment(Counter.DROP_TCP_NO_MEMORY);
            return false;
        }
        counters.add(Counter.TCP_PAYLOAD_BYTES_IN, segment.length);
        c.rcvNxt = end;
        if (c.received != null && c.received.ranges() > 0) {
            // RFC 5681 section 4.2: a segment that fills a gap is acknowledged at once.
            c.ackNow = true;
            c.rcvNxt = c.received.advance(end);
        }
        return true;
    }

    /** RFC 2883 section 4: the next ACK tells the peer what came twice, so that it learns what was not lost. */
    private static void reportDuplicate(Tcb c, int start, int end) {
        c.duplicateStart = start;
        c.duplicateEnd = end;
    }

    private boolean outOfOrder(Tcb c, InboundSegment segment) {
        counters.increment(Counter.TCP_OUT_OF_ORDER_IN);
        // RFC 5681 section 4.2: one duplicate ACK at once for each, so that the sender can count them.
        c.duplicateAcksOwed++;
        ReceiveSpace space = space(c);
        int end = segment.seq + segment.length;
        if (space.contains(segment.seq, end)) {
            counters.add(Counter.TCP_DUPLICATE_BYTES_IN, segment.length);
            reportDuplicate(c, segment.seq, end);
        }
        if (space.rangesFull() && !space.touches(segment.seq, end)) {
            counters.increment(Counter.DROP_TCP_RANGES_FULL);
        } else if (!space.store(segment.seq, segment.memory, segment.payload, segment.length, promised + keepForOrder)) {
            counters.increment(Counter.DROP_TCP_NO_MEMORY);
        } else {
            space.addRange(segment.seq, end);
            counters.add(Counter.TCP_PAYLOAD_BYTES_IN, segment.length);
        }
        recycleIfEmpty(c);
        return false;
    }

    private ReceiveSpace space(Tcb c) {
        if (c.received == null) {
            ReceiveSpace space = spare.poll();
            c.received = space != null ? space : new ReceiveSpace(pool, window.span());
        }
        return c.received;
    }

    /** Keeps what the user did not take of a piece of this burst. */
    void keep(Tcb c, MemorySegment memory, long offset, int length, int seq) {
        if (!space(c).store(seq, memory, offset, length, 0)) {
            throw new IllegalStateException("frames promised to received data are gone: " + pool.available() + " free");
        }
    }

    /** The user has taken bytes up to {@code seq}. */
    void taken(Tcb c, int seq) {
        int from = c.rcvUser;
        c.rcvUser = seq;
        if (Seq.lt(c.rcvInPlace, seq)) {
            c.rcvInPlace = seq;
        }
        if (c.received == null) {
            return;
        }
        c.received.free(from, seq);
        if (c.unread() == 0 && c.received.ranges() == 0) {
            clear(c);
        }
    }

    private void recycleIfEmpty(Tcb c) {
        if (c.received.isEmpty()) {
            clear(c);
        }
    }

    /** Gives back everything that the connection keeps. */
    void clear(Tcb c) {
        if (c.received != null) {
            c.received.clear();
            if (spare.size() < SPARE_SPACES) {
                spare.push(c.received);
            }
            c.received = null;
        }
    }

    /** The burst was delivered: its pieces are gone. */
    void endBurst() {
        burst.clear();
        promised = 0;
    }
}
