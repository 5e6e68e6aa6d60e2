package io.doorbell.tools.replay;

import io.doorbell.TcpStack;
import io.doorbell.tools.pcap.CapturedSegment;
import io.doorbell.tools.pcap.PacketDecoder;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * One run of a stack through a captured connection, on a virtual clock that starts with the connection's first packet.
 * The peer's segments come in at their times; the application acts when the capture shows that the captured one did.
 */
final class ReplayRun implements AutoCloseable {
    private static final long SEED = 1;
    /** Behind the last packet: as long as an ACK may be put off by default, and not as long as a retransmission takes. */
    static final long SETTLE_NANOS = 50_000_000L;
    /** How long the peer is held back if the stack has not sent yet what the next segment acknowledges. */
    private static final long PATIENCE_NANOS = 3_000_000_000L;
    private static final int MOST_PAYLOAD = 32_768;
    private static final int MOST_PACKET = 65_535;

    /**
     * How far the stack had received when the captured side sent a segment, as the peer counts.
     *
     * @param timeNanos      since the first packet, by the capture
     * @param stackNanos     the same, by the stack's clock, which is behind if the peer had to be held back
     * @param synchronised   whether the peer's SYN had come; without it there is nothing to compare
     * @param receivedBefore the number that the stack expected next
     */
    record Checkpoint(CapturedSegment segment, long timeNanos, long stackNanos, boolean synchronised,
                      int receivedBefore) {
    }

    /** From when on the stack had received so much, in bytes and one for the FIN; by its own clock. */
    private record Progress(long stackNanos, int received) {
    }

    private final List<CapturedSegment> segments;
    private final boolean asClient;
    private final ReplaySettings settings;
    private final long originNanos;
    private final Translation translation;
    private final ReplayLink link;
    private final TcpStack stack;
    private final ReplayApplication application = new ReplayApplication();
    private final PacketDecoder decoder = new PacketDecoder();

    private final List<CapturedSegment> sent = new ArrayList<>();
    private final List<Progress> progress = new ArrayList<>();
    private final List<Checkpoint> checkpoints = new ArrayList<>();
    private final List<Difference> stalls = new ArrayList<>();
    private CapturedSegment capturedSyn;
    private CapturedSegment stackSyn;
    private CapturedSegment peerSyn;
    private int stackEnd;
    private int capturedEnd;
    private int writtenEnd;
    private boolean closed;
    private boolean burst;
    private long now;
    private long lagNanos;

    ReplayRun(List<CapturedSegment> segments, ReplaySide side, ReplaySettings settings, int clientPort, int serverPort,
              long originNanos) {
        this.segments = segments;
        this.asClient = side == ReplaySide.CLIENT;
        this.settings = settings;
        this.originNanos = originNanos;
        this.now = originNanos;
        // A side that opens the connection gets a port of the stack's choice, known when its SYN has left.
        this.translation = new Translation(asClient ? serverPort : clientPort, asClient ? clientPort : serverPort);
        this.link = new ReplayLink(settings.mtu(), settings.frames(), this::stackSent);
        this.stack = TcpStack.on(link).address(Translation.STACK + "/24").seed(SEED).tcp(settings.tcp()).build();
    }

    /** Runs through all segments and a little beyond. */
    void run() {
        begin();
        for (int i = 0; i < segments.size(); i++) {
            step(i);
        }
        advanceTo(now + SETTLE_NANOS);
    }

    /**
     * Runs until the stack has chosen its initial sequence number.
     *
     * @return its SYN, null if the capture does not make it send one
     */
    CapturedSegment firstSyn() {
        begin();
        for (int i = 0; i < segments.size() && stackSyn == null; i++) {
            step(i);
        }
        return stackSyn;
    }

    private void begin() {
        stack.poll(now);
        if (settings.listens()) {
            stack.listen(translation.stackPort(), connection -> application);
        }
    }

    private void step(int index) {
        CapturedSegment segment = segments.get(index);
        if (!burst) {
            advanceTo(originNanos + sinceStart(segment) + lagNanos);
        }
        if (segment.fromClient() == asClient) {
            if (segment.isIcmpError()) {
                link.inject(translation.icmpFrame(segment));
                settle();
            } else {
                local(segment);
            }
        } else if (!segment.isIcmpError()) {
            feed(segment, index + 1 < segments.size() ? segments.get(index + 1) : null);
        }
    }

    private long sinceStart(CapturedSegment segment) {
        return Math.max(0, segment.timeNanos() - segments.getFirst().timeNanos());
    }

    // --- time ---

    private void advanceTo(long nanos) {
        while (stack.nextDeadlineNanos() < nanos) {
            now = Math.max(now, stack.nextDeadlineNanos());
            settle();
        }
        now = Math.max(now, nanos);
        settle();
    }

    /** Polls until nothing more happens at this time. */
    private void settle() {
        do {
            stack.poll(now);
        } while (link.hasInbound() || stack.nextDeadlineNanos() <= now);
        int received = application.received();
        if (progress.isEmpty() || progress.getLast().received() != received) {
            progress.add(new Progress(now - originNanos, received));
        }
    }

    // --- what the captured side did ---

    private void local(CapturedSegment segment) {
        // A program that acts on what has just come does so before the stack answers: both are one duty cycle.
        boolean sameCycle = burst && !segment.has(TcpHeader.SYN | TcpHeader.RST);
        burst = false;
        if (sameCycle) {
            act(segment);
        }
        settle();
        if (segment.has(TcpHeader.ACK)) {
            int next = peerSyn == null ? 0 : peerSyn.seq() + 1 + application.received();
            checkpoints.add(new Checkpoint(segment, sinceStart(segment), now - originNanos, peerSyn != null, next));
        }
        if (!sameCycle) {
            act(segment);
            settle();
        }
        if (capturedSyn != null && !segment.has(TcpHeader.RST) && segment.end() - capturedEnd > 0) {
            capturedEnd = segment.end();
        }
    }

    private void act(CapturedSegment segment) {
        if (segment.has(TcpHeader.RST)) {
            // Without ACK it answers a segment that should not have come: the stack has to find that out by itself.
            if (segment.has(TcpHeader.ACK) && (settings.listens() || settings.opens())) {
                application.abort();
            }
        } else if (segment.has(TcpHeader.SYN)) {
            localSyn(segment);
        } else if (capturedSyn != null) {
            write(segment);
        }
    }

    private void localSyn(CapturedSegment syn) {
        if (capturedSyn != null) {
            return;
        }
        capturedSyn = syn;
        capturedEnd = syn.end();
        writtenEnd = syn.seq() + 1;
        if (settings.opens()) {
            application.attach(stack.connect(Translation.PEER, translation.peerPort(), application));
            settle();
        }
        align();
    }

    private void write(CapturedSegment segment) {
        int length = segment.seq() + segment.payloadLength() - writtenEnd;
        // A gap that the capture's packets could never have filled is a wrong number, not something to be sent.
        boolean plausible = length - segment.payloadLength() <= (long) MOST_PACKET * segments.size();
        if (length > 0 && plausible) {
            application.send(bytes(segment, length));
            writtenEnd += length;
        }
        if (segment.has(TcpHeader.FIN) && !closed) {
            closed = true;
            application.close(settings.closesFully());
        }
    }

    /** The last bytes of a segment; what the capture missed or cut is zeros. */
    private static byte[] bytes(CapturedSegment segment, int length) {
        byte[] bytes = new byte[length];
        int from = segment.payloadLength() - length;
        int there = (int) segment.payload().byteSize();
        for (int i = Math.max(0, -from); i < length && from + i < there; i++) {
            bytes[i] = segment.payload().get(ValueLayout.JAVA_BYTE, from + i);
        }
        return bytes;
    }

    // --- what the peer did ---

    /** What the capture shows at one and the same time comes in as one burst, and is answered as one. */
    private void feed(CapturedSegment segment, CapturedSegment following) {
        if (segment.has(TcpHeader.SYN) && peerSyn == null) {
            peerSyn = segment;
        }
        waitForStack(segment);
        int length = segment.payloadLength();
        int from = 0;
        do {
            int piece = Math.min(MOST_PAYLOAD, length - from);
            link.inject(translation.frame(segment, from, piece, from + piece == length));
            from += piece;
        } while (from < length);
        burst = following != null && following.timeNanos() == segment.timeNanos() && !following.isIcmpError();
        if (!burst) {
            settle();
        }
        align();
    }

    /** An ACK must not come before what it acknowledges: the peer and all that follows is held back until then. */
    private void waitForStack(CapturedSegment segment) {
        if (!segment.has(TcpHeader.ACK) || capturedSyn == null || stackSyn == null
                || segment.ack() - capturedEnd > 0) {
            return;
        }
        int wanted = translation.toStack(segment.ack());
        long until = now + PATIENCE_NANOS;
        long began = now;
        while (wanted - stackEnd > 0 && stack.nextDeadlineNanos() <= until) {
            now = Math.max(now, stack.nextDeadlineNanos());
            settle();
        }
        if (wanted - stackEnd > 0) {
            int missing = wanted - stackEnd;
            if (stalls.isEmpty()) {
                stalls.add(new Difference(sinceStart(segment), "the peer acknowledges " + (segment.ack()
                        - capturedSyn.seq()) + ", but the stack has not sent the last " + missing + " of that"));
            }
            return;
        }
        lagNanos += now - began;
    }

    // --- what the stack did ---

    private void stackSent(byte[] frame, long nowNanos) {
        MemorySegment memory = MemorySegment.ofArray(frame);
        PacketDecoder.Kind kind = decoder.decode(memory, 0, frame.length, frame.length,
                PacketDecoder.LINKTYPE_ETHERNET);
        if (kind != PacketDecoder.Kind.TCP) {
            return;
        }
        CapturedSegment segment = CapturedSegment.of(decoder, kind, sent.size() + 1, nowNanos - originNanos, asClient);
        sent.add(segment);
        translation.stackSent(segment);
        if (segment.has(TcpHeader.SYN) && stackSyn == null) {
            stackSyn = segment;
            stackEnd = segment.end();
            translation.stackPort(decoder.sourcePort());
        }
        if (!segment.has(TcpHeader.RST) && stackSyn != null && segment.end() - stackEnd > 0) {
            stackEnd = segment.end();
        }
    }

    private void align() {
        if (!translation.isAligned() && capturedSyn != null && stackSyn != null) {
            translation.align(capturedSyn, stackSyn);
        }
    }

    // --- the outcome ---

    List<CapturedSegment> sent() {
        return sent;
    }

    List<Checkpoint> checkpoints() {
        return checkpoints;
    }

    List<Difference> stalls() {
        return stalls;
    }

    /** Whether the stack had received exactly so much at some time from {@code fromNanos} to {@code untilNanos}. */
    boolean hadReceived(int bytes, long fromNanos, long untilNanos) {
        for (int i = progress.size() - 1; i >= 0; i--) {
            Progress each = progress.get(i);
            if (each.received() == bytes && each.stackNanos() <= untilNanos) {
                return i + 1 == progress.size() || progress.get(i + 1).stackNanos() >= fromNanos;
            }
        }
        return false;
    }

    /** Whether the stack has a connection that has not ended, or a handshake under way. */
    boolean isAlive() {
        return stack.halfOpen() > 0 || stack.connections() > 0 && application.reason() == null;
    }

    ReplayApplication application() {
        return application;
    }

    Translation translation() {
        return translation;
    }

    CapturedSegment peerSyn() {
        return peerSyn;
    }

    CapturedSegment capturedSyn() {
        return capturedSyn;
    }

    CapturedSegment stackSyn() {
        return stackSyn;
    }

    long lagNanos() {
        return lagNanos;
    }

    @Override
    public void close() {
        stack.close();
        link.close();
    }
}
