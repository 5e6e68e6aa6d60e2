package io.doorbell.sim;

import io.doorbell.Connection;
import io.doorbell.TcpStack;
import io.doorbell.tcp.Grant;
import io.doorbell.tcp.GrantOptions;
import io.doorbell.tcp.OwnerSends;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * One end's grants, one after the other, and the engines that got them: the owner asks for the right back, takes it away,
 * or leaves it be, and learns some time later that an engine has died.
 */
final class Granting {
    private static final long MILLISECOND = 1_000_000L;
    private static final long NEVER = Long.MAX_VALUE;

    private final SplittableRandom random;
    private final StreamContent content;
    private final TwoStacks network;
    private final TcpStack stack;
    private final Runnable step;
    private final int most;
    private final List<SimulatedEngine> engines = new ArrayList<>();
    private Connection connection;
    private int left;
    private boolean mindful;
    private final boolean patient;
    private boolean collected;
    private boolean ended;
    private long wakeNanos = NEVER;
    private String fault;

    Granting(Plan plan, StreamContent content, TwoStacks network, TcpStack stack, Runnable step) {
        this.random = new SplittableRandom(plan.seed() ^ 0x6772_616e_7473L);
        this.content = content;
        this.network = network;
        this.stack = stack;
        this.step = step;
        this.left = plan.grants();
        this.patient = random.nextInt(4) > 0;
        this.most = Math.clamp(plan.bytes(), 2_000, 60_000);
    }

    String fault() {
        for (SimulatedEngine engine : engines) {
            if (fault == null && engine.fault != null) {
                fault = engine.fault + ": " + engine;
            }
        }
        return fault;
    }

    private SimulatedEngine current() {
        return engines.isEmpty() ? null : engines.getLast();
    }

    /** The connection is there, or the owner has nothing else to do: it may make a grant. */
    void consider(Connection c) {
        connection = c;
        if (left == 0) {
            return;
        }
        wake();
        if (random.nextInt(3) == 0) {
            return;
        }
        SimulatedEngine last = current();
        if (last != null && !last.grant.isOver()) {
            if (c.grant(1000) != null) {
                fault = "a connection was granted twice";
            }
            return;
        }
        GrantOptions options = options();
        Grant grant = c.grant(options);
        if (grant == null) {
            return;
        }
        left--;
        mindful = random.nextInt(3) > 0;
        collected = false;
        int budget = Math.min(Plan.logUniform(random, random.nextInt(4) == 0 ? 1 : most / 4, most), options.bytes() * 100);
        engines.add(new SimulatedEngine(random.nextLong(), grant, options, budget, content.engines, network, stack, step));
    }

    /** Whether the owner does not close while an engine still has something to send, or may get something. */
    boolean waits() {
        SimulatedEngine engine = current();
        return patient && !ended && (left > 0 || engine != null && !engine.dead && !engine.done);
    }

    private GrantOptions options() {
        int bytes = Plan.logUniform(random, random.nextInt(6) == 0 ? 1 : 500, 60_000);
        OwnerSends sends = OwnerSends.values()[random.nextInt(OwnerSends.values().length)];
        GrantOptions options = GrantOptions.of(bytes).withSegments(2 << random.nextInt(5)).withOwnerSends(sends);
        if (random.nextInt(3) == 0) {
            options = options.once();
        }
        return random.nextBoolean() ? options.withCloseRecall(random.nextLong(100 * MILLISECOND)) : options;
    }

    private void wake() {
        wakeNanos = network.now + 1 + random.nextLong(random.nextInt(4) == 0 ? 3_000 * MILLISECOND : 20 * MILLISECOND);
    }

    /** The connection is no more. */
    void end() {
        ended = true;
    }

    long nextNanos() {
        long next = wakeNanos;
        for (SimulatedEngine engine : engines) {
            next = Math.min(next, engine.nextNanos());
        }
        return next;
    }

    /** @return whether anybody did anything */
    boolean act() {
        if (nextNanos() > network.now) {
            return false;
        }
        for (int i = 0; i < engines.size(); i++) {
            SimulatedEngine engine = engines.get(i);
            if (engine.nextNanos() <= network.now) {
                engine.act();
                // The owner comes before the stack has seen what was just published.
                if (!mindful && random.nextInt(4) == 0) {
                    wakeNanos = network.now;
                }
            }
        }
        if (wakeNanos <= network.now) {
            wakeNanos = NEVER;
            rule(current());
        }
        return true;
    }

    private void rule(SimulatedEngine engine) {
        if (engine == null) {
            if (!ended) {
                consider(connection);
            }
            return;
        }
        Grant grant = engine.grant;
        if (engine.dead) {
            if (random.nextBoolean()) {
                grant.engineEnded();
                check(engine);
                if (!ended) {
                    consider(connection);
                }
                return;
            }
        } else if (!mindful && !grant.isOver()) {
            switch (random.nextInt(16)) {
                case 0 -> grant.fence();
                case 1 -> grant.recall(network.now + random.nextLong(50 * MILLISECOND));
                case 2 -> grant.recall(NEVER);
                default -> { }
            }
        }
        check(engine);
        if (engine.done && grant.isOver()) {
            if (left == 0 || ended) {
                return;
            }
            consider(connection);
            if (current() != engine) {
                return;
            }
        }
        wake();
    }

    /** What the engine has published is what the stack has seen, if the connection has outlived the grant. */
    private void check(SimulatedEngine engine) {
        if (!collected && engine.grant.isOver() && !ended) {
            collected = true;
            if (engine.grant.sentBytes() != engine.sentBytes) {
                fault = "the stack has seen " + engine.grant.sentBytes() + " bytes of " + engine;
            }
        }
    }

    /** Whether some engine still has to do something, if only to be found dead. */
    boolean isBusy() {
        return nextNanos() != NEVER;
    }

    @Override
    public String toString() {
        return engines.toString();
    }
}
