package io.doorbell.tools.cli;

import io.doorbell.counters.StackGauge;
import io.doorbell.ip.Ipv4Address;
import io.doorbell.tools.inspect.Condition;
import io.doorbell.tools.inspect.StackDirectory;
import io.doorbell.tools.inspect.StackFile;
import io.doorbell.tools.inspect.StackFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code stack-cli list}. */
@Command(name = "list", mixinStandardHelpOptions = true,
        description = "Lists the stacks that show themselves, also those that died; exit code 1 if a file can't be read.",
        footer = {"", "Examples:", "  tools/stack-cli list", "  tools/stack-cli list --json"})
final class ListCommand extends InspectCommand {
    @Option(names = "--json", description = "As JSON.")
    private boolean json;

    @Option(names = "--remove-dead", description = "Remove the files of stacks that died, after showing them.")
    private boolean removeDead;

    private boolean failed;

    @Override
    int run() throws IOException {
        StackDirectory directory = directory();
        List<Path> files = directory.files();
        if (!directory.hidden().isEmpty()) {
            err().println("not all is shown" + directory.hidden());
            err().flush();
        }
        if (json) {
            json(generator -> {
                generator.writeStartArray();
                for (Path file : files) {
                    try (StackFile stack = StackFile.open(file)) {
                        generator.writeStartObject();
                        generator.writeStringField("stack", StackDirectory.name(file));
                        generator.writeNumberField("pid", stack.pid());
                        generator.writeStringField("condition", stack.condition().label());
                        generator.writeNumberField("silentNanos", stack.silentNanos());
                        generator.writeNumberField("startNanos", stack.startNanos());
                        generator.writeStringField("address", address(stack));
                        generator.writeStringField("link", stack.linkMode());
                        generator.writeNumberField("connections", gauge(stack, StackGauge.CONNECTIONS));
                        generator.writeEndObject();
                        finished(stack);
                    } catch (StackFileException e) {
                        failed(file, e);
                    }
                }
                generator.writeEndArray();
            });
        } else {
            out().printf("%-12s%-12s%-17s%-13s%-22s%-22s%s%n", "STACK", "CONDITION", "ADDRESS", "CONNECTIONS", "LINK",
                    "STARTED", "POLLED");
            files.forEach(this::print);
            out().flush();
        }
        return failed ? ExitCode.FAILED : ExitCode.OK;
    }

    private void print(Path file) {
        try (StackFile stack = StackFile.open(file)) {
            Instant started = Instant.ofEpochSecond(0, stack.startNanos()).truncatedTo(ChronoUnit.SECONDS);
            out().printf(Locale.ROOT, "%-12s%-12s%-17s%-13d%-22s%-22s%s%n", StackDirectory.name(file),
                    stack.condition().label(), address(stack), gauge(stack, StackGauge.CONNECTIONS), stack.linkMode(),
                    started, silent(stack));
            finished(stack);
        } catch (IOException e) {
            failed(file, e);
        }
    }

    private void finished(StackFile stack) throws IOException {
        if (removeDead && stack.condition() == Condition.DIED) {
            Files.deleteIfExists(stack.path());
        }
    }

    private void failed(Path file, IOException e) {
        boolean removed = removeDead && nobodys(file) && delete(file);
        failed |= !removed;
        err().println("stack-cli: " + e.getMessage() + (removed ? "; removed, since its process is no more" : ""));
        err().flush();
    }

    /** Whether the process after which a file is named is no more: what cannot be read does not tell. */
    private static boolean nobodys(Path file) {
        String pid = StackDirectory.name(file).replaceFirst("\\..*", "");
        return pid.matches("[0-9]{1,9}") && ProcessHandle.of(Long.parseLong(pid)).isEmpty() && Files.isRegularFile(file);
    }

    private static boolean delete(Path file) {
        try {
            return Files.deleteIfExists(file);
        } catch (IOException e) {
            return false;
        }
    }

    private static long gauge(StackFile stack, StackGauge gauge) {
        return stack.gauges().getOrDefault(gauge.label(), 0L);
    }

    private static String address(StackFile stack) {
        return Ipv4Address.format((int) gauge(stack, StackGauge.ADDRESS));
    }
}
