package io.doorbell.tcp;

import io.doorbell.counters.Counters;
import io.doorbell.link.FramePool;
import java.lang.foreign.MemorySegment;

/** A connection with segments of 1000 bytes in its send space, for tests of what is known of them. */
final class SentSegments {
    static final int SIZE = 1000;
    static final int ISS = 0xffff_fa00;
    private static final int FRAMES = 64;
    private static final long TICK_NANOS = 1_000_000L;

    final FramePool pool = new FramePool(MemorySegment.ofArray(new byte[FRAMES * 2048]), 2048, 0, FRAMES);
    final SegmentTable segments = new SegmentTable(FRAMES);
    final Flights flights = new Flights(FRAMES);
    final Scoreboard scoreboard = new Scoreboard(segments, flights);
    final SendSpace space = new SendSpace(pool, segments, scoreboard);
    final Rack rack = new Rack(segments, scoreboard, TICK_NANOS);
    final Counters counters = new Counters();
    final SackInput acks = new SackInput(segments, scoreboard, space, rack, counters);
    final LossRecovery recovery = new LossRecovery(scoreboard, rack, flights, TcpConfig.defaults(), counters);
    final Tcb c = new ControlBlock();

    SentSegments() {
        c.mss = SIZE;
        c.sndUna = ISS;
        c.sndNxt = ISS;
        c.sndEnd = ISS;
        recovery.start(c, false);
        recovery.takeOff(c);
    }

    /** One more segment, sent at this time. */
    int send(long nanos) {
        int segment = hole();
        sent(segment, nanos);
        c.sendUnsent = Tcb.NONE;
        c.sndNxt = c.sndEnd;
        return segment;
    }

    /** One more segment, not sent yet. */
    int hole() {
        int segment = space.reserve(c, SIZE);
        space.release(segment);
        return segment;
    }

    void sent(int segment, long nanos) {
        scoreboard.sent(c, segment, nanos);
    }

    /** So many of them, all sent at this time. */
    int[] send(int count, long nanos) {
        int[] sent = new int[count];
        for (int i = 0; i < count; i++) {
            sent[i] = send(nanos);
        }
        return sent;
    }

    /** A lost segment is sent again; the clock of timestamps ticks once a millisecond. */
    void again(int segment, long nanos) {
        sent(segment, nanos);
        recovery.retransmitted(c, segments.end(segment), segments.length(segment), (int) (nanos / TICK_NANOS),
                nanos);
    }

    /** An ACK comes in; everything counts in bytes from the first one. */
    void ack(int upTo, long now, int... blocks) {
        echo(upTo, 0, now, blocks);
    }

    /** The same with an echoed timestamp, if that is not 0. */
    void echo(int upTo, int ticks, long now, int... blocks) {
        InboundSegment segment = new InboundSegment(null, false);
        TcpOptions options = segment.options;
        options.timestamps = ticks != 0;
        options.tsEcho = ticks;
        options.sackBlocks = blocks.length / 2;
        for (int i = 0; i < options.sackBlocks; i++) {
            options.sackStart[i] = ISS + blocks[2 * i];
            options.sackEnd[i] = ISS + blocks[2 * i + 1];
        }
        int before = c.flight.inFlight;
        int bytes = ISS + upTo - c.sndUna;
        acks.take(c, segment, ISS + upTo, ISS + upTo, now);
        recovery.acknowledged(c, acks, bytes, bytes == 0, before, now);
    }
}
