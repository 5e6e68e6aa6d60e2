package io.doorbell;

import io.doorbell.link.FramePool;
import io.doorbell.link.FrameReceiver;
import io.doorbell.link.Link;
import io.doorbell.link.LinkStatistics;
import io.doorbell.link.PipeLink;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.TcpConfig;
import io.doorbell.wire.Bytes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.UnaryOperator;

/** A server whose batches go to clients of a second stack, on a clock that the test moves. */
final class FanOutStage implements AutoCloseable {
    static final long MILLISECOND = 1_000_000;
    static final int MESSAGE = 64;

    final VanishingLink cable;
    final PipeLink.Pair pair;
    final TcpStack server;
    final TcpStack clients;
    final Batch batch;
    final List<Client> all = new ArrayList<>();
    final List<Connection> accepted = new ArrayList<>();
    final ConnectionSet everybody = new ConnectionSet();
    final int[] writable = new int[1];
    /** Bytes of a message. */
    final int length;
    /**
     * Above the delayed ACK, far below the time for which a client's frames suffice: whoever lost a segment, and its
     * repair or the ACK of it several times over, still hasn't fallen so far behind as one who is sick.
     */
    private static final long MIN_RTO = 50 * MILLISECOND;

    private final MemorySegment message = Arena.ofAuto().allocate(4096);
    long now = 1_000_000_000;

    FanOutStage(BatchConfig config) {
        this(config, PipeLink.options(), 16_384, link -> link);
    }

    FanOutStage(BatchConfig config, PipeLink.Options options, int clientWindow, UnaryOperator<Link> path) {
        this(config, options, clientWindow, MESSAGE, path);
    }

    /** @param path what lies between the server and the cable */
    FanOutStage(BatchConfig config, PipeLink.Options options, int clientWindow, int length, UnaryOperator<Link> path) {
        this.length = length;
        pair = options.pair();
        cable = new VanishingLink(pair.right());
        server = TcpStack.on(path.apply(pair.left())).address("10.0.0.1/24").seed(1)
                .tcp(TcpConfig.builder().minRtoNanos(MIN_RTO).halfOpenLimit(1 << 14).acceptQueueLimit(1 << 14).build())
                .build();
        clients = TcpStack.on(cable).address("10.0.0.2/24").seed(2)
                .tcp(TcpConfig.builder().receiveWindowBytes(clientWindow).build()).build();
        batch = server.batch(config);
        server.listen(80, c -> {
            accepted.add(c);
            everybody.add(c);
            return new Feed();
        });
    }

    /** The server's end of a connection: it only tells when there is room. */
    private final class Feed implements ConnectionHandler {
        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            return length;
        }

        @Override
        public void writable(Connection c) {
            writable[0]++;
        }
    }

    /** Takes messages, each of which begins with its number and its key, and may stop doing so. */
    static final class Client implements ConnectionHandler {
        final List<Integer> numbers = new ArrayList<>();
        final List<Integer> keys = new ArrayList<>();
        private final byte[] part;
        private int have;
        Connection connection;
        boolean reads = true;
        /** Keeps what it was told. */
        boolean remembers = true;
        int resetAfter = Integer.MAX_VALUE;
        CloseReason closed;
        boolean peerClosed;

        Client() {
            this(MESSAGE);
        }

        /** @param length of a message */
        Client(int length) {
            part = new byte[length];
        }

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            if (!reads) {
                return 0;
            }
            for (int i = 0; i < length && remembers; i++) {
                part[have++] = (byte) Bytes.u8(memory, offset + i);
                if (have == part.length) {
                    have = 0;
                    MemorySegment whole = MemorySegment.ofArray(part);
                    numbers.add(Bytes.u32(whole, 0));
                    keys.add(Bytes.u32(whole, 4));
                }
            }
            if (numbers.size() >= resetAfter) {
                c.abort();
            }
            return length;
        }

        @Override
        public void peerClosed(Connection c) {
            peerClosed = true;
        }

        @Override
        public void closed(Connection c, CloseReason reason) {
            closed = reason;
        }
    }

    /** Connects so many clients, one after the other, so that client {@code i} is {@code accepted.get(i)}. */
    FanOutStage connect(int count) {
        for (int i = 0; i < count; i++) {
            Client client = new Client(length);
            all.add(client);
            client.connection = clients.connect("10.0.0.1", 80, client);
            for (int step = 0; accepted.size() < all.size(); step++) {
                if (step > 1_000_000) {
                    throw new AssertionError("client " + i + " does not get connected");
                }
                step();
            }
        }
        settle();
        return this;
    }

    /** Has the next message stored. */
    int put(int number) {
        return batch.put(content(number, 0), 0, length);
    }

    int putKeyed(int number, int key) {
        return batch.putKeyed(key, content(number, key), 0, length);
    }

    private MemorySegment content(int number, int key) {
        Bytes.put32(message, 0, number);
        Bytes.put32(message, 4, key);
        return message;
    }

    void step() {
        now += MILLISECOND / 10;
        // A real stack polls more often than a clock of this step shows when there is so much to take.
        for (int i = 0; i <= all.size() / 1_000; i++) {
            server.poll(now);
            clients.poll(now);
        }
    }

    /** Lets some time pass. */
    void run(long nanos) {
        for (long until = now + nanos; now < until; ) {
            step();
        }
    }

    /** Longer than any delayed ACK. */
    void settle() {
        run(200 * MILLISECOND);
    }

    @Override
    public void close() {
        server.close();
        clients.close();
        cable.close();
        pair.left().close();
    }

    /** The clients' end of the cable, on which single clients can vanish without a word. */
    static final class VanishingLink implements Link {
        private static final int PORTS = 14 + 20;

        private final PipeLink below;
        private final BitSet vanished = new BitSet();

        VanishingLink(PipeLink below) {
            this.below = below;
        }

        void vanish(int port) {
            vanished.set(port);
        }

        private boolean concerns(MemorySegment memory, long offset, int length, int which) {
            return length >= PORTS + 4 && Bytes.u16(memory, offset + 12) == 0x0800
                    && vanished.get(Bytes.u16(memory, offset + PORTS + which));
        }

        @Override
        public FramePool frames() {
            return below.frames();
        }

        @Override
        public int mtu() {
            return below.mtu();
        }

        @Override
        public long mac() {
            return below.mac();
        }

        @Override
        public int receive(FrameReceiver receiver, int limit, long nowNanos) {
            return below.receive((memory, offset, length) -> {
                if (!concerns(memory, offset, length, 2)) {
                    receiver.frame(memory, offset, length);
                }
            }, limit, nowNanos);
        }

        @Override
        public boolean transmit(long address, int length, long nowNanos) {
            return concerns(below.frames().memory(), address, length, 0) || below.transmit(address, length, nowNanos);
        }

        @Override
        public void flush(long nowNanos) {
            below.flush(nowNanos);
        }

        @Override
        public long nextDeadlineNanos() {
            return below.nextDeadlineNanos();
        }

        @Override
        public LinkStatistics statistics() {
            return below.statistics();
        }

        @Override
        public void close() {
            below.close();
        }
    }
}
