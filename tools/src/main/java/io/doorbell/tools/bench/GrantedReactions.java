package io.doorbell.tools.bench;

import io.doorbell.TcpStack;
import io.doorbell.grant.GrantedSender;
import io.doorbell.link.Link;
import io.doorbell.tcp.Grant;
import io.doorbell.tcp.GrantOptions;
import java.lang.foreign.MemorySegment;

/** The strategy sends its orders itself, on a link of its own, under a grant that is renewed. */
final class GrantedReactions extends Reactions {
    private static final int GRANTED_BYTES = 1 << 15;
    private static final int SEGMENTS = 256;

    private final boolean rehearses;
    private final GrantedSender sender;

    /**
     * @param own       the strategy's link
     * @param rehearses whether the strategy's thread sends WARM while there is no event
     */
    GrantedReactions(String name, PinnedThreads threads, TcpStack stack, String address, OrderExchange exchange,
                     BusyClients clients, Link own, boolean rehearses) {
        super(name, threads, stack, address, exchange, clients);
        this.rehearses = rehearses;
        Grant[] opened = new Grant[1];
        onStack(() -> opened[0] = connection().grant(GrantOptions.of(GRANTED_BYTES).withSegments(SEGMENTS)));
        if (opened[0] == null) {
            throw wrong("the grant was refused");
        }
        sender = opened[0].sender(own);
    }

    @Override
    boolean send(MemorySegment ready, long nowNanos) {
        int code = sender.send(ready, 0, Orders.ORDER_BYTES, nowNanos);
        boolean waited = code == GrantedSender.BACKPRESSURE;
        while (code == GrantedSender.BACKPRESSURE) {
            waiting();
            code = sender.send(ready, 0, Orders.ORDER_BYTES, System.nanoTime());
        }
        if (code < 0) {
            throw wrong("an order was refused with " + code);
        }
        return waited;
    }

    @Override
    void rehearse(MemorySegment ready, long nowNanos) {
        if (rehearses) {
            sender.send(ready, 0, Orders.ORDER_BYTES, nowNanos, GrantedSender.WARM);
        }
    }

    @Override
    void serve(long nowNanos) {
        // The stack has nothing to do with these orders but to see that they arrive.
    }

    @Override
    public void close() {
        sender.giveBack();
        super.close();
    }
}
