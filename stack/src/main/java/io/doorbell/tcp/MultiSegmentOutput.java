package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.link.FramePool;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.MultiSegmentOption;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;

/**
 * Puts several segments that lie apart in the stream into one, for a peer that knows the option. Each stays in the send
 * space as a segment of its own, so that it is acknowledged, and sent again, like any other: never with the option.
 */
final class MultiSegmentOutput {
    /** More parts than one option holds. */
    private static final int MOST_SEGMENTS = 32;

    private final FramePool pool;
    private final MemorySegment memory;
    private final SegmentWriter writer;
    private final SegmentTable segments;
    private final Holes holes;
    private final Counters counters;
    private final int[] chosen = new int[MOST_SEGMENTS];
    private int count;
    private int total;
    private int parts;
    private int layoutLength;

    MultiSegmentOutput(FramePool pool, SegmentWriter writer, SegmentTable segments, Holes holes, Counters counters) {
        this.pool = pool;
        this.memory = pool.memory();
        this.writer = writer;
        this.segments = segments;
        this.holes = holes;
        this.counters = counters;
    }

    /**
     * Chooses what goes together: from {@code first} on what may leave, as far as option, segment size and windows
     * reach.
     *
     * @param room what the congestion window leaves
     * @return how many segments were chosen; 0 if there are not at least two parts
     */
    int choose(Tcb c, int first, long room) {
        int optionRoom = TcpHeader.MAX_LENGTH - TcpHeader.LENGTH - (c.timestamps ? TcpOptions.TIMESTAMPS_LENGTH : 0);
        int windowEnd = c.sndUna + c.sndWnd;
        count = 0;
        total = 0;
        parts = 0;
        layoutLength = 0;
        int end = 0;
        int lastLength = 0;
        for (int s = first; s != Tcb.NONE && count < MOST_SEGMENTS; s = holes.nextReady(segments.next(s))) {
            int length = segments.length(s);
            boolean joins = count > 0 && segments.seq(s) == end;
            int layout = joins
                    ? layoutLength - MultiSegmentOption.numberLength(lastLength)
                            + MultiSegmentOption.numberLength(lastLength + length)
                    : layoutLength + MultiSegmentOption.numberLength(length)
                            // The first start depends on the payload's length: room for the longest.
                            + MultiSegmentOption.numberLength(count == 0 ? segments.seq(s) - c.sndUna + c.mss
                                    : segments.seq(s) - end);
            int option = (MultiSegmentOption.FIXED_LENGTH + layout + 3) & ~3;
            boolean fits = option <= optionRoom && total + length + option <= c.mss && total + length <= room
                    && segments.end(s) - windowEnd <= 0 && (joins || parts < MultiSegment.Layout.MOST);
            if (!fits) {
                break;
            }
            chosen[count++] = s;
            total += length;
            layoutLength = layout;
            lastLength = joins ? lastLength + length : length;
            parts += joins ? 0 : 1;
            end = segments.end(s);
        }
        return parts > 1 ? count : 0;
    }

    /** One of the segments chosen, in the order of the stream. */
    int chosen(int index) {
        return chosen[index];
    }

    /**
     * Sends the segments chosen as one.
     *
     * @return false if no frame was free or the link is full
     */
    boolean send(Tcb c) {
        long frame = pool.allocate();
        if (frame == FramePool.NONE) {
            counters.increment(Counter.NO_FRAME);
            return false;
        }
        long payload = frame + SendSpace.HEADROOM;
        // All that an ordinary receiver could take it for lies below what it has acknowledged.
        int seq = c.sndUna - total;
        long at = payload;
        for (int i = 0; i < count; i++) {
            MemorySegment.copy(memory, segments.payload(chosen[i]), memory, at, segments.length(chosen[i]));
            at += segments.length(chosen[i]);
        }
        // Written from the front of the frame's room, for its length is known only then.
        int length = writeLayout(frame, seq) + MultiSegmentOption.FIXED_LENGTH;
        int padded = (length + 3) & ~3;
        long option = payload - padded;
        MemorySegment.copy(memory, frame, memory, option + MultiSegmentOption.FIXED_LENGTH,
                length - MultiSegmentOption.FIXED_LENGTH);
        for (int i = length; i < padded; i++) {
            Bytes.put8(memory, option + i, TcpOptions.NO_OPERATION);
        }
        int check = MultiSegmentOption.check(c.multi.sendKey(), seq - c.iss, memory, option, length, payload, total);
        MultiSegmentOption.finish(memory, option, length, check);
        boolean posted = writer.withOption(c, seq, TcpHeader.ACK | TcpHeader.PSH, payload, total, padded);
        pool.release(frame);
        if (posted) {
            c.multi.sent(seq, total);
            counters.increment(Counter.TCP_MULTI_SEGMENTS_OUT);
        }
        return posted;
    }

    /** @return bytes written at {@code start} */
    private int writeLayout(long start, int seq) {
        long at = MultiSegmentOption.writeNumber(memory, start, segments.seq(chosen[0]) - seq);
        int i = 0;
        while (i < count) {
            int end = segments.end(chosen[i]);
            int length = segments.length(chosen[i]);
            i++;
            while (i < count && segments.seq(chosen[i]) == end) {
                end = segments.end(chosen[i]);
                length += segments.length(chosen[i]);
                i++;
            }
            at = MultiSegmentOption.writeNumber(memory, at, length);
            if (i < count) {
                at = MultiSegmentOption.writeNumber(memory, at, segments.seq(chosen[i]) - end);
            }
        }
        return (int) (at - start);
    }
}
