package io.doorbell.link;

import java.lang.foreign.MemorySegment;

/**
 * The port to the world: something that carries Ethernet frames.
 *
 * <p>A link belongs to one thread, the one that polls its stack. No method blocks. No method but {@link #close} and
 * those of setup throws for anything the network does.
 */
public interface Link extends AutoCloseable {
    /** What {@link #nextDeadlineNanos()} answers when the link needs no call at any time. */
    long NEVER = Long.MAX_VALUE;

    /** The region that frames to send are formed in, and its free frames. Valid until {@link #close}. */
    FramePool frames();

    /** The largest IP packet, in bytes, that fits into one frame of this link. */
    int mtu();

    /** The interface's address, in the low 48 bits. */
    long mac();

    /**
     * Hands over up to {@code limit} received frames, in the order of their arrival.
     *
     * <p>Frames stay readable until the next call of this method, so that a burst can be looked at as a whole; then
     * the link takes them back.
     *
     * @param nowNanos the time of this duty cycle
     * @return how many frames were handed over
     */
    int receive(FrameReceiver receiver, int limit, long nowNanos);

    /**
     * Posts the bytes at {@code address} in the frame region to be sent as one Ethernet frame. They leave at the
     * next {@link #flush}. The link holds the frame ({@link FramePool#hold}) until the wire no longer needs it; until
     * then its content must not change.
     *
     * @param address of the Ethernet header's first byte, anywhere inside one frame
     * @param length  bytes from there
     * @return false if the link is full: nothing was posted, try again after the next {@link #receive}
     */
    boolean transmit(long address, int length, long nowNanos);

    /** Whether a frame may be posted in two pieces: {@link #transmit(long, int, long, int, long)}. */
    default boolean scatter() {
        return false;
    }

    /**
     * {@link #transmit(long, int, long)} of one Ethernet frame that lies in two places, in frames that may be two. The
     * link holds both. Only for a link that says {@link #scatter}.
     *
     * @param address    of the Ethernet header's first byte
     * @param length     bytes from there, all headers among them
     * @param rest       the address of what follows them, anywhere inside one frame
     * @param restLength bytes from there
     */
    default boolean transmit(long address, int length, long rest, int restLength, long nowNanos) {
        throw new UnsupportedOperationException("this link takes no frame in two pieces: ask scatter() first");
    }

    /**
     * Publishes what was posted and rings the doorbell: one system call at the most, none if nothing was posted or if
     * the other side is awake by itself.
     */
    void flush(long nowNanos);

    /**
     * Shows the other side what was posted, without ringing; {@link #flush} does that too. Optional: a link that has
     * more to do than one store leaves it to the flush.
     */
    default void publish() {
    }

    /**
     * While this is on, {@link #transmit} does all that it does but for posting: the descriptor is written and taken
     * back, nothing is held or counted. So the code and the memory that the next real frame needs are in the caches.
     * Only between two calls of the link's owner; neither {@link #receive} nor {@link #flush} may come meanwhile.
     *
     * @return false if this link can't: nothing has changed then
     */
    default boolean warm(boolean on) {
        return false;
    }

    /**
     * Whether frames may come in whose transport checksum the sender left to hardware that does not exist: a virtual
     * link, whose peer writes only the pseudo-header's sum (Linux, {@code CHECKSUM_PARTIAL}).
     */
    default boolean partialChecksums() {
        return false;
    }

    /**
     * What engines of other processes see of this link's memory, apart from frames: where grants are offered and given.
     * It lies in front of the pool's frames that are set apart, in one file.
     *
     * @return null if no other process can see any of it
     */
    default MemorySegment engineMemory() {
        return null;
    }

    /** When {@link #receive} or {@link #flush} must be called next for a frame that the link itself delays. */
    default long nextDeadlineNanos() {
        return NEVER;
    }

    /** What the link has counted; the object lives as long as the link and is brought up to date by this call. */
    LinkStatistics statistics();

    /** Gives everything back. Idempotent. After it, no other method may be called. */
    @Override
    void close();
}
