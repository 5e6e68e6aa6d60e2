package io.doorbell.tools.bench;

import io.doorbell.TcpStack;
import java.lang.foreign.MemorySegment;

/** The strategy hands its orders to the stack's thread, which sends them between two polls. */
final class HandedReactions extends Reactions {
    private final TcpStack stack;
    private final OrderQueue queue = new OrderQueue();

    HandedReactions(String name, PinnedThreads threads, TcpStack stack, String address, OrderExchange exchange,
                    BusyClients clients) {
        super(name, threads, stack, address, exchange, clients);
        this.stack = stack;
    }

    @Override
    boolean send(MemorySegment ready, long nowNanos) {
        boolean waited = false;
        while (!queue.put(ready)) {
            waited = true;
            waiting();
        }
        return waited;
    }

    @Override
    void serve() {
        if (!queue.waits()) {
            return;
        }
        while (queue.waits()) {
            if (connection().send(queue.orders(), queue.first(), Orders.ORDER_BYTES) != Orders.ORDER_BYTES) {
                throw wrong("an order was refused");
            }
            queue.take();
        }
        stack.flush(System.nanoTime());
    }
}
