package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** The heap of connections by their next timer against a plain map. */
class TimerQueueTest {
    @Property(tries = 100)
    void connectionsComeOutInTheOrderOfTheirTimes(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        TimerQueue queue = new TimerQueue();
        ControlBlock[] all = new ControlBlock[150];
        for (int i = 0; i < all.length; i++) {
            all[i] = new ControlBlock();
        }
        Map<Tcb, Long> model = new HashMap<>();
        long now = -500;
        for (int step = 0; step < 1_500; step++) {
            ControlBlock c = all[random.nextInt(all.length)];
            switch (random.nextInt(6)) {
                case 0 -> {
                    queue.remove(c);
                    model.remove(c);
                }
                case 1 -> {
                    now += random.nextInt(20);
                    for (Tcb due = queue.takeExpired(now); due != null; due = queue.takeExpired(now)) {
                        assertEquals(Tcb.NONE, due.timerIndex);
                        assertEquals(earliest(model), model.remove(due), "seed " + seed);
                    }
                }
                default -> {
                    long deadline = now + 1 + random.nextInt(400);
                    queue.schedule(c, deadline);
                    model.merge(c, deadline, Math::min);
                }
            }
            assertEquals(model.size(), queue.size(), "seed " + seed);
            assertEquals(earliest(model), queue.earliestNanos(), "seed " + seed);
        }
    }

    private static long earliest(Map<Tcb, Long> model) {
        return model.values().stream().mapToLong(time -> time).min().orElse(Tcb.NO_DEADLINE);
    }

    @Test
    void aTimeIsDueWhenItHasComeAndNoTimerIsNone() {
        TimerQueue queue = new TimerQueue();
        ControlBlock c = new ControlBlock();
        queue.schedule(c, Tcb.NO_DEADLINE);
        assertEquals(0, queue.size());
        queue.schedule(c, 10);
        assertNull(queue.takeExpired(9));
        assertNotEquals(Tcb.NONE, c.timerIndex);
        assertEquals(c, queue.takeExpired(10));
        assertNull(queue.takeExpired(10));
    }
}
