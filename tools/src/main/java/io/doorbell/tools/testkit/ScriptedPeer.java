package io.doorbell.tools.testkit;

import io.doorbell.TcpStack;
import io.doorbell.ip.Ipv4Address;
import io.doorbell.link.FramePool;
import io.doorbell.link.ImpairedLink;
import io.doorbell.link.Impairment;
import io.doorbell.link.Link;
import io.doorbell.link.PipeLink;
import io.doorbell.tools.pcap.CapturedSegment;
import io.doorbell.tools.pcap.PacketDecoder;
import io.doorbell.tools.pcap.TcpFrame;
import io.doorbell.wire.ArpPacket;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;

/**
 * One stack, and a TCP peer that sends exactly the segments that a test says, over a simulated link. It keeps track of
 * the numbers that an orderly peer would use next, so that a test need only say what is out of order. It handles one
 * connection at a time, announces an MSS of 1460 and no other option, and answers ARP.
 */
public final class ScriptedPeer implements AutoCloseable {
    /** The peer's address. */
    public static final String ADDRESS = "10.0.0.1";
    /** The stack's address. */
    public static final String STACK = "10.0.0.2";
    /** The peer's port when it connects; when it is connected to, whichever port the stack has chosen. */
    public static final int PORT = 40000;

    private static final int PEER_ADDRESS = Ipv4Address.parse(ADDRESS);
    private static final int STACK_ADDRESS = Ipv4Address.parse(STACK);
    private static final byte[] MSS_1460 = {2, 4, 0x05, (byte) 0xb4};
    private static final int INITIAL_SEQUENCE = 1000;
    private static final long MICROSECOND = 1_000L;
    private static final long SECOND = 1_000_000_000L;
    private static final int BURST = 64;

    private final Link stackLink;
    private final PipeLink link;
    private final TcpStack stack;
    private final PacketDecoder decoder = new PacketDecoder();
    private final ArrayDeque<CapturedSegment> received = new ArrayDeque<>();
    private long now = SECOND;
    private long segments;
    private int port = PORT;
    private int stackPort;
    private int next = INITIAL_SEQUENCE;
    private int expected;
    private int window = 65535;

    /** As {@link SimulatedLink} makes it. */
    public ScriptedPeer(Impairment impairment, long seed) {
        PipeLink.Pair pair = PipeLink.pair();
        Impairment other = impairment.toBuilder().seed(seed * 31 + 7).build();
        stackLink = new ImpairedLink(pair.left(), impairment, other);
        link = pair.right();
        stack = TcpStack.on(stackLink).address(STACK + "/24").seed(seed).build();
    }

    public TcpStack stack() {
        return stack;
    }

    /** Since the clock's zero. */
    public long nowNanos() {
        return now;
    }

    /** The sequence number that the peer sends next. */
    public int next() {
        return next;
    }

    /** The sequence number that the peer expects next: what its segments acknowledge. */
    public int expected() {
        return expected;
    }

    /** The window that the peer's segments offer from now on, in bytes. */
    public ScriptedPeer window(int bytes) {
        window = bytes;
        return this;
    }

    /** Lets time pass. */
    public ScriptedPeer run(long nanos) {
        long end = now + nanos;
        while (now < end) {
            step(end);
        }
        return this;
    }

    private void step(long end) {
        int work = stack.poll(now) + link.receive(this::frame, BURST, now);
        link.flush(now);
        now = work > 0 ? now + MICROSECOND
                : Math.max(now + MICROSECOND, Math.min(stack.nextDeadlineNanos(), end));
    }

    // --- what comes from the stack ---

    private void frame(MemorySegment memory, long offset, int length) {
        if (EthernetHeader.type(memory, offset) == EthernetHeader.TYPE_ARP) {
            answerArp(memory, offset + EthernetHeader.LENGTH);
            return;
        }
        MemorySegment kept = MemorySegment.ofArray(memory.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE));
        PacketDecoder.Kind kind = decoder.decode(kept, 0, length, length, PacketDecoder.LINKTYPE_ETHERNET);
        if (kind == PacketDecoder.Kind.TCP) {
            received.add(CapturedSegment.of(decoder, kind, ++segments, now, false));
            stackPort = decoder.sourcePort();
            port = decoder.destinationPort();
        }
    }

    private void answerArp(MemorySegment memory, long arp) {
        if (ArpPacket.operation(memory, arp) != ArpPacket.REQUEST
                || ArpPacket.targetAddress(memory, arp) != PEER_ADDRESS) {
            return;
        }
        byte[] reply = new byte[EthernetHeader.LENGTH + ArpPacket.LENGTH];
        MemorySegment out = MemorySegment.ofArray(reply);
        EthernetHeader.write(out, 0, stackLink.mac(), link.mac(), EthernetHeader.TYPE_ARP);
        ArpPacket.write(out, EthernetHeader.LENGTH, ArpPacket.REPLY, link.mac(), PEER_ADDRESS, stackLink.mac(),
                STACK_ADDRESS);
        transmit(reply);
    }

    private void transmit(byte[] frame) {
        long address = link.frames().allocate();
        if (address == FramePool.NONE) {
            throw new IllegalStateException("the peer has no frame left: let time pass between segments");
        }
        MemorySegment.copy(frame, 0, link.frames().memory(), ValueLayout.JAVA_BYTE, address, frame.length);
        link.transmit(address, frame.length, now);
        link.frames().release(address);
        link.flush(now);
    }

    /**
     * The next segment of the stack that has all these flags (as in {@link TcpHeader}); those before it are dropped.
     *
     * @throws AssertionError if none comes within a second
     */
    public CapturedSegment expect(int flags) {
        long end = now + SECOND;
        while (true) {
            while (!received.isEmpty()) {
                CapturedSegment segment = received.poll();
                expected = segment.has(TcpHeader.RST) ? expected : later(segment);
                if ((segment.flags() & flags) == flags) {
                    return segment;
                }
            }
            if (now >= end) {
                throw new AssertionError("no segment with flags 0x" + Integer.toHexString(flags) + " within a second");
            }
            step(end);
        }
    }

    private int later(CapturedSegment segment) {
        return segment.has(TcpHeader.SYN) || segment.end() - expected > 0 ? segment.end() : expected;
    }

    /**
     * Lets time pass in which the stack must not send anything.
     *
     * @throws AssertionError if it does
     */
    public ScriptedPeer expectNothing(long nanos) {
        run(nanos);
        if (!received.isEmpty()) {
            throw new AssertionError("a segment came, with flags 0x" + Integer.toHexString(received.peek().flags())
                    + " and " + received.peek().payloadLength() + " bytes");
        }
        return this;
    }

    // --- what the peer sends ---

    /** Connects to a port of the stack: SYN, its answer, ACK. */
    public ScriptedPeer connect(int toPort) {
        stackPort = toPort;
        transmit(segment(TcpHeader.SYN, next, 0, new byte[0], MSS_1460));
        next++;
        expect(TcpHeader.SYN | TcpHeader.ACK);
        return send(TcpHeader.ACK);
    }

    /** Answers the stack's SYN, and takes its ACK. */
    public ScriptedPeer accept() {
        expect(TcpHeader.SYN);
        transmit(segment(TcpHeader.SYN | TcpHeader.ACK, next, expected, new byte[0], MSS_1460));
        next++;
        expect(TcpHeader.ACK);
        return this;
    }

    /** Sends a text, and what has come is acknowledged with it. */
    public ScriptedPeer send(String text) {
        return send(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Sends bytes in one segment. */
    public ScriptedPeer send(byte[] payload) {
        send(TcpHeader.ACK | TcpHeader.PSH, next, expected, payload);
        next += payload.length;
        return this;
    }

    /** Sends a segment without payload: an ACK, a FIN, a RST. */
    public ScriptedPeer send(int flags) {
        send(flags, next, expected, new byte[0]);
        next += (flags & (TcpHeader.FIN | TcpHeader.SYN)) != 0 ? 1 : 0;
        return this;
    }

    /** Sends any segment; the peer takes no note of it. */
    public ScriptedPeer send(int flags, int seq, int ack, byte[] payload) {
        transmit(segment(flags, seq, (flags & TcpHeader.ACK) != 0 ? ack : 0, payload, new byte[0]));
        return this;
    }

    private byte[] segment(int flags, int seq, int ack, byte[] payload, byte[] options) {
        return TcpFrame.to(stackLink.mac(), link.mac()).addresses(PEER_ADDRESS, STACK_ADDRESS).ports(port, stackPort)
                .numbers(seq, ack).flags(flags).window(window).options(options).payload(payload).bytes();
    }

    /** Closes the stack and both ends of the link. */
    @Override
    public void close() {
        stack.close();
        stackLink.close();
        link.close();
    }
}
