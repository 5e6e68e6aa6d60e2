package io.doorbell.link;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Frames that are set apart: neither kind is ever given for the other, in whatever order they return. */
class FramesApartTest {
    private static final int FIRST = 4;
    private static final int COUNT = 8;
    private static final int APART = 5;
    private static final int SIZE = 2048;

    @Test
    void eachFrameReturnsToWhereItBelongs() {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        FramePool pool = new FramePool(Arena.ofAuto().allocate((FIRST + COUNT + APART) * SIZE), SIZE, FIRST, COUNT, APART);
        assertEquals(COUNT, pool.capacity());
        assertEquals(COUNT + APART, pool.total());
        long[] held = new long[COUNT + APART];
        int count = 0;
        for (int i = 0; i < 10_000; i++) {
            boolean apart = random.nextBoolean();
            if (random.nextBoolean()) {
                boolean some = (apart ? pool.availableApart() : pool.available()) > 0;
                long frame = apart ? pool.allocateApart() : pool.allocate();
                assertEquals(some, frame != FramePool.NONE);
                if (some) {
                    assertEquals(apart, pool.indexOf(frame) >= COUNT);
                    assertTrue(frame >= FIRST * SIZE && frame < (FIRST + COUNT + APART) * SIZE);
                    held[count++] = frame;
                }
            } else if (count > 0) {
                int which = random.nextInt(count);
                pool.release(held[which] + random.nextInt(SIZE));
                held[which] = held[--count];
            }
            assertEquals(COUNT + APART, pool.available() + pool.availableApart() + count);
        }
    }

    @Test
    void framesThatDoNotFitAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new FramePool(
                Arena.ofAuto().allocate((FIRST + COUNT + APART) * SIZE), SIZE, FIRST, COUNT, APART + 1));
    }
}
