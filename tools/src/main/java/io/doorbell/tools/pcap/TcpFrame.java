package io.doorbell.tools.pcap;

import io.doorbell.wire.Checksum;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;

/** Writes one Ethernet frame with one TCP segment, for replays and scripts. What is not said is zero or empty. */
public final class TcpFrame {
    private static final int IP = EthernetHeader.LENGTH;
    private static final int TCP = IP + Ipv4Header.LENGTH;

    private final long destinationMac;
    private final long sourceMac;
    private int source;
    private int destination;
    private int ports;
    private int typeOfService;
    private int seq;
    private int ack;
    private int flags;
    private int window;
    private byte[] options = {};
    private byte[] payload = {};
    private boolean damaged;

    private TcpFrame(long destinationMac, long sourceMac) {
        this.destinationMac = destinationMac;
        this.sourceMac = sourceMac;
    }

    public static TcpFrame to(long destinationMac, long sourceMac) {
        return new TcpFrame(destinationMac, sourceMac);
    }

    public TcpFrame addresses(int from, int to) {
        source = from;
        destination = to;
        return this;
    }

    public TcpFrame ports(int from, int to) {
        ports = from << 16 | to;
        return this;
    }

    /** DSCP and ECN. */
    public TcpFrame typeOfService(int value) {
        typeOfService = value;
        return this;
    }

    public TcpFrame numbers(int sequence, int acknowledgment) {
        seq = sequence;
        ack = acknowledgment;
        return this;
    }

    public TcpFrame flags(int bits) {
        flags = bits;
        return this;
    }

    /** As it stands in the header, not scaled. */
    public TcpFrame window(int value) {
        window = value;
        return this;
    }

    /** Padded to whole words already. */
    public TcpFrame options(byte[] bytes) {
        options = bytes;
        return this;
    }

    public TcpFrame payload(byte[] bytes) {
        payload = bytes;
        return this;
    }

    /** With a wrong checksum. */
    public TcpFrame damaged(boolean yes) {
        damaged = yes;
        return this;
    }

    public byte[] bytes() {
        int header = TcpHeader.LENGTH + options.length;
        byte[] frame = new byte[TCP + header + payload.length];
        MemorySegment memory = MemorySegment.ofArray(frame);
        EthernetHeader.write(memory, 0, destinationMac, sourceMac, EthernetHeader.TYPE_IPV4);
        Ipv4Header.write(memory, IP, typeOfService, frame.length - IP, 0, Ipv4Header.DONT_FRAGMENT, 64,
                Ipv4Header.PROTOCOL_TCP, source, destination);
        TcpHeader.write(memory, TCP, ports, seq, ack, header, flags, window);
        System.arraycopy(options, 0, frame, TCP + TcpHeader.LENGTH, options.length);
        System.arraycopy(payload, 0, frame, TCP + header, payload.length);
        long sum = Checksum.pseudoHeader(source, destination, Ipv4Header.PROTOCOL_TCP, header + payload.length)
                + Checksum.sum(memory, TCP, header + payload.length);
        TcpHeader.writeChecksum(memory, TCP, damaged ? sum + 0x1234 : sum);
        return frame;
    }
}
