package io.doorbell.script;

import io.doorbell.link.FramePool;
import io.doorbell.link.FrameReceiver;
import io.doorbell.link.Link;
import io.doorbell.link.LinkStatistics;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * An in-memory link whose other end is a script: frames are injected by hand and everything posted is recorded.
 *
 * <p>It is as unforgiving as a real ring. A received frame lies in a segment of exactly its length, so that a read
 * behind its end throws, and is overwritten at the next {@link #receive}, so that a pointer kept too long reads
 * garbage. A posted frame stays held until the next {@link #receive} and must not have changed by then.
 */
public final class ScriptLink implements Link {
    static final long MAC = 0x02_00_00_00_00_02L;
    private static final int POISON = 0xee;

    /** One frame that left, as it was when it was published. */
    record Recorded(long timeNanos, byte[] bytes) {
    }

    /** @param continues whether the frame goes on in what was posted next */
    private record Posted(long address, byte[] bytes, boolean continues) {
    }

    private final Arena arena = Arena.ofConfined();
    private final FramePool frames;
    private final int mtu;
    private final LinkStatistics statistics = new LinkStatistics();
    private final ArrayDeque<byte[]> inbound = new ArrayDeque<>();
    private final List<MemorySegment> burst = new ArrayList<>();
    private final List<Posted> posted = new ArrayList<>();
    private final List<Posted> inFlight = new ArrayList<>();
    private final List<Recorded> recorded = new ArrayList<>();
    private final List<String> violations = new ArrayList<>();
    private final ArrayDeque<Long> withheld = new ArrayDeque<>();
    private int room = Integer.MAX_VALUE;
    private boolean keepsPosted;
    private boolean scatter;
    private boolean warm;
    private boolean closed;

    ScriptLink(int mtu, int frameCount) {
        int frameSize = Math.max(2048, Integer.highestOneBit(mtu + 256 - 1) << 1);
        this.mtu = mtu;
        this.frames = new FramePool(arena.allocate((long) frameSize * frameCount, 64), frameSize, 0, frameCount);
        this.statistics.mode = "script";
    }

    /** Puts a frame where the next {@link #receive} finds it. */
    void inject(byte[] frame) {
        inbound.add(frame);
    }

    /** From now on only {@code frames} more posts are taken before the link says that it is full. */
    void roomFor(int frames) {
        room = frames;
    }

    /** As long as this is on, the wire is not done with anything that was posted. */
    public void keepPosted(boolean on) {
        keepsPosted = on;
    }

    /** Whether frames are on the wire that the stack need not know of any more. */
    boolean isHolding() {
        return !posted.isEmpty() || !inFlight.isEmpty() || !withheld.isEmpty();
    }

    /** Takes frames out of the pool until only so many are free. */
    public void withholdFrames(int left) {
        while (frames.available() > left) {
            withheld.add(frames.allocate());
        }
    }

    /** Gives back what was withheld. */
    public void returnFrames() {
        while (!withheld.isEmpty()) {
            frames.release(withheld.remove());
        }
    }

    /** From now on the link takes frames in two pieces: for use before the stack is made. */
    public void scatter(boolean on) {
        scatter = on;
    }

    @Override
    public boolean scatter() {
        return scatter;
    }

    @Override
    public boolean transmit(long address, int length, long rest, int restLength, long nowNanos) {
        if (!transmit(address, length, nowNanos)) {
            return false;
        }
        if (!warm) {
            frames.hold(rest);
            posted.set(posted.size() - 1, new Posted(address, bytesAt(address, length), true));
            posted.add(new Posted(rest, bytesAt(rest, restLength), false));
        }
        return true;
    }

    /** Another link to the same wire: what it sends is recorded with what this one does. */
    public Link second() {
        return new SecondLink(mtu, recorded::add);
    }

    boolean isFull() {
        return room <= 0;
    }

    boolean hasInbound() {
        return !inbound.isEmpty();
    }

    /** The frames published since the last call. */
    List<Recorded> takeRecorded() {
        List<Recorded> taken = List.copyOf(recorded);
        recorded.clear();
        return taken;
    }

    /** What the stack did that a ring would not forgive, in words. */
    List<String> violations() {
        return violations;
    }

    @Override
    public FramePool frames() {
        return frames;
    }

    @Override
    public int mtu() {
        return mtu;
    }

    @Override
    public long mac() {
        return MAC;
    }

    @Override
    public int receive(FrameReceiver receiver, int limit, long nowNanos) {
        reclaim();
        for (MemorySegment old : burst) {
            old.fill((byte) POISON);
        }
        burst.clear();
        int count = 0;
        while (count < limit && !inbound.isEmpty()) {
            byte[] bytes = inbound.poll();
            MemorySegment frame = Arena.ofAuto().allocate(Math.max(1, bytes.length), 1).asSlice(0, bytes.length);
            frame.copyFrom(MemorySegment.ofArray(bytes));
            burst.add(frame);
            statistics.rxFrames++;
            statistics.rxBytes += bytes.length;
            receiver.frame(frame, 0, bytes.length);
            count++;
        }
        return count;
    }

    /** Gives back the frames that the wire is done with, as the completion ring of a real link does. */
    void reclaim() {
        if (keepsPosted) {
            return;
        }
        for (Posted frame : inFlight) {
            if (!Arrays.equals(frame.bytes, bytesAt(frame.address, frame.bytes.length))) {
                violations.add("the frame at " + frame.address + " was changed while the link held it");
            }
            frames.release(frame.address);
        }
        inFlight.clear();
    }

    @Override
    public boolean transmit(long address, int length, long nowNanos) {
        if (room <= 0) {
            statistics.txRefused++;
            return false;
        }
        if (room != Integer.MAX_VALUE && !warm) {
            room--;
        }
        long first = frames.addressOf(frames.indexOf(address));
        if (address + length > first + frames.frameSize()) {
            violations.add(length + " bytes at " + address + " run over the end of their frame");
        }
        if (warm) {
            return true;
        }
        frames.hold(address);
        posted.add(new Posted(address, bytesAt(address, length), false));
        return true;
    }

    @Override
    public boolean warm(boolean on) {
        warm = on;
        return true;
    }

    @Override
    public void flush(long nowNanos) {
        if (warm) {
            violations.add("a doorbell while nothing was to be sent");
        }
        if (posted.isEmpty()) {
            return;
        }
        byte[] first = {};
        for (Posted frame : posted) {
            if (!Arrays.equals(frame.bytes, bytesAt(frame.address, frame.bytes.length))) {
                violations.add("the frame at " + frame.address + " was changed between transmit and flush");
            }
            byte[] whole = Arrays.copyOf(first, first.length + frame.bytes.length);
            System.arraycopy(frame.bytes, 0, whole, first.length, frame.bytes.length);
            first = frame.continues ? whole : new byte[0];
            if (!frame.continues) {
                statistics.txFrames++;
                statistics.txBytes += whole.length;
                recorded.add(new Recorded(nowNanos, whole));
            }
        }
        statistics.doorbells++;
        inFlight.addAll(posted);
        posted.clear();
    }

    private byte[] bytesAt(long address, int length) {
        return frames.memory().asSlice(address, length).toArray(ValueLayout.JAVA_BYTE);
    }

    @Override
    public LinkStatistics statistics() {
        return statistics;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            arena.close();
        }
    }
}
