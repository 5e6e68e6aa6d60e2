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
 * The floor: frames as long as the TCP segments of the same messages, over the same links, without any protocol. Either
 * side writes a frame's headers and a number, and looks at nothing else in what it receives.
 */
final class RawPingPong extends PingPong {
    /** Timestamps and their padding, as on every segment of a Doorbell connection (RFC 7323 appendix A). */
    private static final int TCP_OPTIONS = 12;
    private static final int PAYLOAD = EthernetHeader.LENGTH + Ipv4Header.LENGTH + TcpHeader.LENGTH + TCP_OPTIONS;
    /** RFC 3692: for experiments; a stack on the same link would drop it. */
    private static final int PROTOCOL = 253;

    private final long restNanos;
    private final Side asking;
    private final Side answering;

    RawPingPong(String name, PinnedThreads threads, XdpEnds ends) {
        this(name, threads, ends, MESSAGE_BYTES, 0);
    }

    /**
     * @param answerBytes payload of an answer
     * @param restNanos   how long the asking side waits before each request
     */
    RawPingPong(String name, PinnedThreads threads, XdpEnds ends, int answerBytes, long restNanos) {
        super(name, threads);
        this.restNanos = restNanos;
        asking = threads.onFirst(() -> new Side(this, ends.left(), ends.right().mac(), XdpEnds.LEFT, XdpEnds.RIGHT,
                MESSAGE_BYTES, answerBytes));
        answering = threads.onSecond(() -> new Side(this, ends.right(), ends.left().mac(), XdpEnds.RIGHT, XdpEnds.LEFT,
                answerBytes, MESSAGE_BYTES));
    }

    @Override
    long roundTripNanos(long number) {
        return asking.roundTripNanos(number, restNanos);
    }

    @Override
    void answer() {
        answering.answer();
    }

    @Override
    public void close() {
        // The links are not this contestant's own.
    }

    /** One end. Both are of this one class, so that the link's call of its receiver stays cheap for all contestants. */
    private static final class Side extends End implements FrameReceiver {
        private final Link link;
        private final FramePool pool;
        private final MemorySegment memory;
        private final int sentBytes;
        private final int receivedBytes;
        private final long peerMac;
        private final int address;
        private final int peerAddress;
        private int arrived;
        private long arrivedNanos;
        private long lastNumber;

        private Side(PingPong of, Link link, long peerMac, String address, String peerAddress, int sends, int receives) {
            super(of);
            this.link = link;
            this.pool = link.frames();
            this.memory = pool.memory();
            this.sentBytes = PAYLOAD + sends;
            this.receivedBytes = PAYLOAD + receives;
            this.peerMac = peerMac;
            this.address = Ipv4Address.parse(address);
            this.peerAddress = Ipv4Address.parse(peerAddress);
        }

        private long roundTripNanos(long number, long restNanos) {
            rest(restNanos);
            long frame = pool.allocate();
            write(frame, number);
            arrived = 0;
            long begin = System.nanoTime();
            send(frame);
            link.flush(begin);
            while (arrived == 0) {
                link.receive(this, 64, begin);
                waiting();
            }
            if (lastNumber != number || arrived != 1) {
                throw wrong("the answer to " + number + " was " + lastNumber);
            }
            return arrivedNanos - begin;
        }

        private void rest(long nanos) {
            long begin = System.nanoTime();
            while (System.nanoTime() - begin < nanos) {
                link.receive(this, 64, begin);
                waiting();
            }
        }

        private void answer() {
            lastNumber = 0;
            while (lastNumber != LAST) {
                arrived = 0;
                link.receive(this, 64, 0);
                if (arrived > 0) {
                    long frame = pool.allocate();
                    write(frame, lastNumber);
                    send(frame);
                    link.flush(0);
                }
                waiting();
            }
        }

        private void write(long frame, long number) {
            EthernetHeader.write(memory, frame, peerMac, link.mac(), EthernetHeader.TYPE_IPV4);
            Ipv4Header.write(memory, frame + EthernetHeader.LENGTH, 0, sentBytes - EthernetHeader.LENGTH, 0,
                    Ipv4Header.DONT_FRAGMENT, 64, PROTOCOL, address, peerAddress);
            Bytes.putNative64(memory, frame + PAYLOAD, number);
        }

        private void send(long frame) {
            if (!link.transmit(frame, sentBytes, 0)) {
                throw wrong("the link is full");
            }
            pool.release(frame);
        }

        @Override
        public void frame(MemorySegment from, long offset, int length) {
            long ip = offset + EthernetHeader.LENGTH;
            // What a stack's own round left on the way is none of this.
            if (length != receivedBytes || EthernetHeader.type(from, offset) != EthernetHeader.TYPE_IPV4
                    || Ipv4Header.protocol(from, ip) != PROTOCOL) {
                return;
            }
            arrived++;
            arrivedNanos = System.nanoTime();
            lastNumber = Bytes.native64(from, offset + PAYLOAD);
        }
    }
}
