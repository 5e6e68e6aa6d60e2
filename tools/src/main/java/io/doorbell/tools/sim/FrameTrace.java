package io.doorbell.tools.sim;

import io.doorbell.ip.Ipv4Address;
import io.doorbell.link.PcapWriter;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.IcmpHeader;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.TcpHeader;
import java.io.PrintWriter;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.util.HashMap;
import java.util.Map;

/** A pcap sink that prints one line for each frame instead of keeping it. Sequence numbers count from each side's first. */
final class FrameTrace implements WritableByteChannel {
    private static final int ROOM = 1 << 22;
    private static final String FLAGS = "FSRPAUEC";

    private final PrintWriter out;
    private final ByteBuffer pending = ByteBuffer.allocate(ROOM).order(ByteOrder.LITTLE_ENDIAN);
    private final MemorySegment bytes = MemorySegment.ofBuffer(pending.duplicate().clear());
    private final Map<Long, Integer> firstSeq = new HashMap<>();
    private boolean headerSeen;

    FrameTrace(PrintWriter out) {
        this.out = out;
    }

    @Override
    public int write(ByteBuffer source) {
        int count = Math.min(source.remaining(), pending.remaining());
        pending.put(pending.position(), source, source.position(), count);
        pending.position(pending.position() + count);
        source.position(source.position() + count);
        pending.flip();
        if (!headerSeen && pending.remaining() >= PcapWriter.FILE_HEADER_LENGTH) {
            headerSeen = true;
            pending.position(PcapWriter.FILE_HEADER_LENGTH);
        }
        while (headerSeen && pending.remaining() >= PcapWriter.RECORD_HEADER_LENGTH) {
            int at = pending.position();
            int length = pending.getInt(at + 8);
            if (pending.remaining() < PcapWriter.RECORD_HEADER_LENGTH + length) {
                break;
            }
            out.printf("%d.%09d %s%n", pending.getInt(at), pending.getInt(at + 4),
                    frame(at + PcapWriter.RECORD_HEADER_LENGTH, length));
            pending.position(at + PcapWriter.RECORD_HEADER_LENGTH + length);
        }
        pending.compact();
        return count;
    }

    private String frame(long frame, int length) {
        long ip = frame + EthernetHeader.LENGTH;
        if (EthernetHeader.type(bytes, frame) != EthernetHeader.TYPE_IPV4
                || length < EthernetHeader.LENGTH + Ipv4Header.LENGTH) {
            return (EthernetHeader.type(bytes, frame) == EthernetHeader.TYPE_ARP ? "ARP" : "other") + ", " + length
                    + " bytes";
        }
        long inside = ip + Ipv4Header.headerLength(bytes, ip);
        int size = Ipv4Header.totalLength(bytes, ip) - Ipv4Header.headerLength(bytes, ip);
        String from = Ipv4Address.format(Ipv4Header.source(bytes, ip));
        String to = Ipv4Address.format(Ipv4Header.destination(bytes, ip));
        if (inside + size > frame + length || size < IcmpHeader.LENGTH) {
            return from + " > " + to + " malformed";
        }
        if (Ipv4Header.protocol(bytes, ip) == Ipv4Header.PROTOCOL_ICMP) {
            return from + " > " + to + " ICMP type " + IcmpHeader.type(bytes, inside) + " code "
                    + IcmpHeader.code(bytes, inside) + " rest " + IcmpHeader.rest(bytes, inside);
        }
        if (Ipv4Header.protocol(bytes, ip) != Ipv4Header.PROTOCOL_TCP || size < TcpHeader.LENGTH) {
            return from + " > " + to + " protocol " + Ipv4Header.protocol(bytes, ip);
        }
        return segment(Ipv4Header.source(bytes, ip), Ipv4Header.destination(bytes, ip), inside, size);
    }

    private String segment(int source, int destination, long tcp, int size) {
        int sourcePort = TcpHeader.sourcePort(bytes, tcp);
        int destinationPort = TcpHeader.destinationPort(bytes, tcp);
        int flags = TcpHeader.flags(bytes, tcp);
        StringBuilder text = new StringBuilder(Ipv4Address.format(source)).append(':').append(sourcePort)
                .append(" > ").append(Ipv4Address.format(destination)).append(':').append(destinationPort).append(" [");
        for (int i = 0; i < FLAGS.length(); i++) {
            text.append((flags >> i & 1) != 0 ? FLAGS.substring(i, i + 1) : "");
        }
        int seq = TcpHeader.seq(bytes, tcp);
        int header = Math.min(TcpHeader.headerLength(bytes, tcp), size);
        text.append("] seq ").append(seq - first(source, sourcePort, destinationPort, seq));
        if ((flags & TcpHeader.ACK) != 0) {
            int ack = TcpHeader.ack(bytes, tcp);
            text.append(" ack ").append(ack - first(destination, destinationPort, sourcePort, ack - 1));
            sack(text, tcp, header, first(destination, destinationPort, sourcePort, ack - 1));
        }
        return text.append(" win ").append(TcpHeader.window(bytes, tcp)).append(" len ").append(size - header).toString();
    }

    private int first(int address, int port, int otherPort, int seq) {
        return firstSeq.computeIfAbsent((long) address << 32 | port << 16 ^ otherPort, key -> seq);
    }

    private void sack(StringBuilder text, long tcp, int header, int first) {
        for (int at = TcpHeader.LENGTH; at < header && Bytes.u8(bytes, tcp + at) != 0; ) {
            int kind = Bytes.u8(bytes, tcp + at);
            int length = kind == 1 || at + 1 >= header ? 1 : Math.max(2, Bytes.u8(bytes, tcp + at + 1));
            for (int block = at + 2; kind == 5 && block + 8 <= Math.min(header, at + length); block += 8) {
                text.append(" sack ").append(Bytes.u32(bytes, tcp + block) - first).append('-')
                        .append(Bytes.u32(bytes, tcp + block + 4) - first);
            }
            at += length;
        }
    }

    @Override
    public boolean isOpen() {
        return true;
    }

    @Override
    public void close() {
        out.flush();
    }
}
