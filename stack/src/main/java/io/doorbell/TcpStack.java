package io.doorbell;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.counters.InspectionBlock;
import io.doorbell.ip.Ipv4;
import io.doorbell.ip.Ipv4Address;
import io.doorbell.ip.Ipv4Config;
import io.doorbell.link.CaptureRing;
import io.doorbell.link.Link;
import io.doorbell.link.RingCaptureLink;
import io.doorbell.tcp.Audit;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.EventSink;
import io.doorbell.tcp.LinkBuffer;
import io.doorbell.tcp.PartialMessage;
import io.doorbell.tcp.Tcb;
import io.doorbell.tcp.Tcp;
import io.doorbell.tcp.TcpConfig;
import io.doorbell.tcp.Transitions;
import java.lang.foreign.MemorySegment;
import java.security.SecureRandom;
import java.util.SplittableRandom;

/**
 * A TCP/IP stack on one link, with one IPv4 address. One thread owns it: the one that calls {@link #poll}. It starts no
 * thread, takes no lock and reads no clock: with the same frames, times and calls it sends the same frames.
 *
 * <p>For more cores, give each a stack of its own, on a queue of its own. Let each thread make its stack, connections,
 * templates and handlers itself: what one thread makes lies side by side in the heap, and where two stacks have something
 * in the same cache line, each waits for what the other writes.
 */
public final class TcpStack implements AutoCloseable {
    private static final int BURST = 64;

    private final Link link;
    /** The same, seen by whoever captures. */
    private final Link watched;
    private final Counters counters;
    private final Ipv4 ipv4;
    private final Tcp tcp;
    private final EventSink events = new Events();
    /** Null if nobody wants to look inside. */
    private final StackInspection inspection;
    /** Null if the user has none. */
    private Batch batch;
    private long now;
    private long sentBefore;
    private boolean closed;

    private TcpStack(Builder builder) {
        link = builder.link;
        watched = builder.watched();
        counters = builder.counting();
        ipv4 = new Ipv4(watched, builder.ipv4(), counters);
        tcp = new Tcp(watched, ipv4, builder.tcp, counters, BURST, builder.secrets(), this::passive);
        ipv4.transport(tcp);
        inspection = builder.inspected == null ? null
                : new StackInspection(builder.inspected, tcp, link, ipv4.address());
    }

    private Connection passive() {
        return new Connection(tcp);
    }

    /** Begins to describe a stack on a link. The link stays the caller's to close, after the stack. */
    public static Builder on(Link link) {
        return new Builder(link);
    }

    /** What a stack is made of. */
    public static final class Builder {
        private final Link link;
        private String address;
        private String gateway;
        private TcpConfig tcp = TcpConfig.defaults();
        private Counters counters;
        private InspectionBlock inspected;
        private Long seed;
        private Integer reassemblyDatagrams;
        private int reassemblyDatagramsPerSource;
        private long reassemblyNanos;

        private Builder(Link link) {
            this.link = link;
        }

        /** The stack's address with its prefix length, as {@code 10.0.0.2/24}. It must not be the kernel's too. */
        public Builder address(String cidr) {
            address = cidr;
            return this;
        }

        /** The router for destinations beyond the prefix; none by default. */
        public Builder gateway(String ipv4Address) {
            gateway = ipv4Address;
            return this;
        }

        /**
         * Bounds what waits for IP fragments; see {@link Ipv4Config} for the defaults.
         *
         * @param datagrams in all, 0 to drop every fragment
         * @param perSource of one source
         * @param nanos     how long
         */
        public Builder reassembly(int datagrams, int perSource, long nanos) {
            reassemblyDatagrams = datagrams;
            reassemblyDatagramsPerSource = perSource;
            reassemblyNanos = nanos;
            return this;
        }

        private Ipv4Config ipv4() {
            Ipv4Config config = Ipv4Config.of(address, gateway);
            return reassemblyDatagrams == null ? config
                    : config.withReassembly(reassemblyDatagrams, reassemblyDatagramsPerSource, reassemblyNanos);
        }

        public Builder tcp(TcpConfig config) {
            tcp = config;
            return this;
        }

        /** Where to count; by default in memory of the stack's own. */
        public Builder counters(Counters in) {
            counters = in;
            return this;
        }

        /**
         * Draws initial sequence numbers and ports from a seed, so that a run can be repeated to the byte. For tests
         * only: whoever knows the seed can forge segments (RFC 6528).
         */
        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /**
         * Where to show counters and connections to others; by default nowhere. The counters lie there, too, unless
         * {@link #counters} says otherwise. The block must outlive the stack.
         */
        public Builder inspection(InspectionBlock in) {
            inspected = in;
            return this;
        }

        private Link watched() {
            return inspected == null || inspected.ring() == null ? link
                    : new RingCaptureLink(link, new CaptureRing(inspected.ring()));
        }

        private Counters counting() {
            if (counters != null) {
                return counters;
            }
            return inspected == null ? new Counters() : inspected.counters();
        }

        private long[] secrets() {
            if (seed != null) {
                return new SplittableRandom(seed).longs(Tcp.SECRETS).toArray();
            }
            return new SecureRandom().longs(Tcp.SECRETS).toArray();
        }

        public TcpStack build() {
            if (address == null) {
                throw new IllegalArgumentException("a stack needs an address: call address(\"10.0.0.2/24\")");
            }
            return new TcpStack(this);
        }
    }

    /**
     * One duty cycle: bounded bursts of frames, expired timers, events to the handlers, output, one doorbell. It takes
     * 64 frames, or as many as were sent since frames came in last.
     *
     * @param nowNanos the time; any monotonic clock will do, always the same one
     * @return how much was done, 0 if the cycle was idle
     */
    public int poll(long nowNanos) {
        begin(nowNanos);
        int work = watched.receive(ipv4, BURST, nowNanos);
        if (work == BURST) {
            work += receiveMore(nowNanos);
        }
        if (work > 0) {
            sentBefore = counters.get(Counter.TX_FRAMES);
        }
        if (ipv4.nextDeadlineNanos() <= nowNanos) {
            ipv4.expire(nowNanos);
        }
        work += tcp.expire();
        if (tcp.hasEvents()) {
            tcp.deliver(events);
        }
        if (inspection != null) {
            inspection.requests();
        }
        send(nowNanos);
        if (inspection != null) {
            inspection.show(nowNanos);
        }
        return work;
    }

    /**
     * A full burst came in: takes more of them, as long as what was sent since frames came in last may have brought so many
     * answers. A batch to thousands has thousands of ACKs come back at once, and whoever took 64 of them before
     * sending the next thousands would have the link's ring run over, and send again what was acknowledged.
     */
    private int receiveMore(long nowNanos) {
        long answers = counters.get(Counter.TX_FRAMES) - sentBefore;
        int work = 0;
        int received = BURST;
        while (received == BURST && BURST + work < answers) {
            if (tcp.hasEvents()) {
                tcp.deliver(events);
            }
            received = watched.receive(ipv4, BURST, nowNanos);
            work += received;
        }
        return work;
    }

    /** Sends what was queued since the last poll, with one doorbell, without receiving anything. */
    public void flush(long nowNanos) {
        begin(nowNanos);
        send(nowNanos);
    }

    private void send(long nowNanos) {
        if (batch != null) {
            batch.fill(nowNanos);
        }
        tcp.output();
        link.flush(nowNanos);
        if (batch != null) {
            batch.sent(tcp.outputWaiting());
        }
    }

    /** The time of the last poll or flush. */
    long nowNanos() {
        return now;
    }

    private void begin(long nowNanos) {
        now = nowNanos;
        ipv4.now(nowNanos);
        tcp.begin();
    }

    /**
     * When {@link #poll} must be called next even if no frame comes in; {@link Link#NEVER} if no timer runs. It may be
     * earlier than anything really happens.
     */
    public long nextDeadlineNanos() {
        if (tcp.hasEvents()) {
            return Long.MIN_VALUE;
        }
        long deadline = Math.min(Math.min(tcp.nextDeadlineNanos(), ipv4.nextDeadlineNanos()), link.nextDeadlineNanos());
        return batch == null ? deadline : Math.min(deadline, batch.deadlineNanos());
    }

    /**
     * Makes the stack's batch, for messages to many connections. A stack has one, so that what one client gets has one
     * order.
     *
     * @throws IllegalStateException if it has been made already
     */
    public Batch batch(BatchConfig config) {
        if (batch != null) {
            throw new IllegalStateException("this stack has a batch: use that one for all messages to many connections");
        }
        batch = new Batch(this, tcp.summedSends(), config);
        return batch;
    }

    /** Tells the neighbours who owns this stack's address (RFC 5227 section 2.3). Leaves at the next flush. */
    public void announce() {
        ipv4.announce();
    }

    /**
     * Accepts connections on a port.
     *
     * @throws IllegalStateException if the port is in use
     */
    public Listener listen(int port, Acceptor acceptor) {
        Listener listener = new Listener(tcp, port, acceptor);
        tcp.listen(listener);
        return listener;
    }

    /**
     * Opens a connection. The SYN leaves at the next poll or flush; how it went, the handler is told: {@code connected}
     * or {@code closed}.
     *
     * @param address of the peer, as {@code 10.0.0.1}
     */
    public Connection connect(String address, int port, ConnectionHandler handler) {
        Connection connection = new Connection(tcp);
        connection.handler = handler;
        tcp.connect(connection, Ipv4Address.parse(address), port);
        return connection;
    }

    /**
     * A buffer in the link's region, for the last part of message templates. A set-up call.
     *
     * @return null, counted, if the link has too few free frames
     */
    public LinkBuffer buffer() {
        return tcp.references().open();
    }

    /** Connections, those in TIME-WAIT included. */
    public int connections() {
        return tcp.connections();
    }

    /** Connections in TIME-WAIT: closed for their users, but their peers may still ask. */
    public int timeWait() {
        return tcp.timeWait();
    }

    /** Handshakes that peers have begun and not completed. */
    public int halfOpen() {
        return tcp.halfOpen();
    }

    /** Someone to recount the books, for tests: to be asked for before the stack's first poll. */
    public Audit audit() {
        return tcp.audit();
    }

    public Counters counters() {
        return counters;
    }

    public Link link() {
        return link;
    }

    /** Resets every connection, tells the handlers, and gives every frame back. Idempotent. The link stays open. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        tcp.closeAll();
        ipv4.close();
        tcp.deliver(events);
        link.flush(0);
        if (inspection != null) {
            inspection.closed();
        }
    }

    static String format(int address, int port) {
        return Ipv4Address.format(address) + ":" + port;
    }

    /** From control blocks to what the user knows. */
    private final class Events implements EventSink {
        @Override
        public void connected(Tcb c) {
            Transitions.opened(c);
            Connection connection = (Connection) c;
            if (connection.handler == null) {
                Listener listener = (Listener) connection.listenPort();
                connection.handler = listener.acceptor.accept(connection);
                if (connection.handler == null) {
                    connection.abort();
                    return;
                }
            }
            connection.handler.connected(connection);
        }

        @Override
        public int data(Tcb c, MemorySegment memory, long offset, int length) {
            Connection connection = (Connection) c;
            return connection.handler.data(connection, memory, offset, length);
        }

        @Override
        public void writable(Tcb c) {
            Connection connection = (Connection) c;
            if (batch == null || batch.hasRoom(connection)) {
                connection.handler.writable(connection);
            }
        }

        @Override
        public void partialOverdue(Tcb c, PartialMessage message) {
            Connection connection = (Connection) c;
            connection.handler.partialOverdue(connection, message);
        }

        @Override
        public void peerClosed(Tcb c) {
            Connection connection = (Connection) c;
            connection.handler.peerClosed(connection);
        }

        @Override
        public void closed(Tcb c, CloseReason reason) {
            Connection connection = (Connection) c;
            Transitions.closed(c, reason);
            if (connection.client != null) {
                ConnectionSet.leaveAll(connection.client);
                if (batch != null) {
                    batch.forget(connection.client);
                }
            }
            if (connection.handler != null) {
                connection.handler.closed(connection, reason);
            }
        }
    }
}
