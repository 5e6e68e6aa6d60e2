package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.link.FramePool;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** The shares of a pool of 256 frames that received data may have. */
class ReceiveAccountsTest {
    private static final int FRAMES = 256;
    private static final int SIZE = 2048;

    private final FramePool pool = new FramePool(MemorySegment.ofArray(new byte[FRAMES * SIZE]), SIZE, 0, FRAMES);
    private final Counters counters = new Counters();
    private final ReceiveMemory memory = new ReceiveMemory(pool, TcpConfig.defaults(), counters);
    private final Tcb c = new ControlBlock();

    private void leaveFree(int frames) {
        while (pool.available() > frames) {
            pool.allocate();
        }
    }

    /** A connection that keeps so many pages, so many of them out of order. */
    private Tcb keeping(int pages, int outOfOrder) {
        Tcb keeper = new ControlBlock();
        keeper.received = new ReceiveSpace(pool, FRAMES * SIZE);
        byte[] bytes = new byte[pages * SIZE];
        keeper.received.store(0, MemorySegment.ofArray(bytes), 0, bytes.length, 0);
        memory.account(keeper, outOfOrder);
        return keeper;
    }

    @Test
    void readersMayHaveFiveEighthsAndOthersHalf() {
        assertTrue(memory.admits(c, 160, 0));
        assertFalse(memory.admits(c, 161, 0));
        assertTrue(memory.admits(c, 100, 60));
        assertFalse(memory.admits(c, 100, 61));
        c.rcvNxt = 1;
        assertTrue(memory.admits(c, 128, 0));
        assertFalse(memory.admits(c, 129, 0));
        keeping(28, 0);
        assertTrue(memory.admits(c, 100, 0));
        assertFalse(memory.admits(c, 101, 0));
    }

    @Test
    void aSixteenthIsForControlSegments() {
        leaveFree(20);
        assertTrue(memory.admits(c, 4, 0));
        assertFalse(memory.admits(c, 5, 0));
        assertTrue(memory.admits(c, 2, 2));
        assertFalse(memory.admits(c, 2, 3));
        assertEquals(16, ReceiveMemory.forControl(FRAMES));
        assertEquals(32, ReceiveMemory.forControl(100_000));
        assertEquals(64, ReceiveMemory.notForSends(FRAMES));
        assertEquals(256, ReceiveMemory.notForSends(100_000));
        assertEquals(48, memory.promiseLimit());
    }

    @Test
    void rfc2018_8_aQuarterIsForDataOutOfOrder() {
        assertTrue(memory.admitsOutOfOrder(64, 0));
        assertFalse(memory.admitsOutOfOrder(65, 0));
        Tcb keeper = keeping(10, 10);
        assertTrue(memory.admitsOutOfOrder(54, 0));
        assertFalse(memory.admitsOutOfOrder(55, 0));
        memory.account(keeper, 0);
        assertTrue(memory.admitsOutOfOrder(64, 0));
        assertTrue(memory.admitsOutOfOrder(8, 110), "half of the pool, what is kept counted");
        assertFalse(memory.admitsOutOfOrder(8, 111));
    }

    @Test
    void rfc2018_8_dataOutOfOrderLeavesRoomForWhatFillsTheGap() {
        leaveFree(40);
        assertTrue(memory.admitsOutOfOrder(8, 0));
        assertFalse(memory.admitsOutOfOrder(9, 0));
        assertTrue(memory.admitsOutOfOrder(4, 4));
        assertFalse(memory.admitsOutOfOrder(4, 5));
    }

    @Test
    void theShareOutOfOrderCanBeChosen() {
        ReceiveMemory chosen = new ReceiveMemory(pool, TcpConfig.builder().outOfOrderFrames(9).build(), counters);
        assertTrue(chosen.admitsOutOfOrder(9, 0));
        assertFalse(chosen.admitsOutOfOrder(10, 0));
    }

    @Test
    void pressureBeginsAtAQuarterOrWhenHardlyAFrameIsFree() {
        Tcb keeper = keeping(64, 0);
        assertFalse(memory.pressure());
        keeping(1, 0);
        assertTrue(memory.pressure());
        keeper.received.clear();
        memory.account(keeper, 0);
        assertFalse(memory.pressure(), "what was given back no longer counts");
        leaveFree(32);
        assertFalse(memory.pressure());
        leaveFree(31);
        assertTrue(memory.pressure());
    }

    @Test
    void rfc2018_8_whoHasMostOutOfOrderGivesWay() {
        Tcb three = keeping(3, 3);
        Tcb five = keeping(5, 5);
        Tcb two = keeping(2, 2);
        assertSame(five, memory.mostHoarding(c, 1));
        assertSame(five, memory.mostHoarding(c, 5));
        assertNull(memory.mostHoarding(c, 6));
        assertSame(three, memory.mostHoarding(five, 1));
        memory.account(five, 0);
        memory.account(three, 1);
        assertSame(two, memory.mostHoarding(c, 1), "who has none any more is no holder");
        memory.account(two, 0);
        assertSame(three, memory.mostHoarding(c, 1));
        memory.account(three, 0);
        assertNull(memory.mostHoarding(c, 1));
        memory.account(five, 4);
        assertSame(five, memory.mostHoarding(c, 4));
        memory.pruned(77);
        assertEquals(77, counters.get(Counter.TCP_PRUNED_BYTES));
        assertEquals(1, counters.get(Counter.TCP_PRUNED_CONNECTIONS));
    }
}
