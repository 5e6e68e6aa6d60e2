package io.doorbell.tools.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.wire.Bytes;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** Between two threads, and at its bounds. */
class OrderQueueTest {
    private static final int COUNT = 200_000;

    private final OrderQueue queue = new OrderQueue();

    @Test
    void itTakesNoMoreThanItHasRoomFor() {
        MemorySegment order = Orders.order();
        assertFalse(queue.waits());
        int accepted = 0;
        while (accepted < 1_000 && queue.put(order)) {
            accepted++;
        }
        assertEquals(64, accepted);
        assertTrue(queue.waits());
        queue.take();
        assertTrue(queue.put(order));
        assertFalse(queue.put(order));
    }

    @Test
    void ordersComeWholeAndInTheirOrder() throws InterruptedException {
        Thread putting = Thread.ofPlatform().start(() -> {
            MemorySegment order = Orders.order();
            for (int i = 0; i < COUNT; i++) {
                Bytes.put64(order, 0, i);
                Bytes.put64(order, Orders.ORDER_BYTES - 8, i);
                while (!queue.put(order)) {
                    Thread.onSpinWait();
                }
            }
        });
        for (int i = 0; i < COUNT; i++) {
            while (!queue.waits()) {
                Thread.onSpinWait();
            }
            assertEquals(i, Bytes.u64(queue.orders(), queue.first()));
            assertEquals(i, Bytes.u64(queue.orders(), queue.first() + Orders.ORDER_BYTES - 8));
            queue.take();
        }
        putting.join();
        assertFalse(queue.waits());
    }
}
