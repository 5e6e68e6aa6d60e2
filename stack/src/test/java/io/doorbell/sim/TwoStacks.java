package io.doorbell.sim;

import io.doorbell.TcpStack;
import io.doorbell.link.FramePool;
import io.doorbell.link.ImpairedLink;
import io.doorbell.link.Impairment;
import io.doorbell.link.Link;
import io.doorbell.link.PipeLink;
import io.doorbell.tcp.TcpConfig;

/** Two stacks on one cable and one virtual clock, in one thread: what happens depends on the seed alone. */
final class TwoStacks implements AutoCloseable {
    static final String CLIENT = "10.1.0.1";
    static final String SERVER = "10.1.0.2";

    final TcpStack client;
    final TcpStack server;
    private final Link clientLink;
    private final Link serverLink;
    private final int clientFrames;
    private final int serverFrames;
    long now = 1_000_000_000L;
    long polls;
    /** How long the server is busy with other things between two polls: what comes meanwhile comes as one burst. */
    long serverBusyNanos;
    private long serverDue = Long.MIN_VALUE;

    TwoStacks(long seed, TcpConfig config, Impairment impairment) {
        this(seed, config, impairment, PipeLink.options());
    }

    TwoStacks(long seed, TcpConfig config, Impairment impairment, PipeLink.Options cable) {
        PipeLink.Pair pair = cable.pair();
        clientLink = new ImpairedLink(pair.left(), impairment, Impairment.NONE);
        serverLink = new ImpairedLink(pair.right(), impairment.toBuilder().seed(seed * 31 + 7).build(), Impairment.NONE);
        clientFrames = clientLink.frames().available();
        serverFrames = serverLink.frames().available();
        client = TcpStack.on(clientLink).address(CLIENT + "/24").tcp(config).seed(seed).build();
        server = TcpStack.on(serverLink).address(SERVER + "/24").tcp(config).seed(seed + 1).build();
    }

    /** One step: both stacks are polled, and time moves to the next thing that happens. */
    void step() {
        polls++;
        int work = client.poll(now);
        if (now >= serverDue) {
            work += server.poll(now);
            serverDue = now + serverBusyNanos;
        }
        if (work == 0) {
            long next = Math.min(client.nextDeadlineNanos(), server.nextDeadlineNanos());
            now = Math.max(now + 1_000, Math.min(next, now + 1_000_000_000L));
        } else {
            now += 1_000;
        }
    }

    void run(long nanos) {
        long until = now + nanos;
        while (now < until) {
            step();
        }
    }

    static FramePool pool(TcpStack stack) {
        return stack.link().frames();
    }

    /** Whether every frame is back in its pool. */
    boolean framesAreBack() {
        return pool(client).available() == clientFrames && pool(server).available() == serverFrames;
    }

    String frames() {
        return "client " + pool(client).available() + "/" + clientFrames + ", server " + pool(server).available() + "/"
                + serverFrames;
    }

    @Override
    public void close() {
        client.close();
        server.close();
        clientLink.close();
        serverLink.close();
    }
}
