package io.doorbell.tools.bench;

import io.doorbell.ip.Ipv4Address;
import io.doorbell.link.FramePool;
import io.doorbell.link.FrameReceiver;
import io.doorbell.link.Link;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;

/**
 * The floor: frames as long as the TCP segments of the same messages, over the same links, without any protocol. The
 * answering side copies a frame and swaps its addresses; the payload in it is not looked at.
 */
final class RawPingPong extends PingPong {
    /** Timestamps and their padding, as on every segment of a Doorbell connection (RFC 7323 appendix A). */
    private static final int TCP_OPTIONS = 12;
    private static final int PAYLOAD = EthernetHeader.LENGTH + Ipv4Header.LENGTH + TcpHeader.LENGTH + TCP_OPTIONS;
    private static final int FRAME_BYTES = PAYLOAD + MESSAGE_BYTES;
    /** RFC 3692: for experiments; a stack on the same link would drop it. */
    private static final int PROTOCOL = 253;

    private final End asking;
    private final End answering;

    RawPingPong(String name, PinnedThreads threads, XdpEnds ends) {
        super(name, threads);
        asking = new End(ends.left(), ends.right().mac(), Ipv4Address.parse(XdpEnds.LEFT), Ipv4Address.parse(XdpEnds.RIGHT));
        answering = new End(ends.right(), ends.left().mac(), Ipv4Address.parse(XdpEnds.RIGHT), Ipv4Address.parse(XdpEnds.LEFT));
    }

    @Override
    long roundTripNanos(long number) {
        long frame = asking.pool.allocate();
        asking.write(frame, number);
        asking.arrived = 0;
        long begin = System.nanoTime();
        asking.send(frame);
        asking.link.flush(begin);
        while (asking.arrived == 0) {
            asking.link.receive(asking, 64, begin);
            waiting();
        }
        if (asking.lastNumber != number || asking.arrived != 1) {
            throw wrong("the answer to " + number + " was " + asking.lastNumber);
        }
        return asking.arrivedNanos - begin;
    }

    @Override
    void answer() {
        answering.lastNumber = 0;
        while (answering.lastNumber != LAST) {
            if (answering.link.receive(answering, 64, 0) > 0) {
                answering.link.flush(0);
            }
            waiting();
        }
    }

    @Override
    public void close() {
        // The links are not this contestant's own.
    }

    /** One end. Both are of this one class, so that the link's call of its receiver stays cheap for all contestants. */
    private final class End implements FrameReceiver {
        private final Link link;
        private final FramePool pool;
        private final MemorySegment memory;
        private final long peerMac;
        private final int address;
        private final int peerAddress;
        private int arrived;
        private long arrivedNanos;
        private long lastNumber;

        private End(Link link, long peerMac, int address, int peerAddress) {
            this.link = link;
            this.pool = link.frames();
            this.memory = pool.memory();
            this.peerMac = peerMac;
            this.address = address;
            this.peerAddress = peerAddress;
        }

        private void write(long frame, long number) {
            EthernetHeader.write(memory, frame, peerMac, link.mac(), EthernetHeader.TYPE_IPV4);
            Ipv4Header.write(memory, frame + EthernetHeader.LENGTH, 0, FRAME_BYTES - EthernetHeader.LENGTH, 0,
                    Ipv4Header.DONT_FRAGMENT, 64, PROTOCOL, address, peerAddress);
            Bytes.putNative64(memory, frame + PAYLOAD, number);
        }

        private void send(long frame) {
            if (!link.transmit(frame, FRAME_BYTES, 0)) {
                throw wrong("the link is full");
            }
            pool.release(frame);
        }

        @Override
        public void frame(MemorySegment from, long offset, int length) {
            long ip = offset + EthernetHeader.LENGTH;
            // What a stack's own round left on the way is none of this.
            if (length != FRAME_BYTES || EthernetHeader.type(from, offset) != EthernetHeader.TYPE_IPV4
                    || Ipv4Header.protocol(from, ip) != PROTOCOL) {
                return;
            }
            arrived++;
            lastNumber = Bytes.native64(from, offset + PAYLOAD);
            if (this == asking) {
                arrivedNanos = System.nanoTime();
            } else {
                sendBack(from, offset);
            }
        }

        private void sendBack(MemorySegment from, long offset) {
            long frame = pool.allocate();
            MemorySegment.copy(from, offset, memory, frame, FRAME_BYTES);
            Bytes.put48(memory, frame, peerMac);
            Bytes.put48(memory, frame + 6, link.mac());
            // The order of its words does not matter to the header's checksum.
            Bytes.put32(memory, frame + EthernetHeader.LENGTH + 12, address);
            Bytes.put32(memory, frame + EthernetHeader.LENGTH + 16, peerAddress);
            send(frame);
        }
    }
}
