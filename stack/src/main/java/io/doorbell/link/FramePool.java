package io.doorbell.link;

import java.lang.foreign.MemorySegment;

/**
 * The frames of a link's memory region, and who holds them.
 *
 * <p>A frame is named by its address: the offset in bytes, within {@link #memory()}, of its first byte. Any address
 * inside a frame names that frame. A frame is free while nobody holds it; {@link #allocate} returns it with one hold,
 * every descriptor that the link has posted and not yet reclaimed is another, and the last {@link #release} frees it.
 *
 * <p>One thread only, as everything that belongs to a stack. Nothing is allocated after construction.
 */
public final class FramePool {
    /** What {@link #allocate} returns when no frame is free. */
    public static final long NONE = -1;

    /**
     * Where TCP payload begins in a frame that is formed here: on a cache line, behind room for all headers. It is more
     * than needed because of how the kernel copies a frame in AF_XDP's copy mode: to the 64th byte or a little further
     * of a block of 2 KiB, with {@code rep movsb}. Where the target lies just behind the source modulo 4 KiB, as it did
     * with 128, each of its loads waits for the store before it and the copy takes three times as long on AMD Zen 3.
     */
    public static final int PAYLOAD_OFFSET = 256;

    private final MemorySegment memory;
    private final int frameSize;
    private final int shift;
    private final int first;
    private final int[] free;
    private final int[] freeApart;
    private final short[] holds;
    private int available;
    private int availableApart;
    private int lowest;
    private long refused;

    /**
     * Pools the frames {@code first} to {@code first + count - 1} of a region; frames outside that range (a receive
     * ring's own) are the link's business.
     *
     * @param frameSize bytes, a power of two
     */
    public FramePool(MemorySegment memory, int frameSize, int first, int count) {
        this(memory, frameSize, first, count, 0);
    }

    /**
     * As {@link #FramePool(MemorySegment, int, int, int)}; {@code apart} more frames, behind those, are set apart: memory
     * that others may see, for what they are to see. Only {@link #allocateApart} gives them, and they return there.
     */
    public FramePool(MemorySegment memory, int frameSize, int first, int count, int apart) {
        if (Integer.bitCount(frameSize) != 1) {
            throw new IllegalArgumentException("frame size " + frameSize + " is not a power of two");
        }
        if ((long) (first + count + apart) * frameSize > memory.byteSize()) {
            throw new IllegalArgumentException((first + count + apart) + " frames of " + frameSize
                    + " bytes do not fit into a region of " + memory.byteSize() + " bytes");
        }
        this.memory = memory;
        this.frameSize = frameSize;
        this.shift = Integer.numberOfTrailingZeros(frameSize);
        this.first = first;
        this.free = new int[count];
        this.freeApart = new int[apart];
        this.holds = new short[count + apart];
        for (int i = 0; i < count; i++) {
            free[i] = count - 1 - i;
        }
        for (int i = 0; i < apart; i++) {
            freeApart[i] = count + apart - 1 - i;
        }
        this.availableApart = apart;
        this.available = count;
        this.lowest = count;
    }

    /** The whole region of the link. It stays valid until the link is closed. */
    public MemorySegment memory() {
        return memory;
    }

    public int frameSize() {
        return frameSize;
    }

    /** How many frames the pool manages, but for those that are set apart. */
    public int capacity() {
        return free.length;
    }

    /** How many frames the pool manages in all: {@link #indexOf} stays below it. */
    public int total() {
        return holds.length;
    }

    /** How many of the frames that are set apart are free now. */
    public int availableApart() {
        return availableApart;
    }

    /** How many frames are free now. */
    public int available() {
        return available;
    }

    /** The fewest frames that were ever free. */
    public int lowestAvailable() {
        return lowest;
    }

    /** Sets the fewest frames that were ever free back, after frames were taken and returned for show. */
    public void lowestAvailable(int fewest) {
        lowest = fewest;
    }

    /** How many allocations were refused because too few frames were free. */
    public long refused() {
        return refused;
    }

    /** Takes a free frame, held once by the caller; {@link #NONE} if at most {@code keep} frames are free. */
    public long allocate(int keep) {
        if (available <= keep) {
            refused++;
            return NONE;
        }
        int index = free[--available];
        if (available < lowest) {
            lowest = available;
        }
        holds[index] = 1;
        return (long) (first + index) << shift;
    }

    public long allocate() {
        return allocate(0);
    }

    /** As {@link #allocate()}, of the frames that are set apart. */
    public long allocateApart() {
        if (availableApart == 0) {
            refused++;
            return NONE;
        }
        int index = freeApart[--availableApart];
        holds[index] = 1;
        return (long) (first + index) << shift;
    }

    /** One more hold on the frame that {@code address} lies in. */
    public void hold(long address) {
        holds[indexOf(address)]++;
    }

    /** One hold less; the last one frees the frame. */
    public void release(long address) {
        int index = indexOf(address);
        int left = --holds[index];
        if (left == 0) {
            if (index < free.length) {
                free[available++] = index;
            } else {
                freeApart[availableApart++] = index;
            }
        } else if (left < 0) {
            holds[index] = 0;
            throw new IllegalStateException("frame at " + address + " released more often than held");
        }
    }

    /** How many hold the frame now: its owner, and every descriptor that is still on its way out. */
    public int holds(long address) {
        return holds[indexOf(address)];
    }

    /** The frame's number within this pool, from 0 to {@link #total()} - 1. */
    public int indexOf(long address) {
        return (int) (address >>> shift) - first;
    }

    /** The address of the first byte of frame number {@code index}. */
    public long addressOf(int index) {
        return (long) (first + index) << shift;
    }
}
