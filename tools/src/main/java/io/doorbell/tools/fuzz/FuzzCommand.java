package io.doorbell.tools.fuzz;

import io.doorbell.tools.cli.ExitCode;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code tools/fuzz}, inside {@link CoverageLoader}. */
@Command(name = "fuzz", mixinStandardHelpOptions = true, version = "Doorbell 0.1.0",
        description = "Feeds the stack frames that no honest peer sends, in every state of a connection, and looks for"
                + " exceptions, endless work, wrong bytes, frames or rows left behind, and states that a sane peer"
                + " cannot leave. Inputs that reach new code are kept and changed further.",
        footer = {"", "Exit codes: 0 clean; 1 something was found; 2 an option or a value that cannot be;",
            "3 a file cannot be read or written.", "",
            "Examples:", "  tools/fuzz --frames 10000000", "  tools/fuzz --input 0401fe..."})
public final class FuzzCommand implements Callable<Integer> {
    private static final String KEPT = "corpus.txt";

    @Option(names = "--frames", paramLabel = "N", defaultValue = "1000000",
            description = "How many frames to feed, those of sane peers not counted (default: ${DEFAULT-VALUE}).")
    private long frames;

    @Option(names = "--seed", paramLabel = "S", description = "What the run is drawn from (default: a fresh one, printed).")
    private Long seed;

    @Option(names = "--input", paramLabel = "HEX", description = "Play this one input, as a finding names it.")
    private String input;

    @Option(names = "--trace", description = "With --input: print every frame.")
    private boolean trace;

    @Option(names = "--corpus", paramLabel = "FILE", description = "Inputs to begin with (default: those kept with the source).")
    private Path file;

    @Option(names = "--save", paramLabel = "FILE", description = "Write the inputs that are worth keeping, at the end.")
    private Path save;

    @Spec
    private CommandSpec spec;

    /** Runs the command and answers its exit code; called by reflection, from outside the loader. */
    public static int execute(PrintWriter out, String[] args) {
        CommandLine line = new CommandLine(new FuzzCommand()).setUsageHelpWidth(100).setOut(out).setErr(out);
        line.setParameterExceptionHandler((error, rest) -> {
            out.println("fuzz: " + error.getMessage());
            out.println("See: tools/fuzz --help");
            return ExitCode.USAGE;
        });
        line.setExecutionExceptionHandler((error, command, parsed) -> {
            if (!(error instanceof IOException)) {
                throw error;
            }
            out.println("fuzz: " + (error instanceof NoSuchFileException ? "there is no file " : "") + error.getMessage());
            return ExitCode.ENVIRONMENT;
        });
        return line.execute(args);
    }

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        if (frames < 0 || trace && input == null) {
            throw new ParameterException(spec.commandLine(), "--frames is 0 or more, and --trace goes with --input");
        }
        if (input != null) {
            return new FuzzRun(0, out, trace ? new Trace(out) : null).run(List.of(bytes()), 0);
        }
        FuzzRun run = new FuzzRun(seed != null ? seed : new SplittableRandom().nextLong(1L << 48), out, null);
        int code = run.run(file != null ? Corpus.read(file) : kept(), frames);
        if (save != null && code == ExitCode.OK) {
            run.save(save);
        }
        return code;
    }

    private byte[] bytes() {
        try {
            return HexFormat.of().parseHex(input);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--input is not in hexadecimal digits, two for each byte", e);
        }
    }

    private static List<byte[]> kept() throws IOException {
        try (InputStream in = FuzzCommand.class.getResourceAsStream(KEPT)) {
            if (in == null) {
                return List.of();
            }
            return Corpus.parse(new String(in.readAllBytes(), StandardCharsets.US_ASCII));
        }
    }
}
