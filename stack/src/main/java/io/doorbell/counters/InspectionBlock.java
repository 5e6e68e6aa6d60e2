package io.doorbell.counters;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;

/**
 * A block of memory in which a stack shows itself: counters, gauges, listeners and a row for each connection, laid out
 * as {@link InspectionLayout} says. The stack's thread writes it with plain stores and waits for nobody; whoever maps
 * the same memory reads it, without the stack's knowledge.
 *
 * <p>The block must outlive the stack. Nothing is allocated after {@link #create}.
 */
public final class InspectionBlock {
    /** Ports in LISTEN that are shown. */
    public static final int LISTENERS = 64;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final VarHandle SHARED = LONG.varHandle();
    private static final long ROW_LENGTH = InspectionLayout.wholeLines(8 + ConnectionField.values().length * 8L);

    private final MemorySegment memory;
    private final Counters counters;
    private final long gauges;
    private final long listeners;
    private final long page;
    private final long rowsOffset;
    private final int rows;
    private final MemorySegment ring;
    private long answered;
    private long polls;

    private InspectionBlock(MemorySegment memory) {
        this.memory = memory;
        this.counters = new Counters(memory.asSlice(header(InspectionLayout.SLOT_COUNTERS_OFFSET), Counters.blockSize()));
        this.gauges = header(InspectionLayout.SLOT_GAUGES_OFFSET);
        this.listeners = header(InspectionLayout.SLOT_LISTENERS_OFFSET);
        this.page = header(InspectionLayout.SLOT_PAGE_OFFSET);
        this.rowsOffset = header(InspectionLayout.SLOT_ROWS_OFFSET);
        this.rows = (int) header(InspectionLayout.SLOT_ROWS);
        long ringLength = header(InspectionLayout.SLOT_RING_LENGTH);
        this.ring = ringLength == 0 ? null : memory.asSlice(header(InspectionLayout.SLOT_RING_OFFSET), ringLength);
    }

    private long header(int slot) {
        return memory.get(LONG, slot);
    }

    private static byte[] names() {
        StringBuilder names = new StringBuilder();
        for (Counter counter : Counter.values()) {
            names.append(counter.label()).append('\n');
        }
        for (StackGauge gauge : StackGauge.values()) {
            names.append(gauge.label()).append('\n');
        }
        for (ConnectionField field : ConnectionField.values()) {
            names.append(field.label()).append('\n');
        }
        return names.toString().getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Bytes that a block takes.
     *
     * @param rows      connections that can be shown at once
     * @param ringBytes memory for captures; 0 for none
     */
    public static long bytes(int rows, long ringBytes) {
        return rowsOffset(names().length) + rows * ROW_LENGTH + InspectionLayout.wholeLines(ringBytes);
    }

    private static long countersOffset(long namesLength) {
        return InspectionLayout.wholeLines(InspectionLayout.HEADER_LENGTH + namesLength) + InspectionLayout.TEXT_LENGTH;
    }

    private static long listenersOffset(long namesLength) {
        return InspectionLayout.wholeLines(countersOffset(namesLength) + Counters.blockSize())
                + InspectionLayout.wholeLines(StackGauge.values().length * 8L);
    }

    private static long pageOffset(long namesLength) {
        return InspectionLayout.wholeLines(listenersOffset(namesLength) + LISTENERS * InspectionLayout.LISTENER_LENGTH);
    }

    private static long rowsOffset(long namesLength) {
        return pageOffset(namesLength) + InspectionLayout.PAGE_LENGTH;
    }

    /**
     * Lays a block out.
     *
     * @param memory             {@link #bytes} bytes, zeroed, 8-byte aligned
     * @param pid                of the process, for those who read
     * @param processStartMillis when it started, since 1970
     * @param startNanos         now, since 1970
     * @param epochOffsetNanos   what makes a time of the stack's clock one since 1970
     */
    public static InspectionBlock create(MemorySegment memory, int rows, long ringBytes, long pid,
                                         long processStartMillis, long startNanos, long epochOffsetNanos) {
        if (rows < 1 || memory.byteSize() < bytes(rows, ringBytes)) {
            throw new IllegalArgumentException("a block for " + rows + " connections needs " + bytes(Math.max(1, rows),
                    ringBytes) + " bytes, not " + memory.byteSize() + ": give that much, for one connection at least");
        }
        byte[] names = names();
        long counters = countersOffset(names.length);
        memory.set(LONG, InspectionLayout.SLOT_VERSION, InspectionLayout.VERSION);
        memory.set(LONG, InspectionLayout.SLOT_LENGTH, bytes(rows, ringBytes));
        memory.set(LONG, InspectionLayout.SLOT_PID, pid);
        memory.set(LONG, InspectionLayout.SLOT_PROCESS_START_MILLIS, processStartMillis);
        memory.set(LONG, InspectionLayout.SLOT_EPOCH_OFFSET_NANOS, epochOffsetNanos);
        memory.set(LONG, InspectionLayout.SLOT_START_NANOS, startNanos);
        memory.set(LONG, InspectionLayout.SLOT_NAMES_LENGTH, names.length);
        memory.set(LONG, InspectionLayout.SLOT_COUNTERS, Counter.values().length);
        memory.set(LONG, InspectionLayout.SLOT_GAUGES, StackGauge.values().length);
        memory.set(LONG, InspectionLayout.SLOT_FIELDS, ConnectionField.values().length);
        memory.set(LONG, InspectionLayout.SLOT_ROWS, rows);
        memory.set(LONG, InspectionLayout.SLOT_ROW_LENGTH, ROW_LENGTH);
        memory.set(LONG, InspectionLayout.SLOT_LISTENERS, LISTENERS);
        memory.set(LONG, InspectionLayout.SLOT_TEXT_OFFSET, counters - InspectionLayout.TEXT_LENGTH);
        memory.set(LONG, InspectionLayout.SLOT_COUNTERS_OFFSET, counters);
        memory.set(LONG, InspectionLayout.SLOT_GAUGES_OFFSET,
                InspectionLayout.wholeLines(counters + Counters.blockSize()));
        memory.set(LONG, InspectionLayout.SLOT_LISTENERS_OFFSET, listenersOffset(names.length));
        memory.set(LONG, InspectionLayout.SLOT_PAGE_OFFSET, pageOffset(names.length));
        memory.set(LONG, InspectionLayout.SLOT_ROWS_OFFSET, rowsOffset(names.length));
        memory.set(LONG, InspectionLayout.SLOT_RING_OFFSET, rowsOffset(names.length) + rows * ROW_LENGTH);
        memory.set(LONG, InspectionLayout.SLOT_RING_LENGTH, InspectionLayout.wholeLines(ringBytes));
        MemorySegment.copy(MemorySegment.ofArray(names), 0, memory, InspectionLayout.HEADER_LENGTH, names.length);
        SHARED.setRelease(memory, (long) InspectionLayout.SLOT_MAGIC, InspectionLayout.MAGIC);
        return new InspectionBlock(memory);
    }

    /** Counters that lie in this block. */
    public Counters counters() {
        return counters;
    }

    /** Memory for captures, null if there is none. */
    public MemorySegment ring() {
        return ring;
    }

    /** How many connections can be shown. */
    public int rows() {
        return rows;
    }

    // ---- rows, under a sequence lock

    /** Begins to write a row: readers will not believe it until {@link #endRow}. Answers the row for {@link #set}. */
    public long beginRow(int row) {
        long at = rowsOffset + row * ROW_LENGTH;
        memory.set(LONG, at, memory.get(LONG, at) + 1);
        VarHandle.storeStoreFence();
        return at;
    }

    public void set(long row, ConnectionField field, long value) {
        memory.set(LONG, row + 8 + field.ordinal() * 8L, value);
    }

    /** What was set last; 0 if nothing was. */
    public long get(long row, ConnectionField field) {
        return memory.get(LONG, row + 8 + field.ordinal() * 8L);
    }

    public void endRow(long row) {
        SHARED.setRelease(memory, row, memory.get(LONG, row) + 1);
    }

    /** Rows from this one on were never used. */
    public void rowsUsed(int count) {
        memory.set(LONG, InspectionLayout.ROWS_USED, count);
    }

    /** A connection found no free row. */
    public void rowMissing() {
        memory.set(LONG, InspectionLayout.ROWS_MISSING, memory.get(LONG, InspectionLayout.ROWS_MISSING) + 1);
    }

    // ---- the stack as a whole

    /** Tells that the stack is being polled. */
    public void heartbeat(long nowNanos) {
        memory.set(LONG, InspectionLayout.HEARTBEAT_NANOS, nowNanos);
        memory.set(LONG, InspectionLayout.POLLS, ++polls);
    }

    public void gauge(StackGauge gauge, long value) {
        memory.set(LONG, gauges + gauge.ordinal() * 8L, value);
    }

    /** Shows a port in LISTEN, or none in that place if {@code port} is 0. */
    public void listener(int index, int port, long accepted, long halfOpenOverflows, long acceptOverflows) {
        long at = listeners + index * (long) InspectionLayout.LISTENER_LENGTH;
        memory.set(LONG, at, port);
        memory.set(LONG, at + 8, accepted);
        memory.set(LONG, at + 16, halfOpenOverflows);
        memory.set(LONG, at + 24, acceptOverflows);
    }

    /** What such a port has to do with SYN cookies. */
    public void listenerCookies(int index, long sent, long accepted, long rejected) {
        long at = listeners + index * (long) InspectionLayout.LISTENER_LENGTH + 32;
        memory.set(LONG, at, sent);
        memory.set(LONG, at + 8, accepted);
        memory.set(LONG, at + 16, rejected);
    }

    /** What carries the frames and how; cut if it is long. For set-up: it allocates. */
    public void linkMode(String mode) {
        byte[] text = mode.getBytes(StandardCharsets.UTF_8);
        long at = header(InspectionLayout.SLOT_TEXT_OFFSET);
        memory.asSlice(at, InspectionLayout.TEXT_LENGTH).fill((byte) 0);
        MemorySegment.copy(MemorySegment.ofArray(text), 0, memory, at,
                Math.min(text.length, InspectionLayout.TEXT_LENGTH - 1));
    }

    /** The stack was closed in order. */
    public void closed() {
        memory.set(LONG, InspectionLayout.CLOSED, 1);
    }

    // ---- requests

    /** Whether somebody asks for something: to be looked at in each poll. */
    public boolean requested() {
        return (long) SHARED.getAcquire(memory, (long) InspectionLayout.REQUEST_NUMBER) != answered;
    }

    /** An entry of the page, for whoever asked; {@code bothPorts} has the local one in its high half. */
    public void pageEntry(int index, int local, int remote, int bothPorts, long deadlineNanos, int snd, int rcv,
                          int retries) {
        long at = page + InspectionLayout.LINE + index * (long) InspectionLayout.PAGE_ENTRY_LENGTH;
        memory.set(LONG, at, local & 0xffff_ffffL);
        memory.set(LONG, at + 8, remote & 0xffff_ffffL);
        memory.set(LONG, at + 16, bothPorts >>> 16);
        memory.set(LONG, at + 24, bothPorts & 0xffff);
        memory.set(LONG, at + 32, deadlineNanos);
        memory.set(LONG, at + 40, snd & 0xffff_ffffL);
        memory.set(LONG, at + 48, rcv & 0xffff_ffffL);
        memory.set(LONG, at + 56, retries);
    }

    /** How many entries the page has, and where the next page begins, -1 if there is none. */
    public void pageEnd(int entries, long next) {
        memory.set(LONG, page, entries);
        memory.set(LONG, page + 8, next);
    }

    public long operation() {
        return memory.get(LONG, InspectionLayout.REQUEST_OPERATION);
    }

    public long argument() {
        return memory.get(LONG, InspectionLayout.REQUEST_ARGUMENT);
    }

    /** Answers the request. */
    public void answer(long result) {
        answered = (long) SHARED.getAcquire(memory, (long) InspectionLayout.REQUEST_NUMBER);
        memory.set(LONG, InspectionLayout.ANSWER_RESULT, result);
        SHARED.setRelease(memory, (long) InspectionLayout.ANSWER_NUMBER, answered);
    }
}
