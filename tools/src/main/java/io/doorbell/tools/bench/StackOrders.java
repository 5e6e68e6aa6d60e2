package io.doorbell.tools.bench;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.tcp.CloseReason;
import io.doorbell.wire.Bytes;
import java.lang.foreign.MemorySegment;

/** An engine on Doorbell, with one of several ways of sending its orders. */
final class StackOrders extends Orders {
    /** A way of sending orders. All calls come from the engine's thread. */
    interface Way {
        /** Once, when the engine has connected. */
        void begin(Connection connection);

        /** While nothing is urgent, before each order: what is known may be used now. */
        void prepare();

        /** Price and quantity of the order are known now. */
        boolean send(long price, long quantity, long nowNanos);
    }

    private final TcpStack engine;
    private final Way way;
    private long pollNanos;
    private long lastAnswered;
    private boolean due;

    StackOrders(String name, PinnedThreads threads, TcpStack exchange, TcpStack engine, String address, Way way) {
        super(name, threads, exchange);
        this.engine = engine;
        this.way = way;
        Connection connection = engine.connect(address, PORT, new Feed());
        connect(() -> engine.poll(System.nanoTime()));
        if (!connection.state().equals("ESTABLISHED")) {
            throw wrong("the engine is " + connection.state());
        }
        way.begin(connection);
        way.prepare();
    }

    @Override
    void answer() {
        lastAnswered = 0;
        while (lastAnswered != LAST) {
            pollNanos = System.nanoTime();
            engine.poll(pollNanos);
            if (due) {
                due = false;
                way.prepare();
            }
            waiting();
        }
        pollFor(engine, settleNanos());
    }

    @Override
    public void close() {
        super.close();
        engine.close();
    }

    /** Market data. A message comes in one piece. */
    private final class Feed implements ConnectionHandler {
        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            if (length != MESSAGE_BYTES) {
                throw wrong("a market-data message came in pieces");
            }
            if (!way.send(Bytes.u64(memory, offset + 8), Bytes.u64(memory, offset + 16), pollNanos)) {
                throw wrong("an order was refused");
            }
            lastAnswered = Bytes.native64(memory, offset);
            due = true;
            return length;
        }

        @Override
        public void closed(Connection c, CloseReason reason) {
            if (reason != CloseReason.STACK_CLOSED && reason != CloseReason.ABORTED) {
                throw wrong("the exchange's connection has ended: " + reason);
            }
        }
    }
}
