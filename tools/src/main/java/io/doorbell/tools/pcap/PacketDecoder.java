package io.doorbell.tools.pcap;

import io.doorbell.wire.Bytes;
import io.doorbell.wire.Checksum;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.IcmpHeader;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;

/**
 * Finds IPv4 and TCP in a captured packet, whatever link it comes from. One object for all packets: its fields tell
 * about the last one decoded. Nothing is read beyond what was captured.
 */
public final class PacketDecoder {
    /** What a packet is, as far as connections are concerned. */
    public enum Kind {
        TCP,
        /** An ICMP error that quotes a TCP segment: {@link #sourcePort} and the others are those of the quoted one. */
        ICMP_ERROR,
        /** IPv4, but none of the above; a fragment among others. */
        OTHER_IPV4,
        NOT_IPV4,
        /** Cut off before its ports, or with lengths that cannot be. */
        UNREADABLE
    }

    public static final int LINKTYPE_NULL = 0;
    public static final int LINKTYPE_ETHERNET = 1;
    /** What some systems write for raw IP instead of the registered value. */
    public static final int LINKTYPE_RAW_BSD = 12;
    public static final int LINKTYPE_RAW = 101;
    public static final int LINKTYPE_LINUX_SLL = 113;
    public static final int LINKTYPE_IPV4 = 228;
    public static final int LINKTYPE_LINUX_SLL2 = 276;

    private static final int TYPE_PROVIDER_BRIDGE = 0x88a8;
    /** The longest packet that capture tools know. */
    private static final int MOST_UNSEGMENTED = 262_144;
    private static final int SLL_LENGTH = 16;
    private static final int SLL2_LENGTH = 20;

    MemorySegment memory;
    /** Of the IPv4 header, of the TCP header, of the payload; in {@link #memory}. */
    long ip;
    long tcp;
    long payload;
    /** Behind the last byte captured. */
    long end;
    int source;
    int destination;
    int sourcePort;
    int destinationPort;
    int seq;
    int ack;
    int flags;
    /** As it stands, not scaled. */
    int window;
    /** Bytes of payload on the wire, and how many of them were captured. */
    int payloadLength;
    int payloadCaptured;
    /** ICMP errors only. */
    int icmpType;
    int icmpCode;
    int icmpRest;
    final SegmentOptions options = new SegmentOptions();

    /** Decodes the packet that a reader stands on. */
    public Kind decode(CaptureReader reader) {
        return decode(reader.memory(), reader.offset(), reader.captured(), reader.original(), reader.linkType());
    }

    /**
     * Decodes a packet.
     *
     * @param captured bytes of it that are there
     * @param original bytes that it had on the wire
     */
    public Kind decode(MemorySegment in, long offset, int captured, long original, int linkType) {
        memory = in;
        end = offset + captured;
        ip = networkHeader(offset, linkType);
        if (ip < 0) {
            return ip == CUT ? Kind.UNREADABLE : Kind.NOT_IPV4;
        }
        if (end - ip < 1) {
            return Kind.UNREADABLE;
        }
        if (Ipv4Header.version(in, ip) != 4) {
            return Kind.NOT_IPV4;
        }
        if (end - ip < Ipv4Header.LENGTH) {
            return Kind.UNREADABLE;
        }
        return ipv4(original - (ip - offset));
    }

    private static final long NOT_IP = -1;
    private static final long CUT = -2;

    private long networkHeader(long offset, int linkType) {
        return switch (linkType) {
            case LINKTYPE_RAW, LINKTYPE_RAW_BSD, LINKTYPE_IPV4 -> offset;
            case LINKTYPE_ETHERNET -> behindType(offset + 12, offset + EthernetHeader.LENGTH);
            case LINKTYPE_LINUX_SLL -> behindType(offset + 14, offset + SLL_LENGTH);
            case LINKTYPE_LINUX_SLL2 -> behindType(offset, offset + SLL2_LENGTH);
            case LINKTYPE_NULL -> end - offset < 4 ? CUT : offset + 4;
            default -> NOT_IP;
        };
    }

    /** Where IPv4 begins, given where the EtherType stands; VLAN tags are stepped over. */
    private long behindType(long type, long header) {
        long typeAt = type;
        long next = header;
        while (true) {
            if (end < next) {
                return CUT;
            }
            int value = Bytes.u16(memory, typeAt);
            if (value == EthernetHeader.TYPE_IPV4) {
                return next;
            }
            if (value != EthernetHeader.TYPE_VLAN && value != TYPE_PROVIDER_BRIDGE) {
                return NOT_IP;
            }
            typeAt = next + 2;
            next += 4;
        }
    }

    private Kind ipv4(long onWire) {
        int headerLength = Ipv4Header.headerLength(memory, ip);
        long total = Ipv4Header.totalLength(memory, ip);
        if (total == 0 && onWire <= MOST_UNSEGMENTED) {
            // What a sender captures that leaves segmentation to its interface.
            total = onWire;
        }
        if (headerLength < Ipv4Header.LENGTH || total < headerLength || total > onWire) {
            return Kind.UNREADABLE;
        }
        source = Ipv4Header.source(memory, ip);
        destination = Ipv4Header.destination(memory, ip);
        end = Math.min(end, ip + total);
        int protocol = Ipv4Header.protocol(memory, ip);
        if (Ipv4Header.isFragment(memory, ip)) {
            return Kind.OTHER_IPV4;
        }
        if (protocol == Ipv4Header.PROTOCOL_TCP) {
            return tcp(ip + headerLength, total - headerLength);
        }
        if (protocol == Ipv4Header.PROTOCOL_ICMP) {
            return icmp(ip + headerLength);
        }
        return Kind.OTHER_IPV4;
    }

    private Kind tcp(long at, long length) {
        tcp = at;
        if (end - tcp < TcpHeader.LENGTH) {
            return Kind.UNREADABLE;
        }
        int headerLength = TcpHeader.headerLength(memory, tcp);
        if (headerLength < TcpHeader.LENGTH || headerLength > length || headerLength > end - tcp) {
            return Kind.UNREADABLE;
        }
        sourcePort = TcpHeader.sourcePort(memory, tcp);
        destinationPort = TcpHeader.destinationPort(memory, tcp);
        seq = TcpHeader.seq(memory, tcp);
        ack = TcpHeader.ack(memory, tcp);
        flags = TcpHeader.flags(memory, tcp);
        window = TcpHeader.window(memory, tcp);
        payload = tcp + headerLength;
        payloadLength = Math.toIntExact(length - headerLength);
        payloadCaptured = (int) Math.min(payloadLength, end - payload);
        options.read(memory, tcp + TcpHeader.LENGTH, headerLength - TcpHeader.LENGTH);
        return Kind.TCP;
    }

    /** RFC 792: an error quotes the header of the packet that it is about, and eight bytes more. */
    private Kind icmp(long at) {
        if (end - at < 8 + Ipv4Header.LENGTH + 8) {
            return Kind.OTHER_IPV4;
        }
        icmpType = IcmpHeader.type(memory, at);
        icmpCode = IcmpHeader.code(memory, at);
        icmpRest = Bytes.u32(memory, at + 4);
        long quoted = at + 8;
        int headerLength = Ipv4Header.headerLength(memory, quoted);
        boolean error = icmpType == 3 || icmpType == 4 || icmpType == 11 || icmpType == 12;
        if (!error || Ipv4Header.version(memory, quoted) != 4 || headerLength < Ipv4Header.LENGTH
                || Ipv4Header.protocol(memory, quoted) != Ipv4Header.PROTOCOL_TCP || end - quoted < headerLength + 8L) {
            return Kind.OTHER_IPV4;
        }
        source = Ipv4Header.source(memory, quoted);
        destination = Ipv4Header.destination(memory, quoted);
        sourcePort = TcpHeader.sourcePort(memory, quoted + headerLength);
        destinationPort = TcpHeader.destinationPort(memory, quoted + headerLength);
        seq = TcpHeader.seq(memory, quoted + headerLength);
        return Kind.ICMP_ERROR;
    }

    /** The port that the last segment came from. */
    public int sourcePort() {
        return sourcePort;
    }

    /** The port that it went to. */
    public int destinationPort() {
        return destinationPort;
    }

    /** Sequence numbers that the segment takes: its payload, and one each for SYN and FIN. */
    int sequenceLength() {
        return payloadLength + ((flags & TcpHeader.SYN) != 0 ? 1 : 0) + ((flags & TcpHeader.FIN) != 0 ? 1 : 0);
    }

    /**
     * Whether the last TCP segment came damaged: it is there in full, and its checksum is neither right nor what a
     * sender writes that leaves it to its interface (the sum of the pseudo-header alone).
     */
    boolean checksumWrong() {
        int length = (int) (payload - tcp) + payloadLength;
        if (payloadCaptured < payloadLength || length > 0xffff) {
            return false;
        }
        long pseudo = Checksum.sum(memory, ip + 12, 8) + Checksum.ofNetworkWords(Ipv4Header.PROTOCOL_TCP + length);
        boolean right = Checksum.fold(pseudo + Checksum.sum(memory, tcp, length)) == 0xffff;
        return !right && Bytes.native16(memory, tcp + 16) != Checksum.fold(pseudo);
    }
}
