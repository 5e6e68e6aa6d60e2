package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.grant.GrantBlock;
import io.doorbell.link.FramePool;

/**
 * Sequence space and frames of grants.
 *
 * <p>What is granted and not published is one record of the send queue, the placeholder: it is never READY, so that the
 * emitter stops in front of it and everything else waits behind. It is the record of the frame that the next slot lies
 * in. When a slot is published, that record becomes the segment that it now is, and the next slot's record the
 * placeholder of what is left. A slot's frame is the engine's to write to until it is published, and then the send
 * queue's like any other.
 */
final class GrantSpace {
    private final FramePool pool;
    private final GrantMemory memory;
    private final SegmentTable segments;
    private final SendSpace sendSpace;
    private final Scoreboard scoreboard;
    private final SegmentOutput output;
    private final LossRecovery recovery;
    private final Lifecycle lifecycle;
    private final WritableWaiters waiters;
    private final Counters counters;

    GrantSpace(FramePool pool, GrantMemory memory, SegmentTable segments, SendSpace sendSpace, Scoreboard scoreboard,
               SegmentOutput output, LossRecovery recovery, Lifecycle lifecycle, WritableWaiters waiters,
               Counters counters) {
        this.pool = pool;
        this.memory = memory;
        this.segments = segments;
        this.sendSpace = sendSpace;
        this.scoreboard = scoreboard;
        this.output = output;
        this.recovery = recovery;
        this.lifecycle = lifecycle;
        this.waiters = waiters;
        this.counters = counters;
    }

    /** Whether the next slot that was published is one that may have been; {@link #adopt} follows then. */
    static boolean isSane(Grant g) {
        // Read once: another process may write there when it likes.
        int length = g.block.length(g.collected);
        g.nextBytes = length;
        return g.placeholder != Tcb.NONE && g.held - g.collected >= 2 && length > 0 && length <= g.terms.mss && length <= g.rest;
    }

    /** The next slot was published: it is a segment now, and has left. */
    void adopt(Grant g, Tcb c, long now) {
        int slot = g.collected;
        int s = become(g, c, slot);
        int length = segments.length(s);
        c.sendUnsent = segments.next(s);
        long sentAt = g.sentAtNanos(slot, now);
        output.advance(c, g.position);
        if (c.flight.lastSent != Tcb.NONE) {
            sentAt = Math.max(sentAt, segments.sentAtNanos(c.flight.lastSent));
        }
        scoreboard.sent(c, s, sentAt);
        c.flight.tailProbeDue = true;
        recovery.sent(c, length);
        if (c.seldom != null) {
            Pacer.sent(c, length);
        }
        if (g.block.ack(slot) == c.rcvNxt) {
            TemplateOutput.acknowledged(c);
        }
        int clock = g.block.clock(slot);
        if (clock - g.lastClock > 0 && GrantedRight.isCredible(clock, output.timestampClock())) {
            g.lastClock = clock;
        }
        g.sentBytes += length;
        g.target -= g.options.renewed() ? 0 : length;
        counters.increment(Counter.GRANT_SEGMENTS_OUT);
        counters.increment(Counter.TCP_SEGMENTS_OUT);
        counters.add(Counter.TCP_PAYLOAD_BYTES_OUT, length);
    }

    /** @return the segment that was the placeholder */
    private int become(Grant g, Tcb c, int slot) {
        int s = g.placeholder;
        int seq = segments.seq(s);
        int behind = segments.next(s);
        int length = g.nextBytes;
        segments.create(s, seq, length, g.payload[slot & g.mask],
                SegmentTable.READY | (g.block.push(slot) ? SegmentTable.PUSH : 0));
        segments.sum(s, g.block.sum(slot));
        segments.next(s, behind);
        g.collected++;
        g.rest -= length;
        g.position = seq + length;
        g.placeholder = Tcb.NONE;
        if (g.rest > 0) {
            long payload = g.payload[g.collected & g.mask];
            g.placeholder = pool.indexOf(payload);
            segments.create(g.placeholder, g.position, g.rest, payload, 0);
            sendSpace.insertBehind(c, s, g.placeholder);
        }
        return s;
    }

    /**
     * A frame that is alone is of no use, and goes back: another grant may wait for it, which has one alone, too. No
     * engine was ever shown its slot.
     *
     * @return whether there is a slot to use, and one for the placeholder behind it
     */
    boolean fillSlots(Grant g, boolean wanted) {
        while (wanted && g.held - g.collected < g.payload.length && memory.hasFrame(g.place)) {
            long address = memory.allocate(g.place) + SendSpace.HEADROOM;
            g.payload[g.held & g.mask] = address;
            g.block.payload(g.held, address);
            g.held++;
        }
        if (g.rest == 0 && g.held - g.collected == 1) {
            g.held--;
            pool.release(g.payload[g.held & g.mask]);
        }
        return g.held - g.collected >= 2;
    }

    /** Reserves more sequence space, at the end of all that there is. */
    void extend(Grant g, Tcb c, int more) {
        if (g.rest > 0) {
            segments.length(g.placeholder, g.rest + more);
        } else {
            long address = g.payload[g.collected & g.mask];
            g.placeholder = sendSpace.adopt(c, address, 0, 0, 0);
            segments.clear(g.placeholder, SegmentTable.READY);
            segments.length(g.placeholder, more);
        }
        g.rest += more;
        c.sndEnd += more;
    }

    /** Gives sequence space back that nobody has used; what waits behind it moves forward. */
    void shrink(Grant g, int left) {
        if (g.over || g.rest <= left) {
            return;
        }
        Tcb c = g.connection;
        int bytes = g.rest - left;
        g.target = Math.max(g.target, g.rest);
        for (int s = segments.next(g.placeholder); s != Tcb.NONE; s = segments.next(s)) {
            segments.seq(s, segments.seq(s) - bytes);
        }
        c.sndEnd -= bytes;
        g.rest = left;
        segments.length(g.placeholder, left);
        if (left == 0) {
            unlink(g);
        }
        tellOfRoom(c);
        lifecycle.wantOutput(c);
    }

    /** Room that a grant has given back, or its end, is news for an owner who waits to write: no ACK will bring it. */
    void tellOfRoom(Tcb c) {
        waiters.tell(c);
    }

    /** Bytes of the send space that a connection's engine may send. */
    static int rest(Tcb c) {
        return c.granted == null ? 0 : c.granted.rest;
    }

    void unlink(Grant g) {
        sendSpace.unlink(g.connection, g.placeholder);
        g.placeholder = Tcb.NONE;
    }

    /** The engine will not touch them any more: frames of slots that were not published go back. */
    void reclaim(Grant g) {
        while (g.collected != g.held) {
            pool.release(g.payload[g.collected & g.mask]);
            g.collected++;
        }
        if (g.connection.granted == g) {
            g.connection.granted = null;
        }
    }

    /** Bytes that were published, and not yet taken into the send space. */
    static int uncollected(Grant g) {
        int bytes = 0;
        if (g != null && !g.over) {
            for (int i = GrantBlock.slotsBetween(g.collected, GrantBlock.published(g.block.control())); i > 0; i--) {
                bytes += g.block.length(g.collected + i - 1);
            }
        }
        return bytes;
    }

    /** Frames that slots have, but for the one whose record is the placeholder. */
    static int frames(Grant g) {
        return g.held - g.collected - (g.placeholder == Tcb.NONE ? 0 : 1);
    }
}
