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
    private static final long PREPARE_NANOS = 30_000;
    private static final long SETTLE_NANOS = 60_000_000L;

    private final TcpStack exchange;
    private final Participant participant = new Participant();
    private final MemorySegment message = Arena.ofAuto().allocate(MESSAGE_BYTES, 64);
    private final MemorySegment expected = order();

    /** @param exchange its stack, which this contestant alone uses */
    Orders(String name, PinnedThreads threads, TcpStack exchange) {
        super(name, threads);
        this.exchange = exchange;
        exchange.listen(PORT, participant::accepted);
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

    /** Polls the exchange until an engine has connected; {@code engine} is the engine's own part of that. */
    final void connect(Runnable engine) {
        long begin = System.nanoTime();
        for (long now = begin; participant.connection == null; now = System.nanoTime()) {
            if (now - begin > CONNECT_NANOS) {
                throw wrong("the engine could not connect");
            }
            exchange.poll(now);
            engine.run();
        }
    }

    @Override
    final long roundTripNanos(long number) {
        pollFor(exchange, PREPARE_NANOS);
        Bytes.putNative64(message, 0, number);
        Bytes.put64(message, 8, price(number));
        Bytes.put64(message, 16, quantity(number));
        long begin = System.nanoTime();
        if (participant.connection.send(message, 0, MESSAGE_BYTES) != MESSAGE_BYTES) {
            throw wrong("a market-data message was refused");
        }
        exchange.flush(begin);
        while (participant.received < ORDER_BYTES) {
            exchange.poll(System.nanoTime());
            waiting();
        }
        long nanos = participant.receivedNanos - begin;
        Bytes.put64(expected, PRICE_AT, price(number));
        Bytes.put64(expected, QUANTITY_AT, quantity(number));
        participant.take(number);
        return nanos;
    }

    @Override
    final void settle() {
        pollFor(exchange, SETTLE_NANOS);
    }

    final void pollFor(TcpStack stack, long nanos) {
        long begin = System.nanoTime();
        for (long now = begin; now - begin < nanos; now = System.nanoTime()) {
            stack.poll(now);
            waiting();
        }
    }

    /** Longer than the exchange goes on after the last order. */
    static long settleNanos() {
        return 2 * SETTLE_NANOS;
    }

    @Override
    public void close() {
        exchange.close();
    }

    /** The exchange's end: puts an order together as it comes. What is known of the next one may come with it. */
    private final class Participant implements ConnectionHandler {
        private final MemorySegment order = Arena.ofAuto().allocate(2 * ORDER_BYTES, 64);
        private Connection connection;
        private int received;
        private long receivedNanos;

        private ConnectionHandler accepted(Connection c) {
            connection = c;
            return this;
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
