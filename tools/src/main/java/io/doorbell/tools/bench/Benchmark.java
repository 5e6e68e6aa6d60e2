package io.doorbell.tools.bench;

import io.doorbell.netns.Namespace;
import io.doorbell.netns.VethPair;
import io.doorbell.tools.cli.ExitCode;
import io.doorbell.tools.demo.Cleanup;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * A subcommand that measures between two network namespaces of its own: it makes them, lets its contestants run in
 * alternating rounds, removes everything, and reports a table for people and figures for programs.
 */
abstract class Benchmark implements Callable<Integer> {
    @Mixin
    private RunOptions options;

    @Spec
    private CommandSpec spec;

    private Cleanup cleanup;
    private Namespace left;
    private Namespace right;
    private Processors processors;
    private PinnedThreads threads;

    /** What a benchmark found out: the text is for people; the figures are one JSON object for each case. */
    record Report(String text, List<Figures> figures) {
        Report(String text, Figures figures) {
            this(text, List.of(figures));
        }
    }

    /** Sets the contestants up, measures them with {@link #measure}, and says what came of it. */
    abstract Report run();

    @Override
    public final Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        Report report;
        try (Cleanup removed = new Cleanup()) {
            cleanup = removed;
            left = made(Namespace.create());
            right = made(Namespace.create());
            processors = options.processors();
            threads = new PinnedThreads(processors);
            report = run();
        }
        out.print(report.text());
        // Last: whoever reads the figures knows that everything has been removed.
        if (options.json) {
            report.figures().forEach(each -> out.println(each.json()));
        }
        out.flush();
        return ExitCode.OK;
    }

    /** Has something closed at the end, in reverse order. */
    final <T extends AutoCloseable> T made(T thing) {
        return cleanup.add(thing);
    }

    final PinnedThreads threads() {
        return threads;
    }

    /** Those that {@link #threads} are tied to. */
    final Processors processors() {
        return processors;
    }

    final Namespace left() {
        return left;
    }

    final Namespace right() {
        return right;
    }

    /** The start of a pair between the two namespaces, the same name at either end. It vanishes with them. */
    final VethPair.Builder pair(String name) {
        return VethPair.between(left, right).names(name, name);
    }

    /** Warms all contestants up and measures them; what disturbed that, as text. */
    final <R> String measure(List<? extends Contestant<R>> contestants) {
        // Registered last, so that on an interrupt nothing is taken away under running loops.
        made(threads);
        PrintWriter progress = spec.commandLine().getErr();
        Rounds rounds = options.plan();
        rounds.warmUp(contestants, progress);
        Disturbances before = Disturbances.untilNow(threads);
        rounds.measure(contestants, progress);
        Disturbances during = Disturbances.untilNow(threads).since(before);
        return during.describe(rounds.count() * contestants.size() * rounds.nanos() / 1e9);
    }

    final int rounds() {
        return options.rounds;
    }

    final double seconds() {
        return options.seconds;
    }
}
