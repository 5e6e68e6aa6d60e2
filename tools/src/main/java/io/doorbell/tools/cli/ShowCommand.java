package io.doorbell.tools.cli;

import io.doorbell.tools.inspect.ConnectionRow;
import io.doorbell.tools.inspect.StackFile;
import io.doorbell.tools.inspect.StackFileException;
import java.io.IOException;
import java.util.List;
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
                ShowText.print(row, file.heartbeatNanos(), out());
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
}
