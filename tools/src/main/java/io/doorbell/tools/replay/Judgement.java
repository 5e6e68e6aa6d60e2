package io.doorbell.tools.replay;

import io.doorbell.tools.pcap.CapturedSegment;
import io.doorbell.tools.pcap.StreamPart;
import io.doorbell.wire.Seq;
import io.doorbell.wire.TcpHeader;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Finds in what a run differs from its capture. */
final class Judgement {
    /** RFC 9293 section 3.8.6.3: an ACK is put off by less than half a second. */
    private static final long ACK_DELAY_NANOS = 500_000_000L;

    /** A host may capture a segment so long before its TCP has seen it, and answer earlier ones in between. */
    private static final long PROCESSING_NANOS = 10_000_000L;

    private final ReplayRun run;
    private final Strictness strictness;
    private final List<CapturedSegment> local;
    private final List<CapturedSegment> peer;
    private final long zero;
    private final int localStart;
    private final int stackStart;
    private final int peerStart;
    private final List<RelativeSegment> captured;
    private final List<RelativeSegment> replayed;
    private final List<Difference> differences = new ArrayList<>();

    Judgement(ReplayRun run, Strictness strictness, List<CapturedSegment> local, List<CapturedSegment> peer, long zero) {
        this.run = run;
        this.strictness = strictness;
        this.local = local;
        this.peer = peer;
        this.zero = zero;
        localStart = run.capturedSyn() == null ? 0 : run.capturedSyn().seq();
        stackStart = run.stackSyn() == null ? 0 : run.stackSyn().seq();
        peerStart = run.peerSyn() == null ? 0 : run.peerSyn().seq();
        captured = local.stream().map(each -> new RelativeSegment(each, localStart, peerStart)).toList();
        replayed = run.sent().stream().map(each -> new RelativeSegment(each, stackStart, peerStart)).toList();
        differences.addAll(run.stalls());
        compareStreams();
        compareEnds();
        if (strictness != Strictness.BYTES) {
            run.checkpoints().forEach(this::compareAcknowledgment);
        }
    }

    /** In the order of their times. */
    List<Difference> differences(List<SegmentDiff.Entry> entries) {
        if (strictness == Strictness.SEGMENTS) {
            long latest = 0;
            for (SegmentDiff.Entry entry : entries) {
                latest = Math.max(latest, entry.timeNanos(zero));
                if (!entry.same()) {
                    differences.add(new Difference(latest, entry.captured() != null
                            ? "only in the capture: " + entry.captured() : "only from the stack: " + entry.replayed()));
                }
            }
        }
        differences.sort(Comparator.comparingLong(Difference::timeNanos));
        return List.copyOf(differences);
    }

    List<SegmentDiff.Entry> entries() {
        return SegmentDiff.of(captured, replayed);
    }

    RelativeSegment peerSegment(CapturedSegment segment) {
        return segment.isIcmpError() ? new RelativeSegment(segment, localStart, peerStart)
                : new RelativeSegment(segment, peerStart, localStart);
    }

    private void differ(long timeNanos, String text) {
        differences.add(new Difference(timeNanos, text));
    }

    private long timeOf(CapturedSegment segment) {
        return segment.timeNanos() - zero;
    }

    // --- the streams ---

    private void compareStreams() {
        byte[] delivered = run.application().delivered();
        for (CapturedSegment segment : peer) {
            compareBytes(segment, segment.seq() - peerStart - 1 + (segment.has(TcpHeader.SYN) ? 1 : 0), delivered);
        }
        int acknowledged = 0;
        CapturedSegment last = null;
        for (CapturedSegment segment : local) {
            int ack = segment.ack() - peerStart - 1;
            if (segment.has(TcpHeader.ACK) && run.peerSyn() != null && (last == null || ack - acknowledged > 0)) {
                acknowledged = ack;
                last = segment;
            }
        }
        if (last != null && acknowledged - received() > 0) {
            differ(timeOf(last), "the capture acknowledges " + (acknowledged + 1) + ", the stack has received only up to "
                    + (received() + 1));
        }
        compareSentBytes();
    }

    private int received() {
        int most = run.application().received();
        for (CapturedSegment segment : run.sent()) {
            if (segment.has(TcpHeader.ACK) && run.peerSyn() != null && segment.ack() - peerStart - 1 - most > 0) {
                most = segment.ack() - peerStart - 1;
            }
        }
        return most;
    }

    /** What was delivered against what a segment of the peer carried; a segment may come from anywhere. */
    private void compareBytes(CapturedSegment segment, int from, byte[] delivered) {
        if (segment.damaged() || segment.isIcmpError() || segment.payloadLength() == 0) {
            return;
        }
        for (StreamPart part : StreamPart.of(segment)) {
            long there = Math.min(part.length(), segment.payload().byteSize() - part.offset());
            long start = (long) from + part.start();
            for (long i = Math.max(0, -start); i < there && start + i < delivered.length; i++) {
                if (segment.payload().get(ValueLayout.JAVA_BYTE, part.offset() + i) != delivered[(int) (start + i)]) {
                    differ(timeOf(segment), "byte " + (start + i) + " delivered is not the one that the peer sent");
                    return;
                }
            }
        }
    }

    /** The captured side's bytes are what the application sent: how much of it must have left, the capture shows. */
    private void compareSentBytes() {
        int capturedEnd = highestEnd(captured);
        int stackEnd = highestEnd(replayed);
        if (capturedEnd != stackEnd) {
            differ(timeOf(local.isEmpty() ? peer.getLast() : local.getLast()), "the capture sends up to "
                    + Integer.toUnsignedString(capturedEnd) + ", the stack up to " + Integer.toUnsignedString(stackEnd));
        }
    }

    private static int highestEnd(List<RelativeSegment> segments) {
        int end = 0;
        for (RelativeSegment each : segments) {
            if (!each.segment().has(TcpHeader.RST)) {
                end = Seq.max(end, each.seq() + each.segment().sequenceLength());
            }
        }
        return end;
    }

    // --- the end ---

    private void compareEnds() {
        compareEnd("FIN", TcpHeader.FIN);
        compareEnd("RST", TcpHeader.RST);
        CapturedSegment last = peer.isEmpty() ? null : peer.getLast();
        boolean unanswered = last != null && (local.isEmpty() || local.getLast().number() < last.number());
        if (unanswered && last.has(TcpHeader.RST) && run.isAlive()) {
            differ(timeOf(last), "a RST ends the connection in the capture, the stack's goes on: " + peerSegment(last));
        }
    }

    private void compareEnd(String name, int flag) {
        RelativeSegment one = first(captured, flag);
        RelativeSegment two = first(replayed, flag);
        if (one == null && two == null) {
            return;
        }
        if (one == null) {
            differ(two.segment().timeNanos(), "only the stack sends a " + name + ": " + two);
        } else if (two == null) {
            differ(timeOf(one.segment()), "only the capture has a " + name + ": " + one);
        } else if (!one.sameSeq(two)) {
            differ(timeOf(one.segment()), "the " + name + " is elsewhere: " + one + " in the capture, " + two
                    + " from the stack");
        }
    }

    private static RelativeSegment first(List<RelativeSegment> segments, int flag) {
        return segments.stream().filter(each -> each.segment().has(flag)).findFirst().orElse(null);
    }

    // --- acknowledgments ---

    private void compareAcknowledgment(ReplayRun.Checkpoint at) {
        if (!at.synchronised()) {
            return;
        }
        RelativeSegment segment = new RelativeSegment(at.segment(), localStart, peerStart);
        int known = at.receivedBefore();
        for (CapturedSegment each : run.sent()) {
            if (each.timeNanos() <= at.stackNanos() && each.has(TcpHeader.ACK)) {
                known = Seq.max(known, each.ack());
            }
        }
        boolean slowHost = run.hadReceived(at.segment().ack() - peerStart - 1, at.stackNanos() - PROCESSING_NANOS,
                at.stackNanos());
        if (at.segment().ack() != known && !slowHost) {
            differ(at.timeNanos(), "the capture acknowledges " + Integer.toUnsignedString(segment.ack())
                    + ", the stack has received up to " + Integer.toUnsignedString(known - peerStart));
        } else if (!saysItself(at)) {
            differ(at.timeNanos(), "the stack does not acknowledge " + Integer.toUnsignedString(segment.ack())
                    + " within half a second");
        }
        if (segment.sackBlocks().length > 0 && !reportsRanges(at, segment)) {
            differ(at.timeNanos(), "the stack does not report the same ranges: " + segment);
        }
    }

    private boolean saysItself(ReplayRun.Checkpoint at) {
        for (CapturedSegment each : run.sent()) {
            if (each.has(TcpHeader.ACK) && Seq.ge(each.ack(), at.segment().ack())) {
                return each.timeNanos() <= at.stackNanos() + ACK_DELAY_NANOS;
            }
        }
        // A reset in the meantime makes it needless.
        return peer.stream().anyMatch(each -> each.has(TcpHeader.RST) && timeOf(each) >= at.timeNanos()
                && timeOf(each) <= at.timeNanos() + ACK_DELAY_NANOS) || at.segment().has(TcpHeader.RST);
    }

    private boolean reportsRanges(ReplayRun.Checkpoint at, RelativeSegment segment) {
        for (RelativeSegment each : replayed) {
            long apart = each.segment().timeNanos() - at.stackNanos();
            if (Math.abs(apart) <= ReplayRun.SETTLE_NANOS && each.ack() == segment.ack() && each.sameSack(segment)) {
                return true;
            }
        }
        return false;
    }
}
