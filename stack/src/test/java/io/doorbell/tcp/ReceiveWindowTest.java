package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.counters.Counters;
import io.doorbell.link.FramePool;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** When the window moves, when it is worth telling, and how it grows. */
class ReceiveWindowTest {
    private static final int FRAMES = 64;
    private static final int MSS = 1460;
    private static final int MEGABYTE = 1 << 20;
    private static final long MILLI = 1_000_000L;

    private final FramePool pool = new FramePool(MemorySegment.ofArray(new byte[FRAMES * 2048]), 2048, 0, FRAMES);
    private final Tcb c = new ControlBlock();

    private ReceiveWindow window(int bytes, int initial) {
        TcpConfig config = TcpConfig.builder().receiveWindowBytes(bytes).initialReceiveWindowBytes(initial).build();
        c.rcvNxt = 1001;
        c.rcvUser = 1001;
        c.irs = 1000;
        return new ReceiveWindow(config, 1500, new ReceiveMemory(pool, config, new Counters()));
    }

    private void pressure() {
        while (pool.available() > 1) {
            pool.allocate();
        }
    }

    @Test
    void rfc7323_2_3_theScaleIsNoLargerThanTheWindowNeeds() {
        assertEquals(0, window(0xffff, 0xffff).scaleToOffer());
        assertEquals(1, window(0x10000, 0x10000).scaleToOffer());
        assertEquals(5, window(MEGABYTE, MEGABYTE).scaleToOffer());
        assertEquals(MEGABYTE + 32, window(MEGABYTE, MEGABYTE).span());
    }

    @Test
    void rfc9293_3_8_6_2_2_theEdgeMovesBySegments() {
        ReceiveWindow window = window(10_000, 10_000);
        c.rcvEdge = c.rcvUser + 10_000 - (MSS - 1);
        assertEquals(10_000 - (MSS - 1), window.advertise(c));
        c.rcvEdge = c.rcvUser + 10_000 - MSS;
        assertEquals(10_000, window.advertise(c));
        assertEquals(c.rcvUser + 10_000, c.rcvEdge);
    }

    @Test
    void rfc9293_3_8_6_2_2_theEdgeOfASmallBufferMovesByHalfOfIt() {
        ReceiveWindow window = window(2000, 2000);
        c.rcvEdge = c.rcvUser + 1001;
        assertEquals(1001, window.advertise(c));
        c.rcvEdge = c.rcvUser + 1000;
        assertEquals(2000, window.advertise(c));
    }

    @Test
    void rfc9293_3_8_6_2_2_anUpdateIsDueWhenHalfIsUsedAndTwoSegmentsAreGained() {
        ReceiveWindow window = window(10_000, 10_000);
        c.rcvEdge = c.rcvNxt + 5000;
        assertFalse(window.updateDue(c), "half of it can still be used");
        c.rcvEdge--;
        assertTrue(window.updateDue(c));
        c.rcvEdge = c.rcvUser + 10_000 - (2 * MSS - 1);
        c.rcvNxt = c.rcvEdge - 100;
        assertFalse(window.updateDue(c), "a byte less than two segments");
        c.rcvEdge--;
        assertTrue(window.updateDue(c));
    }

    @Test
    void rfc9293_3_8_6_2_2_halfOfASmallBufferIsWorthAnUpdate() {
        ReceiveWindow window = window(2000, 2000);
        c.rcvEdge = c.rcvUser + 1001;
        c.rcvNxt = c.rcvEdge - 10;
        assertFalse(window.updateDue(c));
        c.rcvEdge--;
        c.rcvNxt--;
        assertTrue(window.updateDue(c));
    }

    @Test
    void rfc7323_2_2_withoutScalingNoMoreIsWorthTellingThanTheFieldCanSay() {
        ReceiveWindow window = window(MEGABYTE, MEGABYTE);
        c.rcvEdge = c.rcvNxt + 0xffff / 2;
        assertFalse(window.updateDue(c));
        c.rcvScale = 5;
        assertTrue(window.updateDue(c));
        c.rcvScale = 0;
        c.rcvEdge--;
        assertTrue(window.updateDue(c));
    }

    @Test
    void underPressureFourSegmentsAreOffered() {
        ReceiveWindow window = window(20_000, 20_000);
        c.rcvEdge = c.rcvNxt;
        pressure();
        assertEquals(4 * MSS, window.advertise(c));
    }

    @Test
    void measuringBeginsWhenAQuarterOfTheFirstWindowWasTaken() {
        ReceiveWindow window = window(MEGABYTE, 65_536);
        c.rcvUser = c.irs + 16_384;
        window.taken(c, 0);
        assertNull(c.windowTuning);
        c.rcvUser++;
        window.taken(c, 0);
        assertNotNull(c.windowTuning);
        c.windowTuning = null;
        ReceiveWindow fixed = window(65_536, 65_536);
        c.rcvUser = c.irs + 60_000;
        fixed.taken(c, 0);
        assertNull(c.windowTuning, "it can't grow");
    }

    @Test
    void theWindowGrowsWithWhatWasTakenInARoundTrip() {
        ReceiveWindow window = window(MEGABYTE, 65_536);
        c.srttNanos = 10 * MILLI;
        c.windowTuning = new WindowTuning(65_536, 14_600, c.rcvUser, 0);
        int from = c.rcvUser;
        c.rcvUser = from + 20_000;
        window.taken(c, 10 * MILLI - 1);
        assertEquals(65_536, c.windowTuning.windowBytes, "the round trip is not over");
        window.taken(c, 10 * MILLI);
        int twice = 2 * 20_000 + 16 * MSS;
        assertEquals(twice + 2 * twice * 54 / 146, c.windowTuning.windowBytes);
        assertEquals(20_000, c.windowTuning.takenBytes);
        assertEquals(from + 20_000, c.windowTuning.fromSeq);
        c.rcvUser += 20_000;
        window.taken(c, 20 * MILLI);
        assertEquals(twice + 2 * twice * 54 / 146, c.windowTuning.windowBytes, "no more than before");
        c.rcvUser += 900_000;
        window.taken(c, 30 * MILLI);
        assertEquals(MEGABYTE, c.windowTuning.windowBytes, "up to the bound");
    }

    @Test
    void beforeTheFirstSampleTheTimeoutIsTheRoundTrip() {
        ReceiveWindow window = window(MEGABYTE, 65_536);
        c.rtoNanos = 50 * MILLI;
        c.windowTuning = new WindowTuning(65_536, 14_600, c.rcvUser, 0);
        c.rcvUser += 40_000;
        window.taken(c, 50 * MILLI - 1);
        assertEquals(65_536, c.windowTuning.windowBytes);
        window.taken(c, 50 * MILLI);
        assertTrue(c.windowTuning.windowBytes > 65_536);
    }

    @Test
    void underPressureItDoesNotGrow() {
        ReceiveWindow window = window(MEGABYTE, 65_536);
        c.srttNanos = MILLI;
        c.windowTuning = new WindowTuning(65_536, 14_600, c.rcvUser, 0);
        c.rcvUser += 40_000;
        pressure();
        window.taken(c, MILLI);
        assertEquals(65_536, c.windowTuning.windowBytes);
    }
}
