package io.doorbell.grant;

import io.doorbell.link.FramePool;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.Checksum;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;

/** Forms an engine's packets, in frames of the engine's own link. */
final class SegmentForm {
    /** Where payload begins in a frame. */
    private static final int PAYLOAD = FramePool.PAYLOAD_OFFSET;

    private final MemorySegment memory;
    private final LeaseTerms terms;
    private int identification;

    SegmentForm(MemorySegment memory, LeaseTerms terms) {
        this.memory = memory;
        this.terms = terms;
    }

    /** The clock of timestamps, before the connection's own offset; it runs from the same zero as the stack's. */
    int clock(long nowNanos) {
        return terms.timestamps ? (int) Math.floorDiv(nowNanos, terms.tickNanos) : 0;
    }

    int headerBytes() {
        return EthernetHeader.LENGTH + Ipv4Header.LENGTH + tcpHeaderBytes();
    }

    /** What a segment has room for beside timestamps. */
    int optionRoom() {
        return TcpHeader.MAX_LENGTH - tcpHeaderBytes();
    }

    private int tcpHeaderBytes() {
        return TcpHeader.LENGTH + (terms.timestamps ? TcpHeader.TIMESTAMPS_LENGTH : 0);
    }

    /** The address of a packet's first byte in its frame. */
    long begin(long frame) {
        return frame + PAYLOAD - headerBytes();
    }

    /**
     * Puts payload into the slot that the stack sees, and into the frame that leaves from here: two copies, so that an
     * engine that is late posts what it has published, whatever the stack has made of the slot's memory since.
     *
     * @return its folded sum
     */
    int payload(MemorySegment source, long offset, MemorySegment region, long slot, long frame, int bytes) {
        int sum = Checksum.fold(Checksum.copyAndSum(source, offset, memory, frame + PAYLOAD, bytes));
        MemorySegment.copy(memory, frame + PAYLOAD, region, slot, bytes);
        return sum;
    }

    /**
     * Writes all headers.
     *
     * @param answer as in {@link GrantBlock}
     * @return bytes of the packet, Ethernet header included
     */
    int headers(long frame, int seq, int bytes, int payloadSum, boolean push, long answer, int clock, int echo) {
        return headers(frame, seq, bytes, payloadSum, push, answer, clock, echo, 0);
    }

    /**
     * The same with an option that lies in front of the payload. The packet begins so many bytes before {@link #begin}.
     *
     * @param optionBytes a multiple of four
     */
    int headers(long frame, int seq, int bytes, int payloadSum, boolean push, long answer, int clock, int echo,
                int optionBytes) {
        int header = tcpHeaderBytes() + optionBytes;
        long tcp = frame + PAYLOAD - header;
        int flags = TcpHeader.ACK | (push ? TcpHeader.PSH : 0) | (int) (answer >>> 16) & 0xff;
        long sum = payloadSum + TcpHeader.write(memory, tcp, terms.ports, seq, (int) (answer >>> 32), header, flags,
                (int) answer & 0xffff);
        if (terms.timestamps) {
            long stamp = clock + terms.tsOffset & 0xffff_ffffL;
            Bytes.put32(memory, tcp + TcpHeader.LENGTH, TcpHeader.TIMESTAMPS_WORD);
            Bytes.put64(memory, tcp + TcpHeader.LENGTH + 4, stamp << 32 | echo & 0xffff_ffffL);
            sum += Checksum.ofNetworkWords(TcpHeader.TIMESTAMPS_WORD + stamp + (echo & 0xffff_ffffL));
        }
        if (optionBytes > 0) {
            sum += Checksum.sum(memory, frame + PAYLOAD - optionBytes, optionBytes);
        }
        int length = header + bytes;
        sum += Checksum.pseudoHeader(terms.localAddress, terms.remoteAddress, Ipv4Header.PROTOCOL_TCP, length);
        TcpHeader.writeChecksum(memory, tcp, sum);
        // RFC 6864 section 4.1: with DF set the identification means nothing.
        identification = identification + 1 & 0xffff;
        Ipv4Header.write(memory, tcp - Ipv4Header.LENGTH, terms.dscpEcn, length + Ipv4Header.LENGTH, identification,
                Ipv4Header.DONT_FRAGMENT, terms.timeToLive, Ipv4Header.PROTOCOL_TCP, terms.localAddress,
                terms.remoteAddress);
        EthernetHeader.write(memory, tcp - Ipv4Header.LENGTH - EthernetHeader.LENGTH, terms.destinationMac,
                terms.sourceMac, EthernetHeader.TYPE_IPV4);
        return EthernetHeader.LENGTH + Ipv4Header.LENGTH + length;
    }
}
