package io.doorbell.sim;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.link.FramePool;
import io.doorbell.link.FrameReceiver;
import io.doorbell.link.Link;
import io.doorbell.link.LinkStatistics;
import io.doorbell.link.PipeLink;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.TcpConfig;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;

/**
 * A server, an honest client, and an {@link Attacker} whose packets come over the same cable. One tick is 50 us: the
 * attacker sends, the client is polled, and the server takes at most three bursts of frames. What the server sends to
 * strangers goes by way of the client's host, which drops it.
 */
final class Siege implements AutoCloseable {
    static final int CLIENT = 0x0a010001;
    static final int SERVER = 0x0a010002;
    static final int PORT = 80;
    private static final int SERVER_POLLS = 3;
    /** So many that it takes all that the server sends. */
    private static final int CLIENT_POLLS = 5;
    private static final long TICK_NANOS = 50_000;

    final TcpStack client;
    final TcpStack server;
    final Attacker attacker;
    private final PipeLink.Pair cable = PipeLink.options().pair();
    /** What the client last sent from each port: SND.NXT and RCV.NXT, as an eavesdropper or the peer itself knows them. */
    final int[] next = new int[65536];
    final int[] acknowledged = new int[65536];
    private final int capacity = cable.right().frames().available();
    long now = 1_000_000_000L;
    /** What the server's polls have taken, of the machine's time. */
    long serverNanos;

    Siege(TcpConfig config) {
        client = TcpStack.on(new Tapped(cable.left())).address("10.1.0.1/24").tcp(config).seed(1).build();
        server = TcpStack.on(cable.right()).address("10.1.0.2/24").gateway("10.1.0.1").tcp(config).seed(2).build();
        attacker = new Attacker(cable.left(), cable.right().mac(), SERVER);
    }

    /** One tick in which nobody attacks; what the attacker has sent before it arrives with what the client sends. */
    void tick() {
        for (int i = 0; i < CLIENT_POLLS; i++) {
            client.poll(now);
        }
        long start = System.nanoTime();
        for (int i = 0; i < SERVER_POLLS; i++) {
            server.poll(now);
        }
        serverNanos += System.nanoTime() - start;
        now += TICK_NANOS;
    }

    void rest(long nanos) {
        for (long until = now + nanos; now < until; now += 1_000_000) {
            tick();
        }
    }

    Connection connect(ConnectionHandler handler) {
        return client.connect("10.1.0.2", PORT, handler);
    }

    int framesInUse() {
        return capacity - server.link().frames().available();
    }

    @Override
    public void close() {
        client.close();
        server.close();
        cable.close();
    }

    /** A stream without an end, each byte following from its position, and a check of it at the other end. */
    static final class Stream implements ConnectionHandler {
        private static final int PERIOD = 4099;
        private static final byte[] PATTERN = new byte[PERIOD + 8192];
        private final byte[] arrived = new byte[65536];
        private final boolean sends;
        boolean running = true;
        boolean connected;
        long sent;
        long received;
        String fault;
        CloseReason closed;

        static {
            for (int i = 0; i < PATTERN.length; i++) {
                PATTERN[i] = (byte) (i % PERIOD * 31 >> 3);
            }
        }

        Stream(boolean sends) {
            this.sends = sends;
        }

        void pump(Connection c) {
            int accepted = 8192;
            while (sends && running && accepted == 8192) {
                accepted = c.write(MemorySegment.ofArray(PATTERN), sent % PERIOD, 8192);
                sent += Math.max(0, accepted);
            }
        }

        @Override
        public void connected(Connection c) {
            connected = true;
            pump(c);
        }

        @Override
        public void writable(Connection c) {
            pump(c);
        }

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            int at = (int) (received % PERIOD);
            int take = Math.min(length, 8192);
            MemorySegment.copy(memory, offset, MemorySegment.ofArray(arrived), 0, take);
            if (java.util.Arrays.mismatch(arrived, 0, take, PATTERN, at, at + take) >= 0) {
                fault = "wrong bytes at " + received;
            }
            received += take;
            return take;
        }

        @Override
        public void closed(Connection c, CloseReason reason) {
            closed = reason;
        }
    }

    /** The client's end of the cable, which notes the numbers of what goes out. */
    private final class Tapped implements Link {
        private final Link cable;

        Tapped(Link cable) {
            this.cable = cable;
        }

        @Override
        public boolean transmit(long address, int length, long nowNanos) {
            MemorySegment memory = cable.frames().memory();
            long ip = address + EthernetHeader.LENGTH;
            if (EthernetHeader.type(memory, address) == 0x0800) {
                long tcp = ip + Ipv4Header.LENGTH;
                int flags = TcpHeader.flags(memory, tcp);
                int span = Ipv4Header.totalLength(memory, ip) - Ipv4Header.LENGTH - TcpHeader.headerLength(memory, tcp)
                        + ((flags & (TcpHeader.SYN | TcpHeader.FIN)) == 0 ? 0 : 1);
                int port = TcpHeader.sourcePort(memory, tcp);
                next[port] = TcpHeader.seq(memory, tcp) + span;
                acknowledged[port] = TcpHeader.ack(memory, tcp);
            }
            return cable.transmit(address, length, nowNanos);
        }

        @Override
        public FramePool frames() {
            return cable.frames();
        }

        @Override
        public int mtu() {
            return cable.mtu();
        }

        @Override
        public long mac() {
            return cable.mac();
        }

        @Override
        public int receive(FrameReceiver receiver, int limit, long nowNanos) {
            return cable.receive(receiver, limit, nowNanos);
        }

        @Override
        public void flush(long nowNanos) {
            cable.flush(nowNanos);
        }

        @Override
        public LinkStatistics statistics() {
            return cable.statistics();
        }

        @Override
        public void close() {
            cable.close();
        }
    }
}
