package io.doorbell.tcp;

import io.doorbell.grant.GrantedMessage;
import java.lang.foreign.MemorySegment;

/**
 * A message whose place in the stream is taken before all of its bytes are known. What is known leaves at once, past the
 * holes; what was missing leaves when it is completed. The peer, any TCP, delivers the whole in order.
 *
 * <p>Made by its user and begun by {@code Connection.begin} or {@link MessageTemplate#begin}; when it is complete, or its connection has ended, it may be
 * begun again, on any connection of any stack. It belongs to the thread of the stack it was begun on. Its bytes are
 * copied into the stack's frames. Nothing is allocated after construction.
 *
 * <p>Each byte is given once, in parts of any size, in any order. A part that is refused has changed nothing.
 */
public final class PartialMessage {
    /** A part begins before the message or ends behind it, or has no length. */
    public static final int OUT_OF_RANGE = -4;
    /** A part touches a byte that was given before: it may have left already, and stands as it was given. */
    public static final int ALREADY_KNOWN = -5;
    /** The part, or what a template has, would be more known runs apart from each other than {@link #MAX_RUNS}. */
    public static final int TOO_MANY_RUNS = -6;
    /** {@code begin}: the message is still open. */
    public static final int OPEN = -7;
    /** How many runs of known bytes may lie apart from each other. */
    public static final int MAX_RUNS = 32;

    private final int[] starts = new int[MAX_RUNS];
    private final int[] ends = new int[MAX_RUNS];
    private int runs;
    private int length;
    private int missing;
    private PartialOutput output;
    /** Null unless the message is open. */
    Tcb connection;
    /** Sequence number of the first byte. */
    int seq;
    /** The first segment that is not complete; it stays in the send space until it is. */
    int hole;
    /** Its sequence number. */
    int holeSeq;
    /** The next open message of the connection, in the order of the stream. */
    PartialMessage next;
    /** Null unless an engine was granted this message. */
    MessageGrant grant;
    long deadlineNanos = Tcb.NO_DEADLINE;
    boolean overdue;

    /** Begun and not complete yet. */
    public boolean isOpen() {
        return connection != null;
    }

    /** Bytes of the message that was begun last. */
    public int length() {
        return length;
    }

    /** How many of them are not known. */
    public int missing() {
        return missing;
    }

    /**
     * Supplies bytes. They are copied; the source may be reused at once. They leave at the end of the running poll, or
     * at the next flush: as soon as a run of known bytes that have not left is at least
     * {@link TcpConfig#leastPartBytes} long, or nothing is missing any more beside it.
     *
     * @param at offset of the first of them within the message
     * @return how many bytes are still missing: with 0 the message is complete and no longer open; or
     *         {@link #OUT_OF_RANGE}, {@link #ALREADY_KNOWN}, {@link #TOO_MANY_RUNS}, {@link Tcb#CLOSED},
     *         {@link Tcb#GRANTED} as long as an engine may complete it
     */
    public int complete(int at, MemorySegment source, long offset, int length) {
        if (isGranted()) {
            return Tcb.GRANTED;
        }
        return connection == null ? Tcb.CLOSED : output.complete(this, at, source, offset, length);
    }

    /** {@link #complete(int, MemorySegment, long, int)} from an array. */
    public int complete(int at, byte[] source, int offset, int length) {
        return connection != null && ArrayCopy.takes(source, offset, length)
                ? complete(at, output.arrayCopy().of(source, offset, length), 0, length)
                : complete(at, MemorySegment.ofArray(source), offset, length);
    }

    /**
     * The time of the stack's clock at which the handler is told, by {@code partialOverdue}, if the message is still
     * open then; once. Nothing else happens to it. {@link Long#MAX_VALUE} for never.
     */
    public void deadline(long nanos) {
        if (connection != null) {
            deadlineNanos = nanos;
            output.deadlineChanged(connection);
        }
    }

    /**
     * Grants an engine the right to complete this message: what is known leaves now, what is missing leaves from the
     * engine, as a whole, in one segment if the peer knows the multi-segment option ({@link GrantedMessage}). Until then,
     * or until the right has come back, {@link #complete} is refused. A set-up call: it takes a frame of the link.
     *
     * @return null, counted, if the message is not open or is granted already, if more is to leave than one segment
     *         carries, or if no frame, or none of the grants that other processes see, is free
     */
    public MessageGrant grant() {
        return connection == null ? null : output.grant(this);
    }

    /** Whether an engine may complete it at this moment. */
    public boolean isGranted() {
        return grant != null && !grant.over;
    }

    /**
     * Gives an open message up by sending a RST: <b>the whole connection ends</b>, at once and for everything that was
     * sent on it and not acknowledged. There is no other way back: sequence space that was taken is a gap in the peer's
     * stream for ever, unless it is filled. Does nothing if the message is not open.
     */
    public void abortConnection() {
        if (connection != null) {
            output.abort(connection);
        }
    }

    void open(PartialOutput opener, Tcb c, int bytes) {
        output = opener;
        connection = c;
        length = bytes;
        missing = bytes;
        runs = 0;
        deadlineNanos = Tcb.NO_DEADLINE;
        overdue = false;
    }

    void close() {
        if (grant != null) {
            grant.messageClosed();
            grant = null;
        }
        connection = null;
        next = null;
        deadlineNanos = Tcb.NO_DEADLINE;
        overdue = false;
    }

    int endSeq() {
        return seq + length;
    }

    /** Takes note that all of it is known. */
    void learnAll() {
        runs = 1;
        starts[0] = 0;
        ends[0] = length;
        missing = 0;
    }

    /** Takes note that {@code [from, to)} is known now: the number of the run that it belongs to, or a result code. */
    int learn(int from, int to) {
        int at = 0;
        while (at < runs && ends[at] < from) {
            at++;
        }
        boolean joinsLower = at < runs && ends[at] == from;
        int above = joinsLower ? at + 1 : at;
        if (above < runs && starts[above] < to) {
            return ALREADY_KNOWN;
        }
        boolean joinsUpper = above < runs && starts[above] == to;
        if (!joinsLower && !joinsUpper && runs == MAX_RUNS) {
            return TOO_MANY_RUNS;
        }
        missing -= to - from;
        if (joinsLower && joinsUpper) {
            ends[at] = ends[above];
            remove(above);
        } else if (joinsLower) {
            ends[at] = to;
        } else if (joinsUpper) {
            starts[above] = from;
        } else {
            insert(at, from, to);
        }
        return at;
    }

    private void remove(int run) {
        runs--;
        System.arraycopy(starts, run + 1, starts, run, runs - run);
        System.arraycopy(ends, run + 1, ends, run, runs - run);
    }

    private void insert(int run, int from, int to) {
        System.arraycopy(starts, run, starts, run + 1, runs - run);
        System.arraycopy(ends, run, ends, run + 1, runs - run);
        starts[run] = from;
        ends[run] = to;
        runs++;
    }

    int runs() {
        return runs;
    }

    /** First offset of a run of known bytes. */
    int runStart(int run) {
        return starts[run];
    }

    /** The offset behind a run of known bytes. */
    int runEnd(int run) {
        return ends[run];
    }
}
