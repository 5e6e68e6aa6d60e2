package io.doorbell.grant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.link.Link;
import io.doorbell.link.LinkDecorator;
import io.doorbell.netns.RequiresRoot;
import io.doorbell.tcp.Grant;
import io.doorbell.tcp.GrantOptions;
import java.io.BufferedReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/**
 * Engines that end in the middle of sending, at any moment. The stack asks the right back, fences what does not answer, and
 * grants anew; Linux at the other end reads whole messages only, each once and in order.
 */
@RequiresRoot
class EngineDeathTest {
    /** The engine's thread has come to its end. */
    private static final class Stopped extends RuntimeException {
        private static final long serialVersionUID = 1;

        Stopped() {
            super("stopped", null, false, false);
        }
    }

    /** A link that lets its engine do so many steps more: what it transmits, and each doorbell, is one. */
    private static final class FatalLink extends LinkDecorator {
        private int steps = Integer.MAX_VALUE;

        FatalLink(Link link) {
            super(link);
        }

        private void step() {
            if (--steps < 0) {
                throw new Stopped();
            }
        }

        @Override
        public boolean transmit(long address, int length, long nowNanos) {
            step();
            return super.transmit(address, length, nowNanos);
        }

        @Override
        public void flush(long nowNanos) {
            step();
            super.flush(nowNanos);
            step();
        }
    }

    private static final long PATIENCE_NANOS = 1_000_000;

    /** The number behind the last message that the stack has of a grant whose first was {@code number}. */
    private static int published(Stage stage, Grant grant, int number) throws Exception {
        long bytes = stage.onStack(grant::sentBytes);
        int next = number;
        while (bytes > 0) {
            bytes -= Messages.HEADER + stage.messages.contentBytes(Messages.ENGINE, next++);
        }
        assertEquals(0, bytes, "a part of a message was published");
        return next;
    }

    /** The stack asks an engine that does not answer, waits, fences it, and is told that it is gone. */
    private static void bury(Stage stage, Grant grant) throws Exception {
        stage.onStack(() -> {
            grant.recall(System.nanoTime() + PATIENCE_NANOS);
            return null;
        });
        long until = System.nanoTime() + 30_000_000_000L;
        while (!stage.onStack(grant::isOver)) {
            stage.mustBeWell();
            assertTrue(System.nanoTime() < until, "the engine was not fenced");
            LockSupport.parkNanos(PATIENCE_NANOS / 4);
        }
        stage.engineEnded(grant);
    }

    private static void threads(String kind, int deaths) throws Exception {
        long seed = Stage.seed();
        Random random = new Random(seed);
        int number = 0;
        try (Stage stage = new Stage(seed, 0.01, null); FatalLink link = new FatalLink(stage.engineLink(kind))) {
            MemorySegment buffer = Arena.ofAuto().allocate(Messages.HEADER + Messages.MOST);
            for (int death = 0; death < deaths; death++) {
                Grant grant = stage.grant(GrantOptions.of(20_000 + random.nextInt(50_000)));
                GrantedSender sender = stage.onStack(() -> grant.sender(link));
                link.steps = random.nextInt(40);
                int first = number;
                number = sendUntilStopped(stage, sender, buffer, number, random.nextInt(100));
                link.steps = Integer.MAX_VALUE;
                if (random.nextInt(3) == 0) {
                    stage.onStack(() -> {
                        stage.ownerSends();
                        return null;
                    });
                }
                bury(stage, grant);
                int known = published(stage, grant, first);
                // One that stopped behind its publication has sent one more than it knows of.
                assertTrue(known == number || known == number + 1, "engine " + number + ", stack " + known);
                number = known;
            }
            stage.finish(number);
        }
    }

    /** @return the number of the message that the engine did not come to the end of */
    private static int sendUntilStopped(Stage stage, GrantedSender sender, MemorySegment buffer, int from, int most) {
        int number = from;
        try {
            for (int sent = 0, refused = 0; sent < most && refused < 200; ) {
                int length = stage.messages.write(Messages.ENGINE, number, buffer);
                int code = sender.send(buffer, 0, length, System.nanoTime());
                if (code >= 0) {
                    number++;
                    sent++;
                } else {
                    refused++;
                    LockSupport.parkNanos(20_000);
                }
            }
        } catch (Stopped e) {
            return number;
        }
        return number;
    }

    /**
     * {@code -Dtest.jvm.args=-Ddelegated.kills=1000} takes about a second for each: nearly all of that is the engine's JVM,
     * which begins and links its calls to the system. To begin several ahead gains nothing where the processors are busy.
     */
    private static void processes(String kind, int deaths) throws Exception {
        long seed = Stage.seed();
        Random random = new Random(seed);
        Path file = Path.of("/dev/shm", "doorbell-test-" + ProcessHandle.current().pid() + ".grants");
        int number = 0;
        try (Stage stage = new Stage(seed, 0.01, file)) {
            for (int death = 0; death < deaths; death++) {
                Grant grant = stage.grant(GrantOptions.of(20_000 + random.nextInt(50_000)));
                Process engine = stage.ours.command(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "--enable-native-access=ALL-UNNAMED",
                        "-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        EngineHolder.class.getName(), file.toString(), kind, Long.toString(seed), Integer.toString(number),
                        Integer.toString(Integer.MAX_VALUE)).redirectErrorStream(true).start();
                try (BufferedReader out = engine.inputReader()) {
                    assertEquals("sending", out.readLine());
                    assertEquals(engine.pid(), stage.onStack(grant::claimedBy).longValue());
                    Thread.sleep(random.nextInt(150), random.nextInt(1_000_000));
                    engine.destroyForcibly().waitFor(60, TimeUnit.SECONDS);
                } finally {
                    engine.destroyForcibly();
                }
                bury(stage, grant);
                number = published(stage, grant, number);
                if ((death + 1) % 100 == 0) {
                    System.out.println(death + 1 + " engines were killed");
                }
            }
            stage.finish(number);
        }
    }

    @Test
    void threadsThatStopBetweenAnyTwoSteps() throws Exception {
        threads("xdp", Stage.times("deaths", 1000));
    }

    @Test
    void threadsOverAPacketSocket() throws Exception {
        threads("packet", Stage.times("deaths", 1000) / 10);
    }

    @Test
    void processesThatAreKilled() throws Exception {
        processes("xdp", Stage.times("kills", 20));
    }
}
