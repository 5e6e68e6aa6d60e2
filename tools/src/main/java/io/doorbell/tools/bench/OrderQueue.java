package io.doorbell.tools.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Orders on their way from one thread to one other, in memory that is there from the start: no lock, no allocation. It is
 * the best that a program can do that hands its sends over.
 */
final class OrderQueue {
    private static final int ORDERS = 64;
    private static final VarHandle PUT;
    private static final VarHandle TAKEN;

    static {
        try {
            PUT = MethodHandles.lookup().findVarHandle(OrderQueue.class, "put", long.class);
            TAKEN = MethodHandles.lookup().findVarHandle(OrderQueue.class, "taken", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final MemorySegment orders = Arena.ofAuto().allocate((long) ORDERS * Orders.ORDER_BYTES, 128);
    private volatile long put;
    private volatile long taken;

    /** The putting thread: copies an order; false if too many wait. */
    boolean put(MemorySegment order) {
        long number = (long) PUT.get(this);
        if (number - taken == ORDERS) {
            return false;
        }
        MemorySegment.copy(order, 0, orders, offset(number), Orders.ORDER_BYTES);
        PUT.setRelease(this, number + 1);
        return true;
    }

    /** The taking thread: whether an order waits. It lies in {@link #orders} at {@link #first} until {@link #take}. */
    boolean waits() {
        return (long) PUT.getAcquire(this) != (long) TAKEN.get(this);
    }

    MemorySegment orders() {
        return orders;
    }

    long first() {
        return offset((long) TAKEN.get(this));
    }

    void take() {
        TAKEN.setRelease(this, (long) TAKEN.get(this) + 1);
    }

    private static long offset(long number) {
        return number % ORDERS * Orders.ORDER_BYTES;
    }
}
