package io.doorbell.tools.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReportTest {
    @Test
    void figuresAreOneObjectOnOneLineInTheirOrder() {
        Figures figures = new Figures().put("rtt_p50_ns", 4321L).put("ratio_floor", 1.23456).put("alloc", 0.0);
        assertEquals("{\"rtt_p50_ns\":4321,\"ratio_floor\":1.235,\"alloc\":0.000}", figures.json());
    }

    @Test
    void tableColumnsAreAligned() {
        List<String> lines = new Table("", "us").row("spinning", "8.10").row("raw", "13.75").toString().lines().toList();
        assertEquals(List.of("             us", "spinning   8.10", "raw       13.75"), lines);
    }

    @Test
    void processorListsAreReadAsTheKernelWritesThem() {
        assertEquals(List.of(0, 1, 2, 5, 8, 9), Processors.parse("0-2,5,8-9"));
        assertEquals(List.of(3), Processors.parse("3"));
    }

    @Test
    void roundsAlternateAndEveryOtherTimeInReverse() {
        List<String> order = new ArrayList<>();
        Scripted one = new Scripted("one", order, 5, 1, 9);
        Scripted two = new Scripted("two", order, 4, 4, 6);
        Rounds rounds = new Rounds(3, 1_000, 1_000);
        rounds.measure(List.of(one, two), new PrintWriter(new StringWriter()));
        assertEquals(List.of("one", "two", "two", "one", "one", "two"), order);
        assertEquals(5, one.median(Integer::doubleValue));
        assertEquals(9, one.highest(Integer::doubleValue));
        assertEquals(14, two.sum(Integer::doubleValue));
    }

    @Test
    void warmUpDoesNotCount() {
        List<String> order = new ArrayList<>();
        Scripted one = new Scripted("one", order, new int[100]);
        new Rounds(1, 1_000, 1_000).warmUp(List.of(one), new PrintWriter(new StringWriter()));
        assertTrue(order.size() >= 10);
        assertEquals(0, one.sum(result -> 1));
    }

    /** Yields given results. */
    private static final class Scripted extends Contestant<Integer> {
        private final List<String> order;
        private final int[] results;
        private int next;

        Scripted(String name, List<String> order, int... results) {
            super(name);
            this.order = order;
            this.results = results;
        }

        @Override
        Integer round(long nanos) {
            order.add(name());
            return results[next++];
        }

        @Override
        public void close() {
            // Holds nothing.
        }
    }
}
