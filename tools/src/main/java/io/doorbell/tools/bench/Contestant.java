package io.doorbell.tools.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * One of several things that are measured in turn, in one run, so that all of them see the same machine.
 *
 * @param <R> what one round yields
 */
abstract class Contestant<R> implements AutoCloseable {
    private final String name;
    private final List<R> results = new ArrayList<>();

    Contestant(String name) {
        this.name = name;
    }

    /** For people. */
    final String name() {
        return name;
    }

    /** Measures once, for about as long as given. */
    abstract R round(long nanos);

    /** Whether the last round was as all later ones will be, as far as the contestant can tell. */
    boolean isWarm() {
        return true;
    }

    final void keep(R result) {
        results.add(result);
    }

    /** Of the rounds that count, in their order. */
    final List<R> results() {
        return List.copyOf(results);
    }

    /** The median over the rounds that count. */
    final double median(ToDoubleFunction<R> figure) {
        return median(results.stream().mapToDouble(figure));
    }

    /**
     * The median of what this one's figure is as a multiple of the other's in the same round. On a machine that runs at
     * one of two speeds, by what its neighbours do, the two medians may come from different ones; the rounds of a pair
     * lie next to each other.
     */
    final double ratio(Contestant<R> other, ToDoubleFunction<R> figure) {
        return median(IntStream.range(0, results.size())
                .mapToDouble(i -> figure.applyAsDouble(results.get(i)) / figure.applyAsDouble(other.results().get(i))));
    }

    private static double median(DoubleStream figures) {
        double[] sorted = figures.sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /** The sum over the rounds that count. */
    final double sum(ToDoubleFunction<R> figure) {
        return results.stream().mapToDouble(figure).sum();
    }

    /** The highest of the rounds that count. */
    final double highest(ToDoubleFunction<R> figure) {
        return results.stream().mapToDouble(figure).max().orElseThrow();
    }

    /** Gives back what this contestant alone holds. */
    @Override
    public abstract void close();
}
