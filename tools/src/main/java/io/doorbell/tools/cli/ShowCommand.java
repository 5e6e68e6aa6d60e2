package io.doorbell.tools.cli;

import io.doorbell.counters.ConnectionField;
import io.doorbell.counters.ConnectionFlag;
import io.doorbell.tools.inspect.ConnectionRow;
import io.doorbell.tools.inspect.StackFile;
import io.doorbell.tools.inspect.StackFileException;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code stack-cli show}. */
@Command(name = "show", mixinStandardHelpOptions = true, description = "Everything about one connection of a stack.",
        footer = {"", "Examples:", "  tools/stack-cli show 4711 12", "  tools/stack-cli show 4711 10.0.0.3:40122"})
final class ShowCommand extends InspectCommand {
    @Parameters(index = "0", paramLabel = "PID", description = "The stack.")
    private String stack;

    @Parameters(index = "1", paramLabel = "CONNECTION", description = "Its id, or the peer's address:port, as ss shows them.")
    private String connection;

    @Option(names = "--json", description = "As JSON.")
    private boolean json;

    @Override
    int run() throws IOException {
        try (StackFile file = StackFile.open(directory().find(stack))) {
            warnIfStill(file);
            ConnectionRow row = find(file, connection);
            if (json) {
                json(generator -> ConnectionText.json(row, generator));
            } else {
                print(row, file.heartbeatNanos());
            }
        }
        return ExitCode.OK;
    }

    static ConnectionRow find(StackFile file, String connection) throws StackFileException {
        List<ConnectionRow> found = file.connections().stream()
                .filter(row -> Long.toString(row.id()).equals(connection) || row.remote().equals(connection)).toList();
        if (found.size() == 1) {
            return found.getFirst();
        }
        throw new StackFileException(found.isEmpty() ? "no connection " + connection + ": stack-cli ss tells which there are"
                : found.size() + " connections have the peer " + connection + ": give the id that stack-cli ss shows");
    }

    private void print(ConnectionRow row, long nowNanos) {
        out().printf(Locale.ROOT, "%s -> %s  %s%n", row.local(), row.remote(), row.state());
        out().printf(Locale.ROOT, "  %-28s%s%n", "limited by", row.limit());
        out().printf(Locale.ROOT, "  %-28s%s, %s%n", "congestion control", row.algorithm(), row.phase());
        out().printf(Locale.ROOT, "  %-28s%s%n", "agreed and under way", String.join(" ", row.flags()));
        if (row.has(ConnectionFlag.GRANTED)) {
            out().printf(Locale.ROOT, "  %-28s%s%n", "sends by an engine", grant(row));
        }
        for (int i = 0; i < row.names().size(); i++) {
            String name = row.names().get(i);
            out().printf(Locale.ROOT, "  %-28s%s%n", name, value(name, row.value(i), nowNanos));
        }
        out().flush();
    }

    private static String grant(ConnectionRow row) {
        return String.format(Locale.ROOT, "%d bytes granted, limited by %s, %d sent%s", row.get(ConnectionField.GRANTED_BYTES),
                row.grantLimit(), row.get(ConnectionField.GRANT_SENT_BYTES),
                row.has(ConnectionFlag.GRANT_RECALLED) ? ", recalled" : "");
    }

    private static String value(String name, long value, long nowNanos) {
        if (name.equals(ConnectionField.LOCAL_ADDRESS.label()) || name.equals(ConnectionField.REMOTE_ADDRESS.label())) {
            return io.doorbell.ip.Ipv4Address.format((int) value);
        }
        if (name.endsWith("deadline.nanos")) {
            return value == Long.MAX_VALUE ? "off" : String.format(Locale.ROOT, "in %.3f ms", (value - nowNanos) / 1e6);
        }
        if (name.equals(ConnectionField.CUBIC_EPOCH_NANOS.label()) && value == Long.MAX_VALUE) {
            return "none";
        }
        if (name.equals(ConnectionField.SSTHRESH.label()) && value == Integer.MAX_VALUE) {
            return "none yet";
        }
        if (name.equals(ConnectionField.CUBIC_EPOCH_NANOS.label()) || name.equals(ConnectionField.OPENED_NANOS.label()) || name.equals(ConnectionField.WRITTEN_NANOS.label())) {
            return String.format(Locale.ROOT, "%.3f s ago", (nowNanos - value) / 1e9);
        }
        return name.endsWith(".nanos") ? String.format(Locale.ROOT, "%.3f ms", value / 1e6) : Long.toString(value);
    }
}
