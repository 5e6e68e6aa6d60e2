package io.doorbell.tools.replay;

import io.doorbell.tcp.TcpConfig;
import io.doorbell.tools.pcap.Capture;
import io.doorbell.tools.pcap.CapturedConnection;
import io.doorbell.tools.pcap.CapturedSegment;
import io.doorbell.wire.TcpHeader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Replays a captured connection with Doorbell in the place of one of its sides, and compares what it answers with what
 * the capture shows.
 *
 * <p>The other side's segments come in at their times on a virtual clock. The application of the side that is played
 * sends and closes when the capture shows that the captured one did, and reads all that comes. Sequence numbers,
 * timestamps, ports and addresses are mapped; the clock begins when the stack's own initial sequence number (RFC 6528)
 * is the captured one, so that numbers wrap where they did. No root, no network, no real time.
 *
 * <p>Closing gives the file back; results stay valid.
 */
public final class PcapReplay implements AutoCloseable {
    /** A clock's beginning that is a whole number of the ticks of RFC 6528 section 3. */
    private static final long ORIGIN_NANOS = 1_000_000_000_000L;
    private static final long TICK_NANOS = 4_000L;

    private final Capture capture;
    private CapturedConnection connection;
    private ReplaySide side = ReplaySide.SERVER;
    private Strictness strictness = Strictness.ACKS;
    private UnaryOperator<TcpConfig.Builder> settings = UnaryOperator.identity();

    private PcapReplay(Capture capture) {
        this.capture = capture;
    }

    /**
     * A file's replay.
     *
     * @throws IOException if the file cannot be read; {@link IllegalArgumentException} if it is no capture
     */
    public static PcapReplay of(Path file) throws IOException {
        return new PcapReplay(Capture.open(file));
    }

    /** The replay of a capture that is open already; closing the replay closes it. */
    public static PcapReplay of(Capture capture) {
        return new PcapReplay(capture);
    }

    /** Chooses a connection, counted from 1. By default it is the one with the most packets. */
    public PcapReplay connection(int index) {
        List<CapturedConnection> all = capture.connections();
        if (index < 1 || index > all.size()) {
            throw new IllegalArgumentException("connection " + index + " is not in " + capture.name() + ": it has "
                    + all.size());
        }
        connection = all.get(index - 1);
        return this;
    }

    /** Chooses whose part the stack takes; by default the server's. */
    public PcapReplay as(ReplaySide played) {
        side = played;
        return this;
    }

    /** Chooses how alike the two must be; by default {@link Strictness#ACKS}. */
    public PcapReplay strict(Strictness how) {
        strictness = how;
        return this;
    }

    /** Changes what the stack is set to; what the capture shows (options, MSS, windows) still has the last word. */
    public PcapReplay tcp(UnaryOperator<TcpConfig.Builder> change) {
        settings = change;
        return this;
    }

    public Capture capture() {
        return capture;
    }

    /**
     * Replays. May be called again, and gives the same.
     *
     * @throws IllegalArgumentException if the capture has no connection, or does not show how it began
     */
    public ReplayResult run() {
        CapturedConnection chosen = chosen();
        List<CapturedSegment> segments = capture.segments(chosen);
        boolean asClient = side == ReplaySide.CLIENT;
        List<CapturedSegment> local = segments.stream()
                .filter(each -> !each.isIcmpError() && each.fromClient() == asClient).toList();
        // An ICMP error is about what one side sent, and goes to that side.
        List<CapturedSegment> peer = segments.stream()
                .filter(each -> each.isIcmpError() == (each.fromClient() == asClient)).toList();
        ReplaySettings found = ReplaySettings.of(local, peer, settings.apply(TcpConfig.builder()));
        long origin = ORIGIN_NANOS + TICK_NANOS * ticksTo(segments, local, found, chosen);
        try (ReplayRun run = new ReplayRun(segments, side, found, chosen.clientPort(), chosen.serverPort(), origin)) {
            run.run();
            long zero = segments.getFirst().timeNanos();
            Judgement judgement = new Judgement(run, strictness, local, peer, zero);
            List<SegmentDiff.Entry> entries = judgement.entries();
            List<Difference> differences = judgement.differences(entries);
            String name = capture.name() + ", connection " + chosen.index() + ", " + chosen.name(true) + " -> "
                    + chosen.name(false);
            return new ReplayResult(name, side, strictness, run.application().delivered(), differences,
                    ReplayReport.of(name, side, strictness, zero, peer, entries, differences, judgement));
        }
    }

    private CapturedConnection chosen() {
        CapturedConnection chosen = connection != null ? connection : capture.connections().stream()
                .max(Comparator.comparingLong(CapturedConnection::packets)
                        .thenComparing(CapturedConnection::index, Comparator.reverseOrder()))
                .orElseThrow(() -> new IllegalArgumentException(capture.name() + " has no TCP connection over IPv4"));
        if (!chosen.fromStart()) {
            throw new IllegalArgumentException("connection " + chosen.index() + " of " + capture.name()
                    + " was captured in mid-course: only one that begins with its SYN can be replayed");
        }
        return chosen;
    }

    /** How many ticks later the clock has to begin for the stack to choose the captured initial sequence number. */
    private long ticksTo(List<CapturedSegment> segments, List<CapturedSegment> local, ReplaySettings found,
                         CapturedConnection chosen) {
        CapturedSegment wanted = local.stream().filter(each -> each.has(TcpHeader.SYN)).findFirst().orElse(null);
        if (wanted == null) {
            return 0;
        }
        try (ReplayRun probe = new ReplayRun(segments, side, found, chosen.clientPort(), chosen.serverPort(),
                ORIGIN_NANOS)) {
            CapturedSegment syn = probe.firstSyn();
            return syn == null ? 0 : Integer.toUnsignedLong(wanted.seq() - syn.seq());
        }
    }

    @Override
    public void close() {
        capture.close();
    }
}
