package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.wire.Checksum;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;

/** The segment that is being looked at (RFC 9293's SEG.* variables); one object, reused. */
final class InboundSegment {
    MemorySegment memory;
    int source;
    int destination;
    /** As our own segments of this connection begin: our port in the high half, the peer's in the low half. */
    int ports;
    int seq;
    int ack;
    int flags;
    /** The window field, not scaled. */
    int window;
    long payload;
    int length;
    /** The ECN field of the IP header. */
    int ecn;
    final TcpOptions options = new TcpOptions();

    private final Counters counters;
    private final boolean partialChecksums;

    InboundSegment(Counters counters, boolean partialChecksums) {
        this.counters = counters;
        this.partialChecksums = partialChecksums;
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /** SEG.LEN: payload bytes, and one for SYN and FIN each. */
    int span() {
        return length + (flags & TcpHeader.SYN) / TcpHeader.SYN + (flags & TcpHeader.FIN) / TcpHeader.FIN;
    }

    /** Cuts bytes off the front of the payload. */
    void trimFront(int bytes) {
        seq += bytes;
        payload += bytes;
        length -= bytes;
    }

    /** Looks at the bytes of one segment; false if it is malformed, which is counted. */
    boolean parse(MemorySegment from, long tcp, int size, int sourceAddress, int destinationAddress) {
        if (size < TcpHeader.LENGTH) {
            return dropped(Counter.DROP_TCP_SHORT);
        }
        int header = TcpHeader.headerLength(from, tcp);
        if (header < TcpHeader.LENGTH || header > size) {
            return dropped(Counter.DROP_TCP_OFFSET);
        }
        if (!checksumValid(from, tcp, size, sourceAddress, destinationAddress)) {
            return dropped(Counter.DROP_TCP_CHECKSUM);
        }
        int sourcePort = TcpHeader.sourcePort(from, tcp);
        int destinationPort = TcpHeader.destinationPort(from, tcp);
        if (sourcePort == 0 || destinationPort == 0) {
            return dropped(Counter.DROP_TCP_PORT_ZERO);
        }
        if (!options.parse(from, tcp, header)) {
            return dropped(Counter.DROP_TCP_OPTION);
        }
        memory = from;
        source = sourceAddress;
        destination = destinationAddress;
        ports = destinationPort << 16 | sourcePort;
        seq = TcpHeader.seq(from, tcp);
        ack = TcpHeader.ack(from, tcp);
        flags = TcpHeader.flags(from, tcp);
        window = TcpHeader.window(from, tcp);
        payload = tcp + header;
        length = size - header;
        return true;
    }

    private boolean dropped(Counter reason) {
        counters.increment(reason);
        return false;
    }

    private boolean checksumValid(MemorySegment from, long tcp, int size, int sourceAddress, int destinationAddress) {
        long pseudo = Checksum.pseudoHeader(sourceAddress, destinationAddress, Ipv4Header.PROTOCOL_TCP, size);
        if (Checksum.fold(pseudo + Checksum.sum(from, tcp, size)) == 0xffff) {
            return true;
        }
        // CHECKSUM_PARTIAL: the field holds the pseudo-header's sum, not complemented, for hardware to go on from.
        return partialChecksums && TcpHeader.checksum(from, tcp) == Checksum.word(Checksum.fold(pseudo));
    }
}
