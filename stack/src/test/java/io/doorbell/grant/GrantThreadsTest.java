package io.doorbell.grant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import io.doorbell.tcp.Grant;
import io.doorbell.tcp.GrantOptions;
import io.doorbell.tcp.OwnerSends;
import io.doorbell.tcp.TcpConfig;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Stacks in one thread and an engine in another, each with a cable of its own to the same peer: the owner grants, asks the
 * right back, takes it away and sends at random, the engine sends as fast as it can. Every message must arrive whole and
 * in its writer's order, those that were published and no others. {@code -Dgrant.seed=N} has both sides choose the same
 * again; how their threads meet is the machine's.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class GrantThreadsTest {
    private static final int MESSAGES = Integer.getInteger("grant.race.messages", 3_000);
    private static final int LONGEST = 4_000;
    private static final int HEADER = 6;
    private static final byte OWNER = 0;
    private static final byte ENGINE = 1;

    private final long seed = Long.getLong("grant.seed", new SplittableRandom().nextLong());
    private final SplittableRandom random = new SplittableRandom(seed);
    private final AtomicReference<GrantedSender> handed = new AtomicReference<>();
    private volatile boolean over;
    private volatile long published;
    private volatile String fault;
    private long ruledAt;

    private static int length(int writer, int number) {
        return HEADER + (int) ((number * 0x9e37_79b9_7f4a_7c15L >>> 40) + writer) % (number % 64 == 0 ? LONGEST - HEADER : 200);
    }

    private static int content(int writer, int number, int at) {
        return switch (at) {
            case 0 -> writer;
            case 1, 2, 3, 4 -> number >>> 8 * (at - 1) & 0xff;
            default -> number * 31 + at * 7 & 0xff;
        };
    }

    private static int fill(MemorySegment buffer, int writer, int number) {
        int length = length(writer, number);
        for (int i = 0; i < length; i++) {
            buffer.set(ValueLayout.JAVA_BYTE, i, (byte) content(writer, number, i));
        }
        return length;
    }

    /** What arrives is one message after the other, whoever's. */
    private final class Reader implements ConnectionHandler {
        private final int[] numbers = new int[2];
        private int writer;
        private int at;
        private boolean ended;

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            for (int i = 0; i < length; i++) {
                int value = memory.get(ValueLayout.JAVA_BYTE, offset + i) & 0xff;
                if (at == 0) {
                    writer = value & 1;
                }
                if (value != content(writer, numbers[writer], at)) {
                    fault = "byte " + at + " of message " + numbers[writer] + " of " + (writer == OWNER ? "the owner" : "an engine")
                            + " is " + value;
                }
                if (++at == length(writer, numbers[writer])) {
                    numbers[writer]++;
                    at = 0;
                }
            }
            return length;
        }

        @Override
        public void peerClosed(Connection c) {
            ended = true;
            c.close();
        }
    }

    // ---- the engine's thread

    private void engine(long own) {
        SplittableRandom engineRandom = new SplittableRandom(own);
        MemorySegment buffer = MemorySegment.ofArray(new byte[LONGEST]);
        int number = 0;
        int filled = 0;
        while (!over || handed.get() != null) {
            GrantedSender sender = handed.get();
            if (sender == null) {
                Thread.yield();
                continue;
            }
            filled = filled == 0 ? fill(buffer, ENGINE, number) : filled;
            int code = sender.send(buffer, 0, filled, System.nanoTime());
            if (code >= 0) {
                published = ++number;
                filled = 0;
            } else if (code == GrantedSender.BACKPRESSURE) {
                Thread.yield();
            } else if (code == GrantedSender.OUT_OF_RANGE) {
                sender.giveBack();
            } else {
                handed.set(null);
            }
            if (sender.isRecalled() && engineRandom.nextInt(20) == 0 || engineRandom.nextInt(400) == 0) {
                sender.giveBack();
            }
            if (engineRandom.nextInt(2_000) == 0) {
                Thread.yield();
            }
        }
    }

    // ---- the stack's thread

    private GrantOptions options() {
        GrantOptions options = GrantOptions.of(4_000 + random.nextInt(60_000)).withSegments(8 << random.nextInt(4))
                .withOwnerSends(random.nextBoolean() ? OwnerSends.WAIT : OwnerSends.FIRST);
        return random.nextInt(4) == 0 ? options.once() : options;
    }

    /** Rarely where the engine has done nothing since the last time: its thread may have no processor. */
    private void rule(Grant grant, long now) {
        if (published == ruledAt && random.nextInt(200) > 0) {
            return;
        }
        ruledAt = published;
        switch (random.nextInt(20)) {
            case 0 -> grant.fence();
            case 1 -> grant.recall(now + random.nextLong(500_000));
            case 2 -> grant.recall(Long.MAX_VALUE);
            default -> { }
        }
    }

    @Test
    void everyPublishedMessageArrivesAndNoOther() throws InterruptedException {
        System.out.println("seed " + seed);
        long engineSeed = random.nextLong();
        TwoCables cables = new TwoCables(TcpConfig.defaults(), seed);
        Reader reader = new Reader();
        cables.server.listen(7, c -> reader);
        Connection connection = cables.client.connect(TwoCables.SERVER, 7, new Reader());
        Thread engine = new Thread(() -> engine(engineSeed), "engine");
        engine.setDaemon(true);
        engine.start();
        MemorySegment buffer = MemorySegment.ofArray(new byte[LONGEST]);
        Grant grant = null;
        int sends = 0;
        while (published < MESSAGES && fault == null) {
            long now = cables.poll();
            if (handed.get() == null) {
                grant = connection.grant(options());
                if (grant != null) {
                    handed.set(grant.sender(cables.engineLink()));
                }
            } else if (grant != null) {
                rule(grant, now);
            }
            if (random.nextInt(8) == 0) {
                Thread.yield();
            }
            if (random.nextInt(50) == 0 && connection.send(buffer, 0, fill(buffer, OWNER, sends)) > 0) {
                sends++;
            }
        }
        over = true;
        connection.closeOutput();
        while (!reader.ended && fault == null) {
            if (grant != null) {
                grant.recall(System.nanoTime());
            }
            cables.poll();
        }
        engine.join();
        assertEquals(null, fault, () -> "seed " + seed);
        assertEquals(0, reader.at, "the stream ends within a message");
        assertEquals(sends, reader.numbers[OWNER]);
        assertEquals(published, reader.numbers[ENGINE]);
        Counters counters = cables.client.counters();
        assertTrue(counters.get(Counter.GRANTS_FENCED) + counters.get(Counter.GRANTS_RETURNED) > 0);
        assertEquals(0, counters.get(Counter.GRANTS_MISUSED));
        cables.allFramesAreBack();
        cables.close();
    }
}
