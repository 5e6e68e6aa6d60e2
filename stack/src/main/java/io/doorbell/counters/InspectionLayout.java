package io.doorbell.counters;

/**
 * Where things lie in the block that {@link InspectionBlock} writes and others read. All numbers are 64 bits in the
 * machine's byte order, offsets count from the block's first byte.
 * <pre>
 *     0  header: one number for each {@code SLOT}, written once, before anybody sees the block
 *   512  written by the stack while it lives: heartbeat, polls, rows in use, rows that were missing
 *   640  request: number, operation, argument       written by others
 *   704  answer: number, result                     written by the stack
 *  1024  names: of counters, gauges and fields, one to a line, UTF-8
 *        text: the link's mode, UTF-8, ended by a zero byte
 *        counters, gauges: a number each
 *        listeners: port, accepted, half-open overflows, accept overflows, cookies sent, accepted and rejected, free;
 *                   one that is not used has port 0
 *        page: number of entries, place to go on from (-1: that was all), 6 free; then for each entry local address,
 *              remote address, local port, remote port, deadline, send and receive sequence number, retries
 *        rows: sequence number, then a number for each field; all rows begin on a cache line
 *        capture ring
 * </pre>
 *
 * <p>A row's sequence number is odd while the row is being written. What was read between two equal even ones is one
 * consistent state.
 */
public final class InspectionLayout {
    /** {@code DOORBELL} in the byte order of the machine that wrote it. */
    public static final long MAGIC = 0x4c4c_4542_524f_4f44L;
    public static final long VERSION = 2;
    public static final int HEADER_LENGTH = 1024;

    public static final int SLOT_MAGIC = 0;
    public static final int SLOT_VERSION = 8;
    public static final int SLOT_LENGTH = 16;
    public static final int SLOT_PID = 24;
    /** When the process started, milliseconds since 1970: another process may have its number later. */
    public static final int SLOT_PROCESS_START_MILLIS = 32;
    /** What is to be added to a time of the stack's clock to give nanoseconds since 1970. */
    public static final int SLOT_EPOCH_OFFSET_NANOS = 40;
    /** Nanoseconds since 1970. */
    public static final int SLOT_START_NANOS = 48;
    public static final int SLOT_NAMES_LENGTH = 56;
    public static final int SLOT_COUNTERS = 64;
    public static final int SLOT_GAUGES = 72;
    public static final int SLOT_FIELDS = 80;
    public static final int SLOT_ROWS = 88;
    public static final int SLOT_ROW_LENGTH = 96;
    public static final int SLOT_LISTENERS = 104;
    public static final int SLOT_TEXT_OFFSET = 112;
    public static final int SLOT_COUNTERS_OFFSET = 120;
    public static final int SLOT_GAUGES_OFFSET = 128;
    public static final int SLOT_LISTENERS_OFFSET = 136;
    public static final int SLOT_ROWS_OFFSET = 144;
    public static final int SLOT_RING_OFFSET = 152;
    /** 0 if the stack can't be captured. */
    public static final int SLOT_RING_LENGTH = 160;
    public static final int SLOT_PAGE_OFFSET = 168;

    public static final int HEARTBEAT_NANOS = 512;
    public static final int POLLS = 520;
    /** No row from this one on was ever used. */
    public static final int ROWS_USED = 528;
    /** Connections that found no free row, each time they were looked at. */
    public static final int ROWS_MISSING = 536;
    /** 1 when the stack was closed in order. */
    public static final int CLOSED = 544;

    public static final int REQUEST_NUMBER = 640;
    public static final int REQUEST_OPERATION = 648;
    public static final int REQUEST_ARGUMENT = 656;
    public static final int ANSWER_NUMBER = 704;
    public static final int ANSWER_RESULT = 712;

    /** The operation that resets the connection whose {@link ConnectionField#ID} is the argument. */
    public static final long OPERATION_KILL = 1;
    /** Puts connections that are half open into the page, from the place that the argument tells; 0 to begin. */
    public static final long OPERATION_LIST_HALF_OPEN = 2;
    /** The same for those in TIME-WAIT. */
    public static final long OPERATION_LIST_TIME_WAIT = 3;
    public static final long RESULT_DONE = 1;
    public static final long RESULT_NO_SUCH_CONNECTION = 2;
    public static final long RESULT_NO_SUCH_OPERATION = 3;

    public static final int TEXT_LENGTH = 128;
    public static final int LISTENER_LENGTH = 64;
    /** Connections that one answer can list. */
    public static final int PAGE_ENTRIES = 32;
    public static final int PAGE_ENTRY_LENGTH = 64;
    public static final int PAGE_LENGTH = 64 + PAGE_ENTRIES * PAGE_ENTRY_LENGTH;
    public static final int LINE = 64;

    private InspectionLayout() {
    }

    /** {@code length} or the next larger number of bytes that fills cache lines. */
    public static long wholeLines(long length) {
        return length + LINE - 1 & -LINE;
    }
}
