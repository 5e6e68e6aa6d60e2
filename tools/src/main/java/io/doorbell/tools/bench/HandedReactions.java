package io.doorbell.tools.bench;

import io.doorbell.TcpStack;
import io.doorbell.tcp.MessageTemplate;
import java.lang.foreign.MemorySegment;

/** The strategy hands its orders to the stack's thread, which sends them between two polls. */
final class HandedReactions extends Reactions {
    private final TcpStack stack;
    private final OrderQueue queue = new OrderQueue();
    private final boolean rehearses;
    private long rehearsedNanos;

    /** @param rehearses whether the stack's thread sends WARM while no order waits */
    HandedReactions(String name, PinnedThreads threads, TcpStack stack, String address, OrderExchange exchange,
                    BusyClients clients, boolean rehearses) {
        super(name, threads, stack, address, exchange, clients);
        this.stack = stack;
        this.rehearses = rehearses;
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

    /** Its send is a copy to the queue; the stack's thread has the rest. */
    @Override
    void rehearse(MemorySegment ready, long nowNanos) {
    }

    @Override
    void serve(long nowNanos) {
        if (!queue.waits()) {
            if (rehearses && nowNanos - rehearsedNanos >= REHEARSE_NANOS) {
                rehearsedNanos = nowNanos;
                connection().send(queue.orders(), queue.first(), Orders.ORDER_BYTES, MessageTemplate.WARM);
            }
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
