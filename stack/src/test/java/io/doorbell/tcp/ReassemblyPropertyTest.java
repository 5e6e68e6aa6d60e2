package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.counters.Counters;
import io.doorbell.ip.Clock;
import io.doorbell.link.FramePool;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** Reassembly against the plainest model there is: one bit for each byte that has come. */
class ReassemblyPropertyTest {
    private static final int WINDOW = 6_000;
    private static final int FRAMES = 64;
    private static final int MTU = 1500;

    /** Where a piece of the stream begins, and how long it is. */
    record Piece(int from, int length) {
        static Piece of(int bits) {
            int from = (bits >>> 8) % WINDOW;
            return new Piece(from, Math.min(WINDOW - from, 1 + (bits & 0xff) * 6));
        }
    }

    private final FramePool pool = new FramePool(MemorySegment.ofArray(new byte[FRAMES * 1024]), 1024, 0, FRAMES);

    private static MemorySegment content(int seq, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = value(seq + i);
        }
        return MemorySegment.ofArray(bytes);
    }

    private static byte value(int seq) {
        return (byte) (seq * 31 + (seq >>> 8));
    }

    private static int[] edges(BitSet bits, int from) {
        return bits.stream().filter(bit -> bit >= from && (bit == from || !bits.get(bit - 1))).toArray();
    }

    @Property
    void rfc9293_3_10_7_4_rangesAreWhatHasComeWhateverTheOrder(
            @ForAll int base, @ForAll @Size(min = 1, max = 60) List<@IntRange(min = 0) Integer> pieces) {
        ReceiveSpace space = new ReceiveSpace(pool, WINDOW);
        BitSet here = new BitSet();
        for (int bits : pieces) {
            Piece piece = Piece.of(bits);
            int seq = base + piece.from;
            assertEquals(here.get(piece.from, piece.from + piece.length).cardinality() == piece.length,
                    space.contains(seq, seq + piece.length));
            int present = here.get(piece.from, piece.from + piece.length).cardinality();
            int overlap = space.firstOverlap(seq, seq + piece.length);
            assertEquals(present > 0, overlap != Tcb.NONE);
            assertEquals(present, present == 0 ? 0 : space.overlap(overlap, seq, seq + piece.length));
            boolean touches = !here.get(Math.max(0, piece.from - 1), piece.from + piece.length + 1).isEmpty();
            assertEquals(touches, space.touches(seq, seq + piece.length));
            assertTrue(space.store(seq, content(seq, piece.length), 0, piece.length, 0));
            assertTrue(space.addRange(seq, seq + piece.length));
            here.set(piece.from, piece.from + piece.length);
            assertEquals(edges(here, 0).length, space.ranges());
        }
        stored(space, here, base);
        reported(space, here, base);
        // The gap before the first range is filled.
        int first = here.nextSetBit(0);
        int reached = here.nextClearBit(first);
        assertEquals(base + reached, space.advance(base + first));
        assertEquals(edges(here, reached).length, space.ranges());
        space.clear();
        assertTrue(space.isEmpty());
        assertEquals(FRAMES, pool.available());
    }

    private static void stored(ReceiveSpace space, BitSet here, int base) {
        here.stream().forEach(bit -> assertEquals(value(base + bit),
                space.memory().get(ValueLayout.JAVA_BYTE, space.addressOf(base + bit)), "byte " + bit));
    }

    /** RFC 2018 section 4: each block is one whole range, and none comes twice. */
    private static void reported(ReceiveSpace space, BitSet here, int base) {
        int[] starts = new int[4];
        int[] ends = new int[4];
        int count = space.sackBlocks(starts, ends, 0, 4);
        assertTrue(count > 0);
        for (int i = 0; i < count; i++) {
            int from = starts[i] - base;
            assertTrue(here.get(from) && (from == 0 || !here.get(from - 1)), "a block begins inside a range");
            assertEquals(here.nextClearBit(from), ends[i] - base, "a block ends inside a range");
            for (int j = 0; j < i; j++) {
                assertTrue(starts[j] != starts[i], "a block twice");
            }
        }
    }

    @Property
    void rfc9293_3_4_segmentsInAnyOrderMoveRcvNxtToTheFirstGap(
            @ForAll int base, @ForAll @Size(min = 1, max = 60) List<@IntRange(min = 0) Integer> pieces) {
        TcpConfig config = TcpConfig.builder().receiveWindowBytes(WINDOW).build();
        Burst burst = new Burst(64);
        Counters counters = new Counters();
        ReceiveMemory memory = new ReceiveMemory(pool, config, counters);
        DataInput data = new DataInput(pool, burst, new ReceiveWindow(config, MTU, memory), memory, config, counters,
                new Clock());
        Tcb c = new ControlBlock();
        c.irs = base - 1;
        c.rcvNxt = base;
        c.rcvUser = base;
        c.rcvInPlace = base;
        BitSet here = new BitSet();
        for (int bits : pieces) {
            Piece piece = Piece.of(bits);
            InboundSegment segment = new InboundSegment(counters, false);
            segment.memory = content(base + piece.from, piece.length);
            segment.seq = base + piece.from;
            segment.length = piece.length;
            int before = c.rcvNxt;
            boolean moved = data.accept(c, segment);
            here.set(piece.from, piece.from + piece.length);
            assertEquals(base + here.nextClearBit(0), c.rcvNxt);
            assertEquals(before != c.rcvNxt, moved);
            leaveAll(c, burst, data);
        }
        int end = here.nextClearBit(0);
        for (int i = 0; i < end; i++) {
            assertEquals(value(base + i), c.received.memory().get(ValueLayout.JAVA_BYTE, c.received.addressOf(base + i)));
        }
        data.taken(c, c.rcvNxt);
        data.clear(c);
        assertEquals(FRAMES, pool.available());
    }

    /** The user takes nothing: what lies in place in the burst is kept, as a delivery does. */
    private static void leaveAll(Tcb c, Burst burst, DataInput data) {
        for (int piece = c.firstPiece; piece != Tcb.NONE; piece = burst.next(piece)) {
            data.keep(c, burst.memory(piece), burst.offset(piece), burst.length(piece),
                    c.rcvInPlace - burst.length(piece));
        }
        c.firstPiece = Tcb.NONE;
        c.lastPiece = Tcb.NONE;
        c.rcvInPlace = c.rcvUser;
        data.endBurst();
    }

    @Test
    void rfc9293_3_4_aSpaceTakesNoMoreRangesThanItsBoundAndStoresNothingThen() {
        ReceiveSpace space = new ReceiveSpace(pool, WINDOW);
        for (int i = 0; i < ReceiveSpace.MAX_RANGES; i++) {
            assertTrue(space.addRange(10 * i, 10 * i + 5));
        }
        assertTrue(space.rangesFull());
        assertEquals(false, space.addRange(5_000, 5_001));
        assertEquals(ReceiveSpace.MAX_RANGES, space.ranges());
        assertTrue(space.addRange(5, 10), "what closes a gap makes room");
        assertEquals(ReceiveSpace.MAX_RANGES - 1, space.ranges());
    }
}
