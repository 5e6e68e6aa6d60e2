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
        long second = TcpHeader.second(from, tcp);
        int header = TcpHeader.headerLength(second);
        if (header < TcpHeader.LENGTH || header > size) {
            return dropped(Counter.DROP_TCP_OFFSET);
        }
        if (!checksumValid(from, tcp, size, sourceAddress, destinationAddress)) {
            return dropped(Counter.DROP_TCP_CHECKSUM);
        }
        long first = TcpHeader.first(from, tcp);
        // Turned round: ours is the destination.
        int bothPorts = Integer.rotateLeft(TcpHeader.ports(first), 16);
        if (bothPorts >>> 16 == 0 || (bothPorts & 0xffff) == 0) {
            return dropped(Counter.DROP_TCP_PORT_ZERO);
        }
        if (!options.parse(from, tcp, header, TcpHeader.flags(second))) {
            return dropped(Counter.DROP_TCP_OPTION);
        }
        if (memory != from) {
            memory = from;
        }
        source = sourceAddress;
        destination = destinationAddress;
        ports = bothPorts;
        seq = TcpHeader.seq(first);
        ack = TcpHeader.ack(second);
        flags = TcpHeader.flags(second);
        window = TcpHeader.window(second);
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
