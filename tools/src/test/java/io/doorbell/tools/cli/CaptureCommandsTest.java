package io.doorbell.tools.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.doorbell.tools.Fixtures;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** {@code stack-cli pcap} and {@code stack-cli replay}. */
class CaptureCommandsTest {
    @TempDir
    private Path directory;

    private record Run(int exitCode, String out, String errors) {
    }

    private static Run run(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter errors = new StringWriter();
        CommandLine line = StackCli.commandLine();
        line.setOut(new PrintWriter(out, true));
        line.setErr(new PrintWriter(errors, true));
        return new Run(line.execute(arguments), out.toString(), errors.toString());
    }

    private String file(String name) throws IOException {
        return Files.write(directory.resolve(name), Fixtures.named(name).bytes()).toString();
    }

    /** What happened, as the page of the captures says it did. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "handshake-client-all-options.pcap | connected in                | closed by both",
        "handshake-client-all-options.pcap | MSS 1460, scale 7, SACK, timestamps | 120 bytes in",
        "handshake-client-mss-only.pcap    | client: 120 bytes           | server: 600 bytes",
        "refused-client.pcap               | refused                     | 0 bytes in 1 segments",
        "reset-by-peer.pcap                | connected                   | reset by the server",
        "reset-half-open.pcap              | handshake not completed     | reset by the client",
        "simultaneous-open.pcap            | opened by both              | closed by both",
        "loss-one-sender.pcap              | 20000 bytes                 | 1 retransmitted",
        "loss-three-sender.pcap            | 30000 bytes                 | 3 retransmitted",
        "reordered-receiver.pcap           | 20000 bytes                 | out of order",
        "zero-window-sender.pcap           | with a zero window          | keepalives or probes",
        "keepalive.pcap                    | 3 keepalives or probes      | closed by both",
        "syn-lost.pcap                     | 1 retransmitted             | connected",
        "syn-cookies.pcap                  | handshake not completed     | 41 connections",
        "sequence-wrap-sender.pcap         | client: 8000 bytes          | closed by both",
        "half-close-client.pcap            | server: 3000 bytes          | closed by both",
    })
    void aCapturesConnectionsAreListed(String name, String one, String other) throws IOException {
        Run run = run("pcap", file(name));
        assertEquals(ExitCode.OK, run.exitCode(), run.errors());
        assertTrue(run.out().contains(one.strip()), run.out());
        assertTrue(run.out().contains(other.strip()), run.out());
    }

    @Test
    void theListAsJson() throws IOException {
        Run run = run("pcap", "--json", file("loss-one-receiver.pcap"));
        assertEquals(ExitCode.OK, run.exitCode(), run.errors());
        long serverBytes = -1;
        try (JsonParser json = new JsonFactory().createParser(run.out())) {
            String side = "";
            for (JsonToken token = json.nextToken(); token != null; token = json.nextToken()) {
                if (token == JsonToken.START_OBJECT && json.currentName() != null) {
                    side = json.currentName();
                } else if (token == JsonToken.VALUE_NUMBER_INT && json.currentName().equals("bytes")
                        && side.equals("server")) {
                    serverBytes = json.getLongValue();
                }
            }
        }
        assertEquals(20_000, serverBytes, run.out());
    }

    @Test
    void theExitCodeIsTheVerdict() throws IOException {
        String file = file("loss-one-receiver.pcap");
        Run acks = run("replay", file, "--as", "client");
        assertEquals(ExitCode.OK, acks.exitCode(), acks.out());
        assertTrue(acks.out().endsWith("same acks\n"), acks.out());
        Run segments = run("replay", file, "--as", "client", "--strict", "segments");
        assertEquals(ExitCode.FAILED, segments.exitCode());
        assertTrue(segments.out().contains(">>> first difference"), segments.out());
        assertEquals("", run("replay", file, "--as", "client", "--quiet").out());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "pcap                                          | FILE",
        "replay                                        | FILE",
        "replay FILE --as router                       | CLIENT, SERVER",
        "replay FILE --strict very                     | BYTES, ACKS, SEGMENTS",
        "replay FILE --connection 0                    | connection 0 is not in syn-lost.pcap: it has 1",
        "replay FILE --connection 2                    | connection 2 is not in syn-lost.pcap: it has 1",
        "pcap TEXT                                     | not a capture",
        "replay TEXT                                   | not a capture",
    })
    void aMistakeIsNamed(String arguments, String expected) throws IOException {
        String text = Files.writeString(directory.resolve("text"), "no capture at all").toString();
        String[] words = arguments.strip().replace("FILE", file("syn-lost.pcap")).replace("TEXT", text).split(" +");
        Run run = run(words);
        assertEquals(ExitCode.USAGE, run.exitCode(), run.errors());
        String line = run.errors().lines().findFirst().orElse("");
        assertTrue(line.contains(expected.equals("FILE") ? "Missing required parameter" : expected), run.errors());
    }

    @Test
    void aFileThatIsNotThereIsNamed() {
        Run run = run("pcap", directory.resolve("none.pcap").toString());
        assertEquals(ExitCode.ENVIRONMENT, run.exitCode());
        assertTrue(run.errors().contains("none.pcap does not exist"), run.errors());
        assertTrue(run("replay", directory.toString()).errors().contains("is a directory"));
    }

    @Test
    void whatComesBeforeTheDamageIsListed() throws IOException {
        byte[] whole = Fixtures.named("syn-lost.pcap").bytes();
        Path cut = Files.write(directory.resolve("cut.pcap"), Arrays.copyOf(whole, whole.length - 5));
        Run run = run("pcap", cut.toString());
        assertEquals(ExitCode.FAILED, run.exitCode());
        assertTrue(run.out().contains("10 packets, 1 connections"), run.out());
        assertTrue(run.errors().contains("the capture is damaged at byte"), run.errors());
    }
}
