package io.doorbell.sim;

import io.doorbell.TcpStack;
import io.doorbell.link.CaptureLink;
import io.doorbell.link.FramePool;
import io.doorbell.link.ImpairedLink;
import io.doorbell.link.Impairment;
import io.doorbell.link.Link;
import io.doorbell.link.PipeLink;
import io.doorbell.tcp.TcpConfig;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;
import java.util.function.LongSupplier;

/**
 * Two stacks on one cable and one virtual clock, in one thread: what happens depends on the seed alone. Each end's
 * impairment is that of the frames that it sends.
 */
public final class TwoStacks implements AutoCloseable {
    /** The client's address. */
    public static final String CLIENT = "10.1.0.1";
    /** The server's address. */
    public static final String SERVER = "10.1.0.2";
    /** When the virtual clock starts. */
    public static final long START_NANOS = 1_000_000_000L;

    private static final long TICK_NANOS = 1_000;
    private static final long LONGEST_TICK_NANOS = 1_000_000;
    private static final long LONGEST_STEP_NANOS = 1_000_000_000L;

    final TcpStack client;
    final TcpStack server;
    private final ImpairedLink clientPath;
    private final ImpairedLink serverPath;
    private final Link clientLink;
    private final Link serverLink;
    private int clientFrames;
    private int serverFrames;
    /** What engines post goes through these, each in a frame of its link's. */
    private long clientStage = FramePool.NONE;
    private long serverStage = FramePool.NONE;
    long now = START_NANOS;
    long polls;
    /** How long the server is busy with other things between two polls: what comes meanwhile comes as one burst. */
    long serverBusyNanos;
    private long serverDue = Long.MIN_VALUE;
    /** Grows while a stack wants to be polled at once and does nothing, as when its frames are all out. */
    private long idleTick = TICK_NANOS;
    /** One for all steps: who counts what stacks allocate must not count this. */
    private final LongSupplier longestStep = () -> now + LONGEST_STEP_NANOS;

    /** Two stacks with the same settings on a cable that is as bad in both directions. */
    public TwoStacks(long seed, TcpConfig config, Impairment impairment) {
        this(seed, config, impairment, PipeLink.options());
    }

    /** The same over a cable of another size. */
    public TwoStacks(long seed, TcpConfig config, Impairment impairment, PipeLink.Options cable) {
        this(seed, config, config, impairment, impairment.toBuilder().seed(seed * 31 + 7).build(), cable, null, null);
    }

    /**
     * Two stacks, each with settings of its own.
     *
     * @param toServer      what happens to the frames that the client sends
     * @param toClient      what happens to the frames that the server sends
     * @param clientCapture where the client's frames, sent and received, go as pcap; null for nowhere
     * @param serverCapture the same for the server
     */
    public TwoStacks(long seed, TcpConfig clientConfig, TcpConfig serverConfig, Impairment toServer, Impairment toClient,
                     PipeLink.Options cable, WritableByteChannel clientCapture, WritableByteChannel serverCapture) {
        PipeLink.Pair pair = cable.pair();
        clientPath = new ImpairedLink(pair.left(), toServer, Impairment.NONE);
        serverPath = new ImpairedLink(pair.right(), toClient, Impairment.NONE);
        clientLink = clientCapture == null ? clientPath : new CaptureLink(clientPath, clientCapture);
        serverLink = serverCapture == null ? serverPath : new CaptureLink(serverPath, serverCapture);
        clientFrames = clientLink.frames().available();
        serverFrames = serverLink.frames().available();
        client = TcpStack.on(clientLink).address(CLIENT + "/24").tcp(clientConfig).seed(seed).build();
        server = TcpStack.on(serverLink).address(SERVER + "/24").tcp(serverConfig).seed(seed + 1).build();
    }

    /** The stack at {@link #CLIENT}. */
    public TcpStack client() {
        return client;
    }

    /** The stack at {@link #SERVER}. */
    public TcpStack server() {
        return server;
    }

    /** From now on {@link #post} may be called. It takes a frame of each link, for good. */
    void admitEngines() {
        clientStage = clientLink.frames().allocate();
        serverStage = serverLink.frames().allocate();
        clientFrames--;
        serverFrames--;
    }

    /**
     * Somebody beside a stack sends on the stack's cable.
     *
     * @return false if the cable is full
     */
    boolean post(TcpStack of, MemorySegment memory, long address, int length) {
        Link to = of == client ? clientLink : serverLink;
        long stage = of == client ? clientStage : serverStage;
        if (to.frames().holds(stage) > 1) {
            return false;
        }
        MemorySegment.copy(memory, address, to.frames().memory(), stage, length);
        boolean posted = to.transmit(stage, length, now);
        to.flush(now);
        return posted;
    }

    /** The virtual time. */
    public long nowNanos() {
        return now;
    }

    /** What became of the client's frames, and how to change it: {@link ImpairedLink#change}. */
    public ImpairedLink clientPath() {
        return clientPath;
    }

    /** What became of the server's frames. */
    public ImpairedLink serverPath() {
        return serverPath;
    }

    /** From now on the paths are like this; what is on its way arrives as it would have. */
    public void change(Impairment toServer, Impairment toClient) {
        clientPath.change(toServer, Impairment.NONE);
        serverPath.change(toClient, Impairment.NONE);
    }

    /** Lets the clock jump forward, as that of a machine which was asleep. */
    public void jump(long nanos) {
        now += nanos;
    }

    /** One step: both stacks are polled, and time moves to the next thing that happens, by a second at the most. */
    public void step() {
        step(longestStep);
    }

    /**
     * The same, but time moves up to when somebody else has something to do.
     *
     * @param wakeNanos asked after the polls, which may have changed it
     * @return whether either stack did anything
     */
    public boolean step(LongSupplier wakeNanos) {
        polls++;
        long before = framesSent();
        int work = client.poll(now);
        // A busy server comes back when it is due, for what may have come meanwhile.
        long serverNext = serverDue;
        if (now >= serverDue) {
            work += server.poll(now);
            serverDue = now + serverBusyNanos;
            serverNext = Math.max(serverDue, server.nextDeadlineNanos());
        }
        // A frame that a path has let go, after a delay, is no work of a stack: but the other one has to be polled.
        if (work == 0 && framesSent() == before) {
            long next = Math.min(client.nextDeadlineNanos(), serverNext);
            advance(Math.min(next, wakeNanos.getAsLong()));
        } else {
            now += TICK_NANOS;
            idleTick = TICK_NANOS;
        }
        return work > 0;
    }

    private void advance(long untilNanos) {
        if (untilNanos > now) {
            now = Math.max(now + TICK_NANOS, untilNanos);
            idleTick = TICK_NANOS;
        } else {
            now += idleTick;
            idleTick = Math.min(2 * idleTick, LONGEST_TICK_NANOS);
        }
    }

    private long framesSent() {
        return clientPath.statistics().txFrames + serverPath.statistics().txFrames;
    }

    /** Steps for so long. */
    public void run(long nanos) {
        long until = now + nanos;
        while (now < until) {
            step();
        }
    }

    static FramePool pool(TcpStack stack) {
        return stack.link().frames();
    }

    /** Whether every frame is back in its pool. */
    public boolean framesAreBack() {
        return pool(client).available() == clientFrames && pool(server).available() == serverFrames;
    }

    /** How many frames each stack has free, of how many. */
    public String frames() {
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
