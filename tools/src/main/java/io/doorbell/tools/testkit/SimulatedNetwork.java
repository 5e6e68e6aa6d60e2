package io.doorbell.tools.testkit;

import io.doorbell.TcpStack;
import io.doorbell.link.ImpairedLink;
import io.doorbell.link.Impairment;
import io.doorbell.link.Link;
import io.doorbell.link.PipeLink;
import io.doorbell.tcp.TcpConfig;
import java.util.function.BooleanSupplier;

/**
 * Two stacks on one cable and one virtual clock, in the test's own thread. Time passes only in {@link #run} and
 * {@link #until}; everything that happens follows from the seed and the calls.
 */
public final class SimulatedNetwork implements AutoCloseable {
    /** The client's address. */
    public static final String CLIENT = "10.0.0.1";
    /** The server's address. */
    public static final String SERVER = "10.0.0.2";

    private static final long MICROSECOND = 1_000L;
    private static final long SECOND = 1_000_000_000L;

    private final Link clientLink;
    private final Link serverLink;
    private final TcpStack client;
    private final TcpStack server;
    private long now = SECOND;

    /** As {@link SimulatedLink} makes it; the impairment is that of each direction, with random numbers of its own. */
    public SimulatedNetwork(Impairment impairment, long seed) {
        this(impairment, seed, TcpConfig.defaults());
    }

    /** With other settings of both stacks. */
    public SimulatedNetwork(Impairment impairment, long seed, TcpConfig config) {
        PipeLink.Pair pair = PipeLink.pair();
        clientLink = new ImpairedLink(pair.left(), impairment, Impairment.NONE);
        serverLink = new ImpairedLink(pair.right(), impairment.toBuilder().seed(seed * 31 + 7).build(), Impairment.NONE);
        client = TcpStack.on(clientLink).address(CLIENT + "/24").tcp(config).seed(seed).build();
        server = TcpStack.on(serverLink).address(SERVER + "/24").tcp(config).seed(seed + 1).build();
    }

    public TcpStack client() {
        return client;
    }

    public TcpStack server() {
        return server;
    }

    /** Since the clock's zero. */
    public long nowNanos() {
        return now;
    }

    /** Lets time pass. */
    public void run(long nanos) {
        until(nanos, () -> false);
    }

    /**
     * Lets time pass until something is so.
     *
     * @param atMostNanos how long to wait for it
     * @return whether it is
     */
    public boolean until(long atMostNanos, BooleanSupplier condition) {
        long end = now + atMostNanos;
        while (!condition.getAsBoolean()) {
            if (now >= end) {
                return false;
            }
            step(end);
        }
        return true;
    }

    /** Polls both; when neither had anything to do, the clock goes to where one of them has. */
    private void step(long end) {
        // Twice: what the server's link lets go of only now is there for the client at the same time, and no work yet.
        if (client.poll(now) + server.poll(now) + client.poll(now) > 0) {
            now += MICROSECOND;
            return;
        }
        long next = Math.min(client.nextDeadlineNanos(), server.nextDeadlineNanos());
        now = Math.max(now + MICROSECOND, Math.min(next, end));
    }

    /** Closes stacks and links. */
    @Override
    public void close() {
        client.close();
        server.close();
        clientLink.close();
        serverLink.close();
    }
}
