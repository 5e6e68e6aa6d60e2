package io.doorbell.grant;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * What a stack and engines of other processes share, apart from frames: which grants are offered, who has taken them, and
 * their blocks. Behind it, in the same file, lie the frames that slots' payload is written to.
 *
 * <pre>
 *    0  magic (64)
 *    8  version (32) | bytes of a frame (32)
 *   16  the stack's process (64)
 *   24  blocks (32) | slots of a block (32)
 *   32  frames (32)
 *   40  the first frame's address in the stack's region (64)
 *  128  entries of 64 bytes, one for each block:
 *        0  claim   number of the offer (32) | the engine's process (32); 0 nothing is offered     compare-and-set
 *        8  local address (32) | remote address (32)
 *       16  ports (32) | slots in use (32)
 *       24  kind (32)
 *       32  address of the first template in the stack's region (64), -1 if there is none ({@link PackedTemplate})
 *   ..  blocks ({@link GrantBlock}), each on a multiple of 128
 * </pre>
 *
 * <p>An engine takes an offer by putting its process into the claim; the stack takes one back that nobody has claimed by
 * the same word. Set-up only: the stack's side belongs to its thread, the other to any.
 */
public final class GrantDirectory {
    public static final int VERSION = 2;
    /** An offer to send what comes next on a connection ({@link GrantedSender}). */
    public static final int NEXT_BYTES = 0;
    /** An offer to complete a message ({@link GrantedMessage}). */
    public static final int MESSAGE = 1;
    /** The most templates that may come with a grant, and the longest. */
    public static final int MOST_TEMPLATES = 1 << 10;
    public static final int LONGEST_TEMPLATE = 1 << 20;
    /** There is no template. */
    public static final long NO_TEMPLATE = -1;
    /** Where frames begin, seen from the first byte, is a multiple of it: a page. */
    public static final int PAGE_BYTES = 4096;
    public static final int MOST_BLOCKS = 1 << 14;
    public static final int MOST_SLOTS = 1 << 14;

    private static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle();
    /** "DBGRANTS", read as bytes. */
    private static final long MAGIC = 0x5354_4e41_5247_4244L;
    private static final int MAGIC_AT = 0;
    private static final int VERSION_AT = 8;
    private static final int FRAME_SIZE_AT = 12;
    private static final int PROCESS_AT = 16;
    private static final int BLOCKS_AT = 24;
    private static final int SLOTS_AT = 28;
    private static final int FRAMES_AT = 32;
    private static final int FIRST_FRAME_AT = 40;
    private static final int ENTRIES = 128;
    private static final int ENTRY_BYTES = 64;
    private static final int ENTRY_LOCAL = 8;
    private static final int ENTRY_REMOTE = 12;
    private static final int ENTRY_PORTS = 16;
    private static final int ENTRY_SLOTS = 20;
    private static final int ENTRY_KIND = 24;
    private static final int ENTRY_TEMPLATE = 32;

    private final MemorySegment memory;
    private final int blocks;
    private final int slots;
    private int offers;

    private GrantDirectory(MemorySegment memory, int blocks, int slots) {
        this.memory = memory;
        this.blocks = blocks;
        this.slots = slots;
    }

    /** Bytes in front of the frames. */
    public static long bytes(int blocks, int slots) {
        return roundUp(blocksAt(blocks) + blocks * blockBytes(slots), PAGE_BYTES);
    }

    private static long blocksAt(int blocks) {
        return roundUp(ENTRIES + (long) blocks * ENTRY_BYTES, 128);
    }

    private static long blockBytes(int slots) {
        return roundUp(GrantBlock.bytes(slots), 128);
    }

    private static long roundUp(long bytes, int unit) {
        return (bytes + unit - 1) / unit * unit;
    }

    /**
     * Makes one where there is nothing but zeros.
     *
     * @param memory     {@link #bytes} of it
     * @param frames     how many frames lie behind it
     * @param firstFrame the first one's address in the stack's region
     */
    public static GrantDirectory create(MemorySegment memory, long process, int blocks, int slots, int frameSize,
                                        int frames, long firstFrame) {
        memory.set(ValueLayout.JAVA_INT, VERSION_AT, VERSION);
        memory.set(ValueLayout.JAVA_INT, FRAME_SIZE_AT, frameSize);
        memory.set(ValueLayout.JAVA_LONG, PROCESS_AT, process);
        memory.set(ValueLayout.JAVA_INT, BLOCKS_AT, blocks);
        memory.set(ValueLayout.JAVA_INT, SLOTS_AT, slots);
        memory.set(ValueLayout.JAVA_INT, FRAMES_AT, frames);
        memory.set(ValueLayout.JAVA_LONG, FIRST_FRAME_AT, firstFrame);
        LONG.setRelease(memory, (long) MAGIC_AT, MAGIC);
        return new GrantDirectory(memory, blocks, slots);
    }

    /**
     * Looks at one that another has made, and believes nothing.
     *
     * @param memory all of the file
     * @throws IllegalArgumentException if it is not one, or damaged, with what to do
     */
    public static GrantDirectory of(MemorySegment memory) {
        if (memory.byteSize() < ENTRIES || (long) LONG.getAcquire(memory, (long) MAGIC_AT) != MAGIC) {
            throw new IllegalArgumentException("this is no file of grants: name the one that the stack was given");
        }
        int version = memory.get(ValueLayout.JAVA_INT, VERSION_AT);
        if (version != VERSION) {
            throw new IllegalArgumentException("the file of grants has version " + version + ", this program knows version "
                    + VERSION + ": run stack and engine from the same release");
        }
        int blocks = memory.get(ValueLayout.JAVA_INT, BLOCKS_AT);
        int slots = memory.get(ValueLayout.JAVA_INT, SLOTS_AT);
        int frames = memory.get(ValueLayout.JAVA_INT, FRAMES_AT);
        int frameSize = memory.get(ValueLayout.JAVA_INT, FRAME_SIZE_AT);
        boolean sane = blocks > 0 && blocks <= MOST_BLOCKS && slots > 1 && slots <= MOST_SLOTS
                && Integer.bitCount(slots) == 1 && frames > 0 && frameSize > 0
                && memory.get(ValueLayout.JAVA_LONG, PROCESS_AT) > 0;
        // The stack sees only what is in front of the frames, an engine the whole file.
        if (!sane || memory.byteSize() != bytes(blocks, slots)
                && memory.byteSize() != bytes(blocks, slots) + (long) frames * frameSize) {
            throw new IllegalArgumentException("the file of grants is damaged (" + blocks + " blocks of " + slots
                    + " slots, " + frames + " frames of " + frameSize + " bytes, in " + memory.byteSize()
                    + " bytes): start the stack again, it makes a new one");
        }
        return new GrantDirectory(memory, blocks, slots);
    }

    /** The process that the stack runs in. */
    public long process() {
        return memory.get(ValueLayout.JAVA_LONG, PROCESS_AT);
    }

    /** How many grants there can be at once. */
    public int blocks() {
        return blocks;
    }

    /** Slots of the largest grant. */
    public int slots() {
        return slots;
    }

    /** The address in the stack's region of this directory's first byte, if the frames lay right behind it there. */
    public long regionBase() {
        return memory.get(ValueLayout.JAVA_LONG, FIRST_FRAME_AT) - bytes(blocks, slots);
    }

    /** @param count slots that the grant uses, a power of two up to {@link #slots} */
    public GrantBlock block(int number, int count) {
        return new GrantBlock(memory, blocksAt(blocks) + number * blockBytes(slots), count);
    }

    // ---- the stack's side

    /** Shows a grant to engines. */
    public void offer(int number, int kind, int localAddress, int remoteAddress, int ports, int slotsInUse,
                      long firstTemplate) {
        long entry = entry(number);
        memory.set(ValueLayout.JAVA_INT, entry + ENTRY_LOCAL, localAddress);
        memory.set(ValueLayout.JAVA_INT, entry + ENTRY_REMOTE, remoteAddress);
        memory.set(ValueLayout.JAVA_INT, entry + ENTRY_PORTS, ports);
        memory.set(ValueLayout.JAVA_INT, entry + ENTRY_SLOTS, slotsInUse);
        memory.set(ValueLayout.JAVA_INT, entry + ENTRY_KIND, kind);
        memory.set(ValueLayout.JAVA_LONG, entry + ENTRY_TEMPLATE, firstTemplate);
        offers = offers == Integer.MAX_VALUE ? 1 : offers + 1;
        LONG.setRelease(memory, entry, (long) offers << 32);
    }

    /** Takes an offer back. False if an engine has it. */
    public boolean withdraw(int number) {
        long claim = claim(number);
        return process(claim) == 0 && LONG.compareAndSet(memory, entry(number), claim, 0L);
    }

    /** The engine that had it is done with it. */
    public void free(int number) {
        LONG.setRelease(memory, entry(number), 0L);
    }

    // ---- an engine's side

    /** What an entry says: 0 if nothing is offered; else to be given to {@link #claim(int, long, int)}. */
    public long claim(int number) {
        return (long) LONG.getAcquire(memory, entry(number));
    }

    /** The process that has claimed it, 0 if none has. */
    public static int process(long claim) {
        return (int) claim;
    }

    /** Takes an offer. False if another was first, or if it is not offered any more. */
    public boolean claim(int number, long offered, int process) {
        return offered != 0 && process(offered) == 0
                && LONG.compareAndSet(memory, entry(number), offered, offered | process & 0xffff_ffffL);
    }

    public int localAddress(int number) {
        return memory.get(ValueLayout.JAVA_INT, entry(number) + ENTRY_LOCAL);
    }

    public int remoteAddress(int number) {
        return memory.get(ValueLayout.JAVA_INT, entry(number) + ENTRY_REMOTE);
    }

    /** Local port in the high half, remote port in the low half. */
    public int ports(int number) {
        return memory.get(ValueLayout.JAVA_INT, entry(number) + ENTRY_PORTS);
    }

    /** Slots that the grant uses. */
    public int slotsInUse(int number) {
        return memory.get(ValueLayout.JAVA_INT, entry(number) + ENTRY_SLOTS);
    }

    /** {@link #NEXT_BYTES} or {@link #MESSAGE}. */
    public int kind(int number) {
        return memory.get(ValueLayout.JAVA_INT, entry(number) + ENTRY_KIND);
    }

    /** The address in the stack's region of the first template that came with the grant, {@link #NO_TEMPLATE}. */
    public long firstTemplate(int number) {
        return memory.get(ValueLayout.JAVA_LONG, entry(number) + ENTRY_TEMPLATE);
    }

    private static long entry(int number) {
        return ENTRIES + (long) number * ENTRY_BYTES;
    }
}
