package io.doorbell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.FanOutStage.Client;
import io.doorbell.counters.Counter;
import io.doorbell.link.ImpairedLink;
import io.doorbell.link.Impairment;
import io.doorbell.link.PipeLink;
import io.doorbell.tcp.Audit;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Many clients over a path that loses, some of them sick: the healthy get everything, in order. With
 * {@code -Dtest.jvm.args=-Ddoorbell.fanout.clients=10000} there are so many.
 */
class FanOutSimulationTest {
    private static final int CLIENTS = Integer.getInteger("doorbell.fanout.clients", 200);
    private static final int MESSAGES = 100;
    private static final long SEED = Long.getLong("doorbell.fanout.seed", new SplittableRandom().nextLong(1L << 40));

    @ParameterizedTest
    @EnumSource(SlowClient.class)
    void healthyClientsGetEveryMessageInOrderWhateverTheSickOnesDo(SlowClient policy) {
        run(policy, FanOutStage.MESSAGE, 2_048, SEED);
    }

    @ParameterizedTest
    @EnumSource(SlowClient.class)
    void soTheyDoWhereAllSendFromOnePlace(SlowClient policy) {
        assertTrue(run(policy, 1_200, 1 << 14, SEED + 1) > CLIENTS * (MESSAGES / 2));
    }

    /** @return deliveries that were not copied */
    private static long run(SlowClient policy, int length, int window, long seed) {
        String where = "seed " + seed + " (-Dtest.jvm.args=-Ddoorbell.fanout.seed=" + SEED + ")";
        boolean shared = length > FanOutStage.MESSAGE;
        PipeLink.Options cable = PipeLink.options().scatter(shared)
                .frames(Math.max(1 << 14, Integer.highestOneBit(CLIENTS) << 4)).queueLength(1024);
        // A healthy client that loses a segment and its repair several times over must not fall behind so far.
        BatchConfig config = BatchConfig.defaults().withFramesPerClient(MESSAGES / 2).withWaiting(8 * CLIENTS, 16)
                .withSlow(policy).withMessageBytes(length);
        ImpairedLink[] path = new ImpairedLink[1];
        try (FanOutStage stage = new FanOutStage(config, cable, window, length, link -> {
            // The seeds of a later change do not matter: those of the beginning do.
            path[0] = new ImpairedLink(link, Impairment.builder().seed(seed).build());
            return path[0];
        })) {
            stage.connect(CLIENTS);
            Impairment lossy = Impairment.builder().loss(0.01).delayNanos(200_000)
                    .storage(Math.max(1_024, 4 * CLIENTS), 0).build();
            path[0].change(lossy, lossy);
            Audit audit = stage.server.audit();
            int free = stage.server.link().frames().available();
            int sick = Math.max(2, CLIENTS / 100);
            fallIll(stage, sick);
            for (int number = 0; number < MESSAGES; number++) {
                stage.batch.add(stage.putKeyed(number, number % 10), stage.everybody);
                stage.batch.flush(stage.now);
                stage.run(FanOutStage.MILLISECOND);
                assertNull(audit.check(stage.accepted), where);
                stage.run(9 * FanOutStage.MILLISECOND);
                if (number == MESSAGES / 4) {
                    vanish(stage, sick);
                }
            }
            stage.run(5_000 * FanOutStage.MILLISECOND);
            List<Integer> everything = IntStream.range(0, MESSAGES).boxed().toList();
            for (int i = 3 * sick; i < CLIENTS; i++) {
                assertEquals(everything, stage.all.get(i).numbers, where + ", client " + i);
            }
            for (int i = 0; i < 3 * sick; i++) {
                assertInOrder(stage.all.get(i), where + ", sick client " + i);
            }
            assertTrue(stage.batch.waiting() <= 2 * sick * 16, where);
            int held = free - stage.server.link().frames().available();
            int payloads = shared ? MESSAGES : 0;
            assertTrue(held <= 2 * sick * (MESSAGES / 2) + payloads, () -> where + ": " + held + " frames are held");
            stage.accepted.forEach(Connection::abort);
            stage.run(100 * FanOutStage.MILLISECOND);
            assertEquals(0, stage.batch.refused(stage.accepted.getLast()), where);
            assertEquals(0, stage.batch.stored(), where);
            assertEquals(0, stage.everybody.size(), where);
            assertEquals(0, stage.server.connections(), where);
            assertTrue(stage.server.link().frames().available() >= free, where);
            assertNull(audit.check(stage.accepted), where);
            assertEquals(0, stage.clients.counters().get(Counter.DROP_TCP_CHECKSUM), where);
            return stage.server.counters().get(Counter.BATCH_SHARED);
        }
    }

    /** The first stop reading, the second vanish later, the third reset when a quarter of the messages has come. */
    private static void fallIll(FanOutStage stage, int sick) {
        for (int i = 0; i < sick; i++) {
            stage.all.get(i).reads = false;
            stage.all.get(2 * sick + i).resetAfter = MESSAGES / 4;
        }
    }

    private static void vanish(FanOutStage stage, int sick) {
        for (int i = sick; i < 2 * sick; i++) {
            stage.cable.vanish(stage.all.get(i).connection.localPort());
        }
    }

    private static void assertInOrder(Client client, String where) {
        for (int i = 1; i < client.numbers.size(); i++) {
            assertTrue(client.numbers.get(i) > client.numbers.get(i - 1), where + " " + client.numbers);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {FanOutStage.MESSAGE, 1_200})
    void nothingIsAllocatedForAMessage(int length) {
        // As many segments as the clients take in one poll.
        int messages = length == FanOutStage.MESSAGE ? 10 : 3;
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        BatchConfig config = BatchConfig.defaults().withSlow(SlowClient.CONFLATE).withFramesPerClient(16)
                .withMessageBytes(length);
        try (FanOutStage stage = new FanOutStage(config, PipeLink.options().scatter(true), 16_384, length, link -> link)
                .connect(20)) {
            Client stopped = stage.all.getFirst();
            stopped.reads = false;
            stage.all.subList(1, 20).forEach(client -> client.remembers = false);
            MemorySegment message = MemorySegment.ofArray(new byte[length]);
            long allocated = 0;
            for (int round = 0; round < 6_000; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < messages; i++) {
                    stage.batch.add(stage.batch.putKeyed(i, message, 0, length), stage.everybody);
                }
                stage.now += FanOutStage.MILLISECOND;
                stage.batch.flush(stage.now);
                stage.server.poll(stage.now);
                if (round >= 3_000) {
                    allocated += threads.getCurrentThreadAllocatedBytes() - before;
                }
                stage.clients.poll(stage.now);
            }
            assertTrue(stage.batch.conflated(stage.accepted.getFirst()) > 10_000);
            assertEquals(0, allocated, "bytes for " + 3_000 * messages + " messages to 20 clients");
            long shared = stage.server.counters().get(Counter.BATCH_SHARED);
            assertTrue(length == FanOutStage.MESSAGE ? shared == 0 : shared > 300_000, () -> shared + " were shared");
        }
    }
}
