package io.doorbell.tcp;

import java.lang.foreign.MemorySegment;

/** Hands what a burst brought to the user: events in a fixed order, payload in place as far as it is. */
final class Delivery {
    private Delivery() {
    }

    /**
     * Works through a chain of connections with events; what the user's calls bring about waits for the next time.
     *
     * <p>A handler that throws loses its connection, which is reset; the others hear what they have to hear, and then
     * the exception goes on its way.
     */
    static void deliver(Tcb chain, Burst burst, DataInput data, Lifecycle lifecycle, ReceiveWindow window,
                        EventSink sink) {
        RuntimeException failure = null;
        Tcb c = chain;
        while (c != null) {
            Tcb next = c.nextEvent;
            int happened = c.events;
            c.nextEvent = null;
            c.events = 0;
            c.eventPending = false;
            try {
                one(c, happened, burst, data, lifecycle, window, sink);
            } catch (RuntimeException thrown) {
                failure = failure == null ? thrown : failure;
                abandon(c, data, lifecycle);
            }
            c = next;
        }
        if (failure != null) {
            throw failure;
        }
    }

    private static void abandon(Tcb c, DataInput data, Lifecycle lifecycle) {
        c.userClosed = true;
        c.delivering = false;
        c.firstPiece = Tcb.NONE;
        c.lastPiece = Tcb.NONE;
        lifecycle.reset(c, CloseReason.ABORTED);
        data.clear(c);
    }

    private static void one(Tcb c, int happened, Burst burst, DataInput data, Lifecycle lifecycle,
                            ReceiveWindow window, EventSink sink) {
        if ((happened & Tcb.EVENT_CONNECTED) != 0) {
            if (c.listenPort != null) {
                c.listenPort.waiting--;
                c.listenPort.accepted++;
            }
            sink.connected(c);
        }
        if ((happened & Tcb.EVENT_READABLE) != 0) {
            readable(c, burst, data, lifecycle, window, sink);
        }
        if ((happened & Tcb.EVENT_WRITABLE) != 0 && c.takesRoom()) {
            sink.writable(c);
        }
        if ((happened & Tcb.EVENT_OVERDUE) != 0) {
            overdue(c, sink);
        }
        end(c, happened, data, sink);
    }

    private static void overdue(Tcb c, EventSink sink) {
        PartialMessage message = c.partial == null ? null : c.partial.takeOverdue();
        while (message != null) {
            sink.partialOverdue(c, message);
            message = c.partial == null ? null : c.partial.takeOverdue();
        }
    }

    /** The peer's FIN and an orderly end are told when the data before them was taken, and not earlier. */
    private static void end(Tcb c, int happened, DataInput data, EventSink sink) {
        boolean closed = (happened & Tcb.EVENT_CLOSED) != 0;
        boolean orderly = c.closeReason == null || c.closeReason == CloseReason.NORMAL;
        if (orderly && !c.userClosed && c.unread() > 0) {
            c.eventsHeld |= happened & (Tcb.EVENT_PEER_CLOSED | Tcb.EVENT_CLOSED);
            return;
        }
        int ending = happened | c.eventsHeld;
        c.eventsHeld = 0;
        if ((ending & Tcb.EVENT_PEER_CLOSED) != 0 && !c.userClosed && orderly) {
            sink.peerClosed(c);
        }
        if (closed || (ending & Tcb.EVENT_CLOSED) != 0) {
            data.clear(c);
            sink.closed(c, c.closeReason);
        }
    }

    private static void readable(Tcb c, Burst burst, DataInput data, Lifecycle lifecycle, ReceiveWindow window,
                                 EventSink sink) {
        int piece = c.firstPiece;
        int seq = c.rcvUser;
        c.firstPiece = Tcb.NONE;
        c.lastPiece = Tcb.NONE;
        c.dataLeft = false;
        c.delivering = true;
        for (; piece != Tcb.NONE; piece = burst.next(piece)) {
            if (c.userClosed) {
                break;
            }
            int length = burst.length(piece);
            int taken = c.dataLeft ? 0 : offer(c, sink, burst.memory(piece), burst.offset(piece), length);
            if (taken < length && !c.userClosed) {
                c.dataLeft = true;
                data.keep(c, burst.memory(piece), burst.offset(piece) + taken, length - taken, seq + taken);
            }
            if (taken > 0) {
                data.taken(c, seq + taken);
            }
            seq += length;
        }
        c.rcvInPlace = c.rcvUser;
        kept(c, data, sink);
        c.delivering = false;
        if (c.userClosed && c.state != TcpState.CLOSED && c.unread() > 0) {
            lifecycle.reset(c, CloseReason.ABORTED);
        }
        announce(c, lifecycle, window);
    }

    private static void kept(Tcb c, DataInput data, EventSink sink) {
        while (!c.dataLeft && !c.userClosed && c.unread() > 0 && c.received != null) {
            int length = c.received.contiguous(c.rcvUser, c.rcvDataEnd());
            int taken = offer(c, sink, c.received.memory(), c.received.addressOf(c.rcvUser), length);
            c.dataLeft = taken < length;
            if (taken > 0 && !c.userClosed) {
                data.taken(c, c.rcvUser + taken);
            }
        }
    }

    private static int offer(Tcb c, EventSink sink, MemorySegment memory, long offset, int length) {
        int taken = sink.data(c, memory, offset, length);
        if (taken < 0 || taken > length) {
            throw new IllegalStateException("a data handler took " + taken + " of " + length
                    + " bytes: it must answer how many of the offered bytes it took, 0 to " + length);
        }
        return taken;
    }

    private static void announce(Tcb c, Lifecycle lifecycle, ReceiveWindow window) {
        if (c.state.receives() && window.updateDue(c)) {
            c.ackNow = true;
            lifecycle.wantOutput(c);
        }
    }

    /** Takes kept bytes by copying them out. */
    static int read(Tcb c, DataInput data, Lifecycle lifecycle, ReceiveWindow window, MemorySegment target,
                    long offset, int length) {
        int total = 0;
        while (total < length && !c.delivering && c.received != null && c.rcvUser != c.rcvDataEnd()
                && c.firstPiece == Tcb.NONE) {
            int size = Math.min(length - total, c.received.contiguous(c.rcvUser, c.rcvDataEnd()));
            MemorySegment.copy(c.received.memory(), c.received.addressOf(c.rcvUser), target, offset + total, size);
            data.taken(c, c.rcvUser + size);
            total += size;
        }
        if (total > 0) {
            announce(c, lifecycle, window);
            if (c.unread() == 0) {
                c.dataLeft = false;
                if (c.eventsHeld != 0) {
                    lifecycle.event(c, Tcb.EVENT_READABLE);
                }
            }
        }
        return total;
    }
}
