package io.doorbell.tcp;

import io.doorbell.link.FramePool;
import java.util.ArrayDeque;

/**
 * Connections whose send was refused for want of frames while they had nothing out: no ACK of their own will tell them
 * when there is room again.
 */
final class WritableWaiters {
    private final FramePool pool;
    private final Lifecycle lifecycle;
    private final ArrayDeque<Tcb> waiting = new ArrayDeque<>();
    private final int enough;

    WritableWaiters(FramePool pool, Lifecycle lifecycle) {
        this.pool = pool;
        this.lifecycle = lifecycle;
        // More than sends have to leave free, so that whoever is told finds room.
        this.enough = Math.max(pool.capacity() / 4,
                ReceiveMemory.notForSends(pool.capacity()) + Math.max(1, pool.capacity() / 16));
    }

    /** Idempotent. */
    void add(Tcb c) {
        if (!c.awaitsFrames) {
            c.awaitsFrames = true;
            waiting.add(c);
        }
    }

    /** Tells them when a good part of the pool is free. */
    void wake() {
        while (!waiting.isEmpty() && pool.available() >= enough) {
            Tcb c = waiting.poll();
            c.awaitsFrames = false;
            if (c.wantsWritable && c.takesRoom()) {
                c.wantsWritable = false;
                lifecycle.event(c, Tcb.EVENT_WRITABLE);
            }
        }
    }
}
