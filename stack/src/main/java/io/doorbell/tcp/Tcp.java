package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.counters.InspectionBlock;
import io.doorbell.ip.Clock;
import io.doorbell.ip.Ipv4;
import io.doorbell.ip.Transport;
import io.doorbell.link.FramePool;
import io.doorbell.link.Link;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;

/**
 * TCP (RFC 9293) above one {@link Ipv4}: it puts the parts of this package together, finds the connection of each
 * segment, and carries out the user's calls. It does no I/O of its own and reads no clock.
 */
public final class Tcp implements Transport {
    private final Ipv4 ipv4;
    private final TcpConfig config;
    private final ConnectionOptions options;
    private final Counters counters;
    private final FramePool pool;
    private final int mtu;
    private final SegmentTable segments;
    private final SendSpace sendSpace;
    private final ReceiveWindow window;
    private final DataInput data;
    private final Burst burst;
    private final RttEstimator rtt;
    private final TimerQueue timerQueue = new TimerQueue();
    private final ConnectionTable table;
    private final HalfOpenTable halfOpen;
    private final TimeWaitTable waiting;
    private final TimeWait timeWait;
    private final EventList events = new EventList();
    private final ListenPorts listeners = new ListenPorts();
    private final SegmentOutput output;
    private final StatelessReply reply;
    private final Lifecycle lifecycle;
    private final SegmentInput input;
    private final PassiveOpen passiveOpen;
    private final Unclaimed unclaimed;
    private final PathMtu paths;
    private final PathErrors pathErrors;
    private final Timers timers;
    private final ChallengeAcks challenges;
    private final InitialSequence initialSequence;
    private final InboundSegment segment;
    private final WritableWaiters waiters;
    private InspectionRows rows;
    private final SummedSends summedSends;
    private final TemplateOutput templates;
    private final TemplateReferences references;
    private final PartialOutput partials;
    private final Rehearsal rehearsal;
    private final Delegation delegation;
    private final ArrayCopy arrayCopy = new ArrayCopy();
    private final Closing closing;
    private final Clock clock;

    /** How many random longs a stack needs. */
    public static final int SECRETS = 12;

    /**
     * @param burstLimit  the most frames of one receive burst
     * @param secrets     as many random longs as {@link #SECRETS}: of ISNs, ports, cookies and hash buckets
     * @param connections makes the control block of a connection that a peer opens
     */
    public Tcp(Link link, Ipv4 ipv4, TcpConfig config, Counters counters, int burstLimit, long[] secrets,
               Supplier<? extends Tcb> connections) {
        pool = link.frames();
        this.ipv4 = ipv4;
        clock = ipv4.clock();
        this.config = config;
        this.options = ConnectionOptions.of(config);
        this.counters = counters;
        // A segment and the room before it lie in one frame, however large the link's packets may be.
        this.mtu = Math.min(link.mtu(), pool.frameSize() - SendSpace.HEADROOM + Ipv4Header.LENGTH + TcpHeader.LENGTH);
        segments = new SegmentTable(pool.total());
        Flights flights = new Flights(pool.total());
        Scoreboard scoreboard = new Scoreboard(segments, flights);
        sendSpace = new SendSpace(pool, segments, scoreboard);
        ReceiveMemory memory = new ReceiveMemory(pool, config, counters);
        window = new ReceiveWindow(config, mtu, memory);
        burst = new Burst(burstLimit);
        data = new DataInput(pool, burst, window, memory, config, counters, clock);
        Rack rack = new Rack(segments, scoreboard, config.timestampTickNanos());
        LossRecovery recovery = new LossRecovery(scoreboard, rack, flights, config, counters);
        TimestampClock timestamps = new TimestampClock(clock, config.timestampTickNanos());
        SegmentWriter writer = new SegmentWriter(pool, ipv4, window, counters, timestamps);
        Holes holes = new Holes(pool, segments, scoreboard, sendSpace, config);
        output = new SegmentOutput(pool, writer, segments, scoreboard, sendSpace, recovery, config, counters,
                timerQueue, holes, new MultiSegmentOutput(pool, writer, segments, holes, counters), timestamps, clock);
        paths = new PathMtu(scoreboard, segments, config, counters, clock);
        BucketHash hash = new BucketHash(secrets[8], secrets[9], secrets[10], secrets[11]);
        table = new ConnectionTable(hash);
        halfOpen = new HalfOpenTable(hash, config.halfOpenLimit(), config.synAckRetries());
        waiting = new TimeWaitTable(hash, config.timeWaitLimit());
        challenges = new ChallengeAcks(config.challengeAcksPerSecond(), clock);
        reply = new StatelessReply(pool, ipv4, config, window, counters, halfOpen, timestamps);
        timeWait = new TimeWait(waiting, reply, window, challenges, config, counters, clock);
        ReadyHeaders headers = new ReadyHeaders(window, recovery, sendSpace, config);
        lifecycle = new Lifecycle(table, timerQueue, sendSpace, data, output, headers, writer, reply, timeWait, events, ipv4, paths,
                config, counters, clock);
        initialSequence = new InitialSequence(secrets);
        passiveOpen = new PassiveOpen(halfOpen, reply, initialSequence,
                new SynCookies(new KeyedHash(secrets[6], secrets[7])), challenges, window, config, counters);
        ipv4.timeToLive(config.timeToLive());
        rtt = new RttEstimator(config, rack);
        waiters = new WritableWaiters(pool, sendSpace, lifecycle);
        AckInput acks = new AckInput(lifecycle, sendSpace, waiters,
                new SackInput(segments, scoreboard, sendSpace, rack, counters),
                recovery, rtt, output, holes, ipv4, config);
        input = new SegmentInput(lifecycle, acks, data, window, challenges, config, counters, mtu);
        unclaimed = new Unclaimed(new Unclaimed.Rows(halfOpen, waiting, table), listeners, passiveOpen, timeWait, reply,
                initialSequence, lifecycle, rtt, acks, input, connections, options, mtu, counters);
        pathErrors = new PathErrors(lifecycle, paths, counters);
        timers = new Timers(timerQueue, lifecycle, output, recovery, rtt, ipv4, paths,
                new PeerLiveness(lifecycle, output, counters), config, counters);
        segment = new InboundSegment(counters, link.partialChecksums());
        delegation = new Delegation(link, segments, sendSpace, scoreboard, output, recovery, lifecycle, waiters, ipv4,
                holes, config, counters);
        closing = new Closing(lifecycle, data, delegation);
        SharedPayloads payloads = new SharedPayloads(link, segments, sendSpace,
                TcpOptions.segmentSize(mtu, mtu, config.timestamps()), counters);
        summedSends = new SummedSends(sendSpace, payloads, paths, lifecycle, waiters, delegation);
        references = new TemplateReferences(link, segments, sendSpace, config, counters);
        templates = new TemplateOutput(this, link, ipv4, scoreboard, sendSpace, output, recovery, headers, paths,
                lifecycle, config, counters, references, timestamps);
        partials = new PartialOutput(this, holes, paths, lifecycle, timerQueue, pool);
        rehearsal = new Rehearsal(link, ipv4, segments, scoreboard, sendSpace, output, data, burst, events, memory,
                counters, connections);
    }

    // ---- one duty cycle, in this order

    /** Begins a duty cycle, at the time of {@link Ipv4#clock}. */
    public void begin() {
        delegation.begin();
    }

    @Override
    public void segment(MemorySegment memory, long tcp, int length, int source, int destination, int ecn) {
        counters.increment(Counter.TCP_SEGMENTS_IN);
        if (!segment.parse(memory, tcp, length, source, destination)) {
            return;
        }
        segment.ecn = ecn;
        Tcb c = rehearsal.standsIn(table.find(destination, source, segment.ports));
        if (c != null) {
            lifecycle.touch(c);
            if (c.granted != null) {
                delegation.collect(c.granted);
            } else if (c.partial != null && c.partial.delegatedBytes() > 0) {
                delegation.messages().rights.collect(c);
            }
            input.arrives(c, segment, clock.nanos());
        } else {
            unclaimed.arrives(segment, clock.nanos());
        }
    }

    @Override
    public void pathError(int type, int code, int nextHopMtu, int localAddress, int remoteAddress, int localPort,
                          int remotePort, int seq) {
        Tcb c = table.find(localAddress, remoteAddress, localPort << 16 | remotePort);
        if (c != null) {
            pathErrors.arrived(c, type, code, nextHopMtu, seq);
        }
    }

    /** Lets timers act whose time has come. */
    public int expire() {
        passiveOpen.expire(clock.nanos());
        timeWait.expire();
        waiters.wake();
        return timers.expire(clock.nanos());
    }

    /** Lets the emitter send for all that have something to send. Nothing is flushed. */
    public void output() {
        lifecycle.runOutput();
        delegation.settle();
    }

    /** Whether the last {@link #output} left something behind because the link or the frame pool was full. */
    public boolean outputWaiting() {
        return lifecycle.outputWaiting();
    }

    /** When {@link #expire} or {@link #output} has something to do next. */
    public long nextDeadlineNanos() {
        long connections = Math.min(timerQueue.earliestNanos(), lifecycle.outputDueNanos());
        long rows = Math.min(halfOpen.earliestNanos(), waiting.earliestNanos());
        return Math.min(Math.min(connections, rows), delegation.nextDeadlineNanos());
    }

    // ---- what the user is told

    /** Whether some connection has an event. */
    public boolean hasEvents() {
        return !events.isEmpty();
    }

    /** Hands the events of this duty cycle up, in the order in which the connections had their first. */
    public void deliver(EventSink sink) {
        try {
            Delivery.deliver(events.takeAll(), burst, data, lifecycle, window, sink);
        } finally {
            data.endBurst();
        }
    }

    // ---- the user's calls

    /** Opens a port: connections to it are told of with this listener. */
    public void listen(ListenPort listener) {
        listener.acceptQueueLimit = config.acceptQueueLimit();
        listeners.add(listener);
        if (rows != null) {
            rows.listen(listener);
        }
    }

    /** Closes a port. Connections that it has accepted live on; half-open ones are forgotten. Idempotent. */
    public void close(ListenPort listener) {
        if (!listener.closed) {
            listener.closed = true;
            listeners.remove(listener);
            passiveOpen.forget(listener);
        }
    }

    /** OPEN, active (RFC 9293 section 3.10.1). If there is no way to the peer, the connection ends at the next poll. */
    public void connect(Tcb c, int remoteAddress, int remotePort) {
        if (remotePort < 1 || remotePort > 65535) {
            throw new IllegalArgumentException("port " + remotePort + " is not between 1 and 65535");
        }
        c.options(options);
        int local = ipv4.address();
        int port = initialSequence.ephemeralPort(table, waiting, timeWait, local, remoteAddress, remotePort);
        counters.increment(Counter.TCP_ACTIVE_OPENS);
        if (port == 0 || !lifecycle.admit(c, remoteAddress)) {
            counters.increment(Counter.TCP_ATTEMPT_FAILS);
            c.closeReason = CloseReason.UNREACHABLE;
            lifecycle.event(c, Tcb.EVENT_CLOSED);
            return;
        }
        c.localAddress = local;
        c.remoteAddress = remoteAddress;
        c.ports = port << 16 | remotePort;
        c.iss = initialSequence.next(local, remoteAddress, c.ports, clock.nanos());
        int row = waiting.find(local, remoteAddress, c.ports);
        if (row != Tcb.NONE) {
            c.iss = timeWait.replace(row, c.iss);
        }
        c.tsOffset = initialSequence.timestampOffset(local, remoteAddress, c.ports);
        c.sndUna = c.iss;
        c.sndNxt = c.iss;
        c.sndEnd = c.iss + 1;
        c.mss = TcpOptions.segmentSize(0, mtu, config.timestamps());
        c.multi = config.multiSegment() && config.sack()
                ? new MultiSegment(initialSequence.nonce(local, remoteAddress, c.ports)) : null;
        c.state = TcpState.SYN_SENT;
        c.synPending = true;
        rtt.start(c);
        table.add(c);
        lifecycle.wantOutput(c);
    }

    /** Sends of what was prepared. */
    public TemplateOutput templates() {
        return templates;
    }

    /** Buffers that templates may refer to. */
    public TemplateReferences references() {
        return references;
    }

    /** Sends of what is known in part. */
    public PartialOutput partials() {
        return partials;
    }

    /** Sends and receives that do not happen. */
    public Rehearsal rehearsal() {
        return rehearsal;
    }

    /** Sends by engines. */
    public Delegation delegation() {
        return delegation;
    }

    /** Sends of what goes to many. */
    public SummedSends summedSends() {
        return summedSends;
    }

    static int refusal(Tcb c) {
        return c.state == TcpState.SYN_SENT || c.state == TcpState.SYN_RECEIVED ? Tcb.NOT_CONNECTED : Tcb.CLOSED;
    }

    /** For users who have their bytes in arrays. */
    public ArrayCopy arrayCopy() {
        return arrayCopy;
    }

    /** SEND: all bytes as one message, or none. */
    public int send(Tcb c, MemorySegment source, long offset, int length) {
        if (!c.takesSends()) {
            return refusal(c);
        }
        if (c.granted != null && delegation.ownerSends(c) != 0) {
            return Tcb.GRANTED;
        }
        paths.age(c);
        int result = sendSpace.send(c, source, offset, length);
        if (result == Tcb.BACKPRESSURE) {
            waitForRoom(c);
        } else {
            lifecycle.wantOutput(c);
        }
        return result;
    }

    /** SEND of as many bytes as there is room for. */
    public int write(Tcb c, MemorySegment source, long offset, int length) {
        if (!c.takesSends()) {
            return refusal(c);
        }
        if (c.granted != null && delegation.ownerSends(c) != 0) {
            return Tcb.GRANTED;
        }
        paths.age(c);
        int accepted = Math.min(length, sendSpace.room(c));
        if (accepted > 0) {
            sendSpace.send(c, source, offset, accepted);
            lifecycle.wantOutput(c);
        }
        if (accepted < length) {
            waitForRoom(c);
        }
        return accepted;
    }

    /** Time has moved on between two duty cycles, for everything but receiving. */
    void advance(long nowNanos) {
        if (nowNanos != clock.nanos()) {
            ipv4.now(nowNanos);
            begin();
        }
    }

    void waitForRoom(Tcb c) {
        waiters.refused(c);
        lifecycle.touch(c);
    }

    /** Bytes that a send would accept now. */
    public int room(Tcb c) {
        return c.takesSends() && !Delegation.refuses(c) ? sendSpace.room(c) : 0;
    }

    /** RECEIVE: takes bytes that the user left before. */
    public int read(Tcb c, MemorySegment target, long offset, int length) {
        lifecycle.touch(c);
        return Delivery.read(c, data, lifecycle, window, target, offset, length);
    }

    /** Offers what the user left again at the next delivery. */
    public void resume(Tcb c) {
        if (c.dataLeft) {
            c.dataLeft = false;
            lifecycle.event(c, Tcb.EVENT_READABLE);
        }
    }

    /** Gives the connection other options than the stack's; they hold from now on. */
    public void options(Tcb c, ConnectionOptions chosen) {
        boolean relearn = c.options.congestionControl() != chosen.congestionControl() && c.state.isSynchronized();
        c.options(chosen);
        TemplateOutput.optionsChosen(c);
        if (c.state == TcpState.CLOSED) {
            return;
        }
        if (relearn && c.flight != null) {
            c.congestion().start(c);
        }
        PeerLiveness.start(c, clock.nanos());
        timerQueue.schedule(c, c.nextDeadline());
        lifecycle.wantOutput(c);
    }

    /** Holds incomplete segments back from now on. */
    public void cork(Tcb c) {
        Cork.cork(c);
    }

    /** Lets go what {@link #cork} held back. Idempotent. */
    public void uncork(Tcb c) {
        Cork.uncork(c);
        lifecycle.wantOutput(c);
    }

    /** CLOSE and ABORT. */
    public Closing closing() {
        return closing;
    }

    /** Resets every connection and closes every port. */
    public void closeAll() {
        for (ListenPort listener = listeners.any(); listener != null; listener = listeners.any()) {
            close(listener);
        }
        Tcb next;
        for (Tcb c = table.after(null); c != null; c = next) {
            next = table.after(c);
            c.userClosed = true;
            lifecycle.reset(c, CloseReason.STACK_CLOSED);
        }
    }

    /** Gives every connection from now on a row in {@code block}. For set-up, before the first connection. */
    public InspectionRows inspect(InspectionBlock block) {
        rows = new InspectionRows(block, this, halfOpen, waiting);
        lifecycle.show(rows);
        return rows;
    }

    /** Connections, those in TIME-WAIT included. */
    public int connections() {
        return table.size() + waiting.size();
    }

    /** Connections in TIME-WAIT. */
    public int timeWait() {
        return waiting.size();
    }

    /** Someone to recount the books, for tests. Frames of the pool that are taken now count as taken for good. */
    public Audit audit() {
        return new Audit(pool, ipv4, segments, table, timerQueue, window, config, references, templates.headers(),
                delegation, counters, pool.capacity() - pool.available());
    }

    /** Connections that a listener has answered and that are not established yet. */
    public int halfOpen() {
        return halfOpen.size();
    }
}
