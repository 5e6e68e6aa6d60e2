package io.doorbell.tools.cli;

import io.doorbell.counters.StackGauge;
import io.doorbell.tools.inspect.Condition;
import io.doorbell.tools.inspect.ConnectionRow;
import io.doorbell.tools.inspect.StackFile;
import io.doorbell.tools.inspect.StackFileException;
import io.doorbell.tools.inspect.WaitingRow;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code stack-cli ss}. */
@Command(name = "ss", mixinStandardHelpOptions = true,
        description = "A line for each connection of a stack, in the words of ss -ti.",
        footer = {"", "Examples:", "  tools/stack-cli ss", "  tools/stack-cli ss 4711 --state established --port 80"})
final class SsCommand extends InspectCommand {
    private static final long ANSWER_NANOS = 1_000_000_000L;
    /** So much is written at once: a call for each line would take longer than all the rest. */
    private static final int CHUNK = 1 << 16;

    @Parameters(index = "0", arity = "0..1", paramLabel = "PID", description = "The stack. Default: the only one that runs.")
    private String stack;

    @Mixin
    private ConnectionFilter filter;

    @Option(names = "--json", description = "As JSON, with every field of each row.")
    private boolean json;

    @Option(names = {"-t", "-a", "-i", "-n", "-O"}, hidden = true, description = "As always here.")
    private boolean[] always;

    @Option(names = {"-H", "--no-header"}, description = "No line above the first connection.")
    private boolean noHeader;

    @Override
    int run() throws IOException {
        filter.check();
        try (StackFile file = StackFile.open(directory().find(stack))) {
            warnIfStill(file);
            if (json) {
                toJson(file);
            } else {
                print(file);
            }
            if (file.rowsMissing() > 0 || file.torn() > 0) {
                say("not all are shown: more connections than rows, or " + file.torn() + " rows always being written");
            }
        }
        return ExitCode.OK;
    }

    private void print(StackFile file) {
        AsciiText text = new AsciiText(CHUNK + 1024);
        if (!noHeader) {
            text.add(SsLine.HEADING).add('\n');
        }
        file.forEachConnection(row -> {
            if (filter.matches(row)) {
                SsLine.add(text, row);
                if (text.length() > CHUNK) {
                    write(text);
                }
            }
        });
        long now = file.heartbeatNanos();
        waiting(file).forEach(row -> SsLine.add(text, row, now));
        write(text);
        out().flush();
    }

    private void write(AsciiText text) {
        StandardOutput.print(text, out());
        text.clear();
    }

    private void toJson(StackFile file) throws IOException {
        List<ConnectionRow> rows = filter.of(file);
        List<WaitingRow> waiting = waiting(file);
        long now = file.heartbeatNanos();
        json(generator -> {
            generator.writeStartArray();
            for (ConnectionRow row : rows) {
                ConnectionText.json(row, generator);
            }
            for (WaitingRow row : waiting) {
                ConnectionText.json(row, now, generator);
            }
            generator.writeEndArray();
        });
    }

    /** Half-open connections and those in TIME-WAIT: the stack shows them only if it is asked, and answers while it runs. */
    private List<WaitingRow> waiting(StackFile file) {
        if (file.condition() != Condition.RUNNING) {
            long missing = file.gauges().getOrDefault(StackGauge.TIME_WAIT.label(), 0L)
                    + file.gauges().getOrDefault(StackGauge.HALF_OPEN.label(), 0L);
            if (missing > 0) {
                say("not shown: " + missing + " in TIME-WAIT or half open, which only a running stack lists");
            }
            return List.of();
        }
        try (StackFile asked = StackFile.openToAsk(file.path())) {
            return filter.waiting(asked, ANSWER_NANOS);
        } catch (IOException e) {
            say("TIME-WAIT and half-open connections are not shown: " + e.getMessage());
            return List.of();
        }
    }

    private void say(String what) {
        err().println(what);
        err().flush();
    }
}
