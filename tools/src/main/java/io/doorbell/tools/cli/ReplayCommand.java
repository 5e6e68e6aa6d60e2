package io.doorbell.tools.cli;

import io.doorbell.tools.pcap.Capture;
import io.doorbell.tools.replay.PcapReplay;
import io.doorbell.tools.replay.ReplayResult;
import io.doorbell.tools.replay.ReplaySide;
import io.doorbell.tools.replay.Strictness;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code stack-cli replay}. */
@Command(name = "replay", mixinStandardHelpOptions = true,
        description = "Puts Doorbell in the place of one side of a captured connection, on a virtual clock, and compares.",
        footer = {"", "Exit code 0 if Doorbell did what the capture shows, 1 if not: the report marks the first difference.",
            "", "Examples:",
            "  tools/stack-cli replay capture.pcap --as server",
            "  tools/stack-cli replay capture.pcap --connection 3 --as client --strict segments"})
final class ReplayCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "FILE", description = "A capture, pcap or pcapng.")
    private Path file;

    @Option(names = "--connection", paramLabel = "N",
            description = "Which one, as 'stack-cli pcap' counts. Default: the one with the most packets.")
    private Integer connection;

    @Option(names = "--as", paramLabel = "SIDE", defaultValue = "server",
            description = "Whose part Doorbell takes: client or server. Default: ${DEFAULT-VALUE}.")
    private ReplaySide side;

    @Option(names = "--strict", paramLabel = "HOW", defaultValue = "acks",
            description = "What must be the same: bytes, acks or segments. Default: ${DEFAULT-VALUE}.")
    private Strictness strictness;

    @Option(names = "--quiet", description = "No report, only the exit code.")
    private boolean quiet;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        try (PcapReplay replay = PcapReplay.of(Capture.open(file)).as(side).strict(strictness)) {
            if (connection != null) {
                replay.connection(connection);
            }
            if (replay.capture().damage() != null) {
                // Said, and no reason not to replay what is there.
                spec.commandLine().getErr().println("stack-cli: " + replay.capture().damage().getMessage());
            }
            ReplayResult result = replay.run();
            if (!quiet) {
                PrintWriter out = spec.commandLine().getOut();
                out.print(result.report());
                out.flush();
            }
            return result.same() ? ExitCode.OK : ExitCode.FAILED;
        }
    }
}
