package io.doorbell.grant;

import io.doorbell.link.FramePool;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.Checksum;
import io.doorbell.wire.KnownBytes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A message of which the last bytes are still unknown, in the hands of an engine: known bytes are summed ahead and lie in
 * the frame that they will leave in. As {@code io.doorbell.tcp.MessageTemplate}, for whoever sends by grant.
 *
 * <p>At first all of it is holes. {@link #known} supplies bytes that stay from send to send; {@link #update} supplies the
 * others, for one send, or changes known ones for good. It stays armed after a send, and outlives leases. What is longer
 * than a segment of the connection is kept aside and copied when it is sent.
 *
 * <p>One thread, the engine's. Nothing here allocates but the making.
 */
public final class GrantedTemplate implements KnownParts {
    /** Some byte was never supplied: nothing was sent. */
    public static final int HOLES = -4;
    /** Bytes beyond the message's, or the source's, ends: nothing was changed. */
    public static final int OUT_OF_RANGE = GrantedSender.OUT_OF_RANGE;
    /** The template was closed. */
    public static final int CLOSED = GrantedSender.CLOSED;
    private static final long NO_FRAME = -1;

    final int length;
    /** A frame of the engine's link, {@link #NO_FRAME} if the message does not fit into one. */
    long frame;
    MemorySegment memory;
    long at;
    /** The message's folded sum. */
    int sum;
    private final KnownBytes bytes;
    private final GrantedSender sender;
    private final FramePool frames;
    private final MemorySegment scratch = MemorySegment.ofArray(new byte[Long.BYTES]);
    private boolean closed;

    /** @param frame of the sender's link, or {@link #NO_FRAME} */
    GrantedTemplate(GrantedSender sender, FramePool frames, long frame, int length) {
        this.sender = sender;
        this.frames = frames;
        this.length = length;
        this.bytes = new KnownBytes(length);
        this.frame = frame;
        if (frame == NO_FRAME) {
            memory = Arena.ofAuto().allocate(length, Long.BYTES);
        } else {
            memory = frames.memory();
            at = frame + FramePool.PAYLOAD_OFFSET;
            memory.asSlice(at, length).fill((byte) 0);
        }
    }

    /** The most bytes that fit into one frame. */
    static int mostInFrame(FramePool frames) {
        return frames.frameSize() - FramePool.PAYLOAD_OFFSET;
    }

    /** Bytes of the message. */
    public int length() {
        return length;
    }

    /** Bytes that must still be supplied before the next send. */
    public int missing() {
        return bytes.missing();
    }

    /**
     * Supplies bytes that stay from send to send.
     *
     * @return how many bytes are still missing, or {@link #OUT_OF_RANGE}, {@link #CLOSED}
     */
    @Override
    public int known(int offset, MemorySegment source, long sourceOffset, int count) {
        int result = update(offset, source, sourceOffset, count);
        if (result >= 0) {
            bytes.stay(offset, count);
        }
        return result;
    }

    /** {@link #known(int, MemorySegment, long, int)} from a whole array. */
    public int known(int offset, byte[] source) {
        int result = update(offset, source);
        if (result >= 0) {
            bytes.stay(offset, source.length);
        }
        return result;
    }

    /**
     * Supplies bytes for the next send, or changes known ones. As often as wished, in any order, overlapping or not;
     * only the difference is summed (RFC 1624). The source may be reused at once.
     *
     * @return how many bytes are still missing, or {@link #OUT_OF_RANGE}, {@link #CLOSED}
     */
    public int update(int offset, MemorySegment source, long sourceOffset, int count) {
        if ((offset | count) < 0 || count > length - offset || sourceOffset < 0
                || count > source.byteSize() - sourceOffset) {
            return OUT_OF_RANGE;
        }
        if (closed) {
            return CLOSED;
        }
        int old = Checksum.fold(Checksum.sum(memory, at + offset, count));
        int fresh = Checksum.fold(Checksum.copyAndSum(source, sourceOffset, memory, at + offset, count));
        return updated(offset, count, old, fresh);
    }

    /** {@link #update(int, MemorySegment, long, int)} from a whole array. */
    public int update(int offset, byte[] source) {
        int count = source.length;
        if (offset < 0 || count > length - offset) {
            return OUT_OF_RANGE;
        }
        if (closed) {
            return CLOSED;
        }
        int old = Checksum.fold(Checksum.sum(memory, at + offset, count));
        // Straight from the array: a segment around it would be allocated wherever it is not optimized away.
        MemorySegment.copy(source, 0, memory, ValueLayout.JAVA_BYTE, at + offset, count);
        return updated(offset, count, old, Checksum.fold(Checksum.sum(memory, at + offset, count)));
    }

    private int updated(int offset, int count, int old, int fresh) {
        int difference = Checksum.fold((long) fresh + (~old & 0xffff));
        sum = Checksum.fold((long) sum + ((offset & 1) == 0 ? difference : Checksum.swap(difference)));
        return bytes.supplied(offset, count);
    }

    /** Supplies eight bytes, the most significant first: {@link #update(int, MemorySegment, long, int)}. */
    public int update64(int offset, long value) {
        Bytes.put64(scratch, 0, value);
        return update(offset, scratch, 0, Long.BYTES);
    }

    /** {@link #send(long, int)} without flags. */
    public int send(long nowNanos) {
        return send(nowNanos, 0);
    }

    /**
     * Sends the message now, at this place in the stream, with one doorbell.
     *
     * @param nowNanos the time, of the clock that the stack's {@code poll} is given
     * @param flags    {@link GrantedSender#WARM}, which takes holes as they are, or 0
     * @return {@link #HOLES}, or as {@link GrantedSender#send(MemorySegment, long, int, long, int)}; if the message was
     *         taken, the template is armed again with the same known bytes and the same holes
     */
    public int send(long nowNanos, int flags) {
        if (closed) {
            return CLOSED;
        }
        if (bytes.missing() > 0 && (flags & GrantedSender.WARM) == 0) {
            return HOLES;
        }
        int result = sender.send(this, nowNanos, flags);
        if (result >= 0 && (flags & GrantedSender.WARM) == 0) {
            bytes.rearm();
        }
        return result;
    }

    /** Gives the frame back. Idempotent. */
    public void close() {
        if (!closed) {
            closed = true;
            if (frame != NO_FRAME) {
                frames.release(frame);
            }
        }
    }

    /** The frame has left and belongs to the link until it is done with it; the template goes on in another. */
    void moveTo(long fresh) {
        long target = fresh + FramePool.PAYLOAD_OFFSET;
        MemorySegment.copy(memory, at, memory, target, length);
        frame = fresh;
        at = target;
    }
}
