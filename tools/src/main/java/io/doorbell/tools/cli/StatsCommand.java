package io.doorbell.tools.cli;

import io.doorbell.counters.StackGauge;
import io.doorbell.tools.inspect.ListenerRow;
import io.doorbell.tools.inspect.StackDirectory;
import io.doorbell.tools.inspect.StackFile;
import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code stack-cli stats}. */
@Command(name = "stats", mixinStandardHelpOptions = true,
        description = "What a stack has counted: frames, segments, resets, drops by reason, its link's rings and doorbells.",
        footer = {"", "Examples:", "  tools/stack-cli stats", "  tools/stack-cli stats 4711 --all"})
final class StatsCommand extends InspectCommand {
    @Parameters(index = "0", arity = "0..1", paramLabel = "PID", description = "The stack. Default: the only one that runs.")
    private String stack;

    @Option(names = "--json", description = "As JSON, zeros included.")
    private boolean json;

    @Option(names = "--all", description = "Show zeros, too.")
    private boolean all;

    @Override
    int run() throws IOException {
        try (StackFile file = StackFile.open(directory().find(stack))) {
            warnIfStill(file);
            if (json) {
                toJson(file);
            } else {
                print(file);
            }
        }
        return ExitCode.OK;
    }

    private void print(StackFile file) {
        Map<String, Long> gauges = file.gauges();
        out().printf(Locale.ROOT, "stack %s: %s, link %s%n", StackDirectory.name(file.path()), file.condition().label(),
                file.linkMode());
        out().println("now, and the link:");
        gauges.forEach((name, value) -> line(name, value));
        long doorbells = gauges.getOrDefault(StackGauge.LINK_DOORBELLS.label(), 0L);
        out().printf(Locale.ROOT, "  %-36s%s%n", "link.tx.frames.per.doorbell", doorbells == 0 ? "-" : String.format(
                Locale.ROOT, "%.2f", (double) gauges.getOrDefault(StackGauge.LINK_TX_FRAMES.label(), 0L) / doorbells));
        out().println("counters:");
        file.counters().forEach((name, value) -> {
            if (!name.startsWith("drop.")) {
                line(name, value);
            }
        });
        out().println("drops by reason:");
        file.counters().forEach((name, value) -> {
            if (name.startsWith("drop.")) {
                line(name, value);
            }
        });
        out().println("listeners:");
        for (ListenerRow each : file.listeners()) {
            out().printf(Locale.ROOT, "  port %-8d accepted %d, half-open overflows %d, accept overflows %d,"
                    + " cookies sent %d, accepted %d, rejected %d%n", each.port(), each.accepted(), each.halfOpenOverflows(),
                    each.acceptOverflows(), each.cookiesSent(), each.cookiesAccepted(), each.cookiesRejected());
        }
        out().printf(Locale.ROOT, "rows missing for connections: %d; polls: %d%n", file.rowsMissing(), file.polls());
        out().flush();
    }

    private void line(String name, long value) {
        if (all || value != 0) {
            String text = name.equals(StackGauge.ADDRESS.label()) ? io.doorbell.ip.Ipv4Address.format((int) value)
                    : Long.toString(value);
            out().printf(Locale.ROOT, "  %-36s%s%n", name, text);
        }
    }

    private void toJson(StackFile file) throws IOException {
        json(generator -> {
            generator.writeStartObject();
            generator.writeNumberField("pid", file.pid());
            generator.writeStringField("condition", file.condition().label());
            generator.writeStringField("link", file.linkMode());
            generator.writeNumberField("polls", file.polls());
            generator.writeNumberField("rowsMissing", file.rowsMissing());
            generator.writeObjectFieldStart("gauges");
            for (Map.Entry<String, Long> each : file.gauges().entrySet()) {
                generator.writeNumberField(each.getKey(), each.getValue());
            }
            generator.writeEndObject();
            generator.writeObjectFieldStart("counters");
            for (Map.Entry<String, Long> each : file.counters().entrySet()) {
                generator.writeNumberField(each.getKey(), each.getValue());
            }
            generator.writeEndObject();
            generator.writeArrayFieldStart("listeners");
            for (ListenerRow each : file.listeners()) {
                generator.writeStartObject();
                generator.writeNumberField("port", each.port());
                generator.writeNumberField("accepted", each.accepted());
                generator.writeNumberField("halfOpenOverflows", each.halfOpenOverflows());
                generator.writeNumberField("acceptOverflows", each.acceptOverflows());
                generator.writeNumberField("cookiesSent", each.cookiesSent());
                generator.writeNumberField("cookiesAccepted", each.cookiesAccepted());
                generator.writeNumberField("cookiesRejected", each.cookiesRejected());
                generator.writeEndObject();
            }
            generator.writeEndArray();
            generator.writeEndObject();
        });
    }
}
