package io.doorbell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.FanOutStage.Client;
import io.doorbell.counters.Counter;
import io.doorbell.link.LinkDecorator;
import io.doorbell.link.PipeLink;
import io.doorbell.tcp.CloseReason;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.EthernetHeader;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Batches of messages to many clients: doorbells, outcomes, and what becomes of slow clients. */
class BatchTest {
    private static List<Integer> numbers(int from, int to) {
        return IntStream.range(from, to).boxed().toList();
    }

    private static void putForAll(FanOutStage stage, int from, int to) {
        for (int number = from; number < to; number++) {
            stage.batch.add(stage.put(number), stage.everybody);
        }
    }

    /** The clients take what is on the cable; a second look gives its room back. */
    private static void take(FanOutStage stage) {
        stage.clients.poll(stage.now);
        stage.clients.poll(stage.now);
    }

    /** Puts and flushes until the client is slow; the number behind the last message. */
    private static int fill(FanOutStage stage, Connection c, int from) {
        for (int number = from; number < from + 10_000; number++) {
            int delivery = stage.batch.add(stage.put(number), c);
            stage.batch.flush(stage.now);
            stage.step();
            if (stage.batch.outcome(delivery) == Batch.OVER_LIMIT) {
                return number;
            }
        }
        throw new AssertionError("the client never counts as slow");
    }

    @Test
    void tenMessagesToTenClientsTakeOneDoorbell() {
        try (FanOutStage stage = new FanOutStage(BatchConfig.defaults()).connect(10)) {
            long before = stage.pair.left().statistics().doorbells;
            putForAll(stage, 0, 10);
            assertEquals(Batch.PENDING, stage.batch.outcome(0));
            stage.batch.flush(stage.now);
            assertEquals(1, stage.pair.left().statistics().doorbells - before);
            assertEquals(1, stage.batch.doorbells());
            assertEquals(10, stage.batch.packets(), "the messages of a client share a segment");
            assertEquals(10, stage.batch.messages());
            assertEquals(100, stage.batch.deliveries());
            for (int i = 0; i < 100; i++) {
                assertEquals(Batch.SENT, stage.batch.outcome(i));
                assertEquals(stage.accepted.get(i % 10), stage.batch.connection(i));
            }
            stage.settle();
            stage.all.forEach(client -> assertEquals(numbers(0, 10), client.numbers));
            assertEquals(0, stage.batch.stored());
            assertEquals(1, stage.server.counters().get(Counter.BATCHES));
            assertEquals(10, stage.server.counters().get(Counter.BATCH_MESSAGES));
            assertEquals(100, stage.server.counters().get(Counter.BATCH_DELIVERIES));
            assertEquals(0, stage.clients.counters().get(Counter.DROP_TCP_CHECKSUM));
        }
    }

    @Test
    void asManyFramesAsWereSentAreTakenInOnePoll() {
        try (FanOutStage stage = new FanOutStage(BatchConfig.defaults()).connect(500)) {
            long before = stage.server.counters().get(Counter.RX_FRAMES);
            putForAll(stage, 0, 1);
            stage.batch.flush(stage.now);
            for (int i = 0; i < 2_000; i++) {
                stage.now += FanOutStage.MILLISECOND / 10;
                stage.clients.poll(stage.now);
            }
            stage.server.poll(stage.now);
            assertEquals(500, stage.server.counters().get(Counter.RX_FRAMES) - before, "each message's ACK");
            assertEquals(0, stage.server.counters().get(Counter.TCP_RETRANSMITTED_SEGMENTS));
        }
    }

    @Test
    void messagesOfOddLengthsKeepTheirSumsInSharedSegments() {
        try (FanOutStage stage = new FanOutStage(BatchConfig.defaults().withMessageBytes(4000)).connect(3)) {
            MemorySegment bytes = MemorySegment.ofArray(new byte[4000]);
            bytes.fill((byte) 0xa5);
            bytes.set(java.lang.foreign.ValueLayout.JAVA_BYTE, 1, (byte) 7);
            int sent = 0;
            for (int length : new int[] {1, 3, 64, 7, 1001, 700, 1460, 3999, 5, 1}) {
                stage.batch.add(stage.batch.put(bytes, 0, length), stage.everybody);
                sent += length;
            }
            stage.batch.flush(stage.now);
            assertEquals(1, stage.batch.doorbells());
            stage.settle();
            assertEquals(0, stage.clients.counters().get(Counter.DROP_TCP_CHECKSUM));
            assertEquals(3L * sent, stage.clients.counters().get(Counter.TCP_PAYLOAD_BYTES_IN));
            assertEquals(Batch.TOO_LONG, stage.batch.put(bytes, 0, 4001));
        }
    }

    @Test
    void aPeriodEndsAtThePollThatIsThatMuchLater() {
        try (FanOutStage stage = new FanOutStage(BatchConfig.defaults().withPeriodNanos(50_000)).connect(2)) {
            stage.server.poll(stage.now);
            putForAll(stage, 0, 1);
            assertEquals(stage.now + 50_000, Math.min(stage.server.nextDeadlineNanos(), stage.now + 50_000));
            stage.server.poll(stage.now + 20_000);
            putForAll(stage, 1, 2);
            stage.server.poll(stage.now + 49_999);
            assertEquals(0, stage.batch.batches());
            stage.server.poll(stage.now + 50_000);
            assertEquals(1, stage.batch.batches());
            assertEquals(1, stage.batch.doorbells());
            stage.settle();
            stage.all.forEach(client -> assertEquals(numbers(0, 2), client.numbers));
        }
    }

    @Test
    void whatTheRingDoesNotTakeLeavesWithOneDoorbellForEachFillingOfIt() {
        PipeLink.Options ring = PipeLink.options().queueLength(16);
        try (FanOutStage stage = new FanOutStage(BatchConfig.defaults(), ring, 16_384, link -> link).connect(100)) {
            putForAll(stage, 0, 1);
            stage.batch.flush(stage.now);
            assertEquals(16, stage.batch.packets());
            assertEquals(Batch.SENT, stage.batch.outcome(15));
            assertEquals(Batch.QUEUED, stage.batch.outcome(16));
            stage.settle();
            assertEquals(Batch.SENT, stage.batch.outcome(99));
            assertTrue(stage.batch.doorbells() >= 7 && stage.batch.doorbells() <= 8, () -> "N' " + stage.batch.doorbells());
            assertTrue(stage.server.counters().get(Counter.TX_LINK_FULL) < 100,
                    () -> stage.server.counters().get(Counter.TX_LINK_FULL) + " segments were formed for a full ring");
            stage.all.forEach(client -> assertEquals(numbers(0, 1), client.numbers));
        }
    }

    @Test
    void aSingleMessageLeavesClientByClientAndWhoOwesSomethingSendsBothInOneSegment() {
        List<Integer> order = new ArrayList<>();
        try (FanOutStage stage = new FanOutStage(BatchConfig.defaults(), PipeLink.options(), 16_384, link ->
                new LinkDecorator(link) {
                    @Override
                    public boolean transmit(long address, int length, long nowNanos) {
                        order.add(Bytes.u16(frames().memory(), address + EthernetHeader.LENGTH + 22));
                        return super.transmit(address, length, nowNanos);
                    }
                }).connect(3)) {
            List<Integer> ports = stage.accepted.stream().map(Connection::remotePort).toList();
            stage.accepted.getFirst().send(MemorySegment.ofArray(new byte[FanOutStage.MESSAGE]), 0, FanOutStage.MESSAGE);
            order.clear();
            putForAll(stage, 7, 8);
            stage.batch.flush(stage.now);
            assertEquals(List.of(ports.get(1), ports.get(2), ports.get(0)), order);
            assertEquals(3, stage.batch.packets());
            assertEquals(1, stage.batch.doorbells());
            stage.settle();
            assertEquals(List.of(0, 7), stage.all.getFirst().numbers);
        }
    }

    @Test
    void whoWaitsForRoomOnTheLinkKeepsHisTurn() {
        PipeLink.Options ring = PipeLink.options().queueLength(4);
        try (FanOutStage stage = new FanOutStage(BatchConfig.defaults(), ring, 16_384, link -> link).connect(8)) {
            putForAll(stage, 0, 1);
            stage.batch.flush(stage.now);
            take(stage);
            stage.batch.add(stage.put(1), stage.accepted.getFirst());
            stage.batch.flush(stage.now);
            take(stage);
            assertEquals(numbers(0, 1), stage.all.getFirst().numbers, "others have waited longer");
            assertEquals(numbers(0, 1), stage.all.getLast().numbers);
            stage.settle();
            assertEquals(numbers(0, 2), stage.all.getFirst().numbers);
        }
    }

    @Test
    void outcomesTellWhatBecameOfEachDelivery() {
        try (FanOutStage stage = new FanOutStage(BatchConfig.defaults().withFramesPerClient(4)).connect(4)) {
            stage.accepted.get(1).abort();
            stage.all.get(2).reads = false;
            int number = fill(stage, stage.accepted.get(2), 0);
            Connection opening = stage.server.connect("10.0.0.9", 99, new Client());
            int message = stage.put(number);
            int first = stage.batch.add(message, stage.accepted.get(0));
            stage.batch.add(message, stage.accepted.get(1));
            stage.batch.add(message, stage.accepted.get(2));
            stage.batch.add(message, opening);
            stage.batch.flush(stage.now);
            assertEquals(Batch.SENT, stage.batch.outcome(first));
            assertEquals(Batch.CLOSED, stage.batch.outcome(first + 1));
            assertEquals(Batch.OVER_LIMIT, stage.batch.outcome(first + 2));
            assertEquals(Batch.NOT_CONNECTED, stage.batch.outcome(first + 3));
            assertThrows(IllegalArgumentException.class, () -> stage.batch.add(message, stage.accepted.get(0)));
        }
    }

    @Test
    void whatAClosedWindowHoldsBackIsQueued() {
        try (FanOutStage stage = new FanOutStage(BatchConfig.defaults().withFramesPerClient(100)).connect(1)) {
            stage.all.getFirst().reads = false;
            int outcome = Batch.SENT;
            for (int number = 0; outcome == Batch.SENT; number++) {
                int delivery = stage.batch.add(stage.put(number), stage.accepted.getFirst());
                stage.batch.flush(stage.now);
                stage.step();
                outcome = stage.batch.outcome(delivery);
            }
            assertEquals(Batch.QUEUED, outcome);
        }
    }

    @Test
    void refuseDropsTheNewestAndCountsIt() {
        try (FanOutStage stage = new FanOutStage(BatchConfig.defaults().withFramesPerClient(8)).connect(2)) {
            Client sick = stage.all.getFirst();
            sick.reads = false;
            int last = fill(stage, stage.accepted.getFirst(), 0);
            putForAll(stage, last, last + 5);
            stage.batch.flush(stage.now);
            assertEquals(6, stage.batch.refused(stage.accepted.getFirst()));
            assertEquals(6, stage.server.counters().get(Counter.BATCH_REFUSED));
            assertEquals(0, stage.writable[0]);
            stage.settle();
            assertEquals(numbers(last, last + 5), stage.all.get(1).numbers, "nobody waits for a slow client");
            sick.reads = true;
            sick.connection.resume();
            stage.run(2_000 * FanOutStage.MILLISECOND);
            assertEquals(numbers(0, last), sick.numbers);
            assertEquals(1, stage.writable[0]);
            putForAll(stage, 1_000, 1_001);
            stage.batch.flush(stage.now);
            stage.settle();
            assertEquals(1_000, sick.numbers.getLast());
        }
    }

    @Test
    void conflateLetsTheLatestValueOfEachKeyWait() {
        BatchConfig config = BatchConfig.defaults().withFramesPerClient(8).withWaiting(100, 3);
        try (FanOutStage stage = new FanOutStage(config).connect(2)) {
            Client sick = stage.all.getFirst();
            Connection slow = stage.accepted.getFirst();
            sick.reads = false;
            int last = fill(stage, slow, 0);
            stage.batch.policy(slow, SlowClient.CONFLATE);
            for (int round = 0; round < 10; round++) {
                for (int key = 1; key <= 3; key++) {
                    stage.batch.add(stage.putKeyed(1_000 + 10 * round + key, key), slow);
                }
                stage.batch.flush(stage.now);
                assertEquals(Batch.QUEUED, stage.batch.outcome(0));
                stage.step();
            }
            assertEquals(3, stage.batch.waiting(slow));
            assertEquals(3, stage.batch.stored(), "only the latest is stored");
            assertEquals(27, stage.batch.conflated(slow));
            assertEquals(27, stage.server.counters().get(Counter.BATCH_CONFLATED));
            int delivery = stage.batch.add(stage.putKeyed(9_999, 4), slow);
            stage.batch.flush(stage.now);
            assertEquals(Batch.OVER_LIMIT, stage.batch.outcome(delivery), "as many wait as may");
            sick.reads = true;
            sick.connection.resume();
            stage.run(2_000 * FanOutStage.MILLISECOND);
            assertEquals(List.of(1_091, 1_092, 1_093), sick.numbers.subList(last, sick.numbers.size()));
            assertEquals(0, stage.batch.waiting());
            assertEquals(0, stage.batch.stored());
            assertEquals(1, stage.writable[0], "told once nothing waits any more");
        }
    }

    @Test
    void disconnectResetsAndForgetsTheClient() {
        BatchConfig config = BatchConfig.defaults().withFramesPerClient(8).withSlow(SlowClient.DISCONNECT);
        try (FanOutStage stage = new FanOutStage(config).connect(2)) {
            stage.all.getFirst().reads = false;
            fill(stage, stage.accepted.getFirst(), 0);
            stage.settle();
            assertEquals(CloseReason.RESET_BY_PEER, stage.all.getFirst().closed);
            assertEquals(1, stage.server.counters().get(Counter.BATCH_DISCONNECTS));
            assertFalse(stage.everybody.contains(stage.accepted.getFirst()));
            assertEquals(1, stage.everybody.size());
            assertNull(stage.all.get(1).closed);
        }
    }

    @Test
    void whatWaitsForAClientThatEndsIsForgotten() {
        BatchConfig config = BatchConfig.defaults().withFramesPerClient(8).withSlow(SlowClient.CONFLATE);
        try (FanOutStage stage = new FanOutStage(config).connect(1)) {
            stage.all.getFirst().reads = false;
            for (int i = 0; stage.batch.waiting() < 40; i++) {
                stage.batch.add(stage.putKeyed(i, i), stage.everybody);
                stage.batch.flush(stage.now);
                stage.step();
            }
            assertEquals(40, stage.batch.stored());
            stage.all.getFirst().connection.abort();
            stage.settle();
            assertEquals(0, stage.batch.waiting());
            assertEquals(0, stage.batch.stored());
        }
    }

    @Test
    void whenFramesAreShortHealthyClientsWait() {
        PipeLink.Options few = PipeLink.options().frames(256);
        BatchConfig config = BatchConfig.defaults().withWaiting(4096, 64).withSlow(SlowClient.DISCONNECT);
        try (FanOutStage stage = new FanOutStage(config, few, 16_384, link -> link).connect(300)) {
            putForAll(stage, 0, 3);
            stage.batch.flush(stage.now);
            assertTrue(stage.batch.waiting() > 0);
            putForAll(stage, 3, 5);
            stage.batch.flush(stage.now);
            stage.run(2_000 * FanOutStage.MILLISECOND);
            stage.all.forEach(client -> assertEquals(numbers(0, 5), client.numbers));
            assertEquals(0, stage.server.counters().get(Counter.BATCH_DISCONNECTS));
            assertEquals(0, stage.batch.stored());
        }
    }

    @Test
    void whatWaitsLeavesBeforeTheFin_rfc9293_3_10_4() {
        PipeLink.Options few = PipeLink.options().frames(256);
        BatchConfig config = BatchConfig.defaults().withWaiting(4096, 64);
        try (FanOutStage stage = new FanOutStage(config, few, 16_384, link -> link).connect(300)) {
            putForAll(stage, 0, 3);
            stage.batch.flush(stage.now);
            assertTrue(stage.batch.waiting() > 0);
            stage.accepted.subList(0, 150).forEach(Connection::close);
            stage.accepted.subList(150, 300).forEach(Connection::closeOutput);
            int late = stage.batch.add(stage.put(3), stage.everybody);
            stage.batch.flush(stage.now);
            for (int i = 0; i < 300; i++) {
                assertEquals(Batch.CLOSED, stage.batch.outcome(late + i));
            }
            stage.writable[0] = 0;
            stage.run(2_000 * FanOutStage.MILLISECOND);
            stage.all.forEach(client -> assertEquals(numbers(0, 3), client.numbers));
            stage.all.forEach(client -> assertTrue(client.peerClosed));
            assertEquals(0, stage.writable[0], "nobody is told of room that has closed");
            assertEquals(0, stage.batch.stored());
            stage.all.forEach(client -> client.connection.close());
            stage.run(2_000 * FanOutStage.MILLISECOND);
            assertEquals(stage.server.timeWait(), stage.server.connections(), "all have closed in order");
        }
    }

    @Test
    void whoseEndCameWhileTheFinWaitedGetsNothingMore_rfc9293_3_10_7_4() {
        BatchConfig config = BatchConfig.defaults().withSlow(SlowClient.CONFLATE).withFramesPerClient(2).withWaiting(64, 64);
        try (FanOutStage stage = new FanOutStage(config, PipeLink.options(), 2_048, link -> link).connect(1)) {
            int free = stage.server.link().frames().available();
            Connection ended = stage.accepted.getFirst();
            stage.all.getFirst().reads = false;
            for (int number = 0; number < 60; number++) {
                stage.batch.add(stage.putKeyed(number, number), ended);
                stage.batch.flush(stage.now);
                stage.run(FanOutStage.MILLISECOND);
            }
            assertTrue(stage.batch.waiting() > 0);
            ended.closeOutput();
            stage.all.getFirst().connection.abort();
            stage.run(FanOutStage.MILLISECOND);
            assertTrue(ended.hasEnded());
            stage.batch.add(stage.put(3), ended);
            stage.batch.flush(stage.now);
            assertEquals(Batch.CLOSED, stage.batch.outcome(0));
            assertNull(stage.server.audit().check(stage.accepted));
            assertEquals(free, stage.server.link().frames().available());
            assertEquals(0, stage.batch.stored());
        }
    }

    @Test
    void aStackHasOneBatch() {
        try (FanOutStage stage = new FanOutStage(BatchConfig.defaults())) {
            assertThrows(IllegalStateException.class, () -> stage.server.batch(BatchConfig.defaults()));
        }
    }
}
