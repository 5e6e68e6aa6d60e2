package io.doorbell.script;

import io.doorbell.link.FramePool;
import io.doorbell.link.FrameReceiver;
import io.doorbell.link.Link;
import io.doorbell.link.LinkStatistics;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** A link that only sends, on the same wire as a {@link ScriptLink}: what an engine has. */
final class SecondLink implements Link {
    private static final int FRAMES = 128;
    private static final int FRAME_SIZE = 2048;

    private final FramePool frames = new FramePool(Arena.ofAuto().allocate((long) FRAMES * FRAME_SIZE, 64), FRAME_SIZE,
            0, FRAMES);
    private final int mtu;
    private final Consumer<ScriptLink.Recorded> wire;
    private final List<byte[]> posted = new ArrayList<>();
    private final LinkStatistics statistics = new LinkStatistics();
    private boolean warm;

    SecondLink(int mtu, Consumer<ScriptLink.Recorded> wire) {
        this.mtu = mtu;
        this.wire = wire;
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
        return ScriptLink.MAC + 1;
    }

    @Override
    public int receive(FrameReceiver receiver, int limit, long nowNanos) {
        return 0;
    }

    @Override
    public boolean transmit(long address, int length, long nowNanos) {
        if (!warm) {
            posted.add(frames.memory().asSlice(address, length).toArray(ValueLayout.JAVA_BYTE));
        }
        return true;
    }

    @Override
    public boolean warm(boolean on) {
        warm = on;
        return true;
    }

    @Override
    public void flush(long nowNanos) {
        posted.forEach(frame -> wire.accept(new ScriptLink.Recorded(nowNanos, frame)));
        posted.clear();
        statistics.doorbells++;
    }

    @Override
    public LinkStatistics statistics() {
        return statistics;
    }

    @Override
    public void close() {
    }
}
