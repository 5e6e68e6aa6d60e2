package io.doorbell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Topics and who wants to hear of them. */
class SubscriptionsTest {
    private final Subscriptions<String> topics = new Subscriptions<>();

    @Test
    void joinAndLeaveAreIdempotentAndATopicOfNobodyIsForgotten() {
        Connection c = new Connection(null);
        assertTrue(topics.join("a", c));
        assertFalse(topics.join("a", c));
        assertEquals(1, topics.of("a").size());
        assertTrue(topics.leave("a", c));
        assertFalse(topics.leave("a", c));
        assertEquals(0, topics.of("a").size());
        assertEquals(0, topics.topics());
    }

    @Test
    void aConnectionThatEndsLeavesAllItsTopics() {
        try (FanOutStage stage = new FanOutStage(BatchConfig.defaults()).connect(3)) {
            Connection ends = stage.accepted.get(1);
            stage.accepted.forEach(c -> topics.join("a", c));
            topics.join("b", ends);
            stage.all.get(1).connection.abort();
            stage.settle();
            assertEquals(2, topics.of("a").size());
            assertEquals(1, topics.topics());
            assertFalse(topics.join("b", ends), "it has ended");
            assertEquals(2, stage.everybody.size());
        }
    }

    @Test
    void anySequenceOfChangesGivesWhatAPlainSetGives() {
        long seed = new SplittableRandom().nextLong();
        SplittableRandom random = new SplittableRandom(seed);
        List<Connection> connections = new ArrayList<>();
        List<Set<Connection>> model = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            connections.add(new Connection(null));
            model.add(new HashSet<>());
        }
        for (int i = 0; i < 20_000; i++) {
            int topic = random.nextInt(20);
            Connection c = connections.get(random.nextInt(20));
            switch (random.nextInt(20)) {
                case 0 -> {
                    topics.leaveAll(c);
                    model.forEach(set -> set.remove(c));
                }
                case 1, 2, 3, 4, 5, 6, 7, 8, 9 ->
                    assertEquals(model.get(topic).remove(c), topics.leave("" + topic, c), "seed " + seed);
                default -> assertEquals(model.get(topic).add(c), topics.join("" + topic, c), "seed " + seed);
            }
            Set<Connection> there = new HashSet<>();
            ConnectionSet set = topics.of("" + topic);
            for (int k = 0; k < set.size(); k++) {
                assertTrue(there.add(set.get(k)), "seed " + seed);
            }
            assertEquals(model.get(topic), there, "seed " + seed);
        }
    }
}
