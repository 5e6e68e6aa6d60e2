package io.doorbell.grant;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.counters.Counter;
import io.doorbell.link.Link;
import io.doorbell.netns.RequiresRoot;
import io.doorbell.tcp.Grant;
import io.doorbell.tcp.GrantOptions;
import io.doorbell.tcp.OwnerSends;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/**
 * An engine sends by grant to Linux's TCP, on a link of its own, while the stack polls on another: with renewals, recalls
 * at random moments, sends by the owner in between, and a path that loses frames in both directions. What the kernel
 * delivers is compared byte by byte.
 */
@RequiresRoot
class DelegatedLinuxTest {
    /** Sends all messages, under as many grants as it takes; returns each when it is asked back. */
    private static final class Engine implements Runnable {
        private final Link link;
        private final Messages messages;
        private final int total;
        private final SynchronousQueue<GrantedSender> grants;
        private final Random random;
        private final MemorySegment buffer = Arena.ofAuto().allocate(Messages.HEADER + Messages.MOST);
        private volatile int sent;
        private volatile Throwable failure;

        Engine(Link link, Messages messages, int total, SynchronousQueue<GrantedSender> grants, Random random) {
            this.link = link;
            this.messages = messages;
            this.total = total;
            this.grants = grants;
            this.random = random;
        }

        @Override
        public void run() {
            try {
                int number = 0;
                while (number < total) {
                    GrantedSender sender = grants.poll(60, TimeUnit.SECONDS);
                    if (sender == null) {
                        throw new IllegalStateException("no grant for a minute");
                    }
                    number = use(sender, number);
                }
            } catch (InterruptedException | RuntimeException | Error e) {
                failure = e;
            }
        }

        private int use(GrantedSender sender, int from) {
            int number = from;
            // When it is asked back, some more are sent before.
            int more = random.nextInt(3);
            while (number < total) {
                int length = messages.write(Messages.ENGINE, number, buffer);
                int flags = random.nextInt(50) == 0 ? GrantedSender.WARM : 0;
                int code = sender.send(buffer, 0, length, System.nanoTime(), flags);
                if (code == GrantedSender.BACKPRESSURE) {
                    LockSupport.parkNanos(20_000);
                } else if (code < 0) {
                    break;
                } else if (flags == 0) {
                    number++;
                    sent = number;
                }
                if (sender.isRecalled() && --more < 0) {
                    break;
                }
            }
            sender.giveBack();
            return number;
        }
    }

    private static void run(String kind, int total) throws Exception {
        long seed = Stage.seed();
        Random random = new Random(seed);
        SynchronousQueue<GrantedSender> grants = new SynchronousQueue<>();
        try (Stage stage = new Stage(seed, 0.01, null); Link engineLink = stage.engineLink(kind)) {
            Engine engine = new Engine(engineLink, stage.messages, total, grants, new Random(seed + 1));
            Thread thread = Thread.ofPlatform().daemon().start(engine);
            while (engine.sent < total) {
                Grant grant = stage.onStack(() -> stage.connection.grant(options(random)));
                if (grant == null) {
                    // The last one's memory is not let go of yet.
                    Thread.sleep(0, 100_000);
                    continue;
                }
                GrantedSender sender = stage.onStack(() -> grant.sender(engineLink));
                assertTrue(grants.offer(sender, 60, TimeUnit.SECONDS), () -> "the engine: " + engine.failure);
                int until = engine.sent + 1 + random.nextInt(Math.max(2, total / 100));
                watch(stage, engine, grant, until, random);
            }
            thread.join(60_000);
            stage.finish(total);
            assertTrue(stage.count(Counter.GRANTS_RECALLED) > 0 && stage.count(Counter.GRANTS_ASKED) > 0);
            assertTrue(stage.count(Counter.TCP_RETRANSMITTED_SEGMENTS) > 0, "the path was to lose something");
        }
    }

    private static GrantOptions options(Random random) {
        OwnerSends[] ways = {OwnerSends.WAIT, OwnerSends.FIRST};
        return GrantOptions.of(4_000 + random.nextInt(100_000)).withSegments(8 << random.nextInt(4))
                .withOwnerSends(ways[random.nextInt(2)]);
    }

    /** Lets the engine send until its number is {@code until}, with sends by the owner, and asks the right back then. */
    private static void watch(Stage stage, Engine engine, Grant grant, int until, Random random) throws Exception {
        boolean recalled = false;
        while (!stage.onStack(grant::isOver)) {
            stage.mustBeWell();
            assertTrue(engine.failure == null, () -> "the engine: " + engine.failure);
            if (random.nextInt(4) == 0) {
                stage.onStack(() -> {
                    stage.ownerSends();
                    return null;
                });
            }
            if (!recalled && engine.sent >= until) {
                recalled = true;
                stage.onStack(() -> {
                    grant.recall(System.nanoTime() + 60_000_000_000L);
                    return null;
                });
            }
            Thread.sleep(0, random.nextInt(900_000));
        }
    }


    @Test
    void overAfXdp() throws Exception {
        run("xdp", Stage.times("messages", 100_000));
    }

    @Test
    void overAPacketSocket() throws Exception {
        run("packet", Stage.times("messages", 100_000) / 10);
    }
}
