package io.doorbell.sim;

import io.doorbell.TcpStack;
import io.doorbell.link.FramePool;
import io.doorbell.link.FrameReceiver;
import io.doorbell.link.Link;
import io.doorbell.link.LinkStatistics;
import io.doorbell.wire.EthernetHeader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;

/**
 * An engine's link: few frames of its own, on the cable of a stack. Frames are held until the engine comes to look for
 * them. Some packets are late by seconds, and some never leave.
 */
final class EngineLink implements Link {
    private static final long NEVER_LEAVES = Long.MAX_VALUE;

    private final EngineConduct engine;
    private final TwoStacks network;
    private final TcpStack stack;
    private final FramePool frames;
    private final ArrayDeque<Long> held = new ArrayDeque<>();
    private final ArrayDeque<Late> late = new ArrayDeque<>();
    private final LinkStatistics statistics = new LinkStatistics();
    private boolean warm;

    /** A packet that was posted and has not left. */
    private record Late(long atNanos, byte[] packet) {
    }

    EngineLink(EngineConduct engine, TwoStacks network, TcpStack stack, int count) {
        this.engine = engine;
        this.network = network;
        this.stack = stack;
        int size = stack.link().frames().frameSize();
        this.frames = new FramePool(Arena.ofAuto().allocate((long) count * size, 64), size, 0, count);
    }

    @Override
    public FramePool frames() {
        return frames;
    }

    @Override
    public int mtu() {
        return stack.link().mtu();
    }

    @Override
    public long mac() {
        return stack.link().mac();
    }

    /** Gives frames back that have left. An engine calls it after it has looked at its lease, and before it publishes. */
    @Override
    public int receive(FrameReceiver receiver, int limit, long nowNanos) {
        engine.beforePublishing();
        while (!held.isEmpty()) {
            frames.release(held.remove());
        }
        return 0;
    }

    @Override
    public boolean transmit(long address, int length, long nowNanos) {
        if (warm) {
            return true;
        }
        long delayNanos = engine.published();
        if (delayNanos < 0) {
            return false;
        }
        if (delayNanos == 0) {
            if (!network.post(stack, frames.memory(), address, length)) {
                return false;
            }
        } else if (delayNanos != NEVER_LEAVES) {
            late.add(new Late(network.now + delayNanos,
                    frames.memory().asSlice(address, length).toArray(ValueLayout.JAVA_BYTE)));
        }
        frames.hold(address);
        held.add(address);
        return true;
    }

    /** When the next late packet leaves. */
    long dueNanos() {
        return late.isEmpty() ? NEVER_LEAVES : late.peek().atNanos;
    }

    /** Lets late packets leave, in the order in which they were posted. */
    void sendLate() {
        while (!late.isEmpty() && late.peek().atNanos <= network.now) {
            byte[] packet = late.remove().packet;
            if (packet.length <= mtu() + EthernetHeader.LENGTH) {
                network.post(stack, MemorySegment.ofArray(packet), 0, packet.length);
            }
        }
    }

    @Override
    public boolean warm(boolean on) {
        warm = on;
        return true;
    }

    @Override
    public void flush(long nowNanos) {
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
