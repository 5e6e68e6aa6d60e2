package io.doorbell.sim;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.Listener;
import io.doorbell.TcpStack;
import io.doorbell.counters.Counter;
import io.doorbell.tcp.Audit;
import io.doorbell.tcp.CloseReason;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Two stacks, a network that does its worst, and applications that do as they like, all drawn from one seed: they write,
 * send templates and partial messages, with the multi-segment option and without, rehearse, grant engines the right to
 * send, which may stall or die at any moment, and read or do not. Both streams of every connection must arrive byte for
 * byte, every connection must end, nothing may be left behind, and the books must be right after every step. The same seed
 * gives the same run, to the byte.
 */
public final class Simulation {
    private static final int PORT = 80;
    private static final long SECOND = 1_000_000_000L;
    /** Of virtual time: long after the last of the longest backed-off retransmissions. */
    private static final long STUCK_NANOS = 20_000 * SECOND;
    private static final long STUCK_STEPS = 20_000_000;
    /** How long an application waits for a peer that is no more, and whose RST was lost. */
    private static final long PATIENCE_NANOS = 300 * SECOND;

    private final Scenario scenario;
    private final int auditEvery;
    private final TwoStacks network;
    private final Audit clientAudit;
    private final Audit serverAudit;
    private final MemorySegment buffer = SimulatedPeer.buffer();
    private final List<Pair> pairs = new ArrayList<>();
    private final List<Connection> ofClient = new ArrayList<>();
    private final List<Connection> ofServer = new ArrayList<>();
    private final Map<Integer, Pair> fromClient = new HashMap<>();
    private final Map<Integer, Pair> fromServer = new HashMap<>();
    private Listener clientListener;
    private Listener serverListener;
    private long audits;
    private int nextWeather;
    private int nextLink;
    private int nextJump;
    private long drainUntil;
    private String violation;

    /** The two ends of one connection; the acceptor is null until it is accepted. */
    private static final class Pair {
        private final Scenario.Link link;
        private final SimulatedPeer opener;
        private final SimulatedPeer acceptor;
        private boolean accepted;
        private boolean refused;

        Pair(Scenario.Link link, SimulatedPeer opener, SimulatedPeer acceptor) {
            this.link = link;
            this.opener = opener;
            this.acceptor = acceptor;
        }
    }

    private Simulation(Scenario scenario, int auditEvery, WritableByteChannel clientCapture,
                       WritableByteChannel serverCapture) {
        this.scenario = scenario;
        this.auditEvery = auditEvery;
        Weather first = scenario.weather.getFirst();
        network = new TwoStacks(scenario.seed, scenario.clientConfig, scenario.serverConfig, first.toServer(),
                first.toClient(), scenario.cable(), clientCapture, serverCapture);
        network.serverBusyNanos = scenario.serverBusyNanos;
        network.admitEngines();
        clientAudit = network.client.audit();
        serverAudit = network.server.audit();
    }

    /** Runs one seed; the books are checked after every step. */
    public static Outcome run(long seed) {
        return run(seed, 1, null, null);
    }

    /**
     * Runs one seed.
     *
     * @param auditEvery    the books are checked after every so many steps
     * @param clientCapture where the frames that the client sends and receives go as pcap; null for nowhere
     * @param serverCapture the same for the server
     */
    public static Outcome run(long seed, int auditEvery, WritableByteChannel clientCapture,
                              WritableByteChannel serverCapture) {
        Simulation simulation = new Simulation(new Scenario(seed), auditEvery, clientCapture, serverCapture);
        return simulation.run();
    }

    /** What the seed decides, for people. */
    public static String describe(long seed) {
        return new Scenario(seed).toString();
    }

    private Outcome run() {
        long nanos = 0;
        try (network) {
            clientListener = network.client.listen(PORT, c -> accept(c, fromServer));
            serverListener = network.server.listen(PORT, c -> accept(c, fromClient));
            while (violation == null && !allEnded()) {
                step();
            }
            nanos = elapsed();
            if (violation == null) {
                judge();
            }
            if (violation == null) {
                drain();
            }
        } catch (RuntimeException thrown) {
            violation = violation != null ? violation : thrownBy(thrown);
        }
        long bytes = 0;
        int inOrder = 0;
        for (Pair pair : pairs) {
            bytes += pair.opener.received + pair.acceptor.received;
            inOrder += mustArrive(pair) ? 1 : 0;
        }
        return new Outcome(scenario.seed, violation, pairs.size(), inOrder, bytes, network.polls, nanos);
    }

    private static String thrownBy(RuntimeException thrown) {
        StackTraceElement[] trace = thrown.getStackTrace();
        return thrown + (trace.length == 0 ? "" : " at " + trace[0]);
    }

    private long elapsed() {
        return network.now - TwoStacks.START_NANOS;
    }

    // ---- one step

    private void step() {
        boolean acted = engines() | act();
        if (network.step(this::nextWake) || acted) {
            audit();
        }
        if (elapsed() > STUCK_NANOS || network.polls > STUCK_STEPS) {
            report("stuck", unfinished());
        }
    }

    /** While an engine stalls, the others go on, and time with them. */
    private void stepMeanwhile() {
        if (violation == null && drainUntil > 0) {
            drainStep();
        } else if (violation == null) {
            step();
        }
    }

    /** Grants and engines do what they like; connections may be opened meanwhile. */
    private boolean engines() {
        boolean acted = false;
        for (int i = 0; i < pairs.size(); i++) {
            Pair pair = pairs.get(i);
            acted |= pair.opener.granting != null && pair.opener.granting.act();
            acted |= pair.acceptor.granting != null && pair.acceptor.granting.act();
        }
        return acted;
    }

    private long engineWake() {
        long wake = Long.MAX_VALUE;
        for (Pair pair : pairs) {
            wake = pair.opener.granting == null ? wake : Math.min(wake, pair.opener.granting.nextNanos());
            wake = pair.acceptor.granting == null ? wake : Math.min(wake, pair.acceptor.granting.nextNanos());
        }
        return wake;
    }

    private void audit() {
        if (++audits % auditEvery == 0) {
            report("client", clientAudit.check(ofClient));
            report("server", serverAudit.check(ofServer));
            report("both ends", Audit.checkEnds(clientAudit, serverAudit));
        }
        for (Pair pair : pairs) {
            report("application that opened", pair.opener.fault());
            report("application that accepted", pair.acceptor.fault());
        }
    }

    private void report(String where, String fault) {
        if (fault != null && violation == null) {
            violation = where + " at " + elapsed() + " ns, step " + network.polls + ": " + fault;
        }
    }

    private long nextWake() {
        long wake = scenario.clientListensUntil;
        wake = Math.min(wake, scenario.serverListensUntil);
        wake = elapsed() >= wake ? Long.MAX_VALUE : wake;
        if (nextWeather < scenario.weather.size()) {
            wake = Math.min(wake, scenario.weather.get(nextWeather).fromNanos());
        }
        if (nextLink < scenario.links.size()) {
            wake = Math.min(wake, scenario.links.get(nextLink).atNanos());
        }
        if (nextJump < scenario.jumps.size()) {
            wake = Math.min(wake, scenario.jumps.get(nextJump).atNanos());
        }
        wake = wake == Long.MAX_VALUE ? wake : wake + TwoStacks.START_NANOS;
        for (Pair pair : pairs) {
            wake = Math.min(wake, Math.min(pair.opener.wakeNanos, pair.acceptor.wakeNanos));
        }
        return Math.min(Math.min(wake, engineWake()), network.now + PATIENCE_NANOS);
    }

    /** Does what the scenario and the applications want to be done by now; whether a stack was called. */
    private boolean act() {
        int before = nextLink;
        boolean acted = false;
        while (nextWeather < scenario.weather.size() && scenario.weather.get(nextWeather).fromNanos() <= elapsed()) {
            Weather next = scenario.weather.get(nextWeather++);
            network.change(next.toServer(), next.toClient());
        }
        while (nextJump < scenario.jumps.size() && scenario.jumps.get(nextJump).atNanos() <= elapsed()) {
            network.jump(scenario.jumps.get(nextJump++).byNanos());
        }
        if (elapsed() >= scenario.clientListensUntil) {
            clientListener.close();
        }
        if (elapsed() >= scenario.serverListensUntil) {
            serverListener.close();
        }
        while (nextLink < scenario.links.size() && scenario.links.get(nextLink).atNanos() <= elapsed()) {
            open(scenario.links.get(nextLink++));
        }
        for (Pair pair : pairs) {
            acted |= act(pair.opener, pair.acceptor) | act(pair.acceptor, pair.opener);
        }
        return acted || nextLink != before;
    }

    private boolean act(SimulatedPeer peer, SimulatedPeer other) {
        boolean due = peer.wakeNanos <= network.now;
        if (due) {
            peer.act();
        }
        boolean alone = peer.closed == null && peer.connected && network.now - other.closedNanos > PATIENCE_NANOS
                && other.closed != null && other.closed != CloseReason.NORMAL;
        if (alone) {
            peer.abort(peer.connection);
        }
        return due || alone;
    }

    private void open(Scenario.Link link) {
        long key = scenario.seed + 1_000_003L * pairs.size();
        StreamContent forth = new StreamContent(key, link.opener().grants() > 0);
        StreamContent back = new StreamContent(~key, link.acceptor().grants() > 0);
        TcpStack stack = link.fromClient() ? network.client : network.server;
        TcpStack other = link.fromClient() ? network.server : network.client;
        Pair pair = new Pair(link, new SimulatedPeer(link.opener(), forth, back, network, stack, buffer, this::stepMeanwhile),
                new SimulatedPeer(link.acceptor(), back, forth, network, other, buffer, this::stepMeanwhile));
        pairs.add(pair);
        Connection c = stack.connect(link.fromClient() ? TwoStacks.SERVER : TwoStacks.CLIENT, PORT, pair.opener);
        (link.fromClient() ? fromClient : fromServer).put(c.localPort(), pair);
        (link.fromClient() ? ofClient : ofServer).add(c);
    }

    private ConnectionHandler accept(Connection c, Map<Integer, Pair> openers) {
        Pair pair = openers.get(c.remotePort());
        if (pair == null || pair.accepted) {
            violation = "a connection was accepted that nobody opened: " + c;
            return null;
        }
        (pair.link.fromClient() ? ofServer : ofClient).add(c);
        pair.accepted = true;
        pair.refused = pair.link.refused();
        return pair.refused ? null : pair.acceptor;
    }

    // ---- the end

    private boolean allEnded() {
        if (nextLink < scenario.links.size()) {
            return false;
        }
        for (Pair pair : pairs) {
            if (pair.opener.closed == null || pair.acceptor.closed == null && pair.accepted && !pair.refused) {
                return false;
            }
        }
        return network.client.halfOpen() == 0 && network.server.halfOpen() == 0;
    }

    private String unfinished() {
        StringBuilder text = new StringBuilder();
        for (Pair pair : pairs) {
            for (SimulatedPeer peer : List.of(pair.opener, pair.acceptor)) {
                if (peer.closed == null && peer.connection != null) {
                    text.append(Audit.describe(peer.connection)).append(" sent ").append(peer.sent).append(" of ")
                            .append(peer.plan.bytes()).append(", received ").append(peer.received)
                            .append(peer.granting == null ? "" : ", " + peer.granting).append("; ");
                }
            }
        }
        return text.append("half-open ").append(network.client.halfOpen()).append(" and ")
                .append(network.server.halfOpen()).toString();
    }

    /** Whether nothing but the network was in the way of this connection. */
    private boolean mustArrive(Pair pair) {
        long listens = pair.link.fromClient() ? scenario.serverListensUntil : scenario.clientListensUntil;
        return listens == Long.MAX_VALUE && !pair.link.refused()
                && pair.link.opener().endsInOrder(pair.link.acceptor())
                && pair.link.acceptor().endsInOrder(pair.link.opener())
                && pair.opener.closed != CloseReason.UNREACHABLE;
    }

    private void judge() {
        for (Pair pair : pairs) {
            SimulatedPeer a = pair.opener;
            SimulatedPeer b = pair.acceptor;
            boolean whole = a.received == b.promised() && b.received == a.promised()
                    && a.closed == CloseReason.NORMAL && b.closed == CloseReason.NORMAL;
            if (mustArrive(pair) && !whole) {
                violation = "a stream did not arrive: opened and accepted end received " + a.received + " of "
                        + b.promised() + " and " + b.received + " of " + a.promised() + ", ended " + a.closed
                        + " and " + b.closed;
            }
            if (a.received > b.taken() || b.received > a.taken()) {
                violation = "more was received than sent";
            }
        }
    }

    /** Lets TIME-WAIT and what is still on its way go by: then nothing may be left. */
    private void drain() {
        drainUntil = network.now + 3 * STUCK_NANOS;
        long polls = network.polls + STUCK_STEPS;
        while (violation == null && network.now < drainUntil && network.polls < polls
                && (network.client.connections() + network.server.connections() > 0 || !network.framesAreBack())) {
            drainStep();
        }
        if (violation == null && network.client.connections() + network.server.connections() > 0) {
            violation = "rows left: " + network.client.connections() + " and " + network.server.connections();
        }
        if (violation == null && !network.framesAreBack()) {
            violation = "frames left: " + network.frames();
        }
        if (violation == null && network.client.counters().get(Counter.GRANTS_MISUSED)
                + network.server.counters().get(Counter.GRANTS_MISUSED) > 0) {
            violation = "an engine is said to have misused its grant";
        }
    }

    private void drainStep() {
        boolean acted = engines();
        if (network.step(() -> Math.min(drainUntil, engineWake())) || acted) {
            audit();
        }
    }
}
