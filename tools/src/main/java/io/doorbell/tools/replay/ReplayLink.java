package io.doorbell.tools.replay;

import io.doorbell.link.FramePool;
import io.doorbell.link.FrameReceiver;
import io.doorbell.link.Link;
import io.doorbell.link.LinkStatistics;
import io.doorbell.wire.ArpPacket;
import io.doorbell.wire.EthernetHeader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.function.ObjLongConsumer;

/**
 * A link to somebody who is not there: frames are handed in one by one, and what is sent is handed to a sink, in
 * copies. It answers ARP for whatever address is asked for.
 */
final class ReplayLink implements Link {
    static final long MAC = 0x02_00_00_00_00_02L;
    static final long PEER_MAC = 0x02_00_00_00_00_01L;

    private final Arena arena = Arena.ofConfined();
    private final FramePool frames;
    private final int mtu;
    private final ObjLongConsumer<byte[]> sink;
    private final ArrayDeque<byte[]> inbound = new ArrayDeque<>();
    private final LinkStatistics statistics = new LinkStatistics();
    private boolean closed;

    /** @param sink takes what the stack sends, Ethernet frames other than ARP, with the time */
    ReplayLink(int mtu, int frameCount, ObjLongConsumer<byte[]> sink) {
        int frameSize = Math.max(2048, Integer.highestOneBit(mtu + 255) << 1);
        this.mtu = mtu;
        this.sink = sink;
        this.frames = new FramePool(arena.allocate((long) frameSize * frameCount, 64), frameSize, 0, frameCount);
        statistics.mode = "replay";
    }

    void inject(byte[] frame) {
        inbound.add(frame);
    }

    boolean hasInbound() {
        return !inbound.isEmpty();
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
        int count = 0;
        while (count < limit && !inbound.isEmpty()) {
            byte[] frame = inbound.poll();
            statistics.rxFrames++;
            statistics.rxBytes += frame.length;
            receiver.frame(MemorySegment.ofArray(frame), 0, frame.length);
            count++;
        }
        return count;
    }

    @Override
    public boolean transmit(long address, int length, long nowNanos) {
        byte[] frame = frames.memory().asSlice(address, length).toArray(ValueLayout.JAVA_BYTE);
        statistics.txFrames++;
        statistics.txBytes += length;
        MemorySegment memory = MemorySegment.ofArray(frame);
        if (EthernetHeader.type(memory, 0) == EthernetHeader.TYPE_ARP) {
            answer(memory);
        } else {
            sink.accept(frame, nowNanos);
        }
        return true;
    }

    private void answer(MemorySegment request) {
        long arp = EthernetHeader.LENGTH;
        int wanted = ArpPacket.targetAddress(request, arp);
        int asker = ArpPacket.senderAddress(request, arp);
        if (ArpPacket.operation(request, arp) != ArpPacket.REQUEST || wanted == asker || asker == 0) {
            return;
        }
        byte[] reply = new byte[EthernetHeader.LENGTH + ArpPacket.LENGTH];
        MemorySegment memory = MemorySegment.ofArray(reply);
        EthernetHeader.write(memory, 0, MAC, PEER_MAC, EthernetHeader.TYPE_ARP);
        ArpPacket.write(memory, arp, ArpPacket.REPLY, PEER_MAC, wanted, MAC, asker);
        inbound.add(reply);
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
        if (!closed) {
            closed = true;
            arena.close();
        }
    }
}
