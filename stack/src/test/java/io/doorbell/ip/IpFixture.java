package io.doorbell.ip;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.link.FramePool;
import io.doorbell.wire.ArpPacket;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.Ipv4Header;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** One stack's IP layer at 10.0.0.2/24 behind 10.0.0.254, on a recording link, below a recording transport. */
final class IpFixture implements Transport {
    static final long SECOND = 1_000_000_000L;
    static final int FRAME_COUNT = 256;

    final RecordingLink link;
    final Counters counters = new Counters();
    final Ipv4 ip;
    final List<String> segments = new ArrayList<>();
    final List<byte[]> segmentBytes = new ArrayList<>();
    final List<String> pathErrors = new ArrayList<>();
    Runnable onPathError = () -> { };
    long now = SECOND;

    IpFixture() {
        this("10.0.0.2/24", "10.0.0.254", FRAME_COUNT);
    }

    IpFixture(String cidr, String gateway, int frameCount) {
        link = new RecordingLink(Frames.OUR_MAC, frameCount);
        ip = new Ipv4(link, Ipv4Config.of(cidr, gateway), counters);
        ip.transport(this);
        ip.now(now);
    }

    @Override
    public void segment(MemorySegment memory, long tcp, int length, int source, int destination, int ecn) {
        segmentBytes.add(memory.asSlice(tcp, length).toArray(ValueLayout.JAVA_BYTE));
        segments.add(length + " bytes " + Ipv4Address.format(source) + " > " + Ipv4Address.format(destination) + " ecn "
                + ecn);
    }

    @Override
    public void pathError(int type, int code, int nextHopMtu, int localAddress, int remoteAddress, int localPort,
                          int remotePort, int seq) {
        pathErrors.add("type " + type + " code " + code + " mtu " + nextHopMtu + " " + Ipv4Address.format(localAddress)
                + ":" + localPort + " > " + Ipv4Address.format(remoteAddress) + ":" + remotePort + " seq " + seq);
        onPathError.run();
    }

    /** Receives a frame from memory that is just as large as the frame: reading beyond it would throw. */
    void receive(byte[] frame) {
        ip.frame(MemorySegment.ofArray(frame), 0, frame.length);
    }

    /** Lets time pass in one step. */
    void advance(long nanos) {
        now += nanos;
        ip.expire(now);
    }

    /** Makes the peer's MAC known, without leaving a trace in what was sent. */
    IpFixture knowing(int address, long mac) {
        receive(Frames.arpRequest(mac, address, Frames.OURS));
        link.complete();
        link.sent.clear();
        return this;
    }

    /** Sends a TCP segment with the given sequence number as TCP would, giving its own hold back at once. */
    int sendTcp(int destination, int seq) {
        Neighbour hop = ip.nextHop(destination);
        int result = sendTcp(hop, destination, seq);
        ip.release(hop);
        return result;
    }

    int sendTcp(Neighbour hop, int destination, int seq) {
        long frame = link.frames().allocate();
        assertEquals(true, frame != FramePool.NONE, "the test ran out of frames");
        long tcp = frame + Ipv4.HEADROOM + 30;
        byte[] segment = Frames.tcp(4000, 80, seq, 5);
        MemorySegment.copy(segment, 0, link.frames().memory(), ValueLayout.JAVA_BYTE, tcp, segment.length);
        int result = ip.send(tcp, segment.length, Ipv4Header.PROTOCOL_TCP, Frames.OURS, destination, 0, hop);
        link.frames().release(frame);
        return result;
    }

    long count(Counter counter) {
        return counters.get(counter);
    }

    /** Everything sent so far, one line each, for people; then forgotten. */
    List<String> sent() {
        List<String> lines = link.sent.stream().map(IpFixture::describe).toList();
        link.sent.clear();
        return lines;
    }

    static String describe(byte[] frame) {
        MemorySegment memory = MemorySegment.ofArray(frame);
        String to = mac(EthernetHeader.destination(memory, 0)) + " ";
        long payload = EthernetHeader.LENGTH;
        if (EthernetHeader.type(memory, 0) == EthernetHeader.TYPE_ARP) {
            return to + (ArpPacket.operation(memory, payload) == ArpPacket.REQUEST ? "request " : "reply ")
                    + mac(ArpPacket.senderMac(memory, payload)) + " "
                    + Ipv4Address.format(ArpPacket.senderAddress(memory, payload)) + " > "
                    + mac(ArpPacket.targetMac(memory, payload)) + " "
                    + Ipv4Address.format(ArpPacket.targetAddress(memory, payload));
        }
        String protocol = switch (Ipv4Header.protocol(memory, payload)) {
            case Ipv4Header.PROTOCOL_TCP -> "tcp seq " + io.doorbell.wire.TcpHeader.seq(memory, 34);
            case Ipv4Header.PROTOCOL_ICMP -> "icmp type " + io.doorbell.wire.IcmpHeader.type(memory, 34) + " code "
                    + io.doorbell.wire.IcmpHeader.code(memory, 34);
            default -> "protocol " + Ipv4Header.protocol(memory, payload);
        };
        return to + Ipv4Address.format(Ipv4Header.source(memory, payload)) + " > "
                + Ipv4Address.format(Ipv4Header.destination(memory, payload)) + " " + protocol;
    }

    private static String mac(long mac) {
        return mac == Frames.OUR_MAC ? "us" : mac == Frames.PEER_MAC ? "peer" : mac == Frames.OTHER_MAC ? "other"
                : mac == EthernetHeader.BROADCAST ? "all" : mac == 0 ? "0" : Long.toHexString(mac);
    }

    /** Nothing holds a frame any more once the wire is done. */
    void assertNoFrameLeaked() {
        link.complete();
        assertEquals(link.frames().capacity(), link.frames().available(), "free frames");
    }
}
