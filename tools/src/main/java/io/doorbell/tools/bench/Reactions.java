package io.doorbell.tools.bench;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tools.cli.ExitCode;
import io.doorbell.tools.cli.UserError;
import io.doorbell.wire.Bytes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.SocketChannel;
import java.util.SplittableRandom;
import org.HdrHistogram.Histogram;

/**
 * An event reaches a strategy, and an order of {@value Orders#ORDER_BYTES} bytes leaves: timed from the event, at which
 * the strategy's thread is, to the order's passing of the exchange's interface. The first of two pinned threads is
 * strategy and exchange in turn; the second is the stack's, which polls without a pause.
 *
 * <p>Events come at random moments. In between the first thread takes the order that came in, and empties the sockets
 * of the clients that keep the stack busy.
 */
abstract class Reactions extends Contestant<Reactions.Result> {
    /**
     * What one round yields.
     *
     * @param p50Nanos          half of the orders took no longer
     * @param p99Nanos          99 of 100 took no longer
     * @param count             orders
     * @param allocatedBytes    on the heap, by the strategy's thread, from event to arrival
     * @param waited            orders that were not taken at once
     * @param pollNanos         how long the duty cycle is that a random moment falls into, on average
     * @param messagesPerSecond to all other connections together
     */
    record Result(long p50Nanos, long p99Nanos, long count, long allocatedBytes, long waited, double pollNanos,
                  double messagesPerSecond) {
    }

    private static final long CONNECT_NANOS = 10_000_000_000L;
    private static final long LONGEST_NANOS = 10_000_000_000L;
    private static final int DIGITS = 3;
    private static final long LEAST_PAUSE_NANOS = 50_000;
    private static final long MOST_PAUSE_NANOS = 350_000;
    /** Longer than the peer delays an ACK: nothing is left unacknowledged while others are measured. */
    private static final long SETTLE_NANOS = 60_000_000L;

    /** How often whoever sends orders rehearses while none is due: often enough for what it touches to stay cached. */
    static final long REHEARSE_NANOS = 5_000;

    private final PinnedThreads threads;
    private final TcpStack stack;
    private final OrderExchange exchange;
    /** Null if the stack has nothing else to do. */
    private final BusyClients clients;
    private final Connection connection;
    private final SocketChannel channel;
    private final MemorySegment order = Orders.order();
    private final Runnable broken = this::waiting;
    private final Histogram times = new Histogram(LONGEST_NANOS, DIGITS);
    private final SplittableRandom random = new SplittableRandom(1);
    private volatile boolean done;
    private volatile boolean rested;
    private long number;
    private long rehearsedNanos;
    private long allocated;
    private long waited;
    private double pollNanos;
    private double messagesPerSecond;

    Reactions(String name, PinnedThreads threads, TcpStack stack, String address, OrderExchange exchange,
              BusyClients clients) {
        super(name);
        this.threads = threads;
        this.stack = stack;
        this.exchange = exchange;
        this.clients = clients;
        Connection[] opened = new Connection[1];
        SocketChannel[] accepted = new SocketChannel[1];
        threads.play(() -> accepted[0] = exchange.accept(), () -> opened[0] = connect(address), CONNECT_NANOS);
        connection = opened[0];
        channel = accepted[0];
    }

    private Connection connect(String address) {
        Connection c = stack.connect(address, OrderExchange.PORT, new Engine());
        while (!c.state().equals("ESTABLISHED")) {
            stack.poll(System.nanoTime());
            waiting();
        }
        settle();
        return c;
    }

    /** The engine's connection, the stack's thread's. */
    final Connection connection() {
        return connection;
    }

    /**
     * The strategy's thread: lets the order go its way.
     *
     * @return whether it had to wait before it was taken
     */
    abstract boolean send(MemorySegment ready, long nowNanos);

    /** The strategy's thread, while there is no event: the best that it can do to have its next {@link #send} in the caches. */
    abstract void rehearse(MemorySegment ready, long nowNanos);

    /** The stack's thread, between two polls: sends what was handed over, or rehearses it. */
    abstract void serve(long nowNanos);

    @Override
    Result round(long nanos) {
        times.reset();
        done = false;
        rested = false;
        allocated = 0;
        waited = 0;
        threads.play(() -> react(nanos), this::poll, nanos);
        return new Result(times.getValueAtPercentile(50), times.getValueAtPercentile(99), times.getTotalCount(), allocated,
                waited, pollNanos, messagesPerSecond);
    }

    /** Compiled code allocates nothing. */
    @Override
    boolean isWarm() {
        return allocated == 0;
    }

    // ---- strategy and exchange

    private void react(long nanos) throws IOException {
        exchange.begin();
        long until = System.nanoTime() + nanos;
        do {
            pause(random.nextLong(LEAST_PAUSE_NANOS, MOST_PAUSE_NANOS));
            number++;
            OrderExchange.number(order, number);
            Bytes.put64(order, Orders.PRICE_AT, Orders.price(number));
            Bytes.put64(order, Orders.QUANTITY_AT, Orders.quantity(number));
            exchange.await(number);
            reactOnce();
            exchange.take(channel, order, broken);
        } while (System.nanoTime() - until < 0);
        boolean right = exchange.clockHolds();
        done = true;
        while (!rested) {
            pause(LEAST_PAUSE_NANOS);
        }
        if (clients != null) {
            clients.check();
        }
        if (!right) {
            throw wrong("somebody has set the clock during a round: run it again");
        }
    }

    private void reactOnce() {
        long allocatedBefore = ThreadStatus.allocatedBytes();
        long event = System.nanoTime();
        waited += send(order, event) ? 1 : 0;
        while (!exchange.hasArrived()) {
            waiting();
        }
        allocated += ThreadStatus.allocatedBytes() - allocatedBefore;
        long nanos = exchange.arrivedNanos() - event;
        if (nanos < 0) {
            throw wrong("an order came in before its event: the clock was set");
        }
        times.recordValue(Math.min(nanos, LONGEST_NANOS));
    }

    private void pause(long nanos) throws IOException {
        long begin = System.nanoTime();
        while (System.nanoTime() - begin < nanos) {
            if (clients != null) {
                clients.read();
            }
            waiting();
            long now = System.nanoTime();
            if (now - rehearsedNanos >= REHEARSE_NANOS) {
                rehearsedNanos = now;
                rehearse(order, now);
            }
        }
    }

    // ---- the stack's thread

    private void poll() {
        long sent = clients == null ? 0 : clients.sentMessages();
        long begin = System.nanoTime();
        double squares = 0;
        if (clients != null) {
            clients.begin();
        }
        long now = begin;
        while (!done) {
            stack.poll(now);
            serve(now);
            waiting();
            long before = now;
            now = System.nanoTime();
            squares += (double) (now - before) * (now - before);
        }
        double nanos = now - begin;
        pollNanos = squares / nanos;
        if (clients != null) {
            clients.end();
            messagesPerSecond = (clients.sentMessages() - sent) / (nanos / 1e9);
        }
        settle();
        rested = true;
    }

    private void settle() {
        long begin = System.nanoTime();
        for (long now = begin; now - begin < SETTLE_NANOS || clients != null && !clients.rest(); now = System.nanoTime()) {
            stack.poll(now);
            waiting();
        }
    }

    final void waiting() {
        if (threads.failed().raised()) {
            throw new UserError(ExitCode.FAILED, name() + ": broken off");
        }
    }

    final UserError wrong(String what) {
        return new UserError(ExitCode.FAILED, name() + ": " + what);
    }

    /** Has the stack's thread do something between two rounds. */
    final void onStack(PinnedThreads.Part part) {
        threads.play(() -> { }, part, CONNECT_NANOS);
    }

    /** The link and the stack are the caller's. */
    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Hears nothing, as the exchange says nothing. */
    private final class Engine implements ConnectionHandler {
        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            throw wrong("the exchange has sent something");
        }

        @Override
        public void closed(Connection c, CloseReason reason) {
            if (reason != CloseReason.STACK_CLOSED && reason != CloseReason.NORMAL) {
                throw wrong("the exchange's connection has ended: " + reason);
            }
        }
    }
}
