package io.doorbell.grant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.link.Link;
import io.doorbell.link.LinkDecorator;
import io.doorbell.netns.RequiresRoot;
import io.doorbell.tcp.Grant;
import io.doorbell.tcp.GrantOptions;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * An engine that stalls in the middle of a send, is fenced meanwhile, and comes back: what it had published is a duplicate
 * when it posts it at last, what it sends then is refused where it is, and Linux at the other end reads no wrong byte.
 */
@RequiresRoot
class LateEngineTest {
    private static final int ROUNDS = 20;

    /** A link that holds its engine up when it posts, until it is let go. */
    private static final class StallingLink extends LinkDecorator {
        private CountDownLatch reached;
        private CountDownLatch goOn;

        StallingLink(Link link) {
            super(link);
        }

        @Override
        public boolean transmit(long address, int length, long nowNanos) {
            if (reached != null) {
                CountDownLatch here = reached;
                reached = null;
                here.countDown();
                try {
                    assertTrue(goOn.await(60, TimeUnit.SECONDS), "nobody lets the engine go on");
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
            return super.transmit(address, length, nowNanos);
        }
    }

    private static void run(String kind) throws Exception {
        long seed = Stage.seed();
        Random random = new Random(seed);
        int number = 0;
        try (Stage stage = new Stage(seed, 0, null); StallingLink link = new StallingLink(stage.engineLink(kind))) {
            for (int round = 0; round < ROUNDS; round++) {
                Grant grant = stage.grant(GrantOptions.of(20_000));
                GrantedSender sender = stage.onStack(() -> grant.sender(link));
                for (int i = random.nextInt(3); i > 0; i--) {
                    assertTrue(stage.send(sender, number++) >= 0);
                }
                CountDownLatch reached = new CountDownLatch(1);
                link.goOn = new CountDownLatch(1);
                link.reached = reached;
                int stalled = number++;
                CompletableFuture<Integer> sending = CompletableFuture.supplyAsync(
                        () -> stage.send(sender, stalled));
                assertTrue(reached.await(60, TimeUnit.SECONDS), "the engine posts nothing");
                stage.onStack(() -> {
                    grant.fence();
                    // The owner goes on behind what was published.
                    stage.ownerSends();
                    return null;
                });
                Thread.sleep(random.nextInt(60));
                link.goOn.countDown();
                assertTrue(sending.get(60, TimeUnit.SECONDS) >= 0, "what was published before the fence stands");
                assertEquals(GrantedSender.FENCED, stage.send(sender, number));
                assertEquals(GrantedSender.FENCED, stage.send(sender, number));
                assertEquals(0, sender.allowance());
                stage.mustBeWell();
            }
            stage.finish(number);
        }
    }

    @Test
    void overAfXdp() throws Exception {
        run("xdp");
    }

    @Test
    void overAPacketSocket() throws Exception {
        run("packet");
    }
}
