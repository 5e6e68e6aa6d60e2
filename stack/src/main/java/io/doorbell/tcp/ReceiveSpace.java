package io.doorbell.tcp;

import io.doorbell.link.FramePool;
import io.doorbell.wire.Seq;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The received bytes that could not be handed over in place: out of order, or not taken by the user.
 *
 * <p>Bytes lie in pages, which are frames of the link's pool; the byte with sequence number {@code s} is byte
 * {@code s mod pageSize} of page {@code (s / pageSize) mod pages}. A page is allocated when the first byte of it comes
 * and given back when the user has read past it. Which bytes beyond RCV.NXT are here is told by a sorted list of
 * ranges, bounded. A connection owns a receive space only while there is something in it.
 */
final class ReceiveSpace {
    /** Out-of-order ranges that one connection may have; more are dropped, and come again. */
    static final int MAX_RANGES = 64;

    private final FramePool pool;
    private final MemorySegment memory;
    private final int pageShift;
    private final int pageSize;
    private final int[] pages;
    private final int[] starts = new int[MAX_RANGES];
    private final int[] ends = new int[MAX_RANGES];
    private int ranges;
    private int allocated;
    // The accounts of ReceiveMemory: frames counted, those of them that came out of order, the place among the holders.
    int accounted;
    int outOfOrderPages;
    int holder = Tcb.NONE;
    /** A byte of each of the ranges that grew last, the latest first (RFC 2018 section 4). */
    private final int[] recent = new int[MAX_RANGES];
    private int recents;
    /** How many of them have grown since a SACK option last told. */
    private int unreported;

    /** @param window the largest distance in bytes between the first byte kept and the last */
    ReceiveSpace(FramePool pool, int window) {
        this.pool = pool;
        this.memory = pool.memory();
        this.pageSize = pool.frameSize();
        this.pageShift = Integer.numberOfTrailingZeros(pageSize);
        int needed = (window >>> pageShift) + 2;
        this.pages = new int[Integer.highestOneBit(needed - 1) << 1];
        Arrays.fill(pages, Tcb.NONE);
    }

    MemorySegment memory() {
        return memory;
    }

    int ranges() {
        return ranges;
    }

    /** Frames that it holds. */
    int allocated() {
        return allocated;
    }

    int rangeStart(int range) {
        return starts[range];
    }

    /** The sequence number behind the range's last byte. */
    int rangeEnd(int range) {
        return ends[range];
    }

    /** How many pages there may be. */
    int pages() {
        return pages.length;
    }

    /** The number of the frame that is this page, {@link Tcb#NONE} if there is none. */
    int page(int index) {
        return pages[index];
    }

    boolean isEmpty() {
        return allocated == 0 && ranges == 0;
    }

    /** Where the byte with this sequence number lies in {@link #memory()}. It has been stored. */
    long addressOf(int seq) {
        return pool.addressOf(pages[pageOf(seq)]) + (seq & (pageSize - 1));
    }

    /** How many bytes from {@code seq} on lie in one piece, up to {@code end}. */
    int contiguous(int seq, int end) {
        return Math.min(end - seq, pageSize - (seq & (pageSize - 1)));
    }

    private int pageOf(int seq) {
        return (seq >>> pageShift) & (pages.length - 1);
    }

    /** How many frames {@link #store} would take. */
    int missing(int seq, int length) {
        int end = seq + length;
        int missing = 0;
        for (int at = seq; at != end; at += contiguous(at, end)) {
            if (pages[pageOf(at)] == Tcb.NONE) {
                missing++;
            }
        }
        return missing;
    }

    /**
     * Copies bytes to their place.
     *
     * @param keepFree frames to leave free in the pool
     * @return false if there were not enough frames; nothing was stored then
     */
    boolean store(int seq, MemorySegment source, long offset, int length, int keepFree) {
        int end = seq + length;
        if (pool.available() - missing(seq, length) < keepFree) {
            return false;
        }
        long from = offset;
        for (int at = seq; at != end; ) {
            int page = pageOf(at);
            if (pages[page] == Tcb.NONE) {
                pages[page] = pool.indexOf(pool.allocate());
                allocated++;
            }
            int size = contiguous(at, end);
            MemorySegment.copy(source, from, memory, pool.addressOf(pages[page]) + (at & (pageSize - 1)), size);
            from += size;
            at += size;
        }
        return true;
    }

    /**
     * Adds {@code [start, end)} to the out-of-order ranges, merging what touches.
     *
     * @return false if that would need one range more than the bound; nothing has changed then
     */
    boolean addRange(int start, int end) {
        int first = 0;
        while (first < ranges && Seq.lt(ends[first], start)) {
            first++;
        }
        int last = first;
        int low = start;
        int high = end;
        while (last < ranges && Seq.le(starts[last], high)) {
            low = Seq.min(low, starts[last]);
            high = Seq.max(high, ends[last]);
            last++;
        }
        int merged = last - first;
        if (merged == 0 && ranges == MAX_RANGES) {
            return false;
        }
        int tail = ranges - last;
        System.arraycopy(starts, last, starts, first + 1, tail);
        System.arraycopy(ends, last, ends, first + 1, tail);
        starts[first] = low;
        ends[first] = high;
        ranges += 1 - merged;
        remember(start);
        return true;
    }

    private void remember(int seq) {
        if (unreported > 0 && rangeOf(recent[0]) == rangeOf(seq)) {
            recent[0] = seq;
            return;
        }
        int keep = Math.min(recents, recent.length - 1);
        unreported = Math.min(unreported + 1, recent.length);
        System.arraycopy(recent, 0, recent, 1, keep);
        recent[0] = seq;
        recents = keep + 1;
    }

    /** How many ranges have grown that no SACK option has told of. */
    int unreported() {
        return unreported;
    }

    /**
     * Lists ranges as SACK blocks, each once: the one that grew last first. If more have grown since the last time
     * than there is room for, those that grew first are told now and the others with the ACKs that follow, as if each
     * segment had been acknowledged when it came: a range that is never told is sent again in vain.
     *
     * @return how many were written into {@code starts} and {@code ends}
     */
    int sackBlocks(int[] blockStarts, int[] blockEnds, int from, int limit) {
        int count = from;
        int oldest = Math.max(0, unreported - (limit - from));
        unreported = Math.min(unreported, oldest);
        for (int i = oldest; i < recents && count < limit; i++) {
            int range = rangeOf(recent[i]);
            if (range != Tcb.NONE && !listed(blockStarts, from, count, starts[range])) {
                blockStarts[count] = starts[range];
                blockEnds[count] = ends[range];
                count++;
            }
        }
        return count;
    }

    private int rangeOf(int seq) {
        for (int i = 0; i < ranges; i++) {
            if (Seq.within(seq, starts[i], ends[i])) {
                return i;
            }
        }
        return Tcb.NONE;
    }

    private static boolean listed(int[] blockStarts, int from, int count, int start) {
        for (int i = from; i < count; i++) {
            if (blockStarts[i] == start) {
                return true;
            }
        }
        return false;
    }

    /** Whether all of {@code [start, end)} is here, in one range. */
    boolean contains(int start, int end) {
        int range = rangeOf(start);
        return range != Tcb.NONE && Seq.le(end, ends[range]);
    }

    /** The first range that has a byte of {@code [start, end)}, {@link Tcb#NONE} if none has. */
    int firstOverlap(int start, int end) {
        int range = 0;
        while (range < ranges && Seq.le(ends[range], start)) {
            range++;
        }
        return range < ranges && Seq.lt(starts[range], end) ? range : Tcb.NONE;
    }

    /** How many bytes of {@code [start, end)} are in this range and those behind it. */
    int overlap(int range, int start, int end) {
        int bytes = 0;
        for (int i = range; i < ranges && Seq.lt(starts[i], end); i++) {
            bytes += Seq.min(end, ends[i]) - Seq.max(start, starts[i]);
        }
        return bytes;
    }

    /** Whether a range that touches none of those present would be one too many. */
    boolean rangesFull() {
        return ranges == MAX_RANGES;
    }

    /** Whether {@code [start, end)} overlaps or adjoins a range. */
    boolean touches(int start, int end) {
        for (int i = 0; i < ranges; i++) {
            if (Seq.le(starts[i], end) && Seq.le(start, ends[i])) {
                return true;
            }
        }
        return false;
    }

    /** Removes the ranges that {@code next} reaches, and returns the sequence number behind the last of them. */
    int advance(int next) {
        int reached = next;
        int count = 0;
        while (count < ranges && Seq.le(starts[count], reached)) {
            reached = Seq.max(reached, ends[count]);
            count++;
        }
        if (count > 0) {
            ranges -= count;
            System.arraycopy(starts, count, starts, 0, ranges);
            System.arraycopy(ends, count, ends, 0, ranges);
        }
        return reached;
    }

    /** The most frames that ranges can occupy. */
    int rangePages() {
        return ranges == 0 ? 0 : (ends[ranges - 1] - 1 >>> pageShift) - (starts[0] >>> pageShift) + 1 & -1 >>> pageShift;
    }

    /**
     * Gives up all ranges (RFC 2018 section 8). What lies in order, from {@code start} to {@code next}, stays.
     *
     * @return bytes that were given up
     */
    int discardRanges(int start, int next) {
        int bytes = 0;
        for (int i = 0; i < ranges; i++) {
            bytes += ends[i] - starts[i];
        }
        if (ranges > 0) {
            int first = starts[0] >>> pageShift;
            if (start != next && next - 1 >>> pageShift == first) {
                first++;
            }
            int count = (ends[ranges - 1] - 1 >>> pageShift) - first + 1 & -1 >>> pageShift;
            for (int i = 0; i < count; i++) {
                freePage(first + i & pages.length - 1);
            }
        }
        ranges = 0;
        recents = 0;
        unreported = 0;
        return bytes;
    }

    /** Gives back the pages that lie in whole between {@code from}, unread until now, and {@code to}, unread from now on. */
    void free(int from, int to) {
        int count = ((to >>> pageShift) - (from >>> pageShift)) & (-1 >>> pageShift);
        for (int i = 0; i < count; i++) {
            freePage(((from >>> pageShift) + i) & (pages.length - 1));
        }
    }

    private void freePage(int page) {
        if (pages[page] != Tcb.NONE) {
            pool.release(pool.addressOf(pages[page]));
            pages[page] = Tcb.NONE;
            allocated--;
        }
    }

    /** Gives every page back. */
    void clear() {
        ranges = 0;
        recents = 0;
        unreported = 0;
        for (int page = 0; allocated > 0; page++) {
            freePage(page);
        }
    }
}
