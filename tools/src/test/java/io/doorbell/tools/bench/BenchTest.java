package io.doorbell.tools.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.doorbell.tools.RequiresRoot;
import io.doorbell.tools.cli.UserError;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** The command as a whole, with rounds too short for figures that mean anything: it is not about time. */
class BenchTest {
    @TempDir
    private Path directory;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int execute(String... arguments) {
        CommandLine line = Bench.commandLine();
        line.setOut(new PrintWriter(out));
        line.setErr(new PrintWriter(err));
        return line.execute(arguments);
    }

    private Map<String, Double> run(String command, String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(command, "--json", "--rounds", "1", "--seconds", "0.05",
                "--warm-up", "0.1", "--debug"));
        arguments.addAll(List.of(more));
        int code = execute(arguments.toArray(String[]::new));
        assertEquals(0, code, err.toString());
        List<String> lines = out.toString().lines().toList();
        Map<String, Double> figures = new LinkedHashMap<>();
        try (JsonParser json = new JsonFactory().createParser(lines.getLast())) {
            assertEquals(JsonToken.START_OBJECT, json.nextToken());
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                json.nextToken();
                figures.put(name, json.getDoubleValue());
            }
        }
        return figures;
    }

    @Test
    @RequiresRoot
    void pingPongReportsEveryFigure() throws IOException {
        Map<String, Double> figures = run("pingpong");
        assertEquals(List.of("rtt_p50_ns", "rtt_p99_ns", "floor_p50_ns", "kernel_spin_p50_ns", "kernel_blocking_p50_ns",
                "ratio_floor", "ratio_kernel_spin", "alloc_bytes_per_op"), List.copyOf(figures.keySet()));
        figures.forEach((name, value) -> assertTrue(value > 0 || name.startsWith("alloc"), name + " is " + value));
    }

    @Test
    @RequiresRoot
    void fanOutReportsEveryFigureOfEachSize() throws IOException {
        Map<String, Double> figures = run("fanout", "--sizes", "10x10,1x100");
        assertEquals(List.of("messages", "clients", "payload", "doorbells", "doorbells_outside", "packets",
                "stack_p50_ns", "stack_build_p50_ns", "doorbell_p50_ns", "bare_doorbell_p50_ns", "alloc_bytes_per_op",
                "kernel_syscalls", "kernel_nio_p50_ns", "ratio"), List.copyOf(figures.keySet()));
        assertTrue(figures.get("bare_doorbell_p50_ns") > 0);
        assertEquals(2, out.toString().lines().filter(line -> line.startsWith("{")).count());
        assertEquals(100, figures.get("clients"));
        assertEquals(100, figures.get("packets"), 0.5);
        assertEquals(1, figures.get("doorbells"));
        assertEquals(100, figures.get("kernel_syscalls"));
    }

    @Test
    @RequiresRoot
    void fanOutMeasuresSharedPayloadsBesideCopies() throws IOException {
        Map<String, Double> figures = run("fanout", "--sizes", "2x10", "--payload", "1200", "--share-bytes", "1000");
        assertEquals(List.of("shared_p50_ns", "shared_build_p50_ns", "shared_to_copied", "shared_doorbells", "shared_packets",
                "shared_alloc_bytes_per_op"), List.copyOf(figures.keySet()).subList(14, 20));
        assertEquals(20, figures.get("packets"), 0.5);
        assertEquals(20, figures.get("shared_packets"), 0.5);
        // A batch that finds the window closed leaves with the next one.
        assertEquals(1, figures.get("shared_doorbells"), 0.05);
    }

    @Test
    @RequiresRoot
    void tenMessagesToTenClientsAreOneDoorbellSeenFromOutside() throws IOException {
        Map<String, Double> figures = run("fanout", "--sizes", "10x10");
        assertEquals(1, figures.get("doorbells_outside"));
        // A batch that finds every window closed leaves with the next one: fewer doorbells, never more.
        double doorbells = figures.get("doorbells");
        assertTrue(doorbells > 0.95 && doorbells <= 1, doorbells + " doorbells a batch");
    }

    @Test
    void tooFewFileDescriptorsForTheClientsAreToldWithTheFix() {
        FanOutCommand.requireDescriptors(10_000, 20_000);
        UserError error = assertThrows(UserError.class, () -> FanOutCommand.requireDescriptors(10_000, 4_096));
        assertTrue(error.getMessage().contains("ulimit -n 10500"), error.getMessage());
        assertEquals(3, error.exitCode());
    }

    @Test
    @RequiresRoot
    void orderReportsEveryFigure() throws IOException {
        Map<String, Double> figures = run("order");
        assertEquals(List.of("kernel_p50_ns", "kernel_p99_ns", "plain_p50_ns", "plain_p99_ns", "template_p50_ns",
                "template_p99_ns", "partial_p50_ns", "partial_p99_ns", "option_p50_ns", "option_p99_ns",
                "floor_p50_ns", "floor_p99_ns", "ratio_template_kernel", "ratio_floor_kernel", "ratio_template_floor",
                "ratio_template_plain", "alloc_bytes_per_op"), List.copyOf(figures.keySet()));
        figures.forEach((name, value) -> assertTrue(value > 0 || name.startsWith("alloc"), name + " is " + value));
    }

    @Test
    @RequiresRoot
    void templateReportsEveryFigureOfEachLength() throws IOException {
        Map<String, Double> figures = run("template");
        assertEquals(List.of("message_bytes", "plain_to_descriptor_p50_ns", "template_to_descriptor_p50_ns", "ratio",
                "rehearsed_plain_to_descriptor_p50_ns", "rehearsed_template_to_descriptor_p50_ns", "rehearsed_ratio",
                "alloc_bytes_per_op"), List.copyOf(figures.keySet()));
        assertEquals(3, out.toString().lines().filter(line -> line.startsWith("{")).count());
        assertEquals(1400, figures.get("message_bytes"));
        figures.forEach((name, value) -> assertTrue(value > 0 || name.startsWith("alloc"), name + " is " + value));
    }

    @Test
    @RequiresRoot
    void delegatedReportsEveryFigureAndWhereEachThreadRan() throws IOException {
        Map<String, Double> figures = run("delegated", "--connections", "50");
        assertEquals(List.of("handed_p50_ns", "granted_p50_ns", "handed_p99_ns", "granted_p99_ns", "handed_busy_p50_ns",
                "granted_busy_p50_ns", "handed_busy_p99_ns", "granted_busy_p99_ns", "ratio_idle_p50", "ratio_busy_p99",
                "busy_messages_per_s", "busy_poll_ns", "rehearsed_every_ns", "alloc_bytes_per_op"), List.copyOf(figures.keySet()));
        figures.forEach((name, value) -> assertTrue(value > 0 || name.startsWith("alloc") || name.startsWith("ratio"),
                name + " is " + value));
        assertTrue(out.toString().contains("processor ") && out.toString().contains(": stack, 50 other connections"),
                out.toString());
    }

    @Test
    @RequiresRoot
    void warmReportsEveryFigureOfEachPause() throws IOException {
        Map<String, Double> figures = run("warm", "--pauses", "2,10");
        assertEquals(List.of("pause_ms", "cold_p50_ns", "warmed_p50_ns", "cold_p99_ns", "warmed_p99_ns", "ratio_p50"),
                List.copyOf(figures.keySet()));
        assertEquals(2, out.toString().lines().filter(line -> line.startsWith("{")).count());
        figures.forEach((name, value) -> assertTrue(value > 0, name + " is " + value));
    }

    @Test
    @RequiresRoot
    void floodReportsEveryFigureOfEachKind() {
        int code = execute("flood", "--json", "--rounds", "1", "--seconds", "0.05", "--warm-up", "0.1", "--pps", "5000");
        assertEquals(0, code, err.toString());
        List<String> lines = out.toString().lines().filter(line -> line.startsWith("{")).toList();
        assertEquals(4, lines.size());
        for (int i = 0; i < 4; i++) {
            String kind = List.of("syn", "ack", "rst", "out_of_order").get(i);
            assertTrue(lines.get(i).matches("\\{\"flood_kind\":\"" + kind + "\",\"flood_pps\":[1-9][0-9.]*,"
                    + "\"rate_quiet_gbps\":[0-9.]+,\"rate_flood_gbps\":[0-9.]+,\"ratio\":[0-9.]+,"
                    + "\"past_pps\":[1-9][0-9.]*,\"rate_past_gbps\":[0-9.]+,\"ratio_past\":[0-9.]+}"), lines.get(i));
        }
    }

    @Test
    @RequiresRoot
    void streamReportsEveryFigure() throws IOException {
        Map<String, Double> figures = run("stream");
        assertEquals(List.of("message_bytes", "coalesce_us", "doorbell_gbps", "doorbell_send_gbps", "doorbell_receive_gbps",
                "kernel_gbps", "kernel_no_offload_gbps", "ratio_no_offload", "ratio_send", "ratio_receive", "alloc_bytes_per_message"),
                List.copyOf(figures.keySet()));
        assertEquals(Math.min(figures.get("doorbell_send_gbps"), figures.get("doorbell_receive_gbps")),
                figures.get("doorbell_gbps"));
    }

    /** Runs the sources that are being tested, as an operator's stack-cli runs those that were built. */
    private void stackCli() throws IOException {
        Path command = directory.resolve("stack-cli");
        Files.writeString(command, "#!/bin/sh\nexport JAVA_HOME='" + System.getProperty("java.home")
                + "' DOORBELL_CLASSPATH='" + System.getProperty("java.class.path") + "'\nexec '"
                + Path.of("stack-cli").toAbsolutePath() + "' \"$@\"\n");
        assertTrue(command.toFile().setExecutable(true));
        System.setProperty(StackCliProcess.COMMAND_PROPERTY, command.toString());
    }

    @Test
    @RequiresRoot
    void inspectReportsEveryFigureOfThePingPong() throws IOException {
        stackCli();
        Map<String, Double> figures = run("inspect", "--cases", "pingpong", "--top-interval", "0.05");
        assertEquals(List.of("rtt_p50_ns", "rtt_watched_p50_ns", "ratio_p50", "ratio_p99", "top_refreshes"),
                List.copyOf(figures.keySet()));
        assertTrue(figures.get("top_refreshes") > 0, "top must run while it is measured");
    }

    @Test
    @RequiresRoot
    void inspectReportsEveryFigureOfManyConnections() throws IOException {
        stackCli();
        Map<String, Double> figures = run("inspect", "--cases", "ss", "--connections", "2000");
        assertEquals(List.of("connections", "ss_100k_ms", "p99_ns", "p99_while_ss_ns", "ratio_p99"),
                List.copyOf(figures.keySet()));
        assertTrue(figures.get("ss_100k_ms") > 0);
    }

    @Test
    @RequiresRoot
    void inspectAccountsForEveryFrameOfACapture() throws IOException {
        stackCli();
        Map<String, Double> figures = run("inspect", "--cases", "capture");
        assertEquals(List.of("rate_without_gbps", "rate_with_capture_gbps", "ratio_capture", "frames", "captured", "lost"),
                List.copyOf(figures.keySet()));
        assertEquals(figures.get("frames"), figures.get("captured") + figures.get("lost"));
        assertTrue(figures.get("captured") > 0);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "pingpong --rounds 0      | '0' is not a number of rounds",
        "pingpong --seconds -1    | '-1' is not a time",
        "stream --seconds 0.001   | '0.001' is not a time",
        "pingpong --cpus 1        | '1' does not name two processors",
        "pingpong --cpus 1,1      | they need two different processors",
        "stream --message 0       | '0' is not the length of a message",
        "stream --message 131073  | give 1 to 131072 bytes",
        "stream --coalesce 10000  | '10000' is not how long packets may wait",
        "warm --every 0           | give 1 microsecond or more",
        "warm --pauses 0          | give 1 to 10000 milliseconds",
        "delegated --connections 0 | '0' is not a number of connections: give 1 to 9999",
        "inspect --connections 0   | '0' is not a number of connections",
        "stream --nonsense        | Unknown option: '--nonsense'",
        "nonsense                 | 'nonsense'",
    })
    void whatCannotBeIsRefusedWithItsReason(String arguments, String reason) {
        assertEquals(2, execute(arguments.split(" ")));
        assertTrue(err.toString().contains(reason), err.toString());
    }

    @Test
    void withoutACommandTheCommandsAreNamed() {
        assertEquals(2, execute());
        assertTrue(err.toString().contains("pingpong or stream"), err.toString());
    }
}
