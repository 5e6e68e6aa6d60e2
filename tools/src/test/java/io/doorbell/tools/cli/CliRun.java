package io.doorbell.tools.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import picocli.CommandLine;

/** One call of stack-cli in this process. */
record CliRun(int exitCode, String errors) {
    static CliRun of(String... arguments) {
        StringWriter errors = new StringWriter();
        CommandLine line = StackCli.commandLine();
        line.setErr(new PrintWriter(errors, true));
        int exitCode = line.execute(arguments);
        return new CliRun(exitCode, errors.toString());
    }

    /** What was wrong, as the first line of standard error says it. */
    String firstLine() {
        return errors.lines().findFirst().orElse("");
    }
}
