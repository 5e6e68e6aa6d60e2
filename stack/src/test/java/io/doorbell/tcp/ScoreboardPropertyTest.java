package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.counters.Counters;
import io.doorbell.link.FramePool;
import io.doorbell.wire.Seq;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** The scoreboard and what an ACK says against lists of plain objects. jqwik prints the seed of a failure. */
class ScoreboardPropertyTest {
    private static final int FRAMES = 128;
    private static final int SIZE = 1000;
    private static final int STEPS = 200;

    /** A segment as a model has it. */
    private static final class Sent {
        private int seq;
        private int length;
        private boolean posted;
        private boolean lost;
        private boolean sacked;

        boolean inNetwork() {
            return posted && !lost && !sacked;
        }

        int end() {
            return seq + length;
        }
    }

    private final FramePool pool = new FramePool(MemorySegment.ofArray(new byte[FRAMES * 2048]), 2048, 0, FRAMES);
    private final SegmentTable segments = new SegmentTable(FRAMES);
    private final Flights flights = new Flights(FRAMES);
    private final Scoreboard scoreboard = new Scoreboard(segments, flights);
    private final SendSpace space = new SendSpace(pool, segments, scoreboard);
    private final Tcb c = new ControlBlock();
    private final List<Sent> queue = new ArrayList<>();
    /** Those in the network, in the order of their last transmission. */
    private final List<Sent> order = new ArrayList<>();
    private long now;

    @Property(tries = 200)
    void rfc8985_5_countsAndOrderOfTransmissionAgreeWithAModel(@ForAll long seed, @ForAll int iss) {
        // jqwik keeps one instance for all tries.
        new ScoreboardPropertyTest().live(seed, iss);
    }

    private void live(long seed, int iss) {
        Random random = new Random(seed);
        c.mss = SIZE;
        c.sndUna = iss;
        c.sndNxt = iss;
        c.sndEnd = iss;
        c.flight = flights.take();
        for (int i = 0; i < STEPS; i++) {
            step(random);
            agree();
        }
        space.clear(c);
        assertEquals(FRAMES, pool.available());
    }

    private void step(Random random) {
        now += random.nextInt(1000);
        switch (random.nextInt(9)) {
            case 0, 1 -> sendNew(1 + random.nextInt(SIZE));
            case 2 -> retransmit();
            case 3 -> acknowledge(random.nextInt(3 * SIZE));
            case 4, 5 -> report(random);
            case 6 -> deemLost(random);
            case 7 -> split(random);
            default -> {
                switch (random.nextInt(4)) {
                    case 0 -> allLost();
                    case 1 -> reneged();
                    case 2 -> notLostAfterAll();
                    default -> { }
                }
            }
        }
    }

    private int recordOf(Sent sent) {
        int segment = c.sendHead;
        while (segments.seq(segment) != sent.seq) {
            segment = segments.next(segment);
        }
        return segment;
    }

    private void sendNew(int length) {
        if (pool.available() < 8) {
            return;
        }
        int segment = space.reserve(c, length);
        space.release(segment);
        Sent sent = new Sent();
        sent.seq = segments.seq(segment);
        sent.length = length;
        sent.posted = true;
        queue.add(sent);
        order.add(sent);
        scoreboard.sent(c, segment, now);
        c.sendUnsent = Tcb.NONE;
        c.sndNxt = c.sndEnd;
    }

    private void retransmit() {
        Sent first = queue.stream().filter(sent -> sent.lost).findFirst().orElse(null);
        assertEquals(first == null ? Tcb.NONE : recordOf(first), scoreboard.firstLost(c));
        if (first != null) {
            scoreboard.sent(c, recordOf(first), now);
            first.lost = false;
            order.add(first);
            assertTrue(segments.has(recordOf(first), SegmentTable.RETRANSMITTED));
        }
    }

    private void acknowledge(int bytes) {
        int ack = Seq.min(c.sndUna + bytes, c.sndNxt);
        int whole = 0;
        while (!queue.isEmpty() && Seq.le(queue.getFirst().end(), ack)) {
            order.remove(queue.removeFirst());
            whole++;
        }
        assertEquals(whole, space.acknowledge(c, ack));
        c.sndUna = ack;
        if (!queue.isEmpty() && Seq.lt(queue.getFirst().seq, ack)) {
            Sent cut = queue.getFirst();
            cut.length -= ack - cut.seq;
            cut.seq = ack;
        }
    }

    /** An ACK with blocks through {@link SackInput}: a segment is reported if one possible block covers all of it. */
    private void report(Random random) {
        InboundSegment segment = new InboundSegment(null, false);
        TcpOptions options = segment.options;
        c.sackOk = true;
        options.sackBlocks = 1 + random.nextInt(4);
        int flight = c.sndNxt - c.sndUna;
        for (int i = 0; i < options.sackBlocks; i++) {
            options.sackStart[i] = c.sndUna + 1 + random.nextInt(flight + SIZE);
            options.sackEnd[i] = options.sackStart[i] + random.nextInt(3 * SIZE) - 100;
        }
        boolean nested = options.sackBlocks > 1 && Seq.ge(options.sackStart[0], options.sackStart[1])
                && Seq.le(options.sackEnd[0], options.sackEnd[1]);
        int delivered = 0;
        for (int i = nested ? 1 : 0; i < options.sackBlocks; i++) {
            int start = options.sackStart[i];
            int end = options.sackEnd[i];
            boolean possible = Seq.lt(start, end) && Seq.le(end, c.sndNxt);
            for (Sent sent : queue) {
                if (possible && !sent.sacked && Seq.ge(sent.seq, start) && Seq.le(sent.end(), end)) {
                    delivered += sent.length;
                    sent.sacked = true;
                    sent.lost = false;
                    order.remove(sent);
                }
            }
        }
        SackInput input = new SackInput(segments, scoreboard, space, new Rack(segments, scoreboard, 1_000_000L),
                new Counters());
        input.take(c, segment, c.sndUna, c.sndUna, now);
        assertEquals(delivered, input.delivered, "bytes reported for the first time");
    }

    private void deemLost(Random random) {
        if (!queue.isEmpty()) {
            Sent sent = queue.get(random.nextInt(queue.size()));
            scoreboard.markLost(c, recordOf(sent));
            sent.lost |= sent.inNetwork();
            order.removeIf(one -> one.lost);
        }
    }

    private void split(Random random) {
        Sent sent = queue.isEmpty() ? null : queue.get(random.nextInt(queue.size()));
        if (sent == null || sent.length < 2 || pool.available() < 8) {
            return;
        }
        int size = 1 + random.nextInt(sent.length - 1);
        assertTrue(space.split(c, recordOf(sent), size));
        Sent second = new Sent();
        second.seq = sent.seq + size;
        second.length = sent.length - size;
        second.posted = true;
        second.lost = sent.lost;
        second.sacked = sent.sacked;
        sent.length = size;
        queue.add(queue.indexOf(sent) + 1, second);
        if (order.contains(sent)) {
            order.add(order.indexOf(sent) + 1, second);
        }
    }

    private void allLost() {
        scoreboard.markAllLost(c);
        queue.forEach(sent -> sent.lost |= sent.inNetwork());
        order.clear();
    }

    private void reneged() {
        scoreboard.forgetSacks(c);
        for (Sent sent : queue) {
            sent.lost |= sent.sacked;
            sent.sacked = false;
        }
    }

    /** They go in front of those that are in the network: they were sent before. */
    private void notLostAfterAll() {
        scoreboard.unmarkLost(c);
        List<Sent> back = queue.stream().filter(sent -> sent.lost).toList();
        back.forEach(sent -> sent.lost = false);
        order.addAll(0, back);
    }

    private void agree() {
        assertEquals(order.stream().mapToInt(sent -> sent.length).sum(), c.flight.inFlight, "bytes in the network");
        assertEquals(queue.stream().filter(sent -> sent.lost).count(), c.flight.lostSegments);
        assertEquals(queue.stream().filter(sent -> sent.sacked).count(), c.flight.sackedSegments);
        int chained = c.flight.firstSent;
        int before = Tcb.NONE;
        for (Sent sent : order) {
            assertEquals(sent.seq, segments.seq(chained), "the order of transmission");
            assertEquals(before, segments.earlier(chained));
            before = chained;
            chained = segments.later(chained);
        }
        assertEquals(Tcb.NONE, chained);
        assertEquals(before, c.flight.lastSent);
        int segment = c.sendHead;
        for (Sent sent : queue) {
            assertEquals(sent.seq, segments.seq(segment));
            assertEquals(sent.length, segments.length(segment));
            assertEquals(sent.sacked, scoreboard.isSacked(segment));
            assertEquals(sent.inNetwork(), scoreboard.inNetwork(segment));
            segment = segments.next(segment);
        }
        assertEquals(Tcb.NONE, segment);
        Sent highest = queue.stream().filter(Sent::inNetwork).reduce((first, second) -> second).orElse(null);
        assertEquals(highest == null ? Tcb.NONE : recordOf(highest), scoreboard.highestInNetwork(c));
    }
}
