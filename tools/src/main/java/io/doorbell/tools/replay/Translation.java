package io.doorbell.tools.replay;

import io.doorbell.ip.Ipv4Address;
import io.doorbell.tools.pcap.CapturedSegment;
import io.doorbell.tools.pcap.TcpFrame;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.IcmpHeader;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * From the capture's addresses, ports, sequence numbers and timestamps to the stack's, and the frames that come of it.
 * Whatever the capture's peer says about the captured side's numbers (ACK, SACK, timestamp echoes, quoted headers) is
 * said about the stack's; the peer's own numbers stay as they are.
 */
final class Translation {
    static final String STACK = "10.0.0.2";
    static final String PEER = "10.0.0.1";
    private static final int STACK_ADDRESS = Ipv4Address.parse(STACK);
    private static final int PEER_ADDRESS = Ipv4Address.parse(PEER);
    /** What a router's ICMP errors come from. */
    private static final int ROUTER_ADDRESS = Ipv4Address.parse("10.0.0.254");
    private static final int OPTION_SACK = 5;
    private static final int OPTION_TIMESTAMPS = 8;
    private static final int IP = EthernetHeader.LENGTH;

    private final MultiSegmentTranslation multiSegment = new MultiSegmentTranslation();
    private final int peerPort;
    private int stackPort;
    /** The captured side's initial sequence number, and the stack's. */
    private int capturedStart;
    private int stackStart;
    private boolean startKnown;
    private boolean clocksKnown;
    private int capturedClock;
    private int stackClock;
    private int latestStackClock;

    Translation(int peerPort, int stackPort) {
        this.peerPort = peerPort;
        this.stackPort = stackPort;
    }

    int peerPort() {
        return peerPort;
    }

    int stackPort() {
        return stackPort;
    }

    void stackPort(int port) {
        stackPort = port;
    }

    /** Both sides' SYNs are known: the captured side's and the stack's. */
    void align(CapturedSegment captured, CapturedSegment stack) {
        capturedStart = captured.seq();
        stackStart = stack.seq();
        startKnown = true;
        multiSegment.align(captured, stack);
        if (captured.hasTimestamps() && stack.hasTimestamps()) {
            clocksKnown = true;
            capturedClock = captured.tsValue();
            stackClock = stack.tsValue();
        }
    }

    boolean isAligned() {
        return startKnown;
    }

    /** Takes note of a timestamp that the stack has sent: none later may be echoed. */
    void stackSent(CapturedSegment segment) {
        if (segment.hasTimestamps() && (segment.tsValue() - latestStackClock > 0 || latestStackClock == 0)) {
            latestStackClock = segment.tsValue();
        }
    }

    /** A sequence number of the captured side, as the stack counts. */
    int toStack(int sequence) {
        return sequence - capturedStart + stackStart;
    }

    private int echo(int captured) {
        if (!clocksKnown) {
            return captured;
        }
        int moved = stackClock + (captured - capturedClock);
        return moved - latestStackClock > 0 ? latestStackClock : moved;
    }

    /** A frame with the peer's segment; payload that was not captured is zeros. */
    byte[] frame(CapturedSegment segment, int from, int length, boolean last) {
        byte[] payload = new byte[length];
        int there = Math.clamp(segment.payload().byteSize() - from, 0, length);
        if (there > 0) {
            MemorySegment.copy(segment.payload(), ValueLayout.JAVA_BYTE, from, payload, 0, there);
        }
        int flags = last ? segment.flags() : segment.flags() & ~TcpHeader.FIN;
        return TcpFrame.to(ReplayLink.MAC, ReplayLink.PEER_MAC).addresses(PEER_ADDRESS, STACK_ADDRESS)
                .ports(peerPort, stackPort).typeOfService(segment.typeOfService())
                .numbers(segment.seq() + from, acknowledgment(segment)).flags(flags).window(segment.window())
                .options(options(segment, payload)).payload(payload).damaged(segment.damaged()).bytes();
    }

    private int acknowledgment(CapturedSegment segment) {
        return segment.has(TcpHeader.ACK) ? toStack(segment.ack()) : 0;
    }

    private byte[] options(CapturedSegment segment, byte[] payload) {
        byte[] options = segment.options();
        multiSegment.translate(segment, options, payload);
        MemorySegment memory = MemorySegment.ofArray(options);
        int at = 0;
        while (at + 1 < options.length && options[at] != 0) {
            int kind = options[at];
            int size = kind == 1 ? 1 : options[at + 1] & 0xff;
            if (kind != 1 && size < 2 || at + size > options.length) {
                return options;
            }
            if (kind == OPTION_TIMESTAMPS && size == 10 && segment.has(TcpHeader.ACK)) {
                Bytes.put32(memory, at + 6, echo(Bytes.u32(memory, at + 6)));
            } else if (kind == OPTION_SACK) {
                for (int edge = at + 2; edge + 4 <= at + size; edge += 4) {
                    Bytes.put32(memory, edge, toStack(Bytes.u32(memory, edge)));
                }
            }
            at += size;
        }
        return options;
    }

    /** An ICMP error about a segment that the captured side sent, about the stack's instead. */
    byte[] icmpFrame(CapturedSegment error) {
        int quoted = Ipv4Header.LENGTH + 8;
        byte[] frame = new byte[IP + Ipv4Header.LENGTH + IcmpHeader.LENGTH + quoted];
        MemorySegment memory = MemorySegment.ofArray(frame);
        EthernetHeader.write(memory, 0, ReplayLink.MAC, ReplayLink.PEER_MAC, EthernetHeader.TYPE_IPV4);
        Ipv4Header.write(memory, IP, 0, frame.length - IP, 0, 0, 64, Ipv4Header.PROTOCOL_ICMP, ROUTER_ADDRESS,
                STACK_ADDRESS);
        long icmp = IP + Ipv4Header.LENGTH;
        long about = icmp + IcmpHeader.LENGTH;
        Ipv4Header.write(memory, about, 0, Ipv4Header.LENGTH + TcpHeader.LENGTH, 0, Ipv4Header.DONT_FRAGMENT, 64,
                Ipv4Header.PROTOCOL_TCP, STACK_ADDRESS, PEER_ADDRESS);
        Bytes.put32(memory, about + Ipv4Header.LENGTH, stackPort << 16 | peerPort);
        Bytes.put32(memory, about + Ipv4Header.LENGTH + 4, toStack(error.seq()));
        IcmpHeader.write(memory, icmp, error.icmpType(), error.icmpCode(), error.icmpRest(), IcmpHeader.LENGTH + quoted);
        return frame;
    }
}
