package io.doorbell.tools.bench;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.tcp.CloseReason;
import io.doorbell.wire.Bytes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * An exchange and an engine: a market-data message goes to the engine, which answers with an order, all of which but a
 * price and a quantity was known before. The exchange is the same for all engines, Doorbell's TCP over AF_XDP, and it
 * takes the time: from handing a market-data message to its stack to holding the whole order.
 *
 * <p>Before each message the exchange waits for a while, in which an engine may prepare its next order: no engine is
 * measured while it does that.
 */
abstract class Orders extends PingPong {
    static final int PORT = 9100;
    static final int ORDER_BYTES = 256;
    /** Where the price is, in a market-data message behind its number, and in an order. */
    static final int PRICE_AT = 96;
    static final int QUANTITY_AT = 200;

    private static final long CONNECT_NANOS = 10_000_000_000L;
    static final long PREPARE_NANOS = 30_000;
    private static final long SETTLE_NANOS = 60_000_000L;

    private final Exchange exchange;

    /** @param stack for the exchange's stack */
    Orders(String name, PinnedThreads threads, TcpStack.Builder stack) {
        super(name, threads);
        exchange = threads.onFirst(() -> new Exchange(this, stack.build()));
    }

    /** What is known of an order beforehand, with price and quantity 0. */
    static MemorySegment order() {
        MemorySegment order = Arena.ofAuto().allocate(ORDER_BYTES, 64);
        for (int at = 0; at < ORDER_BYTES; at++) {
            order.set(ValueLayout.JAVA_BYTE, at, (byte) ('A' + at % 26));
        }
        Bytes.put64(order, PRICE_AT, 0);
        Bytes.put64(order, QUANTITY_AT, 0);
        return order;
    }

    static long price(long number) {
        return number * 0x9E37_79B9_7F4A_7C15L;
    }

    static long quantity(long number) {
        return number ^ 0x5555_5555L;
    }

    /** The exchange waits until an engine has connected; {@code engine} is the engine's part of that, on its thread. */
    final void connect(PinnedThreads.Part engine) {
        threads().play(exchange::accept, engine, CONNECT_NANOS);
    }

    @Override
    final long roundTripNanos(long number) {
        return exchange.roundTripNanos(number);
    }

    @Override
    final void settle() {
        exchange.pollFor(exchange.stack, SETTLE_NANOS);
    }

    /** Longer than the exchange goes on after the last order. */
    static long settleNanos() {
        return 2 * SETTLE_NANOS;
    }

    @Override
    public void close() {
        exchange.stack.close();
    }

    /** The exchange's end: puts an order together as it comes. What is known of the next one may come with it. */
    private static final class Exchange extends End implements ConnectionHandler {
        private final TcpStack stack;
        private final MemorySegment message = Arena.ofAuto().allocate(MESSAGE_BYTES, 64);
        private final MemorySegment expected = order();
        private final MemorySegment order = Arena.ofAuto().allocate(2 * ORDER_BYTES, 64);
        private Connection connection;
        private int received;
        private long receivedNanos;

        private Exchange(PingPong of, TcpStack stack) {
            super(of);
            this.stack = stack;
            stack.listen(PORT, this::accepted);
        }

        private ConnectionHandler accepted(Connection c) {
            connection = c;
            return this;
        }

        private void accept() {
            long begin = System.nanoTime();
            for (long now = begin; connection == null; now = System.nanoTime()) {
                if (now - begin > CONNECT_NANOS) {
                    throw wrong("the engine could not connect");
                }
                stack.poll(now);
                waiting();
            }
        }

        private long roundTripNanos(long number) {
            pollFor(stack, PREPARE_NANOS);
            Bytes.putNative64(message, 0, number);
            Bytes.put64(message, 8, price(number));
            Bytes.put64(message, 16, quantity(number));
            long begin = System.nanoTime();
            if (connection.send(message, 0, MESSAGE_BYTES) != MESSAGE_BYTES) {
                throw wrong("a market-data message was refused");
            }
            stack.flush(begin);
            while (received < ORDER_BYTES) {
                stack.poll(System.nanoTime());
                waiting();
            }
            long nanos = receivedNanos - begin;
            Bytes.put64(expected, PRICE_AT, price(number));
            Bytes.put64(expected, QUANTITY_AT, quantity(number));
            take(number);
            return nanos;
        }

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            if (received + length >= 2 * ORDER_BYTES) {
                throw wrong("an order came that nobody had asked for");
            }
            MemorySegment.copy(memory, offset, order, received, length);
            if (received < ORDER_BYTES && received + length >= ORDER_BYTES) {
                receivedNanos = System.nanoTime();
            }
            received += length;
            return length;
        }

        private void take(long number) {
            long wrongAt = MemorySegment.mismatch(order, 0, ORDER_BYTES, expected, 0, ORDER_BYTES);
            if (wrongAt >= 0) {
                throw wrong("order " + number + " is wrong at byte " + wrongAt);
            }
            received -= ORDER_BYTES;
            MemorySegment.copy(order, ORDER_BYTES, order, 0, received);
        }

        @Override
        public void closed(Connection c, CloseReason reason) {
            if (reason != CloseReason.STACK_CLOSED && reason != CloseReason.ABORTED) {
                throw wrong("the engine's connection has ended: " + reason);
            }
        }
    }
}
