package io.doorbell.tools.bench;

import io.doorbell.tools.cli.ExitCode;
import io.doorbell.tools.cli.UserError;
import io.doorbell.tools.demo.Cleanup;
import io.doorbell.xdp.ffi.SystemCallException;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command that people measure with: {@code tools/bench}. */
@Command(name = "bench", mixinStandardHelpOptions = true, version = "Doorbell 0.1.0",
        description = "Measures Doorbell side by side with the kernel, in alternating rounds of one run. Needs root, for"
                + " network namespaces and AF_XDP, and two processors that have nothing else to do.",
        subcommands = {PingPongCommand.class, StreamCommand.class, LossyCommand.class, FanOutCommand.class,
            TemplateCommand.class, OrderCommand.class, WarmCommand.class, FloodCommand.class,
            InspectionCommand.class, DelegatedCommand.class},
        synopsisSubcommandLabel = "COMMAND",
        footer = {"",
            "Exit codes: 0 done; 1 the run failed, or bytes were wrong; 2 an option or a value that cannot be;",
            "3 something is missing or in the way (privileges, packages, processors); 70 a defect of Doorbell.",
            "",
            "Examples:",
            "  sudo tools/bench pingpong",
            "  sudo tools/bench stream --json --rounds 5 --seconds 2"})
public final class Bench implements Runnable {
    @Option(names = "--debug", scope = ScopeType.INHERIT, description = "On an error, show where it came from.")
    private boolean debug;

    @Spec
    private CommandSpec spec;

    /** The program. */
    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    /** The parser with its handlers; {@code execute} answers the exit code and never throws. */
    static CommandLine commandLine() {
        CommandLine line = new CommandLine(new Bench());
        line.setUsageHelpWidth(100);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setParameterExceptionHandler(Bench::onParameterError);
        line.setExecutionExceptionHandler(Bench::onError);
        return line;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing: "
                + String.join(" or ", spec.subcommands().keySet()));
    }

    private static int onParameterError(ParameterException error, String[] args) {
        CommandLine line = error.getCommandLine();
        PrintWriter err = line.getErr();
        err.println("bench: " + error.getMessage());
        err.println("See: tools/" + line.getCommandSpec().qualifiedName() + " --help");
        return ExitCode.USAGE;
    }

    private static int onError(Exception error, CommandLine line, CommandLine.ParseResult parsed) {
        if (Cleanup.stopping()) {
            return ExitCode.FAILED;
        }
        PrintWriter err = line.getErr();
        boolean expected = error instanceof UserError || error instanceof SystemCallException
                || error instanceof IllegalStateException || error instanceof IllegalArgumentException;
        err.println("bench: " + (expected ? error.getMessage() : "unexpected: " + error + " (--debug shows where)"));
        Bench root = (Bench) line.getCommandSpec().root().userObject();
        if (root.debug) {
            error.printStackTrace(err);
        }
        return error instanceof UserError user ? user.exitCode() : expected ? ExitCode.ENVIRONMENT : ExitCode.DEFECT;
    }
}
