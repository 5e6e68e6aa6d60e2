package io.doorbell.ip;

import io.doorbell.link.FramePool;
import io.doorbell.link.FrameReceiver;
import io.doorbell.link.Link;
import io.doorbell.link.LinkStatistics;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** A link that keeps a copy of every frame posted, and holds the frame until {@link #complete}. */
final class RecordingLink implements Link {
    static final int FRAME_SIZE = 2048;

    final List<byte[]> sent = new ArrayList<>();
    boolean full;
    int mtu = 1500;
    private final MemorySegment memory;
    private final FramePool frames;
    private final long mac;
    private final List<Long> posted = new ArrayList<>();
    private final LinkStatistics statistics = new LinkStatistics();

    RecordingLink(long mac, int frameCount) {
        this.mac = mac;
        this.memory = Arena.ofAuto().allocate((long) frameCount * FRAME_SIZE, 64);
        this.frames = new FramePool(memory, FRAME_SIZE, 0, frameCount);
    }

    /** The wire needs none of the posted frames any more. */
    void complete() {
        posted.forEach(frames::release);
        posted.clear();
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
        return mac;
    }

    @Override
    public int receive(FrameReceiver receiver, int limit, long nowNanos) {
        return 0;
    }

    @Override
    public boolean transmit(long address, int length, long nowNanos) {
        if (full) {
            return false;
        }
        frames.hold(address);
        posted.add(address);
        sent.add(memory.asSlice(address, length).toArray(ValueLayout.JAVA_BYTE));
        return true;
    }

    @Override
    public void flush(long nowNanos) {
        complete();
    }

    @Override
    public LinkStatistics statistics() {
        return statistics;
    }

    @Override
    public void close() {
        complete();
    }
}
