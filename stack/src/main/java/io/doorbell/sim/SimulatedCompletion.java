package io.doorbell.sim;

import io.doorbell.TcpStack;
import io.doorbell.grant.GrantedMessage;
import io.doorbell.grant.GrantedSender;
import io.doorbell.tcp.MessageGrant;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;

/**
 * An engine that was granted a message, and its owner's rule over it: it supplies what is missing in any order, completes
 * the message, gives it back, or dies; its packets may never leave. The owner asks the right back or takes it away.
 */
final class SimulatedCompletion implements EngineConduct {
    private static final long NEVER_LEAVES = Long.MAX_VALUE;
    private static final long MILLISECOND = 1_000_000L;

    private final SplittableRandom random;
    private final TwoStacks network;
    private final GrantedMessage engine;
    private final byte[] bytes;
    final MessageGrant grant;
    private boolean dead;
    private boolean told;
    private boolean sent;
    private boolean noted;
    String fault;

    SimulatedCompletion(long seed, MessageGrant grant, byte[] bytes, TwoStacks network, TcpStack stack) {
        this.random = new SplittableRandom(seed);
        this.grant = grant;
        this.bytes = bytes;
        this.network = network;
        this.engine = grant.engine(new EngineLink(this, network, stack, 1 + random.nextInt(6)));
        if (engine.length() != bytes.length) {
            fail("a message of " + bytes.length + " bytes is said to have " + engine.length());
        }
    }

    private void fail(String what) {
        if (fault == null) {
            fault = what;
        }
    }

    /** One step of the engine, or of its owner. */
    void act() {
        if (random.nextInt(16) == 0) {
            rule();
        } else if (!dead && !told) {
            work();
        } else if (dead && random.nextInt(3) == 0) {
            grant.engineEnded();
        }
    }

    private void rule() {
        switch (random.nextInt(4)) {
            case 0 -> grant.fence();
            case 1 -> grant.recall(network.now + random.nextLong(20 * MILLISECOND));
            case 2 -> dead = true;
            default -> { }
        }
    }

    private void work() {
        int at = engine.nextMissing();
        if (at < bytes.length) {
            int most = 1 + random.nextInt(bytes.length - at);
            int code = engine.supply(at, MemorySegment.ofArray(bytes), at, most);
            for (; code == GrantedMessage.OUT_OF_RANGE && most > 1; most = (most + 1) / 2) {
                code = engine.supply(at, MemorySegment.ofArray(bytes), at, (most + 1) / 2);
            }
            if (code < 0) {
                fail("a part that is missing was answered " + code);
            }
            int early = random.nextInt(8) == 0 && engine.missing() > 0 ? engine.send(network.now) : GrantedMessage.HOLES;
            if (early != GrantedMessage.HOLES) {
                fail("a message with holes was answered " + early);
            }
            return;
        }
        if (random.nextInt(16) == 0) {
            engine.giveBack();
        }
        if (random.nextInt(8) == 0) {
            engine.send(network.now, GrantedSender.WARM);
            if (noted) {
                fail("a rehearsal was posted");
            }
        }
        answered(engine.send(network.now));
    }

    private void answered(int code) {
        switch (code) {
            case GrantedSender.FAST, GrantedSender.QUEUED -> {
                sent = true;
                told = true;
            }
            case GrantedSender.BACKPRESSURE -> { }
            case GrantedSender.FENCED, GrantedSender.CLOSED -> {
                told = true;
                if (!grant.isOver()) {
                    fail("the engine is told " + code + ", and the owner nothing");
                }
            }
            case GrantedSender.RETURNED -> told = true;
            default -> fail("a message was answered " + code);
        }
        if (noted && !sent) {
            fail("a message was posted, and answered " + code);
        }
    }

    /** The owner has the message again, or it is complete; the connection goes on. */
    void check() {
        if (grant.isCompleted() != sent) {
            fail("the owner is told that the message is " + (sent ? "not " : "") + "completed");
        }
    }

    /** Nobody needs it any more. */
    void end() {
        if (random.nextBoolean() && !dead) {
            engine.giveBack();
        } else {
            grant.engineEnded();
        }
    }

    @Override
    public void beforePublishing() {
        // The stack takes part between two calls of this engine only.
        noted = false;
    }

    @Override
    public long published() {
        noted = true;
        if (grant.isOver()) {
            fail("a message was posted after the right was gone");
        }
        return switch (random.nextInt(16)) {
            case 0 -> -1;
            case 1 -> NEVER_LEAVES;
            default -> 0;
        };
    }
}
