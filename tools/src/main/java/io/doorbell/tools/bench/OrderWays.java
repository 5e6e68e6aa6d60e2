package io.doorbell.tools.bench;

import io.doorbell.Connection;
import io.doorbell.tcp.MessageTemplate;
import io.doorbell.tcp.PartialMessage;
import io.doorbell.wire.Bytes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The ways of sending an order that are measured. */
final class OrderWays {
    private OrderWays() {
    }

    /** The whole order is copied and summed when it is known. */
    static final class Plain implements StackOrders.Way {
        private final MemorySegment order = Orders.order();
        private Connection connection;

        @Override
        public void begin(Connection c) {
            connection = c;
        }

        @Override
        public void prepare() {
            // All that is known lies in the order.
        }

        @Override
        public boolean send(long price, long quantity, long nowNanos) {
            Bytes.put64(order, Orders.PRICE_AT, price);
            Bytes.put64(order, Orders.QUANTITY_AT, quantity);
            return connection.send(order, 0, Orders.ORDER_BYTES) == Orders.ORDER_BYTES;
        }
    }

    /** All but price and quantity waits in its frame. */
    static final class Template implements StackOrders.Way {
        private MessageTemplate template;

        @Override
        public void begin(Connection c) {
            template = c.template(Orders.ORDER_BYTES);
            template.known(0, Orders.order(), 0, Orders.ORDER_BYTES);
        }

        @Override
        public void prepare() {
            // The template arms itself.
        }

        @Override
        public boolean send(long price, long quantity, long nowNanos) {
            template.update64(Orders.PRICE_AT, price);
            template.update64(Orders.QUANTITY_AT, quantity);
            return template.send(nowNanos) >= 0;
        }
    }

    /** All but price and quantity has left long before. */
    static final class Partial implements StackOrders.Way {
        private final MemorySegment order = Orders.order();
        private final MemorySegment last = Arena.ofAuto().allocate(Long.BYTES, Long.BYTES);
        private final PartialMessage message = new PartialMessage();
        private Connection connection;

        @Override
        public void begin(Connection c) {
            connection = c;
        }

        @Override
        public void prepare() {
            int quantityEnd = Orders.QUANTITY_AT + Long.BYTES;
            int priceEnd = Orders.PRICE_AT + Long.BYTES;
            boolean begun = connection.begin(message, Orders.ORDER_BYTES) == 0
                    && message.complete(0, order, 0, Orders.PRICE_AT) > 0
                    && message.complete(priceEnd, order, priceEnd, Orders.QUANTITY_AT - priceEnd) > 0
                    && message.complete(quantityEnd, order, quantityEnd, Orders.ORDER_BYTES - quantityEnd) > 0;
            if (!begun) {
                throw new IllegalStateException("the known parts of an order were refused");
            }
        }

        @Override
        public boolean send(long price, long quantity, long nowNanos) {
            Bytes.put64(last, 0, price);
            int missing = message.complete(Orders.PRICE_AT, last, 0, Long.BYTES);
            Bytes.put64(last, 0, quantity);
            return missing == Long.BYTES && message.complete(Orders.QUANTITY_AT, last, 0, Long.BYTES) == 0;
        }
    }
}
