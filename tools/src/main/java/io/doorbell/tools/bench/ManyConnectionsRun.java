package io.doorbell.tools.bench;

import io.doorbell.tools.cli.ExitCode;
import io.doorbell.tools.cli.UserError;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.HdrHistogram.Histogram;

/**
 * Requests and answers on some of many connections, both stacks in the first thread; meanwhile the second runs
 * {@code stack-cli ss} again and again on its own processor, or nothing.
 */
final class ManyConnectionsRun extends Contestant<ManyConnectionsRun.Result> {
    private static final int ACTIVE = 1000;
    private static final long LONGEST_NANOS = 10_000_000_000L;
    private static final int DIGITS = 3;
    /** What a row must agree on with itself: an echo has sent, or has to send, just what it received. */
    private static final Pattern ROW = Pattern.compile(
            "^ESTAB +0 +([0-9]+) .* bytes_acked:([0-9]+) bytes_received:([0-9]+) .*$");

    private final ManyConnections connections;
    private final int count;
    private final PinnedThreads threads;
    private final List<String> ssArguments;
    private final Path output;
    private final Histogram times = new Histogram(LONGEST_NANOS, DIGITS);
    private volatile boolean done;
    private long ssNanos;
    private int ssRuns;

    /**
     * What one round yields.
     *
     * @param ssNanos how long one {@code ss} took, from its start to its end; 0 if there was none
     */
    record Result(long p50Nanos, long p99Nanos, long count, double ssNanos) {
    }

    /**
     * @param ssArguments what {@code ss} is to be told; null if nobody looks
     * @param output      where its standard output goes
     */
    ManyConnectionsRun(String name, ManyConnections connections, int count, PinnedThreads threads,
                       List<String> ssArguments, Path output) {
        super(name);
        this.connections = connections;
        this.count = count;
        this.threads = threads;
        this.ssArguments = ssArguments;
        this.output = output;
    }

    @Override
    Result round(long nanos) {
        times.reset();
        ssNanos = 0;
        ssRuns = 0;
        done = ssArguments == null;
        threads.play(() -> exchange(nanos), () -> look(nanos), nanos);
        if (ssRuns > 0) {
            check();
        }
        return new Result(times.getValueAtPercentile(50), times.getValueAtPercentile(99), times.getTotalCount(),
                ssRuns == 0 ? 0 : (double) ssNanos / ssRuns);
    }

    private void exchange(long nanos) {
        long until = System.nanoTime() + nanos;
        do {
            times.recordValue(Math.min(connections.exchangeNanos(Math.min(count, ACTIVE)), LONGEST_NANOS));
            if (threads.failed().raised()) {
                throw new UserError(ExitCode.FAILED, name() + ": broken off");
            }
        } while (System.nanoTime() - until < 0 || !done);
    }

    private void look(long nanos) {
        long begin = System.nanoTime();
        while (ssArguments != null && System.nanoTime() - begin < nanos) {
            long start = System.nanoTime();
            try (StackCliProcess ss = StackCliProcess.start(output, ssArguments)) {
                int exitCode = ss.await();
                ssNanos += System.nanoTime() - start;
                ssRuns++;
                if (exitCode != 0 || !ss.words().isEmpty()) {
                    throw ss.failure("ss ended with " + exitCode);
                }
            }
        }
        done = true;
    }

    /** Every connection must be there, and each as it was at one moment. */
    private void check() {
        int rows = 0;
        try (BufferedReader lines = Files.newBufferedReader(output)) {
            String heading = lines.readLine();
            for (String line = lines.readLine(); heading != null && line != null; line = lines.readLine()) {
                Matcher row = ROW.matcher(line);
                if (!row.matches() || Long.parseLong(row.group(1))
                        != Long.parseLong(row.group(3)) - Long.parseLong(row.group(2))) {
                    throw new UserError(ExitCode.FAILED, "ss shows a row that cannot be: " + line);
                }
                rows++;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (rows != count) {
            throw new UserError(ExitCode.FAILED, "ss shows " + rows + " of " + count + " connections");
        }
    }

    @Override
    public void close() {
        // The connections are shared with the other contestant, and the caller's.
    }
}
