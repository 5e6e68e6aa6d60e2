package io.doorbell.tools.cli;

import io.doorbell.counters.InspectionLayout;
import io.doorbell.tools.inspect.Condition;
import io.doorbell.tools.inspect.ConnectionRow;
import io.doorbell.tools.inspect.StackFile;
import java.io.IOException;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code stack-cli kill}. */
@Command(name = "kill", mixinStandardHelpOptions = true,
        description = "Resets a connection of a stack. Only the user that the stack runs as may, and root.",
        footer = {"", "Examples:", "  tools/stack-cli kill 4711 12", "  tools/stack-cli kill 4711 10.0.0.3:40122"})
final class KillCommand extends InspectCommand {
    private static final long TIMEOUT_NANOS = 2_000_000_000L;

    @Parameters(index = "0", paramLabel = "PID", description = "The stack.")
    private String stack;

    @Parameters(index = "1", paramLabel = "CONNECTION", description = "Its id, or the peer's address:port, as ss shows them.")
    private String connection;

    @Override
    int run() throws IOException {
        try (StackFile file = StackFile.openToAsk(directory().find(stack))) {
            if (file.condition() != Condition.RUNNING) {
                throw UserError.environment("stack " + stack + " cannot be asked: " + file.condition().label());
            }
            ConnectionRow row = ShowCommand.find(file, connection);
            long result = file.ask(InspectionLayout.OPERATION_KILL, row.id(), TIMEOUT_NANOS);
            if (result == InspectionLayout.RESULT_DONE) {
                out().printf(Locale.ROOT, "Reset %s -> %s.%n", row.local(), row.remote());
                out().flush();
                return ExitCode.OK;
            }
            throw new UserError(ExitCode.FAILED, result == 0 ? "the stack does not answer"
                    : result == InspectionLayout.RESULT_NO_SUCH_CONNECTION ? "the connection has just ended by itself"
                    : "the stack does not know how to do that");
        }
    }
}
