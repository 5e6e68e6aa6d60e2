package io.doorbell.script;

import io.doorbell.Connection;
import io.doorbell.TcpStack;
import io.doorbell.counters.InspectionBlock;
import io.doorbell.tcp.Audit;
import io.doorbell.tcp.TcpConfig;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * What a script plays in: one stack, its link, its clock, the connections of the peer, and everything that was sent
 * and not yet asked about.
 */
abstract class Stage {
    static final int PEER = 0x0a000001;
    private static final int PEER_PORT = 40000;
    private static final int PEER_ISN = 1_000_000;
    private static final int POLLS = 10_000;
    /** Long enough for every retry, TIME-WAIT and unresolved neighbour to end. */
    private static final long AFTERMATH_NANOS = 3_600_000_000_000L;

    final Transcript transcript = new Transcript();
    final List<String> violations = new ArrayList<>();
    final List<Sent> pending = new ArrayList<>();
    private final List<Flow> flows = new ArrayList<>();
    private final List<Application> applications = new ArrayList<>();
    private final TcpConfig.Builder tcp = TcpConfig.builder().maxConnections(256);
    private int mtu = 1500;
    private int frameCount = 2048;
    private int peerIsn = PEER_ISN;
    private long seed = 1;
    /** The clock at the script's time 0; negative, since a monotonic clock may be. */
    private long epochNanos = -2_500_000_000L;
    private boolean anyDelivery;
    private boolean mute;
    /** The peer is not a sane TCP: only the packets themselves can be judged. */
    boolean hostile;
    private Inspector inspector;
    private Audit audit;
    ScriptLink link;
    TcpStack stack;
    long now;
    Flow current;
    private boolean scatter;
    private InspectionBlock inspection;
    private int appetite = Integer.MAX_VALUE;
    private Consumer<Application> program = application -> { };

    // --- settings, before the first stimulus ---

    /** The stack's settings, to be changed in place. */
    public TcpConfig.Builder tcp() {
        return tcp;
    }

    public void mtu(int bytes) {
        mtu = bytes;
    }

    public void frames(int count) {
        frameCount = count;
    }

    /** The link takes frames in two pieces. */
    public void scatter() {
        scatter = true;
    }

    public void seed(long value) {
        seed = value;
    }

    /** The stack shows itself in this block. */
    public void inspection(InspectionBlock block) {
        inspection = block;
    }

    public void peerIsn(int value) {
        peerIsn = value;
    }

    /** What the stack's clock shows at the script's time 0. */
    public void epoch(long nanos) {
        epochNanos = nanos;
    }

    /** The application of every new connection takes at most this much; see {@link #appetite}. */
    public void initialAppetite(int bytes) {
        appetite = bytes;
    }

    /** What the application of every new connection does when it is called. */
    public void program(Consumer<Application> reactions) {
        program = reactions;
    }

    void start() {
        if (stack != null) {
            return;
        }
        link = new ScriptLink(mtu, frameCount);
        link.scatter(scatter);
        inspector = new Inspector(mtu);
        now = epochNanos + now;
        stack = TcpStack.on(link).address("10.0.0.2/24").gateway("10.0.0.254").tcp(tcp.build()).seed(seed)
                .inspection(inspection).build();
        audit = stack.audit();
        if (current == null) {
            current = flow(PEER_PORT, 80);
        }
        link.inject(FrameWriter.arp(1, PEER, 0, FrameWriter.STACK_ADDRESS));
        run();
    }

    // --- connections and time ---

    /** A connection (or an attempt) between a port of the peer and one of the stack, fresh even if the ports are not. */
    public Flow flow(int peerPort, int stackPort) {
        return flow(PEER, peerPort, stackPort);
    }

    public Flow flow(int peerAddress, int peerPort, int stackPort) {
        flows.removeIf(old -> old.peerAddress == peerAddress && old.peerPort == peerPort
                && old.stackPort == stackPort);
        Flow flow = new Flow(peerAddress, peerPort, stackPort, peerIsn);
        flows.add(flow);
        return flow;
    }

    public Flow flow() {
        start();
        return current;
    }

    /** What the stack's clock shows now. */
    public long clockNanos() {
        return now;
    }

    /** Nanoseconds since the script's time 0. */
    public long time() {
        return stack == null ? now : now - epochNanos;
    }

    void advanceTo(long nanos, BooleanSupplier enough) {
        long target = epochNanos + nanos;
        if (target < now) {
            throw new IllegalArgumentException("the script is already at " + Transcript.stamp(time()).strip() + " s");
        }
        int idle = 0;
        while (!enough.getAsBoolean()) {
            long deadline = stack.nextDeadlineNanos();
            if (deadline > target) {
                break;
            }
            idle = deadline > now ? 0 : idle + 1;
            now = Math.max(now, deadline);
            run();
            if (idle > 100 && link.isFull()) {
                // It wants to be called as soon as there is room; that is for the script to say.
                break;
            }
            if (idle > 100) {
                throw transcript.failure("nextDeadlineNanos() stays in the past: a timer never ends");
            }
        }
        if (!enough.getAsBoolean()) {
            now = target;
            run();
        }
    }

    void run() {
        int polls = 0;
        int work;
        do {
            work = stack.poll(now);
            collect();
            if (++polls > POLLS) {
                throw transcript.failure("the stack is still busy after " + POLLS + " polls at the same time");
            }
        } while (work > 0 || link.hasInbound());
        recount();
    }

    /** The stack's books must be right whenever it rests; frames that are on the wire are in none of them. */
    private void recount() {
        List<Connection> connections = new ArrayList<>(applications.size());
        for (Application application : applications) {
            if (application.connection() != null) {
                connections.add(application.connection());
            }
        }
        String fault = audit.check(connections);
        if (fault != null && !(link.isHolding() && fault.contains("frames are taken that nothing refers to"))) {
            throw transcript.failure("the books are wrong: " + fault);
        }
    }

    void runOnce() {
        stack.poll(now);
        collect();
    }

    void collect() {
        for (ScriptLink.Recorded frame : link.takeRecorded()) {
            byte[] bytes = frame.bytes();
            int type = (bytes[12] & 0xff) << 8 | bytes[13] & 0xff;
            if (type == 0x0806) {
                answerArp(bytes);
                continue;
            }
            Sent sent = new Sent(frame.timeNanos() - epochNanos, bytes);
            sent.relativeTo(flowOf(sent));
            if (!hostile) {
                inspector.look(sent);
            }
            transcript.outOf(sent);
            pending.add(sent);
            if (!sent.faults.isEmpty()) {
                throw transcript.failure("the stack sent a bad packet: " + String.join("; ", sent.faults));
            }
        }
    }

    /** Whether ARP requests of the stack go unanswered from now on. */
    public void mutePeerArp(boolean on) {
        start();
        mute = on;
    }

    /** The stack's clock. */
    public long now() {
        return now;
    }

    void answerArp(byte[] request) {
        ByteBuffer arp = ByteBuffer.wrap(request);
        if (!mute && arp.getShort(20) == 1 && arp.getInt(38) != FrameWriter.STACK_ADDRESS) {
            link.inject(FrameWriter.arp(2, arp.getInt(38), ScriptLink.MAC, FrameWriter.STACK_ADDRESS));
        }
    }

    Flow flowOf(Sent sent) {
        for (Flow flow : flows) {
            boolean peer = flow.peerAddress == sent.destination && flow.peerPort == sent.destinationPort;
            if (peer && flow.stackPort == 0) {
                flow.stackPort = sent.sourcePort;
            }
            if (peer && flow.stackPort == sent.sourcePort) {
                return flow;
            }
        }
        return flow(sent.destination, sent.destinationPort, sent.sourcePort);
    }

    Application accept(Connection connection) {
        Application application = newApplication();
        application.attach(connection);
        for (Flow flow : flows) {
            if (flow.peerAddress == connection.remoteAddress() && flow.peerPort == connection.remotePort()
                    && flow.stackPort == connection.localPort()) {
                flow.application = application;
            }
        }
        return application;
    }

    Application newApplication() {
        Application application = new Application(violations);
        application.appetite(appetite);
        applications.add(application);
        program.accept(application);
        return application;
    }

    /** The script does not care what is delivered. */
    public void anyDelivery() {
        anyDelivery = true;
    }

    /**
     * The checks that end every script: nothing was sent unexpectedly, nothing delivered unasked; and when every
     * connection has been aborted and all timers have run out, no row and no frame is left.
     */
    public void finish() {
        if (stack == null) {
            return;
        }
        if (!pending.isEmpty()) {
            throw transcript.mismatch("unexpected, at the end of the script", List.of(), List.copyOf(pending), 0);
        }
        for (Application application : applications) {
            if (!anyDelivery && application.undelivered() > 0) {
                throw transcript.failure(application.undelivered() + " bytes were delivered that no line asked for");
            }
        }
        link.roomFor(Integer.MAX_VALUE);
        link.keepPosted(false);
        for (Application application : applications) {
            Connection connection = application.connection();
            if (application.closeReason() == null && connection != null) {
                connection.abort();
            }
        }
        stack.flush(now);
        collect();
        pending.clear();
        advanceTo(now - epochNanos + AFTERMATH_NANOS, () -> false);
        pending.clear();
        nothingLeft();
    }

    private void nothingLeft() {
        for (Application application : applications) {
            if (application.closeReason() == null) {
                violations.add("a connection ended without closed()");
            }
        }
        int rows = stack.connections() + stack.halfOpen();
        if (rows != 0) {
            violations.add(rows + " connections are left after all have been aborted");
        }
        stack.close();
        stack.close();
        link.flush(now);
        link.reclaim();
        int missing = link.frames().capacity() - link.frames().available();
        if (missing != 0) {
            violations.add(missing + " frames have leaked");
        }
        violations.addAll(link.violations());
        if (!violations.isEmpty()) {
            throw transcript.failure("after the script: " + String.join("; ", violations));
        }
    }

    /** Gives the memory back, whatever became of the script. */
    public void release() {
        if (stack != null) {
            stack.close();
            link.close();
        }
    }
}
