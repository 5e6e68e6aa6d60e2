package io.doorbell.tcp;

import io.doorbell.link.FramePool;
import java.lang.foreign.MemorySegment;

/** The user's calls for messages that are known in part: whether they are allowed now, and what follows from them. */
public final class PartialOutput {
    private final Tcp tcp;
    private final Holes holes;
    private final PathMtu paths;
    private final Lifecycle lifecycle;
    private final TimerQueue timers;
    private final MemorySegment memory;

    PartialOutput(Tcp tcp, Holes holes, PathMtu paths, Lifecycle lifecycle, TimerQueue timers, FramePool pool) {
        this.tcp = tcp;
        this.holes = holes;
        this.paths = paths;
        this.lifecycle = lifecycle;
        this.timers = timers;
        this.memory = pool.memory();
    }

    ArrayCopy arrayCopy() {
        return tcp.arrayCopy();
    }

    /** Takes a place in the stream for a message that is not known yet: 0, or a negative code. */
    public int begin(Tcb c, PartialMessage message, int length) {
        if (message.isOpen()) {
            return PartialMessage.OPEN;
        }
        if (!c.takesSends()) {
            return Tcp.refusal(c);
        }
        if (length <= 0) {
            return PartialMessage.OUT_OF_RANGE;
        }
        if (c.granted != null) {
            return Tcb.GRANTED;
        }
        paths.age(c);
        int result = holes.begin(this, c, message, length);
        if (result == Tcb.BACKPRESSURE) {
            tcp.waitForRoom(c);
        } else {
            lifecycle.touch(c);
        }
        return result;
    }

    /** The same, with the bytes that a template has; afterwards that is as after a send. */
    int begin(PartialMessage message, MessageTemplate template) {
        if (template.isClosed()) {
            return Tcb.CLOSED;
        }
        if (template.known.runs() > PartialMessage.MAX_RUNS) {
            return PartialMessage.TOO_MANY_RUNS;
        }
        int result = begin(template.connection, message, template.length);
        if (result == 0) {
            template.copyLast();
            supply(message, template);
            template.known.rearm();
            lifecycle.wantOutput(template.connection);
        }
        return result;
    }

    private void supply(PartialMessage message, MessageTemplate t) {
        int at = t.known.nextSupplied(0);
        while (at < t.length) {
            int segment = at / t.segmentSize;
            int inSegment = at - segment * t.segmentSize;
            int bytes = Math.min(t.known.nextMissing(at) - at, t.length(segment) - inSegment);
            holes.complete(message, at, memory, t.payload(segment) + inSegment, bytes);
            at = t.known.nextSupplied(at + bytes);
        }
    }

    int complete(PartialMessage message, int at, MemorySegment source, long offset, int length) {
        Tcb c = message.connection;
        int result = holes.complete(message, at, source, offset, length);
        if (result >= 0) {
            lifecycle.wantOutput(c);
        }
        return result;
    }

    MessageGrant grant(PartialMessage message) {
        return tcp.delegation().messages().open(message);
    }

    void deadlineChanged(Tcb c) {
        c.partial.findDeadline();
        timers.schedule(c, c.partial.deadlineNanos);
    }

    void abort(Tcb c) {
        tcp.closing().abort(c);
    }
}
