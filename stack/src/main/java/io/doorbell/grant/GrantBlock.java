package io.doorbell.grant;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * The memory that a stack and an engine share for one grant: who may send which bytes, and what was sent.
 *
 * <pre>
 *    0  control   generation (40 bits) | state (8) | slots published (16)      both, by compare-and-set only
 *    8  asked     asks (32) | a message waits (1) | bytes wanted (31)            engine
 *   16  let go    the last state that the engine has seen and obeys            engine
 *  128  answer    RCV.NXT (32) | flags (16) | window field (16)                stack
 *  136  limit     slots (32) | sequence number behind the last byte (32)       stack
 *  144  echo      TS.Recent (32)                                               stack
 *  152  recall    1 if the right is asked back                                 stack
 *  256  lease     addresses, sequence number, sizes: what headers are made of  stack, while suspended
 *  384  slots     one record of 32 bytes each, around and around
 *
 *  a slot   0                8        12          16       20       24
 *           +----------------+--------+-----------+--------+--------+----------------+
 *           | payload address| length | sum, push |  ack   | clock  | time of sending |
 *           +----------------+--------+-----------+--------+--------+----------------+
 *             stack            engine, until it is published
 * </pre>
 *
 * <p>A block for a message ({@link GrantedMessage}) has the same lines. Its limit is SND.UNA (32) | the end of what may
 * leave (32). It has one slot, with what {@link PackedMessage} says; for {@code push} its record says whether anything
 * leaves from the engine, and in the record behind it stand 1 for one segment with the multi-segment option, and its
 * sequence number.
 *
 * <p>Everything hangs on {@code control}. An engine writes payload and slot record, forms its packet, and publishes by
 * one compare-and-set that adds to the slots: only then is the packet posted. The stack takes the right away by one
 * compare-and-set that changes generation and state. Whichever comes first wins, and both know: what was published is
 * the stack's to send again, what was not never happened. Neither ever waits for the other.
 *
 * <p>Lines are kept 128 bytes apart, since processors fetch them in pairs. Memory order: what is written before a
 * publication is seen by whoever sees the publication (release and acquire).
 */
public final class GrantBlock {
    /** There is nothing to use, or not yet. */
    public static final int UNUSED = 0;
    /** The engine may publish. */
    public static final int OPEN = 1;
    /** No bytes are granted for the moment; the lease may change. */
    public static final int SUSPENDED = 2;
    /** The stack has taken the right away for good. */
    public static final int FENCED = 3;
    /** The engine has given the right back. */
    public static final int RETURNED = 4;
    /** The connection does not send any more. */
    public static final int ENDED = 5;

    /** The most slots of a block: numbers of slots are compared in 16 bits. */
    public static final int MOST_SLOTS = 1 << 14;

    private static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle();
    private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();

    private static final int CONTROL = 0;
    private static final int ASKED = 8;
    private static final int LET_GO = 16;
    private static final int ANSWER = 128;
    private static final int LIMIT = 136;
    private static final int ECHO = 144;
    private static final int RECALL = 152;
    private static final int LEASE = 256;
    private static final int SLOTS = 384;
    private static final int SLOT_BYTES = 32;

    private static final int SLOT_LENGTH = 8;
    private static final int SLOT_SUM = 12;
    private static final int SLOT_ACK = 16;
    private static final int SLOT_CLOCK = 20;
    private static final int SLOT_TIME = 24;
    private static final int PUSH = 1 << 16;
    private static final long WAITS = 1L << 31;

    private final MemorySegment memory;
    private final long base;
    private final int mask;

    /**
     * @param base  offset of the block's first byte, a multiple of 128
     * @param slots a power of two
     */
    public GrantBlock(MemorySegment memory, long base, int slots) {
        if (Integer.bitCount(slots) != 1 || slots > MOST_SLOTS) {
            throw new IllegalArgumentException(slots + " slots: give a power of two, at most " + MOST_SLOTS);
        }
        this.memory = memory;
        this.base = base;
        this.mask = slots - 1;
    }

    /** Bytes of a block. */
    public static long bytes(int slots) {
        return SLOTS + (long) slots * SLOT_BYTES;
    }

    public int slots() {
        return mask + 1;
    }

    // ---- control

    /** A generation is for an engine that sleeps for days not to take a later one for its own. */
    public static long control(long generation, int state, int published) {
        return generation << 24 | (long) state << 16 | published & 0xffff;
    }

    public static long generation(long control) {
        return control >>> 24;
    }

    public static int state(long control) {
        return (int) (control >>> 16) & 0xff;
    }

    /** How many slots were published since the grant began, in 16 bits. */
    public static int published(long control) {
        return (int) control & 0xffff;
    }

    /** The way from one number of slots to a later one. */
    public static int slotsBetween(int earlier, int later) {
        return later - earlier & 0xffff;
    }

    public long control() {
        return (long) LONG.getAcquire(memory, base + CONTROL);
    }

    /** Changes the control word if nobody else has: the one place where it is decided who may send what. */
    public boolean change(long from, long to) {
        return LONG.compareAndSet(memory, base + CONTROL, from, to);
    }

    /**
     * Begins a grant, suspended. A block that another grant had keeps its generations, so that nothing which was meant for
     * that one can happen to this one.
     */
    public void begin() {
        long before = control();
        memory.asSlice(base + ASKED, SLOTS - ASKED).fill((byte) 0);
        LONG.setRelease(memory, base + CONTROL, control(generation(before) + 1, SUSPENDED, 0));
    }

    // ---- what the engine tells

    /**
     * Asks for an allowance of so many bytes ahead.
     *
     * @param waits a message of so many bytes waits for it
     */
    void ask(int asks, int bytes, boolean waits) {
        LONG.setRelease(memory, base + ASKED, (long) asks << 32 | (waits ? WAITS : 0) | bytes & ~WAITS & 0xffff_ffffL);
    }

    /** Whether a message waits for what was asked. */
    public static boolean waits(long asked) {
        return (asked & WAITS) != 0;
    }

    /** How many bytes were asked for. */
    public static int bytes(long asked) {
        return (int) (asked & WAITS - 1);
    }

    /** How often the engine has asked (high half), and for what (low half): {@link #waits}, {@link #bytes(long)}. */
    public long asked() {
        return (long) LONG.getAcquire(memory, base + ASKED);
    }

    /** The engine will not touch the slots' memory any more. */
    void letGo() {
        INT.setRelease(memory, base + LET_GO, 1);
    }

    public boolean hasLetGo() {
        return (int) INT.getAcquire(memory, base + LET_GO) != 0;
    }

    // ---- what the stack tells

    /** @param answer RCV.NXT (32) | TCP flags beside ACK (16) | window field (16) */
    public void answer(long answer) {
        LONG.setRelease(memory, base + ANSWER, answer);
    }

    long answer() {
        return (long) LONG.getAcquire(memory, base + ANSWER);
    }

    public void echo(int tsRecent) {
        INT.setRelease(memory, base + ECHO, tsRecent);
    }

    int echo() {
        return (int) INT.getAcquire(memory, base + ECHO);
    }

    /** How far the engine may go: neither number ever goes back within a generation. */
    public void limit(int slots, int endSeq) {
        LONG.setRelease(memory, base + LIMIT, (long) slots << 32 | endSeq & 0xffff_ffffL);
    }

    long limit() {
        return (long) LONG.getAcquire(memory, base + LIMIT);
    }

    public void recall() {
        INT.setRelease(memory, base + RECALL, 1);
    }

    boolean isRecalled() {
        return (int) INT.getAcquire(memory, base + RECALL) != 0;
    }

    // ---- the lease: plain, because it changes only while nobody may publish, and publishing proves that it has not

    public void lease(LeaseTerms terms) {
        terms.write(memory, base + LEASE);
    }

    void readLease(LeaseTerms terms) {
        terms.read(memory, base + LEASE);
    }

    // ---- slots

    private long slot(int number) {
        return base + SLOTS + (long) (number & mask) * SLOT_BYTES;
    }

    /** Where the slot's payload lies in the region. */
    public void payload(int slot, long address) {
        memory.set(ValueLayout.JAVA_LONG, slot(slot), address);
    }

    public long payload(int slot) {
        return memory.get(ValueLayout.JAVA_LONG, slot(slot));
    }

    void record(int slot, int length, int sum, boolean push, int ack, int clock, long sentAtNanos) {
        long at = slot(slot);
        memory.set(ValueLayout.JAVA_INT, at + SLOT_LENGTH, length);
        memory.set(ValueLayout.JAVA_INT, at + SLOT_SUM, sum | (push ? PUSH : 0));
        memory.set(ValueLayout.JAVA_INT, at + SLOT_ACK, ack);
        memory.set(ValueLayout.JAVA_INT, at + SLOT_CLOCK, clock);
        memory.set(ValueLayout.JAVA_LONG, at + SLOT_TIME, sentAtNanos);
    }

    /** Payload bytes. */
    public int length(int slot) {
        return memory.get(ValueLayout.JAVA_INT, slot(slot) + SLOT_LENGTH);
    }

    /** The payload's folded sum. */
    public int sum(int slot) {
        return memory.get(ValueLayout.JAVA_INT, slot(slot) + SLOT_SUM) & 0xffff;
    }

    /** Whether a message ends with this segment. */
    public boolean push(int slot) {
        return (memory.get(ValueLayout.JAVA_INT, slot(slot) + SLOT_SUM) & PUSH) != 0;
    }

    /** The acknowledgement number that left with it. */
    public int ack(int slot) {
        return memory.get(ValueLayout.JAVA_INT, slot(slot) + SLOT_ACK);
    }

    /** The clock of timestamps when it left, before the connection's own offset. */
    public int clock(int slot) {
        return memory.get(ValueLayout.JAVA_INT, slot(slot) + SLOT_CLOCK);
    }

    public long sentAtNanos(int slot) {
        return memory.get(ValueLayout.JAVA_LONG, slot(slot) + SLOT_TIME);
    }

    // ---- a message: one slot, published once

    /** The slot of a message: where its bytes lie, and how many there are. */
    public void message(long address, int bytes) {
        payload(0, address);
        record(0, bytes, 0, false, 0, 0, 0);
    }

    /** @param posted whether it leaves from the engine; otherwise all of it is the stack's to send */
    void completed(int bytes, boolean posted, boolean together, int headerSeq, int ack, int clock, long sentAtNanos) {
        record(0, bytes, 0, posted, ack, clock, sentAtNanos);
        record(1, together ? 1 : 0, 0, false, headerSeq, 0, 0);
    }

    public boolean isPosted() {
        return push(0);
    }

    /** Whether it left as one segment with the multi-segment option. */
    public boolean isTogether() {
        return length(1) != 0;
    }

    /** SEG.SEQ of that segment. */
    public int headerSeq() {
        return ack(1);
    }
}
