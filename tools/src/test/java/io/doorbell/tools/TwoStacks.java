package io.doorbell.tools;

import static org.junit.jupiter.api.Assertions.fail;

import io.doorbell.TcpStack;
import io.doorbell.link.PipeLink;
import java.util.function.BooleanSupplier;

/** A server's and a client's stack on a cable in memory, polled by one thread on a clock of the test's own. */
public final class TwoStacks implements AutoCloseable {
    public static final String SERVER = "10.9.0.1";
    public static final String CLIENT = "10.9.0.2";

    private static final long STEP_NANOS = 100_000;
    private static final int MOST_STEPS = 2_000_000;

    public final TcpStack server;
    public final TcpStack client;
    private final PipeLink.Pair pair = PipeLink.pair();
    private long nowNanos = 1_000_000_000;

    public TwoStacks() {
        server = TcpStack.on(pair.left()).address(SERVER + "/24").seed(1).build();
        client = TcpStack.on(pair.right()).address(CLIENT + "/24").seed(2).build();
    }

    /** One duty cycle of both. */
    public void step() {
        nowNanos += STEP_NANOS;
        server.poll(nowNanos);
        client.poll(nowNanos);
    }

    public void steps(int count) {
        for (int i = 0; i < count; i++) {
            step();
        }
    }

    /** Duty cycles until {@code condition} holds; the test fails if it never does. */
    public void until(String what, BooleanSupplier condition) {
        for (int i = 0; i < MOST_STEPS; i++) {
            if (condition.getAsBoolean()) {
                return;
            }
            step();
        }
        fail("never happened: " + what);
    }

    @Override
    public void close() {
        server.close();
        client.close();
        pair.close();
    }
}
