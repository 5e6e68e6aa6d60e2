package io.doorbell.tools.fuzz;

import io.doorbell.link.FramePool;
import io.doorbell.link.FrameReceiver;
import io.doorbell.link.Link;
import io.doorbell.link.LinkStatistics;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * A link in memory that forgives nothing: a received frame has exactly its bytes behind it and is overwritten at the
 * next receive; a posted frame must stay as it is until the wire is done with it.
 */
final class FuzzLink implements Link {
    static final long MAC = 0x02_00_00_00_00_02L;
    static final int MTU = 1500;
    private static final int FRAME_SIZE = 2048;

    private record Posted(long address, byte[] bytes) {
    }

    private final byte[] region;
    private final FramePool frames;
    private final Consumer<byte[]> wire;
    private final LinkStatistics statistics = new LinkStatistics();
    private final ArrayDeque<byte[]> inbound = new ArrayDeque<>();
    private final List<byte[]> burst = new ArrayList<>();
    private final List<Posted> posted = new ArrayList<>();
    private final List<Posted> inFlight = new ArrayList<>();
    private final List<Long> takenAway = new ArrayList<>();
    private String fault;
    int room = Integer.MAX_VALUE;
    boolean keepsPosted;
    private boolean warm;
    long transmitted;

    FuzzLink(byte[] region, Consumer<byte[]> wire) {
        this.region = region;
        this.wire = wire;
        this.frames = new FramePool(MemorySegment.ofArray(region), FRAME_SIZE, 0, region.length / FRAME_SIZE);
    }

    static byte[] region(int frameCount) {
        return new byte[frameCount * FRAME_SIZE];
    }

    /** Puts a frame where the next {@link #receive} finds it; the array is the link's from now on. */
    void inject(byte[] frame) {
        inbound.add(frame);
    }

    boolean hasInbound() {
        return !inbound.isEmpty();
    }

    /** Whether no frame is held by others than the stack, or {@link #reclaim} can have it back. */
    boolean isClear() {
        return takenAway.isEmpty() && !keepsPosted;
    }

    /** Lets somebody else hold frames, until {@link #bringBack}. */
    void takeAway(int count) {
        for (int i = 0; i < count && frames.available() > 0; i++) {
            takenAway.add(frames.allocate());
        }
    }

    void bringBack() {
        takenAway.forEach(frames::release);
        takenAway.clear();
    }

    /** What the stack did that a ring would not forgive; null if nothing. */
    String fault() {
        return fault;
    }

    @Override
    public FramePool frames() {
        return frames;
    }

    @Override
    public int mtu() {
        return MTU;
    }

    @Override
    public long mac() {
        return MAC;
    }

    @Override
    public int receive(FrameReceiver receiver, int limit, long nowNanos) {
        reclaim();
        for (byte[] old : burst) {
            Arrays.fill(old, (byte) 0xee);
        }
        burst.clear();
        int count = 0;
        while (count < limit && !inbound.isEmpty()) {
            byte[] frame = inbound.poll();
            burst.add(frame);
            receiver.frame(MemorySegment.ofArray(frame), 0, frame.length);
            count++;
        }
        return count;
    }

    void reclaim() {
        if (!keepsPosted) {
            for (Posted frame : inFlight) {
                unchanged(frame);
                frames.release(frame.address);
            }
            inFlight.clear();
        }
    }

    private void unchanged(Posted frame) {
        int from = (int) frame.address;
        int differs = Arrays.mismatch(region, from, from + frame.bytes.length, frame.bytes, 0, frame.bytes.length);
        if (differs >= 0 && fault == null) {
            fault = "byte " + differs + " of a frame of " + frame.bytes.length + " bytes at " + frame.address
                    + " was changed while the link held it";
        }
    }

    @Override
    public boolean transmit(long address, int length, long nowNanos) {
        return transmit(address, length, address, 0, nowNanos);
    }

    @Override
    public boolean scatter() {
        return true;
    }

    @Override
    public boolean transmit(long address, int length, long rest, int restLength, long nowNanos) {
        if (room <= 0 || warm) {
            return room > 0;
        }
        room -= room == Integer.MAX_VALUE ? 0 : 1;
        if (length + restLength > MTU + FrameBytes.IP || !isInFrame(address, length) || !isInFrame(rest, restLength)) {
            fault = length + " bytes at " + address + " and " + restLength + " at " + rest
                    + " are more than fit into a frame or the MTU";
            return false;
        }
        transmitted++;
        byte[] bytes = Arrays.copyOf(post(address, length), length + restLength);
        if (restLength > 0) {
            System.arraycopy(post(rest, restLength), 0, bytes, length, restLength);
        }
        // Now, since until the flush the connection that sent it may be over and another one have its ports.
        wire.accept(bytes);
        return true;
    }

    private static boolean isInFrame(long address, int length) {
        return (address & FRAME_SIZE - 1) + length <= FRAME_SIZE;
    }

    private byte[] post(long address, int length) {
        frames.hold(address);
        byte[] bytes = Arrays.copyOfRange(region, (int) address, (int) address + length);
        posted.add(new Posted(address, bytes));
        return bytes;
    }

    @Override
    public void flush(long nowNanos) {
        for (Posted frame : posted) {
            unchanged(frame);
        }
        inFlight.addAll(posted);
        posted.clear();
    }

    @Override
    public boolean warm(boolean on) {
        warm = on;
        return true;
    }

    @Override
    public LinkStatistics statistics() {
        return statistics;
    }

    @Override
    public void close() {
        keepsPosted = false;
        reclaim();
    }
}
