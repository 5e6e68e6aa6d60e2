package io.doorbell.tcp;

import io.doorbell.link.FramePool;
import java.util.ArrayDeque;

/**
 * Connections whose send was refused, and when they are told that there is room. An ACK of their own brings it about, or
 * what an engine gives back; who has nothing out waits here for frames.
 */
final class WritableWaiters {
    private final FramePool pool;
    private final SendSpace sendSpace;
    private final Lifecycle lifecycle;
    private final ArrayDeque<Tcb> waiting = new ArrayDeque<>();
    private final int enough;

    WritableWaiters(FramePool pool, SendSpace sendSpace, Lifecycle lifecycle) {
        this.pool = pool;
        this.sendSpace = sendSpace;
        this.lifecycle = lifecycle;
        // More than sends have to leave free, so that whoever is told finds room.
        this.enough = Math.max(pool.capacity() / 4,
                ReceiveMemory.notForSends(pool.capacity()) + Math.max(1, pool.capacity() / 16));
    }

    /** A send was refused for want of room. */
    void refused(Tcb c) {
        c.wantsWritable = true;
        awaitFrames(c);
    }

    /** There may be room now: what was out is acknowledged, or an engine has it no more. */
    void tell(Tcb c) {
        if (c.wantsWritable && !told(c)) {
            awaitFrames(c);
        }
    }

    /** Tells them when a good part of the pool is free. */
    void wake() {
        while (!waiting.isEmpty() && pool.available() >= enough) {
            Tcb c = waiting.poll();
            c.awaitsFrames = false;
            // If an engine has all the room there is, the end of its grant is told.
            told(c);
        }
    }

    private boolean told(Tcb c) {
        boolean tells = c.takesRoom() && sendSpace.isToldOfRoom(c);
        if (tells) {
            c.wantsWritable = false;
            lifecycle.event(c, Tcb.EVENT_WRITABLE);
        }
        return tells;
    }

    /** No ACK will come for what an engine may send as long as the engine rests. */
    private void awaitFrames(Tcb c) {
        if (!c.awaitsFrames && c.unacknowledged() == GrantSpace.rest(c)) {
            c.awaitsFrames = true;
            waiting.add(c);
        }
    }
}
