package io.doorbell.tcp;

import io.doorbell.grant.KnownParts;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.Checksum;
import io.doorbell.wire.KnownBytes;
import java.lang.foreign.MemorySegment;

/**
 * A message that waits in the frames it will leave in, with all that is known ahead: headers are formed, the payload is
 * summed. Between "the last byte is known" and "the frame is posted" there remain that byte, the sequence number, the
 * acknowledgement, the window, the timestamps and the checksum's last fold.
 *
 * <p>A template has no position in the stream until it is sent: any number of them may wait on a connection while other
 * data goes out, as many as there are frames for. At first all of it is holes. {@link #known} supplies bytes that stay
 * from send to send; {@link #update} supplies the others, for one send, or changes known ones for good. After a send
 * the template is armed again, in fresh frames, with the same known parts and the same holes; the frames that left
 * belong to the send queue, and are sent again from there like any others.
 *
 * <p>It follows changes of the peer's MAC, of the segment size and of the path by itself. When its connection stops
 * sending, for whatever reason, its frames go back to the pool and every call answers {@link #CLOSED}.
 *
 * <p>One thread, the stack's. Nothing here allocates but the making, and a change of the segment size.
 */
public final class MessageTemplate {
    /** The message was posted to the link. */
    public static final int FAST = 0;
    /**
     * Something was in the way (a window, earlier data, an unresolved neighbour, a full link): the message was accepted
     * as ordinary data, in its turn, and leaves as soon as that may.
     */
    public static final int QUEUED = 1;
    /** Neither posted nor queued: send buffer or frames are exhausted. {@code writable} tells when to try again. */
    public static final int BACKPRESSURE = Tcb.BACKPRESSURE;
    /** The template or the connection's sending side is closed. */
    public static final int CLOSED = Tcb.CLOSED;
    /** The handshake is not complete yet. */
    public static final int NOT_CONNECTED = Tcb.NOT_CONNECTED;
    /** Some byte was never supplied: nothing was sent. */
    public static final int HOLES = -4;
    /** Bytes beyond the message's, or the source's, ends: nothing was changed. */
    public static final int OUT_OF_RANGE = -5;

    /** {@link #last}: the buffer belongs to the stack still, or again. */
    public static final int BUSY = -6;

    /**
     * For {@link #send(long, int)}: do everything but post. Holes are taken as they are, and afterwards nothing differs
     * but what is in the caches. The answer is {@link #FAST} if it was done; otherwise what a send would have answered,
     * or {@link #QUEUED} if the link can't, and nothing was done.
     */
    public static final int WARM = 1;
    /** For {@link #send(long, int)}: post without ringing. The next flush, poll or ringing send takes it along. */
    public static final int POST_ONLY = 2;

    static final int NOT_FORMED = -1;
    private static final int SEGMENT_CLOSED = 0;

    final Tcb connection;
    final int length;
    private final TemplateOutput output;
    private final MemorySegment memory;
    final KnownBytes known;

    // The layout: of each segment the payload's address, its sum, and that of what the headers always say, next to each
    // other. In network byte order, not complemented, less than 18 bits.
    private static final int SEGMENT_LONGS = 3;
    private static final int SUM = 1;
    private static final int HEADER_SUM = 2;
    int segmentSize;
    int count;
    long[] segments;
    /** Of the connection's next segment. */
    ReadyHeader header;
    /** The connection's segment size that the headers were formed for; {@link #NOT_FORMED}; 0 when closed. */
    int formedFor = NOT_FORMED;
    long mac;
    /** Where the last bytes of the next send lie, if not in the frame; how many, and the sums of both parts. */
    LinkBuffer last;
    int lastBytes;
    private int lastFolded;
    private long firstNetworkSum;
    private long lastNetworkSum;
    MessageTemplate next;
    /** Sends that were posted at once, and those that became ordinary data. */
    int sentFast;
    int sentQueued;
    MessageTemplate previous;

    MessageTemplate(TemplateOutput output, MemorySegment memory, Tcb connection, int length) {
        this.output = output;
        this.memory = memory;
        this.connection = connection;
        this.length = length;
        known = new KnownBytes(length);
    }

    /** Bytes of the message. */
    public int length() {
        return length;
    }

    /** Bytes that must still be supplied before the next send. */
    public int missing() {
        return known.missing();
    }

    /** Whether the template, or its connection's sending side, was closed. */
    public boolean isClosed() {
        return formedFor == SEGMENT_CLOSED;
    }

    /**
     * Supplies bytes that stay from send to send.
     *
     * @return how many bytes are still missing, or {@link #OUT_OF_RANGE}, {@link #CLOSED}
     */
    public int known(int offset, MemorySegment source, long sourceOffset, int bytes) {
        int result = update(offset, source, sourceOffset, bytes);
        if (result >= 0) {
            known.stay(offset, bytes);
        }
        return result;
    }

    /** {@link #known(int, MemorySegment, long, int)} from a whole array. */
    public int known(int offset, byte[] source) {
        return known(offset, copied(source), 0, source.length);
    }

    /**
     * Supplies bytes for the next send, or changes known ones. As often as wished, in any order, overlapping or not;
     * only the difference is summed. The source may be reused at once.
     *
     * @return how many bytes are still missing, or {@link #OUT_OF_RANGE}, {@link #CLOSED}
     */
    public int update(int offset, MemorySegment source, long sourceOffset, int bytes) {
        if ((offset | bytes) < 0 || bytes > length - offset || sourceOffset < 0
                || bytes > source.byteSize() - sourceOffset) {
            return OUT_OF_RANGE;
        }
        if (isClosed()) {
            return CLOSED;
        }
        write(offset, source, sourceOffset, bytes);
        return known.supplied(offset, bytes);
    }

    /** {@link #update(int, MemorySegment, long, int)} from a whole array. */
    public int update(int offset, byte[] source) {
        return update(offset, copied(source), 0, source.length);
    }

    private MemorySegment copied(byte[] source) {
        return ArrayCopy.takes(source, 0, source.length) ? output.arrayCopy().of(source, 0, source.length)
                : MemorySegment.ofArray(source);
    }

    /** Supplies eight bytes, the most significant first: {@link #update(int, MemorySegment, long, int)}. */
    public int update64(int offset, long value) {
        if (offset < 0 || offset > length - Long.BYTES) {
            return OUT_OF_RANGE;
        }
        if (isClosed()) {
            return CLOSED;
        }
        if (count > 1 && offset % segmentSize > segmentSize - Long.BYTES) {
            return update(offset, output.scratch(value), 0, Long.BYTES);
        }
        int segment = count == 1 ? 0 : offset / segmentSize;
        int at = offset - segment * segmentSize;
        long target = payload(segment) + at;
        if (last != null && offset + Long.BYTES > length - lastBytes) {
            copyLast();
        }
        long old = ~Bytes.u64(memory, target);
        Bytes.put64(memory, target, value);
        add(segment, at, Checksum.fold((value >>> 32) + (value & 0xffff_ffffL) + (old >>> 32) + (old & 0xffff_ffffL)));
        return known.supplied8(offset);
    }

    /**
     * Several updates, all or none, in the order given. Their bytes lie one behind the other in the source.
     *
     * @param offsets in the message
     * @param lengths of each, in bytes
     * @param updates how many there are
     * @return how many bytes are still missing; {@link #OUT_OF_RANGE}, {@link #CLOSED}: nothing has changed
     */
    public int update(int[] offsets, int[] lengths, int updates, MemorySegment source, long sourceOffset) {
        if (updates < 0 || updates > offsets.length || updates > lengths.length || sourceOffset < 0) {
            return OUT_OF_RANGE;
        }
        long total = 0;
        for (int i = 0; i < updates; i++) {
            if ((offsets[i] | lengths[i]) < 0 || lengths[i] > length - offsets[i]) {
                return OUT_OF_RANGE;
            }
            total += lengths[i];
        }
        if (total > source.byteSize() - sourceOffset) {
            return OUT_OF_RANGE;
        }
        int left = isClosed() ? CLOSED : known.missing();
        long from = sourceOffset;
        for (int i = 0; i < updates && left >= 0; i++) {
            left = update(offsets[i], source, from, lengths[i]);
            from += lengths[i];
        }
        return left;
    }

    /**
     * Supplies the last part of the message for the next send, from a buffer in the link's region. If it is at least
     * {@link TcpConfig#referenceBytes} long, the message is one segment and the link takes frames in two pieces, it leaves
     * from there, and the buffer belongs to the stack until the message is acknowledged; otherwise it is copied now, and
     * the buffer is free: {@link LinkBuffer#isFree}. After the send these bytes are missing again, even if they were
     * known before.
     *
     * @param bytes from the buffer's first one on
     * @return how many bytes are still missing, or {@link #OUT_OF_RANGE}, {@link #CLOSED}, {@link #BUSY}
     */
    public int last(LinkBuffer buffer, int bytes) {
        if (bytes < 1 || bytes > length || bytes > buffer.capacity()) {
            return OUT_OF_RANGE;
        }
        if (isClosed()) {
            return CLOSED;
        }
        if (!buffer.isFree()) {
            return BUSY;
        }
        copyLast();
        int offset = length - bytes;
        known.forget(offset, bytes);
        if (output.references().refers(this, bytes)) {
            refer(buffer, bytes);
        } else {
            write(offset, buffer.memory(), buffer.address(), bytes);
        }
        return known.supplied(offset, bytes);
    }

    /**
     * Sends the message now, at this place in the stream, and rings the doorbell.
     *
     * @param nowNanos the time, of the clock that {@code poll} is given
     * @return {@link #FAST}, {@link #QUEUED}; {@link #BACKPRESSURE}, {@link #HOLES}, {@link #CLOSED},
     *         {@link #NOT_CONNECTED}, and then nothing was sent and nothing has changed
     */
    public int send(long nowNanos) {
        return output.send(this, nowNanos, 0);
    }

    /**
     * {@link #send(long)}, otherwise.
     *
     * @param flags {@link #WARM}, {@link #POST_ONLY}, or both
     */
    public int send(long nowNanos, int flags) {
        return output.send(this, nowNanos, flags);
    }

    /**
     * Sends what there is of the message, past what is missing, and takes the place of the whole in the stream: it goes
     * on as a partial message, whose missing bytes are completed there. Bytes are copied out of the template, which is
     * armed again as after a send, and may be sent or begun again at once. What is known leaves at the end of the
     * running poll, or at the next flush, in parts of {@link TcpConfig#leastPartBytes} or more, as if the message had
     * been begun and these parts supplied. If nothing is missing, the message is complete at once, and not open.
     *
     * @param message not open; its offsets are the template's
     * @return 0; or {@link #BACKPRESSURE}, {@link #CLOSED}, {@link #NOT_CONNECTED}, {@link PartialMessage#OPEN},
     *         {@link PartialMessage#TOO_MANY_RUNS}, and then nothing was sent and nothing has changed
     */
    public int begin(PartialMessage message) {
        return output.begin(this, message);
    }

    /** Gives the frames back. Idempotent. */
    public void close() {
        output.close(this);
    }

    // ---- for the output

    /** Room for a layout of so many segments. */
    static long[] segments(int count) {
        return new long[SEGMENT_LONGS * count];
    }

    static void segment(long[] segments, int segment, long payload, long sum) {
        segments[SEGMENT_LONGS * segment] = payload;
        segments[SEGMENT_LONGS * segment + SUM] = sum;
    }

    /** The address of a segment's first byte. */
    long payload(int segment) {
        return segments[SEGMENT_LONGS * segment];
    }

    void payload(int segment, long address) {
        segments[SEGMENT_LONGS * segment] = address;
    }

    long sum(int segment) {
        return segments[SEGMENT_LONGS * segment + SUM];
    }

    long headerSum(int segment) {
        return segments[SEGMENT_LONGS * segment + HEADER_SUM];
    }

    void headerSum(int segment, long sum) {
        segments[SEGMENT_LONGS * segment + HEADER_SUM] = sum;
    }

    /** Bytes of a segment. */
    int length(int segment) {
        return segment == count - 1 ? length - segment * segmentSize : segmentSize;
    }

    /** What is known of the message now is known of the other one, for good. */
    void copyTo(KnownParts other) {
        copyLast();
        int offset = known.nextSupplied(0);
        while (offset < length) {
            int segment = offset / segmentSize;
            int inSegment = offset - segment * segmentSize;
            int bytes = Math.min(known.nextMissing(offset) - offset, length(segment) - inSegment);
            other.known(offset, memory, payload(segment) + inSegment, bytes);
            offset = known.nextSupplied(offset + bytes);
        }
    }

    /** The part that lies in a buffer goes into the frame; the buffer is its user's again. */
    void copyLast() {
        LinkBuffer buffer = last;
        if (buffer != null) {
            last = null;
            buffer.template = null;
            write(length - lastBytes, memory, buffer.address(), lastBytes);
        }
    }

    private void refer(LinkBuffer buffer, int bytes) {
        int first = length - bytes;
        lastFolded = Checksum.fold(Checksum.sum(memory, buffer.address(), bytes));
        lastNetworkSum = Checksum.word((first & 1) == 0 ? lastFolded : Checksum.swap(lastFolded));
        firstNetworkSum = Checksum.word(Checksum.fold(Checksum.sum(memory, payload(0), first)));
        last = buffer;
        lastBytes = bytes;
        buffer.template = this;
    }

    /** What the payload of a segment contributes to its sum, in network byte order. */
    long payloadSum(int segment) {
        return last == null ? sum(segment) : firstNetworkSum + lastNetworkSum;
    }

    /** The folded sum of what lies in the frame, in the machine's byte order, while the rest lies in a buffer. */
    int firstSum() {
        return Checksum.word(Checksum.fold(firstNetworkSum));
    }

    /** The folded sum of what lies in the buffer, in the machine's byte order. */
    int lastSum() {
        return lastFolded;
    }

    /** The frames are gone. */
    void closed() {
        formedFor = SEGMENT_CLOSED;
        count = 0;
        if (last != null) {
            last.template = null;
            last = null;
        }
    }

    private void write(int offset, MemorySegment source, long sourceOffset, int bytes) {
        if (last != null && offset + bytes > length - lastBytes) {
            copyLast();
        }
        int segment = count == 1 ? 0 : offset / segmentSize;
        int at = offset - segment * segmentSize;
        long from = sourceOffset;
        int left = bytes;
        while (left > 0) {
            int part = Math.min(left, length(segment) - at);
            long target = payload(segment) + at;
            int old = ~Checksum.fold(Checksum.sum(memory, target, part)) & 0xffff;
            long fresh = Checksum.copyAndSum(source, from, memory, target, part);
            add(segment, at, Checksum.word(Checksum.fold(fresh + old)));
            from += part;
            left -= part;
            segment++;
            at = 0;
        }
    }

    /** RFC 1624 equation 3, with the complement of what was there already in {@code difference}. */
    private void add(int segment, int at, int difference) {
        long sum = sum(segment) + ((at & 1) == 0 ? difference : Checksum.swap(difference));
        segments[SEGMENT_LONGS * segment + SUM] = (sum & 0xffff) + (sum >>> 16);
        if (last != null) {
            firstNetworkSum = Checksum.fold(firstNetworkSum + ((at & 1) == 0 ? difference : Checksum.swap(difference)));
        }
    }
}
