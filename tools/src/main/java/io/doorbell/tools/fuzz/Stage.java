package io.doorbell.tools.fuzz;

import io.doorbell.Batch;
import io.doorbell.BatchConfig;
import io.doorbell.Connection;
import io.doorbell.SlowClient;
import io.doorbell.TcpStack;
import io.doorbell.counters.Counter;
import io.doorbell.tcp.Audit;
import io.doorbell.tcp.CongestionAlgorithm;
import io.doorbell.tcp.EcnMode;
import io.doorbell.tcp.Keepalive;
import io.doorbell.tcp.Pacing;
import io.doorbell.tcp.TcpConfig;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** One stack on a virtual clock with the peer of one connection, and what must always hold of it. */
final class Stage {
    static final int PORT = 80;
    static final int PEER_PORT = 40_000;
    static final long MILLISECOND = 1_000_000L;
    static final long SECOND = 1_000_000_000L;
    static final long LONGEST_RTO = 5 * SECOND;
    static final int LARGEST_WINDOW = 100_000;
    private static final int FRAMES = 192;
    private static final int MOST_POLLS = 300;
    private static final int MOST_FRAMES_OUT = 5_000;
    private static final int MOST_DEADLINES = 20_000;
    /** A grant has the stack wake up each millisecond: not for longer than this. */
    private static final long MOST_GRANTED_NANOS = 1_000 * MILLISECOND;
    private static final long AFTERMATH_NANOS = 3_600 * SECOND;
    /** Some of the messages to everybody are longer, some are shorter. */
    private static final int SHARED_FROM = 300;
    private static final byte[] REGION = FuzzLink.region(FRAMES);

    final FuzzLink link = new FuzzLink(REGION, this::wire);
    final TcpStack stack;
    final List<FuzzUser> users = new ArrayList<>();
    final Offered offered = new Offered();
    Peer peer;
    int appetite = Integer.MAX_VALUE;
    long now = -5 * SECOND;
    /** The link has refused frames, or the pool has lacked them, at some time. */
    boolean linkHadFailed;
    private final List<Connection> connections = new ArrayList<>();
    private final Audit audit;
    private final boolean auditsAlways;
    private final Trace trace;
    private Batch batch;
    private String fault;

    /**
     * @param settings of TCP, as bits
     * @param extras   more of them
     * @param more     where sequence numbers begin, as bits, and a seed
     * @param trace    where to tell every frame, null for nowhere
     */
    Stage(int settings, int extras, int more, Trace trace) {
        this.trace = trace;
        auditsAlways = (extras & 15) == 15;
        TcpConfig config = TcpConfig.builder().maxConnections(16).halfOpenLimit(8).acceptQueueLimit(8).retries(5)
                .synRetries(3).maxRtoNanos(LONGEST_RTO).sendBufferBytes(1 << 14)
                .receiveWindowBytes((settings & 1) != 0 ? 3_000 : (settings & 2) != 0 ? LARGEST_WINDOW : 20_000)
                .timestamps((settings & 4) == 0).sack((settings & 8) == 0).windowScaling((settings & 16) == 0)
                .nagle((settings & 32) != 0).delayedAckNanos((settings & 64) != 0 ? 0 : 40 * MILLISECOND)
                .congestionControl((settings & 128) != 0 ? CongestionAlgorithm.NEW_RENO : CongestionAlgorithm.CUBIC)
                .multiSegment((extras & 1) == 0).ecn((extras & 16) != 0 ? EcnMode.ON : EcnMode.PASSIVE)
                .pacing((extras & 32) != 0 ? Pacing.ON : Pacing.OFF).leastPartBytes((extras & 64) != 0 ? 1 : 8)
                .keepalive((extras & 128) != 0 ? Keepalive.after(20 * SECOND, 5 * SECOND, 3) : Keepalive.OFF)
                .build();
        peer = new Peer(PEER_PORT, PORT, (more & 1) != 0 ? -1_000 : (more & 2) != 0 ? Integer.MAX_VALUE - 500 : 1_000);
        stack = TcpStack.on(link).address("10.0.0.2/24").gateway("10.0.0.254").tcp(config).seed(more)
                .reassembly(4, 3, 5 * SECOND).build();
        audit = stack.audit();
        stack.listen(PORT, connection -> {
            FuzzUser user = new FuzzUser(this, appetite);
            use(user, connection);
            if (connection.remotePort() == peer.port && connection.localPort() == peer.stackPort) {
                peer.accepted();
            }
            return user;
        });
        inject(Peer.arp(1, Peer.ADDRESS, Peer.STACK_ADDRESS));
        poll();
    }

    void inject(byte[] frame) {
        if (trace != null) {
            trace.frame(now, "-->", frame);
        }
        offered.sees(frame, peer);
        link.inject(frame);
    }

    void tell(String what) {
        if (trace != null) {
            trace.note(now, what);
        }
    }

    /** Tells what the stack knows of a connection. */
    void describe(FuzzUser user) {
        if (trace != null) {
            trace.note(now, Audit.describe(user.connection));
        }
    }

    private void use(FuzzUser user, Connection connection) {
        user.connection = connection;
        users.add(user);
        connections.add(connection);
    }

    void connect() {
        peer.awaitSyn();
        FuzzUser user = new FuzzUser(this, appetite);
        use(user, stack.connect("10.0.0.1", PEER_PORT, user));
        poll();
    }

    /**
     * Puts a datagram on the wire as fragments.
     *
     * @param middle where the second one begins, in the IP payload; a multiple of 8
     */
    void injectSplit(byte[] frame, int middle, int identification, boolean reversed) {
        offered.sees(frame, peer);
        byte[] first = FrameBytes.fragment(frame, 0, middle, identification);
        byte[] second = FrameBytes.fragment(frame, middle, frame.length - FrameBytes.TCP, identification);
        for (byte[] piece : reversed ? new byte[][] {second, first} : new byte[][] {first, second}) {
            if (trace != null) {
                trace.frame(now, "-->", piece);
            }
            link.inject(piece);
        }
    }

    /** Whether all that the stack may deliver is known: not what it put together from fragments of any kind. */
    boolean followsAll() {
        return !offered.strangeFragments || stack.counters().get(Counter.IP_REASSEMBLED) == 0;
    }

    // ---- batches

    boolean batchWaits(Connection connection) {
        return batch != null && batch.waiting(connection) > 0;
    }

    /** The same message for everybody, once or several times. */
    void fanOut(int length, int times, boolean disconnects) {
        if (batch == null) {
            batch = stack.batch(BatchConfig.defaults().withMessageBytes(2_000).withFramesPerClient(4).withWaiting(16, 4)
                    .withShareBytes(SHARED_FROM).withSlow(disconnects ? SlowClient.DISCONNECT : SlowClient.REFUSE));
        }
        List<FuzzUser> to = new ArrayList<>(users);
        to.removeIf(user -> user.connection == null || user.sent.length() + length * times > SentStream.MOST);
        if (to.isEmpty()) {
            return;
        }
        int message = batch.put(MemorySegment.ofArray(FuzzUser.STREAM), 0, length);
        int[] before = new int[to.size()];
        for (int i = 0; i < before.length; i++) {
            FuzzUser user = to.get(i);
            before[i] = user.sent.length();
            for (int k = 0; k < times; k++) {
                batch.add(message, user.connection);
                user.sent.put(user.sent.length(), FuzzUser.STREAM, 0, length);
            }
        }
        batch.flush(now);
        for (int i = 0; i < before.length; i++) {
            int accepted = 0;
            for (int k = 0; k < times; k++) {
                int outcome = batch.outcome(i * times + k);
                accepted += outcome == Batch.SENT || outcome == Batch.QUEUED ? 1 : 0;
            }
            to.get(i).sent.truncate(before[i] + accepted * length);
        }
    }

    /** The user of the connection that the peer takes part in and that has not ended; null if there is none. */
    FuzzUser main() {
        for (int i = users.size() - 1; i >= 0; i--) {
            FuzzUser user = users.get(i);
            if (user.closed == null && user.connection != null && user.connection.remotePort() == peer.port
                    && user.connection.remoteAddress() == Peer.ADDRESS
                    && user.connection.localPort() == peer.stackPort) {
                return user;
            }
        }
        return null;
    }

    private void wire(byte[] frame) {
        if (trace != null) {
            trace.frame(now, "<--", frame);
        }
        if (FrameBytes.u16(frame, 12) == FrameBytes.TYPE_ARP) {
            int target = FrameBytes.i32(frame, 38);
            if (FrameBytes.u16(frame, 20) == 1 && (target == Peer.ADDRESS || target == 0x0a0000fe)) {
                inject(Peer.arp(2, target, Peer.STACK_ADDRESS));
            }
            return;
        }
        note(FrameBytes.wrongSums(frame));
        note(peer.sees(frame, users));
    }

    void note(String what) {
        if (fault == null) {
            fault = what;
        }
    }

    void receive(byte[] frame) {
        inject(frame);
        poll();
    }

    /** Lets the stack do what is to be done now, and checks that it comes to an end and kept the rules. */
    void poll() {
        long before = link.transmitted;
        int polls = 0;
        int work;
        do {
            work = stack.poll(now);
            if (++polls > MOST_POLLS) {
                throw new Finding("the stack is still busy after " + MOST_POLLS + " polls at the same time");
            }
            if (link.transmitted - before > MOST_FRAMES_OUT) {
                throw new Finding("the stack sends without an end");
            }
        } while (work > 0 || link.hasInbound());
        if (auditsAlways) {
            audit();
        }
        check();
    }

    /** Has the stack's books recounted, unless others hold frames of its pool. */
    void audit() {
        if (link.isClear()) {
            link.reclaim();
            note(audit.check(connections));
        }
    }

    void check() {
        note(link.fault());
        for (FuzzUser user : users) {
            note(user.fault);
        }
        if (fault != null) {
            throw new Finding(fault);
        }
    }

    /** Moves to the stack's next deadline, but not beyond a time; false if there was none before it. */
    boolean nextDeadline(long until) {
        long deadline = stack.nextDeadlineNanos();
        if (deadline > until) {
            now = until;
            poll();
            return false;
        }
        now = Math.max(now, deadline);
        poll();
        return true;
    }

    void advance(long nanos) {
        if (nanos > MOST_GRANTED_NANOS) {
            users.forEach(user -> user.delegated.end());
        }
        long until = now + nanos;
        int count = 0;
        while (nextDeadline(until)) {
            if (++count > MOST_DEADLINES) {
                throw new Finding("nextDeadlineNanos() is " + stack.nextDeadlineNanos() + " after " + count
                        + " polls up to " + now + ": " + users.getLast().connection + ", frames free "
                        + link.frames().available());
            }
            if (link.room <= 0 || link.keepsPosted || link.frames().available() < FRAMES / 8) {
                // It waits for room, which does not come by itself.
                now = until;
                poll();
                return;
            }
        }
    }

    /** Everything that a link may lack is there again. */
    void relax() {
        link.room = Integer.MAX_VALUE;
        link.keepsPosted = false;
        link.bringBack();
        poll();
        audit();
        check();
    }

    /** After every connection was aborted and all timers have run out, no row and no frame may be held. */
    void settle() {
        for (FuzzUser user : users) {
            user.delegated.end();
            if (user.closed == null && user.connection != null) {
                user.abort();
            }
        }
        advance(AFTERMATH_NANOS);
        audit();
        check();
        int rows = stack.connections() + stack.halfOpen();
        if (rows != 0) {
            throw new Finding(rows + " connections are left after all were aborted");
        }
        for (FuzzUser user : users) {
            if (user.closed == null) {
                throw new Finding("a connection ended without closed()");
            }
        }
        allFramesBack();
    }

    private void allFramesBack() {
        link.reclaim();
        int missing = link.frames().capacity() - link.frames().available();
        if (missing != 0) {
            throw new Finding(missing + " frames are held by nobody that is left");
        }
    }

    void close() {
        stack.close();
        link.close();
        check();
        allFramesBack();
    }

    /** Something that must not be. */
    static final class Finding extends RuntimeException {
        private static final long serialVersionUID = 1;

        Finding(String what) {
            super(what);
        }
    }
}
