package io.doorbell.tcp;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.wire.Seq;

/**
 * What one ACK says of each segment: its number acknowledges, its SACK blocks (RFC 2018) report, its DSACK block
 * (RFC 2883) tells what came twice. One object, reused; the fields hold what the last ACK said.
 */
final class SackInput {
    /** Bytes acknowledged or reported for the first time. */
    int delivered;
    /** Segments that SND.UNA passed in whole. */
    int whole;
    /** Some segment that was sent only once arrived: after a timeout, a sign that nothing was lost. */
    boolean originalDelivered;
    /** When the segment was sent that gives a round-trip sample, {@link Tcb#NO_DEADLINE} if none does (Karn's rule). */
    long sampleSentAt;
    /** The ACK carries a DSACK block, behind whose last byte is {@link #duplicateEnd}. */
    boolean duplicate;
    int duplicateEnd;
    /** The ACK has SACK blocks. */
    boolean hasBlocks;
    /** It echoes a timestamp: {@link #echoTicks}, the connection's offset taken off. */
    boolean hasEcho;
    int echoTicks;

    private final SegmentTable segments;
    private final Scoreboard scoreboard;
    private final SendSpace sendSpace;
    private final Rack rack;
    private final Counters counters;

    SackInput(SegmentTable segments, Scoreboard scoreboard, SendSpace sendSpace, Rack rack, Counters counters) {
        this.segments = segments;
        this.scoreboard = scoreboard;
        this.sendSpace = sendSpace;
        this.rack = rack;
        this.counters = counters;
    }

    /**
     * Takes an ACK in; SND.UNA moves.
     *
     * @param ack     the new SND.UNA, not before the present one
     * @param dataAck the same, less our FIN
     */
    void take(Tcb c, InboundSegment segment, int ack, int dataAck, long now) {
        TcpOptions options = segment.options;
        delivered = 0;
        whole = 0;
        originalDelivered = false;
        sampleSentAt = Tcb.NO_DEADLINE;
        duplicate = false;
        hasBlocks = c.sackOk && options.sackBlocks > 0;
        hasEcho = c.timestamps && options.timestamps && options.tsEcho != 0;
        echoTicks = options.tsEcho - c.tsOffset;
        if (ack != c.sndUna) {
            acknowledged(c, dataAck, now);
            whole = sendSpace.acknowledge(c, dataAck);
            c.sndUna = ack;
        }
        if (hasBlocks) {
            int first = isDuplicateReport(options, ack) ? 1 : 0;
            if (first == 1) {
                duplicate = Seq.ge(options.sackStart[0], c.sndUna - (1 << 30)) && Seq.le(options.sackEnd[0], c.sndNxt);
                duplicateEnd = options.sackEnd[0];
                if (c.multi != null && c.multi.wasHeader(options.sackStart[0], duplicateEnd)) {
                    optionWasLost(c);
                }
            }
            for (int i = first; i < options.sackBlocks; i++) {
                reported(c, options.sackStart[i], options.sackEnd[i], now);
            }
        }
    }

    /** Whether something is out of which the peer has yet to tell. */
    boolean awaitsAck(Tcb c) {
        return scoreboard.awaitsAck(c);
    }

    private void noteMulti(Tcb c, int segment) {
        if (c.multi != null && segments.has(segment, SegmentTable.MULTI)) {
            c.multi.partArrived();
        }
    }

    /** The peer took a multi-segment for the old data that it looks like without its option. No congestion is told. */
    private void optionWasLost(Tcb c) {
        duplicate = false;
        if (c.multi.sends()) {
            c.multi.stop();
            counters.increment(Counter.TCP_MULTI_FALLBACKS);
        }
        for (int s = c.sendHead; s != c.sendUnsent; s = segments.next(s)) {
            if (segments.has(s, SegmentTable.MULTI)) {
                scoreboard.markLost(c, s);
            }
        }
    }

    private void acknowledged(Tcb c, int ack, long now) {
        boolean ambiguous = false;
        long sentAt = Tcb.NO_DEADLINE;
        int segment = c.sendHead;
        while (segment != Tcb.NONE && Seq.le(segments.end(segment), ack)) {
            if (!segments.has(segment, SegmentTable.SACKED) && segments.has(segment, SegmentTable.SENT)) {
                delivered += segments.length(segment);
                rack.delivered(c, segment, hasEcho, echoTicks, now);
                if (segments.has(segment, SegmentTable.RETRANSMITTED)) {
                    ambiguous = true;
                } else {
                    originalDelivered = true;
                    noteMulti(c, segment);
                    // The one that was sent last: what was sent past a hole has waited for it.
                    long sent = segments.sentAtNanos(segment);
                    sentAt = sentAt == Tcb.NO_DEADLINE ? sent : Math.max(sentAt, sent);
                }
            }
            segment = segments.next(segment);
        }
        if (!ambiguous) {
            sampleSentAt = sentAt;
        }
    }

    /** RFC 2883 section 4: the first block lies below the ACK, or within the second block. */
    private static boolean isDuplicateReport(TcpOptions options, int ack) {
        int start = options.sackStart[0];
        int end = options.sackEnd[0];
        return Seq.le(end, ack) && Seq.lt(start, end)
                || options.sackBlocks > 1 && Seq.ge(start, options.sackStart[1]) && Seq.le(end, options.sackEnd[1]);
    }

    private void reported(Tcb c, int start, int end, long now) {
        if (Seq.ge(start, end) || Seq.lt(start, c.sndUna) || Seq.gt(end, c.sndNxt)) {
            return;
        }
        int segment = c.sendHead;
        while (segment != c.sendUnsent && Seq.le(segments.end(segment), end)) {
            boolean news = Seq.ge(segments.seq(segment), start) && segments.has(segment, SegmentTable.SENT)
                    && !segments.has(segment, SegmentTable.SACKED);
            if (news) {
                delivered += segments.length(segment);
                rack.delivered(c, segment, hasEcho, echoTicks, now);
                if (!segments.has(segment, SegmentTable.RETRANSMITTED)) {
                    originalDelivered = true;
                    noteMulti(c, segment);
                    if (sampleSentAt == Tcb.NO_DEADLINE) {
                        sampleSentAt = segments.sentAtNanos(segment);
                    }
                }
                scoreboard.markSacked(c, segment);
            }
            segment = segments.next(segment);
        }
    }
}
