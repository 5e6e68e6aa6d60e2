package io.doorbell.tools.cli;

import io.doorbell.counters.ConnectionField;
import io.doorbell.counters.Counter;
import io.doorbell.tools.inspect.ConnectionRow;
import io.doorbell.tools.inspect.StackDirectory;
import io.doorbell.tools.inspect.StackFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code stack-cli top}. */
@Command(name = "top", mixinStandardHelpOptions = true,
        description = "The busiest connections of a stack, again and again, until Ctrl-C.",
        footer = {"", "Examples:", "  tools/stack-cli top --sort rtt", "  tools/stack-cli top 4711 --iterations 1 --json"})
final class TopCommand extends InspectCommand {
    /** What to sort by, the largest first. */
    enum Key { rate, out, in, rtt, retrans, queue }

    @Parameters(index = "0", arity = "0..1", paramLabel = "PID", description = "The stack. Default: the only one that runs.")
    private String stack;

    @Mixin
    private ConnectionFilter filter;

    @Option(names = "--sort", paramLabel = "KEY", defaultValue = "rate",
            description = "rate, out, in, rtt, retrans or queue. Default: ${DEFAULT-VALUE}.")
    private Key sort;

    @Option(names = {"-d", "--interval"}, paramLabel = "S", defaultValue = "1", description = "Seconds. Default: ${DEFAULT-VALUE}.")
    private double interval;

    @Option(names = {"-n", "--iterations"}, paramLabel = "N", defaultValue = "0", description = "Stop after so many; 0: never.")
    private int iterations;

    @Option(names = "--lines", paramLabel = "N", defaultValue = "20", description = "Default: ${DEFAULT-VALUE}.")
    private int lines;

    @Option(names = "--json", description = "As JSON, an array for each refresh.")
    private boolean json;

    /** A connection and how fast it was, in bytes a second, since the last look. */
    private record Busy(ConnectionRow row, double out, double in) {
        private double key(Key key) {
            return switch (key) {
                case rate -> out + in;
                case out -> out;
                case in -> in;
                case rtt -> row.get(ConnectionField.SRTT_NANOS);
                case retrans -> row.get(ConnectionField.RETRANSMISSIONS);
                case queue -> (double) row.get(ConnectionField.SEND_QUEUE) + row.get(ConnectionField.UNREAD_BYTES);
            };
        }
    }

    @Override
    int run() throws IOException {
        filter.check();
        if (!(interval >= 0.05 && interval <= 86_400)) {
            throw UserError.usage("--interval " + interval + " cannot be: 0.05 to 86400 seconds");
        }
        if (iterations < 0 || lines < 1) {
            throw UserError.usage("--iterations is 0 or more and --lines 1 or more");
        }
        try (StackFile file = StackFile.open(directory().find(stack))) {
            Map<Long, ConnectionRow> before = byId(filter.of(file));
            Map<String, Long> counted = file.counters();
            long then = System.nanoTime();
            for (int i = 0; iterations == 0 || i < iterations; i++) {
                try {
                    Thread.sleep((long) (interval * 1000));
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    break;
                }
                List<ConnectionRow> rows = filter.of(file);
                Map<String, Long> counts = file.counters();
                long now = System.nanoTime();
                double seconds = (now - then) / 1e9;
                show(file, busiest(rows, before, seconds), counted, counts, seconds);
                before = byId(rows);
                counted = counts;
                then = now;
                if (out().checkError()) {
                    // Nobody reads it any more.
                    break;
                }
            }
        }
        return ExitCode.OK;
    }

    private static Map<Long, ConnectionRow> byId(List<ConnectionRow> rows) {
        Map<Long, ConnectionRow> map = new HashMap<>();
        rows.forEach(row -> map.put(row.id(), row));
        return map;
    }

    private List<Busy> busiest(List<ConnectionRow> rows, Map<Long, ConnectionRow> before, double seconds) {
        List<Busy> busy = new ArrayList<>();
        for (ConnectionRow row : rows) {
            ConnectionRow was = before.get(row.id());
            // Sequence numbers wrap: the difference is right as long as less than 4 GiB pass between two looks.
            double out = was == null ? 0 : (row.acknowledged() - was.acknowledged() & 0xffff_ffffL) / seconds;
            double in = was == null ? 0 : (row.received() - was.received() & 0xffff_ffffL) / seconds;
            busy.add(new Busy(row, out, in));
        }
        busy.sort(Comparator.comparingDouble((Busy each) -> each.key(sort)).reversed());
        return busy.subList(0, Math.min(Math.max(0, lines), busy.size()));
    }

    private void show(StackFile file, List<Busy> busy, Map<String, Long> before, Map<String, Long> counts, double seconds)
            throws IOException {
        if (json) {
            json(generator -> {
                generator.writeStartArray();
                for (Busy each : busy) {
                    generator.writeStartObject();
                    generator.writeNumberField("outBytesPerSecond", each.out());
                    generator.writeNumberField("inBytesPerSecond", each.in());
                    generator.writeFieldName("connection");
                    ConnectionText.json(each.row(), generator);
                    generator.writeEndObject();
                }
                generator.writeEndArray();
            });
            return;
        }
        if (System.console() != null && iterations != 1) {
            out().print("\033[H\033[2J");
        }
        out().printf(Locale.ROOT, "stack %s: %s, %s; %.0f frames/s in, %.0f out; %.1f retransmissions/s; %d connections%n",
                StackDirectory.name(file.path()), file.condition().label(), silent(file),
                rate(Counter.RX_FRAMES, before, counts, seconds), rate(Counter.TX_FRAMES, before, counts, seconds),
                rate(Counter.TCP_RETRANSMITTED_SEGMENTS, before, counts, seconds), file.connections().size());
        out().printf("%-8s%-13s%-22s%-22s%12s%12s%10s%9s%9s  %s%n", "ID", "STATE", "LOCAL", "PEER", "OUT kB/s", "IN kB/s",
                "RTT ms", "RETRANS", "QUEUE", "LIMITED BY");
        for (Busy each : busy) {
            ConnectionRow row = each.row();
            out().printf(Locale.ROOT, "%-8d%-13s%-22s%-22s%12.1f%12.1f%10s%9d%9d  %s%n", row.id(), row.state(), row.local(),
                    row.remote(), each.out() / 1e3, each.in() / 1e3, ConnectionText.millis(row, ConnectionField.SRTT_NANOS),
                    row.get(ConnectionField.RETRANSMISSIONS), row.get(ConnectionField.SEND_QUEUE), row.limit());
        }
        out().flush();
    }

    private static double rate(Counter counter, Map<String, Long> before, Map<String, Long> now, double seconds) {
        return (now.getOrDefault(counter.label(), 0L) - before.getOrDefault(counter.label(), 0L)) / seconds;
    }
}
