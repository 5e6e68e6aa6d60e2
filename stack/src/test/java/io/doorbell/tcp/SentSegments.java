package io.doorbell.tcp;

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
    final Tcb c = new ControlBlock();

    SentSegments() {
        c.mss = SIZE;
        c.sndUna = ISS;
        c.sndNxt = ISS;
        c.sndEnd = ISS;
        c.flight = flights.take();
        rack.start(c);
        rack.begin(c);
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
}
