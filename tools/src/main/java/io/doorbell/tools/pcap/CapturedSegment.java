package io.doorbell.tools.pcap;

import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * One TCP segment of a capture, or an ICMP error about one. Immutable. Its payload lies in the capture's memory and is
 * readable as long as that is; everything else is a copy.
 */
public final class CapturedSegment {
    private static final int[] NO_BLOCKS = {};
    private static final byte[] NO_OPTIONS = {};

    private final long number;
    private final long timeNanos;
    private final boolean fromClient;
    private final int icmp;
    private final int icmpRest;
    private final int seq;
    private final int ack;
    private final int flags;
    private final int window;
    private final int typeOfService;
    private final int payloadLength;
    private final MemorySegment payload;
    private final byte[] options;
    private final int maxSegmentSize;
    private final int windowScale;
    private final boolean sackPermitted;
    private final boolean timestamps;
    private final int tsValue;
    private final int tsEcho;
    private final int[] sackBlocks;
    private final boolean damaged;

    private CapturedSegment(PacketDecoder d, boolean isTcp, long number, long timeNanos, boolean fromClient) {
        this.number = number;
        this.timeNanos = timeNanos;
        this.fromClient = fromClient;
        this.icmp = isTcp ? -1 : d.icmpType << 8 | d.icmpCode;
        this.icmpRest = isTcp ? 0 : d.icmpRest;
        this.seq = d.seq;
        this.ack = isTcp ? d.ack : 0;
        this.flags = isTcp ? d.flags : 0;
        this.window = isTcp ? d.window : 0;
        this.typeOfService = d.memory.get(ValueLayout.JAVA_BYTE, d.ip + 1) & 0xff;
        this.payloadLength = isTcp ? d.payloadLength : 0;
        this.payload = isTcp ? d.memory.asSlice(d.payload, d.payloadCaptured) : MemorySegment.NULL;
        this.options = isTcp ? d.memory.asSlice(d.tcp + TcpHeader.LENGTH, d.payload - d.tcp - TcpHeader.LENGTH)
                .toArray(ValueLayout.JAVA_BYTE) : NO_OPTIONS;
        this.maxSegmentSize = d.options.maxSegmentSize;
        this.windowScale = d.options.windowScale;
        this.sackPermitted = d.options.sackPermitted;
        this.timestamps = isTcp && d.options.timestamps;
        this.tsValue = d.options.tsValue;
        this.tsEcho = d.options.tsEcho;
        this.sackBlocks = isTcp ? blocks(d.options) : NO_BLOCKS;
        this.damaged = isTcp && d.checksumWrong();
    }

    /**
     * What a decoder has found, kept.
     *
     * @param kind       {@link PacketDecoder.Kind#TCP} or {@link PacketDecoder.Kind#ICMP_ERROR}
     * @param fromClient who sent it; for an ICMP error, who sent what it is about
     */
    public static CapturedSegment of(PacketDecoder decoder, PacketDecoder.Kind kind, long number, long timeNanos,
                                     boolean fromClient) {
        return new CapturedSegment(decoder, kind == PacketDecoder.Kind.TCP, number, timeNanos, fromClient);
    }

    private static int[] blocks(SegmentOptions options) {
        if (options.sackBlocks == 0) {
            return NO_BLOCKS;
        }
        int[] blocks = new int[2 * options.sackBlocks];
        for (int i = 0; i < options.sackBlocks; i++) {
            blocks[2 * i] = options.sackStart[i];
            blocks[2 * i + 1] = options.sackEnd[i];
        }
        return blocks;
    }

    /** The packet's number in the capture, from 1. */
    public long number() {
        return number;
    }

    public long timeNanos() {
        return timeNanos;
    }

    public boolean fromClient() {
        return fromClient;
    }

    /** Whether this is an ICMP error about a segment, whose {@link #seq()} it gives. */
    public boolean isIcmpError() {
        return icmp >= 0;
    }

    public int icmpType() {
        return icmp >>> 8;
    }

    public int icmpCode() {
        return icmp & 0xff;
    }

    /** The ICMP header's last 32 bits. */
    public int icmpRest() {
        return icmpRest;
    }

    public int seq() {
        return seq;
    }

    /** 0 without the ACK flag. */
    public int ack() {
        return has(TcpHeader.ACK) ? ack : 0;
    }

    public int flags() {
        return flags;
    }

    public boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /** As it stands in the header, not scaled. */
    public int window() {
        return window;
    }

    /** DSCP and ECN. */
    public int typeOfService() {
        return typeOfService;
    }

    /** Bytes of payload on the wire. */
    public int payloadLength() {
        return payloadLength;
    }

    /** The payload as far as it was captured. */
    public MemorySegment payload() {
        return payload;
    }

    /** The options as they stand, padding included. */
    public byte[] options() {
        return options.clone();
    }

    /** 0 if there is no such option. */
    public int maxSegmentSize() {
        return maxSegmentSize;
    }

    /** -1 if there is no such option. */
    public int windowScale() {
        return windowScale;
    }

    public boolean sackPermitted() {
        return sackPermitted;
    }

    public boolean hasTimestamps() {
        return timestamps;
    }

    public int tsValue() {
        return tsValue;
    }

    public int tsEcho() {
        return tsEcho;
    }

    /** First sequence number of each SACK block, and the one behind its last. */
    public int[] sackBlocks() {
        return sackBlocks.clone();
    }

    /** Whether it was captured in full and its checksum is wrong, other than for being left to an interface. */
    public boolean damaged() {
        return damaged;
    }

    /** Sequence numbers that it takes. */
    public int sequenceLength() {
        return payloadLength + (has(TcpHeader.SYN) ? 1 : 0) + (has(TcpHeader.FIN) ? 1 : 0);
    }

    /** Behind its last sequence number. */
    public int end() {
        return seq + sequenceLength();
    }

    /** Bytes of IPv4 header, TCP header and payload. */
    int packetLength() {
        return Ipv4Header.LENGTH + TcpHeader.LENGTH + options.length + payloadLength;
    }
}
