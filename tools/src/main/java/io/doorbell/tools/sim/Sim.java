package io.doorbell.tools.sim;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.doorbell.sim.GoodputGrid;
import io.doorbell.sim.Outcome;
import io.doorbell.sim.Simulation;
import io.doorbell.tools.cli.ExitCode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command that simulates as many seeds as one likes: {@code tools/sim}. */
@Command(name = "sim", mixinStandardHelpOptions = true, version = "Doorbell 0.1.0",
        description = "Two stacks over a network that loses, doubles, reorders, corrupts, delays and breaks, with random"
                + " applications, on a virtual clock. Checks after every step that the books are right, and at the end"
                + " that every byte arrived and nothing is left. Stops at the first seed that fails and writes its pcap.",
        footer = {"",
            "Exit codes: 0 every seed is clean, or every mutant was caught; 1 not so; 2 an option that cannot be;",
            "3 the pcap cannot be written.",
            "",
            "Examples:",
            "  tools/sim --seeds 20000",
            "  tools/sim --seed 4711 --pcap run.pcap",
            "  tools/sim --mutants",
            "  tools/sim --goodput > docs/goodput.txt"})
public final class Sim implements Callable<Integer> {
    private static final long PROGRESS_NANOS = 2_000_000_000L;

    @Option(names = "--seeds", paramLabel = "N", defaultValue = "1000",
            description = "How many seeds to run, or to show each mutant at the most (default: ${DEFAULT-VALUE}).")
    private long seeds;

    @Option(names = "--first", paramLabel = "N", defaultValue = "1",
            description = "The first of them; the others follow it (default: ${DEFAULT-VALUE}).")
    private long first;

    @Option(names = "--seed", paramLabel = "N",
            description = "Run this one, and print what it decides and every frame of the client.")
    private Long seed;

    @Option(names = "--audit-every", paramLabel = "K", defaultValue = "1",
            description = "Check the books after every K-th step that did something (default: ${DEFAULT-VALUE}).")
    private int auditEvery;

    @Option(names = "--pcap", paramLabel = "FILE", description = "Where the frames of the seed that fails, or of --seed,"
            + " go, as the client sees them; the server's go beside it (default: sim-SEED.pcap).")
    private Path pcap;

    @Option(names = "--json", description = "Print one JSON object as the last line.")
    private boolean json;

    @Option(names = "--mutants", description = "Run stacks that are broken on purpose: each must be caught.")
    private boolean mutants;

    @Option(names = "--goodput", description = "Print the table of goodput by loss, round trip and algorithm.")
    private boolean goodput;

    @Spec
    private CommandSpec spec;

    private PrintWriter out;
    private PrintWriter err;

    /** The program. */
    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        CommandLine line = new CommandLine(new Sim());
        line.setUsageHelpWidth(100);
        line.setParameterExceptionHandler((error, args) -> {
            error.getCommandLine().getErr().println("sim: " + error.getMessage());
            error.getCommandLine().getErr().println("See: tools/sim --help");
            return ExitCode.USAGE;
        });
        line.setExecutionExceptionHandler((error, command, parsed) -> {
            boolean file = error instanceof IOException;
            command.getErr().println("sim: " + (file ? "the pcap cannot be written: " : "unexpected: ") + error);
            return file ? ExitCode.ENVIRONMENT : ExitCode.DEFECT;
        });
        return line;
    }

    @Override
    public Integer call() throws IOException {
        if (seeds < 1 || auditEvery < 1) {
            throw new ParameterException(spec.commandLine(), "--seeds and --audit-every must be 1 or more");
        }
        out = spec.commandLine().getOut();
        err = spec.commandLine().getErr();
        if (goodput) {
            out.print(GoodputGrid.table());
            out.flush();
            return ExitCode.OK;
        }
        if (mutants) {
            return runMutants();
        }
        return seed != null ? runOne(seed) : runMany();
    }

    private int runOne(long which) throws IOException {
        out.println(Simulation.describe(which));
        FrameTrace trace = new FrameTrace(out);
        Outcome outcome = Simulation.run(which, auditEvery, trace, null);
        trace.close();
        if (pcap != null) {
            record(which);
        }
        out.println(outcome.isClean() ? "seed " + which + " is clean" : "seed " + which + ": " + outcome.violation());
        out.flush();
        return outcome.isClean() ? ExitCode.OK : ExitCode.FAILED;
    }

    private int runMany() throws IOException {
        long start = System.nanoTime();
        long told = start;
        long done = 0;
        long bytes = 0;
        long connections = 0;
        Outcome failed = null;
        while (done < seeds && failed == null) {
            Outcome outcome = Simulation.run(first + done, auditEvery, null, null);
            done++;
            bytes += outcome.bytes();
            connections += outcome.connections();
            failed = outcome.isClean() ? null : outcome;
            if (System.nanoTime() - told > PROGRESS_NANOS) {
                told = System.nanoTime();
                err.printf("%d of %d seeds, %.0f a second%n", done, seeds, rate(done, told - start));
                err.flush();
            }
        }
        long nanos = System.nanoTime() - start;
        String text = String.format("%d seeds from %d, %d connections, %.1f MB received, %.0f seeds a second: ", done, first,
                connections, bytes / 1e6, rate(done, nanos));
        out.println(text + (failed == null ? "all clean" : "seed " + failed.seed() + " fails"));
        if (failed != null) {
            out.println("seed " + failed.seed() + ": " + failed.violation());
            record(failed.seed());
            out.println("Look at it: tools/sim --seed " + failed.seed());
        }
        if (json) {
            out.println(figures(done, connections, bytes, nanos, failed));
        }
        out.flush();
        return failed == null ? ExitCode.OK : ExitCode.FAILED;
    }

    private static double rate(long count, long nanos) {
        return count * 1e9 / Math.max(1, nanos);
    }

    private static String figures(long done, long connections, long bytes, long nanos, Outcome failed) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator object = new JsonFactory().createGenerator(text)) {
            object.writeStartObject();
            object.writeNumberField("seeds", done);
            object.writeNumberField("failures", failed == null ? 0 : 1);
            object.writeNumberField("connections", connections);
            object.writeNumberField("bytes", bytes);
            object.writeNumberField("seconds", Math.round(nanos / 1e6) / 1e3);
            object.writeNumberField("seeds_per_second", Math.round(rate(done, nanos)));
            if (failed != null) {
                object.writeNumberField("failed_seed", failed.seed());
                object.writeStringField("violation", failed.violation());
            }
            object.writeEndObject();
        }
        return text.toString();
    }

    /** Runs a seed once more, which gives the same frames, and keeps them. */
    private void record(long which) throws IOException {
        Path client = pcap != null ? pcap : Path.of("sim-" + which + ".pcap");
        String name = client.getFileName().toString();
        int dot = name.lastIndexOf('.');
        Path server = client.resolveSibling(dot < 0 ? name + "-server" : name.substring(0, dot) + "-server" + name.substring(dot));
        try (WritableByteChannel clientFile = create(client); WritableByteChannel serverFile = create(server)) {
            Simulation.run(which, auditEvery, clientFile, serverFile);
        }
        out.println("frames: " + client + " and " + server);
    }

    private static WritableByteChannel create(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE);
    }

    private int runMutants() {
        int missed = 0;
        for (Mutant mutant : Mutant.ALL) {
            MutantStack stack = new MutantStack(mutant);
            String violation = null;
            long next = first;
            while (violation == null && next < first + seeds) {
                violation = stack.violation(next++);
            }
            missed += violation == null ? 1 : 0;
            out.printf("%-20s %s%n%20s %s%n", mutant.name(), mutant.broken(), "", violation == null
                    ? "NOT CAUGHT by " + seeds + " seeds" : "seed " + (next - 1) + ": " + violation.lines().findFirst().orElse(""));
            out.flush();
        }
        out.printf("%d mutants, %d caught%n", Mutant.ALL.size(), Mutant.ALL.size() - missed);
        out.flush();
        return missed == 0 ? ExitCode.OK : ExitCode.FAILED;
    }
}
