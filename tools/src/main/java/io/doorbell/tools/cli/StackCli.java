package io.doorbell.tools.cli;

import io.doorbell.tools.demo.Cleanup;
import io.doorbell.xdp.ffi.SystemCallException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command that people run: {@code tools/stack-cli}. */
@Command(name = "stack-cli", mixinStandardHelpOptions = true, version = "Doorbell 0.1.0",
        description = "A TCP/IP stack in Java, past the kernel's own: see it work, serve and fetch with it, replay captures.",
        synopsisSubcommandLabel = "COMMAND",
        footer = {"",
            "Exit codes: 0 done and right; 1 done and wrong, or the transfer failed; 2 an option or a value",
            "that cannot be; 3 something is missing or in the way (privileges, packages, interfaces);",
            "70 a defect of Doorbell.",
            "",
            "Examples:",
            "  tools/stack-cli demo",
            "  tools/stack-cli demo --link packet --loss 0.01 --size 20M",
            "  tools/stack-cli serve --interface eth9 --address 10.0.0.2/24 --dir ./public",
            "  tools/stack-cli get http://10.0.0.2/ --interface eth9 --address 10.0.0.3/24",
            "  tools/stack-cli quotes --interface eth9 --address 10.0.0.2/24",
            "  tools/stack-cli delegated",
            "  tools/stack-cli pcap capture.pcap",
            "  tools/stack-cli replay capture.pcap --as server",
            "  tools/stack-cli ss"})
public final class StackCli implements Runnable {
    /** By name, in the order of the help. */
    private static final Map<String, Class<?>> COMMANDS = new LinkedHashMap<>();

    static {
        COMMANDS.put("demo", DemoCommand.class);
        COMMANDS.put("serve", ServeCommand.class);
        COMMANDS.put("get", GetCommand.class);
        COMMANDS.put("quotes", QuotesCommand.class);
        COMMANDS.put("delegated", DelegatedCommand.class);
        COMMANDS.put("pcap", PcapCommand.class);
        COMMANDS.put("replay", ReplayCommand.class);
        COMMANDS.put("list", ListCommand.class);
        COMMANDS.put("ss", SsCommand.class);
        COMMANDS.put("show", ShowCommand.class);
        COMMANDS.put("stats", StatsCommand.class);
        COMMANDS.put("top", TopCommand.class);
        COMMANDS.put("kill", KillCommand.class);
        COMMANDS.put("capture", CaptureCommand.class);
    }

    @Option(names = "--debug", scope = ScopeType.INHERIT, description = "On an error, show where it came from.")
    private boolean debug;

    @Spec
    private CommandSpec spec;

    /** The program. */
    public static void main(String[] args) {
        CommandLine line = commandLine(args.length == 0 ? "" : args[0]);
        StandardOutput out = StandardOutput.open();
        line.setOut(out);
        int exitCode = line.execute(args);
        System.exit(written(out, line.getErr()) || exitCode != ExitCode.OK ? exitCode : ExitCode.ENVIRONMENT);
    }

    /** Whether all was written that was to be; says so if not. A reader that has seen enough, as head, is no failure. */
    static boolean written(StandardOutput out, PrintWriter err) {
        IOException failure = out.failure();
        if (failure == null || "Broken pipe".equals(failure.getMessage())) {
            return true;
        }
        err.println("stack-cli: cannot write to standard output: " + failure.getMessage());
        return false;
    }

    /** The parser with its handlers; {@code execute} answers the exit code and never throws. */
    public static CommandLine commandLine() {
        return commandLine("");
    }

    /**
     * The same, but if {@code command} is one it knows no other: to read what fourteen say about themselves takes longer
     * than what most of them do.
     */
    static CommandLine commandLine(String command) {
        CommandLine line = new CommandLine(new StackCli());
        Class<?> only = COMMANDS.get(command);
        if (only == null) {
            COMMANDS.forEach(line::addSubcommand);
        } else {
            line.addSubcommand(command, only);
        }
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setUsageHelpWidth(100);
        line.setParameterExceptionHandler(StackCli::onParameterError);
        line.setExecutionExceptionHandler(StackCli::onError);
        return line;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing: demo, serve, get, quotes, delegated, pcap, replay,"
                + " list, ss, show, stats, top, kill or capture");
    }

    private static int onParameterError(ParameterException error, String[] args) {
        CommandLine line = error.getCommandLine();
        PrintWriter err = line.getErr();
        err.println("stack-cli: " + oneLine(error.getMessage()));
        err.println("See: tools/" + line.getCommandSpec().qualifiedName() + " --help");
        return ExitCode.USAGE;
    }

    private static int onError(Exception error, CommandLine line, CommandLine.ParseResult parsed) {
        if (Cleanup.stopping()) {
            // Told to stop in mid-work: whatever broke, broke because things are being taken away.
            return ExitCode.FAILED;
        }
        PrintWriter err = line.getErr();
        StackCli root = (StackCli) line.getCommandSpec().root().userObject();
        int exitCode = exitCode(error);
        String what = exitCode == ExitCode.DEFECT && !(error instanceof UserError)
                ? "unexpected: " + error + " (--debug shows where)" : error.getMessage();
        err.println("stack-cli: " + oneLine(what));
        if (root.debug) {
            error.printStackTrace(err);
        }
        return exitCode;
    }

    private static int exitCode(Exception error) {
        return switch (error) {
            case UserError user -> user.exitCode();
            // What builders throw for a value that cannot be.
            case IllegalArgumentException value when value.getMessage() != null -> ExitCode.USAGE;
            case SystemCallException call -> ExitCode.ENVIRONMENT;
            case IllegalStateException state when state.getMessage() != null -> ExitCode.ENVIRONMENT;
            case UnsupportedOperationException missing when missing.getMessage() != null -> ExitCode.ENVIRONMENT;
            case UncheckedIOException io -> ExitCode.ENVIRONMENT;
            case IOException io -> ExitCode.ENVIRONMENT;
            default -> ExitCode.DEFECT;
        };
    }

    private static String oneLine(String text) {
        return text == null ? "no message" : text.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
