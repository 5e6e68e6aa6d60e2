package io.doorbell.tools.bench;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.tcp.CloseReason;
import io.doorbell.wire.Bytes;
import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;

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

    private final Engine engine;

    /** @param stack for the engine's stack, which connects to the exchange at this address */
    StackOrders(String name, PinnedThreads threads, TcpStack.Builder exchange, String address, TcpStack.Builder stack,
                Supplier<Way> way) {
        super(name, threads, exchange);
        engine = threads.onSecond(() -> new Engine(this, stack.build(), way.get()));
        connect(() -> engine.connect(address));
    }

    @Override
    void answer() {
        engine.answer();
    }

    @Override
    public void close() {
        super.close();
        engine.stack.close();
    }

    /** Gets market data, each message in one piece, and sends orders. */
    private static final class Engine extends End implements ConnectionHandler {
        private final TcpStack stack;
        private final Way way;
        private long pollNanos;
        private long lastAnswered;
        private boolean due;

        private Engine(PingPong of, TcpStack stack, Way way) {
            super(of);
            this.stack = stack;
            this.way = way;
        }

        private void connect(String address) {
            Connection connection = stack.connect(address, PORT, this);
            while (!connection.state().equals("ESTABLISHED")) {
                stack.poll(System.nanoTime());
                waiting();
            }
            way.begin(connection);
            way.prepare();
        }

        private void answer() {
            lastAnswered = 0;
            while (lastAnswered != LAST) {
                pollNanos = System.nanoTime();
                stack.poll(pollNanos);
                if (due) {
                    due = false;
                    way.prepare();
                }
                waiting();
            }
            pollFor(stack, settleNanos());
        }

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
