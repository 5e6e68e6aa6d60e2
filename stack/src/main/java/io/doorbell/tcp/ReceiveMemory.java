package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.link.FramePool;

/**
 * The frames of the pool that received data occupies, of all connections together: how many there may be, for whom, and
 * who gives way when there are too many.
 *
 * <p>What was acknowledged is never given up. What is out of order may be, although SACK has told of it (RFC 2018
 * section 8): the connection that hoards most of it loses it first. Data in order is refused, unacknowledged, before
 * the frames that ACKs and sends need are gone; long before that the windows stop growing.
 */
final class ReceiveMemory {
    /** The most frames that received data leaves to ACKs and other control segments. */
    private static final int CONTROL = 32;
    /** The most frames that sends leave to control segments and received data. */
    private static final int NOT_FOR_SENDS = 256;
    /** The most frames that out-of-order data leaves free: the segment that fills the gap must always find room. */
    private static final int FOR_ORDER = 64;
    /** How many holders of out-of-order data are compared to find the one that gives way. */
    private static final int COMPARED = 16;

    private final FramePool pool;
    private final Counters counters;
    private final int control;
    private final int notForSends;
    private final int forOrder;
    private final int hoarderLimit;
    private final int readerLimit;
    private final int outOfOrderLimit;
    private final int pressureFrom;
    private final Tcb[] holders;
    private int holderCount;
    private int hand;
    private int pages;
    private int outOfOrderPages;

    ReceiveMemory(FramePool pool, TcpConfig config, Counters counters) {
        int capacity = pool.capacity();
        this.pool = pool;
        this.counters = counters;
        this.control = forControl(capacity);
        this.notForSends = notForSends(capacity);
        this.forOrder = Math.min(FOR_ORDER, capacity / 8);
        this.hoarderLimit = capacity / 2;
        this.readerLimit = capacity / 2 + capacity / 8;
        this.outOfOrderLimit = config.outOfOrderFrames() > 0 ? Math.min(config.outOfOrderFrames(), capacity) : capacity / 4;
        this.pressureFrom = capacity / 4;
        this.holders = new Tcb[outOfOrderLimit + 1];
    }

    /** Frames that nothing but control segments may have in a pool of this size. */
    static int forControl(int capacity) {
        return Math.min(CONTROL, capacity / 16);
    }

    /** Frames that sends leave free in a pool of this size. */
    static int notForSends(int capacity) {
        return Math.min(NOT_FOR_SENDS, capacity / 4);
    }

    /**
     * Whether windows are not to grow: received data that nobody takes fills a quarter of the pool, or hardly a frame
     * is free.
     */
    boolean pressure() {
        return pages > pressureFrom || pool.available() < notForSends / 2;
    }

    /** The most pages that may be promised to the pieces of a burst: sends from the handlers do not touch them. */
    int promiseLimit() {
        return notForSends - control;
    }

    /**
     * Whether data in order may have frames. A connection whose user takes what comes may go on when those whose users
     * do not have used up their share.
     *
     * @param needed   frames for it
     * @param promised frames set aside for other data of this burst
     */
    boolean admits(Tcb c, int needed, int promised) {
        int limit = c.unread() > 0 ? hoarderLimit : readerLimit;
        return pool.available() - needed - promised >= control && pages + needed + promised <= limit;
    }

    /** Whether out-of-order data may have frames. */
    boolean admitsOutOfOrder(int needed, int promised) {
        return outOfOrderPages + needed <= outOfOrderLimit && pool.available() - needed >= promised + forOrder
                && pages + needed + promised <= hoarderLimit;
    }

    /**
     * Who gives way to out-of-order data of {@code c}: of some holders, each time the next ones, the one that has the
     * most.
     *
     * @param least frames that it must have
     * @return null if none has so many
     */
    Tcb mostHoarding(Tcb c, int least) {
        Tcb most = null;
        int found = least - 1;
        for (int i = Math.min(COMPARED, holderCount); i > 0; i--) {
            hand = hand + 1 < holderCount ? hand + 1 : 0;
            Tcb holder = holders[hand];
            if (holder != c && holder.received.outOfOrderPages > found) {
                most = holder;
                found = holder.received.outOfOrderPages;
            }
        }
        return most;
    }

    /** A connection's out-of-order data was given up. */
    void pruned(int bytes) {
        counters.increment(Counter.TCP_PRUNED_CONNECTIONS);
        counters.add(Counter.TCP_PRUNED_BYTES, bytes);
    }

    /** Brings the accounts up to date with what a connection's receive space holds now. */
    void account(Tcb c, int outOfOrder) {
        ReceiveSpace space = c.received;
        pages += space.allocated() - space.accounted;
        space.accounted = space.allocated();
        outOfOrderPages += outOfOrder - space.outOfOrderPages;
        space.outOfOrderPages = outOfOrder;
        if (outOfOrder > 0 && space.holder < 0) {
            space.holder = holderCount;
            holders[holderCount++] = c;
        } else if (outOfOrder == 0 && space.holder >= 0) {
            Tcb last = holders[--holderCount];
            holders[space.holder] = last;
            last.received.holder = space.holder;
            holders[holderCount] = null;
            space.holder = Tcb.NONE;
        }
    }
}
