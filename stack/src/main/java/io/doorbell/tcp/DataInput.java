package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.ip.Clock;
import io.doorbell.link.FramePool;
import io.doorbell.wire.Seq;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;

/**
 * RCV.*: what becomes of received payload. In order and wanted: it stays in the link's frame until the user has seen
 * it. Out of order, or not taken: it is copied into the connection's {@link ReceiveSpace}.
 */
final class DataInput {
    /** Receive spaces kept for reuse. */
    private static final int SPARE_SPACES = 64;

    private final FramePool pool;
    private final Burst burst;
    private final ReceiveWindow window;
    private final ReceiveMemory receiveMemory;
    private final Counters counters;
    private final ArrayDeque<ReceiveSpace> spare = new ArrayDeque<>(SPARE_SPACES);
    private final int pageShift;
    private final byte promptAcks;
    /** Pages set aside for pieces of this burst and for bytes that are being kept. */
    private int promised;
    private final Clock clock;

    DataInput(FramePool pool, Burst burst, ReceiveWindow window, ReceiveMemory receiveMemory, TcpConfig config,
              Counters counters, Clock clock) {
        this.pool = pool;
        this.burst = burst;
        this.window = window;
        this.receiveMemory = receiveMemory;
        this.promptAcks = (byte) config.promptAcks();
        this.counters = counters;
        this.clock = clock;
        this.pageShift = Integer.numberOfTrailingZeros(pool.frameSize());
    }

    /**
     * Takes a segment's payload, already trimmed to the window on the right.
     *
     * @return whether RCV.NXT moved
     */
    boolean accept(Tcb c, InboundSegment segment) {
        int before = c.rcvNxt - segment.seq;
        if (before > 0) {
            c.promptAcks = promptAcks;
            counters.add(Counter.TCP_DUPLICATE_BYTES_IN, Math.min(before, segment.length));
            reportDuplicate(c, segment.seq, segment.seq + Math.min(before, segment.length));
            if (before >= segment.length) {
                c.ackNow = true;
                return false;
            }
            segment.trimFront(before);
        }
        if (segment.length > c.rcvMss) {
            // What was put together from fragments may be longer than any segment should be.
            c.rcvMss = Math.max(c.rcvMss, Math.min(segment.length, window.maxSegmentSize()));
        }
        return segment.seq == c.rcvNxt ? inOrder(c, segment) : outOfOrder(c, segment);
    }

    /** RFC 2883 section 4.1: of a segment that the window does not take, all bytes may have come before. */
    void refused(Tcb c, InboundSegment segment) {
        boolean old = segment.length > 0 && Seq.gt(segment.seq, c.irs)
                && Seq.le(segment.seq + segment.length, c.rcvNxt);
        if (old) {
            c.promptAcks = promptAcks;
            counters.add(Counter.TCP_DUPLICATE_BYTES_IN, segment.length);
            reportDuplicate(c, segment.seq, segment.seq + segment.length);
        }
    }

    private boolean inOrder(Tcb c, InboundSegment segment) {
        int end = segment.seq + segment.length;
        // A piece in place touches at most one page more than it fills, if it has to be copied after all.
        int pages = (segment.length >>> pageShift) + 2;
        boolean inPlace = c.rcvNxt == c.rcvInPlace && !burst.isFull() && promised + pages <= receiveMemory.promiseLimit();
        if (!roomInOrder(c, pages)) {
            counters.increment(Counter.DROP_TCP_NO_MEMORY);
            return false;
        }
        if (inPlace) {
            promised += pages;
            burst.add(c, segment.memory, segment.payload, segment.length);
            c.rcvInPlace = end;
        } else {
            space(c).store(segment.seq, segment.memory, segment.payload, segment.length, 0);
            receiveMemory.account(c, c.received.outOfOrderPages);
        }
        counters.add(Counter.TCP_PAYLOAD_BYTES_IN, segment.length);
        c.rcvNxt = end;
        if (c.received != null && c.received.ranges() > 0) {
            // RFC 5681 section 4.2: a segment that fills a gap is acknowledged at once.
            c.ackNow = true;
            reportOverlap(c, segment.seq, end);
            c.rcvNxt = c.received.advance(end);
            receiveMemory.account(c, Math.min(c.received.outOfOrderPages, c.received.rangePages()));
        }
        return true;
    }

    /** Data in order comes before data out of order: as long as somebody has some of that, it gives way. */
    private boolean roomInOrder(Tcb c, int needed) {
        while (!receiveMemory.admits(c, needed, promised)) {
            Tcb holder = receiveMemory.mostHoarding(c, 1);
            boolean own = holder == null && c.received != null && c.received.outOfOrderPages > 0;
            if (holder == null && !own) {
                return false;
            }
            prune(own ? c : holder);
        }
        return true;
    }

    private boolean roomOutOfOrder(Tcb c, int needed) {
        while (needed > 0 && !receiveMemory.admitsOutOfOrder(needed, promised)) {
            Tcb holder = receiveMemory.mostHoarding(c, c.received.outOfOrderPages + needed);
            if (holder == null) {
                return false;
            }
            prune(holder);
        }
        return true;
    }

    /** The FIN was taken: what a peer sent from beyond it is nothing that anybody could read. */
    void endOfStream(Tcb c) {
        if (c.received != null && c.received.ranges() > 0) {
            c.received.discardRanges(c.rcvInPlace, c.rcvDataEnd());
            receiveMemory.account(c, 0);
            recycleIfEmpty(c);
        }
    }

    /** RFC 2018 section 8: what was not acknowledged cumulatively may be discarded when memory runs out. */
    private void prune(Tcb c) {
        receiveMemory.pruned(c.received.discardRanges(c.rcvInPlace, c.rcvDataEnd()));
        receiveMemory.account(c, 0);
        recycleIfEmpty(c);
    }

    /** RFC 2883 section 4: the next ACK tells the peer what came twice, so that it learns what was not lost. */
    private static void reportDuplicate(Tcb c, int start, int end) {
        c.duplicateStart = start;
        c.duplicateEnd = end;
    }

    /** RFC 2883 section 4.2: of what is here behind a gap already, the first part in one piece. */
    private void reportOverlap(Tcb c, int start, int end) {
        int first = c.received.firstOverlap(start, end);
        if (first == Tcb.NONE) {
            return;
        }
        if (c.duplicateStart == c.duplicateEnd) {
            reportDuplicate(c, Seq.max(start, c.received.rangeStart(first)), Seq.min(end, c.received.rangeEnd(first)));
        }
        counters.add(Counter.TCP_DUPLICATE_BYTES_IN, c.received.overlap(first, start, end));
    }

    private boolean outOfOrder(Tcb c, InboundSegment segment) {
        counters.increment(Counter.TCP_OUT_OF_ORDER_IN);
        c.promptAcks = promptAcks;
        // RFC 5681 section 4.2: one duplicate ACK at once for each, so that the sender can count them.
        c.duplicateAcksOwed++;
        ReceiveSpace space = space(c);
        int end = segment.seq + segment.length;
        reportOverlap(c, segment.seq, end);
        if (space.rangesFull() && !space.touches(segment.seq, end)) {
            counters.increment(Counter.DROP_TCP_RANGES_FULL);
            recycleIfEmpty(c);
            return false;
        }
        int missing = space.missing(segment.seq, segment.length);
        if (!roomOutOfOrder(c, missing)) {
            counters.increment(Counter.DROP_TCP_NO_MEMORY);
        } else {
            space.store(segment.seq, segment.memory, segment.payload, segment.length, 0);
            receiveMemory.account(c, space.outOfOrderPages + missing);
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
        receiveMemory.account(c, c.received.outOfOrderPages);
    }

    /** The user has taken bytes up to {@code seq}. */
    void taken(Tcb c, int seq) {
        int from = c.rcvUser;
        c.rcvUser = seq;
        if (Seq.lt(c.rcvInPlace, seq)) {
            c.rcvInPlace = seq;
        }
        window.taken(c, clock.nanos());
        if (c.received == null) {
            return;
        }
        c.received.free(from, seq);
        receiveMemory.account(c, c.received.outOfOrderPages);
        if (c.unread() == 0 && c.received.ranges() == 0) {
            clear(c);
        }
    }

    private void recycleIfEmpty(Tcb c) {
        if (c.received != null && c.received.isEmpty()) {
            clear(c);
        }
    }

    /** Gives back everything that the connection keeps. */
    void clear(Tcb c) {
        if (c.received != null) {
            c.received.clear();
            receiveMemory.account(c, 0);
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
