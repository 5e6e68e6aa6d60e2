package io.doorbell.tcp;

import io.doorbell.wire.Seq;
import java.lang.foreign.MemorySegment;

/**
 * Sends of a message whose checksum is known, because it goes to many: it is copied and not summed again. And the bound
 * that such a sender sets: frames, since a client that stops reading holds frames, however short the messages are.
 */
public final class SummedSends {
    /** No payload that connections share. */
    public static final int NOT_SHARED = Tcb.NONE;

    private final SendSpace sendSpace;
    private final PathMtu paths;
    private final Lifecycle lifecycle;
    private final WritableWaiters waiters;
    private final SharedPayloads payloads;
    private final Delegation delegation;

    SummedSends(SendSpace sendSpace, SharedPayloads payloads, PathMtu paths, Lifecycle lifecycle,
                WritableWaiters waiters, Delegation delegation) {
        this.payloads = payloads;
        this.delegation = delegation;
        this.sendSpace = sendSpace;
        this.paths = paths;
        this.lifecycle = lifecycle;
        this.waiters = waiters;
    }

    /**
     * Puts a message where the segments of all its receivers may refer to it. It costs a frame for each full segment.
     *
     * @return its number, for {@link #send}, until {@link #unshare}; {@link #NOT_SHARED} if the link takes no frames in
     *         two pieces or too few frames are free
     */
    public int share(MemorySegment source, long offset, int length, int sum) {
        return payloads.write(source, offset, length, sum);
    }

    /** No other send will name it. The frames are given back when the last receiver has acknowledged it or has ended. */
    public void unshare(int shared) {
        payloads.release(shared);
    }

    /**
     * SEND, all bytes or none; after CLOSE, of what was accepted before it. A refusal makes the stack tell when there is room again.
     *
     * @param sum        folded, of the message alone
     * @param shared     from {@link #share}, of the same message, to refer to it where that is of use; or {@link #NOT_SHARED}
     * @param alone      the connection gets nothing else before the next output: it may leave at once, to be flushed then
     * @param mostFrames of unacknowledged data: beyond it the send is refused, unless it fits behind what waits to leave
     * @return {@code length}, or {@link Tcb#BACKPRESSURE}, {@link Tcb#CLOSED}, {@link Tcb#NOT_CONNECTED}
     */
    public int send(Tcb c, MemorySegment source, long offset, int length, int sum, int shared, boolean alone,
                    int mostFrames) {
        if (hasClosed(c) && !c.finWaits) {
            return Tcp.refusal(c);
        }
        if (c.granted != null && delegation.ownerSends(c) != 0) {
            return Tcb.BACKPRESSURE;
        }
        paths.age(c);
        int result = payloads.suits(c, shared, length) ? payloads.send(c, shared, length, mostFrames)
                : sendSpace.sendSummed(c, source, offset, length, sum, mostFrames);
        if (result == Tcb.BACKPRESSURE) {
            waiters.refused(c);
        } else if (alone) {
            lifecycle.output(c);
        } else {
            lifecycle.wantOutput(c);
        }
        return result;
    }

    /** Whether the user may not send any more, or not yet; what he sent before may still wait ({@link Closing#holdFin}). */
    public boolean hasClosed(Tcb c) {
        return !c.takesSends();
    }

    /** From now on until the next output, sends may leave at once. */
    public void begin() {
        lifecycle.beginOutput();
    }

    /** Whether it is the connection's own fault that a send was refused, and not that frames are short. */
    public boolean isSlow(Tcb c, int length, int mostFrames) {
        return c.unacknowledged() > 0 && (sendSpace.holdsFrames(c, mostFrames)
                || c.unacknowledged() + length > c.options.sendBufferBytes());
    }

    /** Behind the last byte that was accepted, as a sequence number. */
    public int end(Tcb c) {
        return c.sndEnd;
    }

    /** Whether all before a sequence number has left, at least once. */
    public boolean hasLeft(Tcb c, int end) {
        return Seq.le(end, c.sndNxt);
    }
}
