package io.doorbell.grant;

import io.doorbell.link.FramePool;
import io.doorbell.link.FrameReceiver;
import io.doorbell.link.Link;
import io.doorbell.link.LinkStatistics;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/** Looks at what an engine posts in a {@link GrantRace}: all headers must be of one lease, and of one answer. */
final class CheckingLink implements Link {
    private final FramePool frames = GrantRace.frames();
    private final LinkStatistics statistics = new LinkStatistics();
    private final Consumer<String> wrong;
    /** Of each generation, since the grant began. */
    final int[] segments = new int[GrantRace.GENERATIONS + 2];

    CheckingLink(Consumer<String> wrong) {
        this.wrong = wrong;
    }

    @Override
    public boolean transmit(long address, int length, long nowNanos) {
        MemorySegment memory = frames.memory();
        long ip = address + EthernetHeader.LENGTH;
        long tcp = ip + Ipv4Header.LENGTH;
        int generation = (int) Bytes.u48(memory, address);
        int seq = Bytes.u32(memory, tcp + 4) - generation * GrantRace.LEASE_BYTES;
        if (Bytes.u32(memory, tcp) != generation || Bytes.u32(memory, ip + 12) != generation
                || Bytes.u32(memory, ip + 16) != generation || seq < 0 || seq > GrantRace.LEASE_BYTES) {
            wrong.accept("headers of several leases, the MAC's is " + generation + ", the ports' "
                    + Bytes.u32(memory, tcp) + ", sequence number " + seq);
        }
        segments[Math.clamp(generation, 0, segments.length - 1)]++;
        int bytes = length - EthernetHeader.LENGTH - Ipv4Header.LENGTH - TcpHeader.LENGTH;
        if (bytes < 1 || bytes > GrantRace.MSS) {
            wrong.accept("a packet of " + length + " bytes");
        }
        if ((Bytes.u32(memory, tcp + 8) & 0xffff) != Bytes.u16(memory, tcp + 14)) {
            wrong.accept("an acknowledgement of " + Bytes.u32(memory, tcp + 8) + " with the window of "
                    + Bytes.u16(memory, tcp + 14));
        }
        return true;
    }

    @Override
    public FramePool frames() {
        return frames;
    }

    @Override
    public int mtu() {
        return 1500;
    }

    @Override
    public long mac() {
        return 1;
    }

    @Override
    public int receive(FrameReceiver receiver, int limit, long nowNanos) {
        return 0;
    }

    @Override
    public void flush(long nowNanos) {
    }

    @Override
    public LinkStatistics statistics() {
        return statistics;
    }

    @Override
    public void close() {
    }
}
