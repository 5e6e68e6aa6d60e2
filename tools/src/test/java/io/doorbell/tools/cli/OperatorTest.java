package io.doorbell.tools.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.netns.Namespace;
import io.doorbell.netns.VethPair;
import io.doorbell.tools.RequiresRoot;
import io.doorbell.tools.pcap.Capture;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server over AF_XDP that feeds curl slowly, looked at with every command, each a process as an operator's. */
@RequiresRoot
class OperatorTest {
    private static final String SERVER = "10.9.0.2";
    private static final String PEER = "10.9.0.3";
    private static final int SIZE = 50_000_000;
    private static final Pattern KERNEL_PORT = Pattern.compile(PEER.replace(".", "\\.") + ":([0-9]+)");

    @TempDir
    private Path directory;
    private Path stacks;
    private Namespace serving;
    private Namespace asking;
    private Process server;
    private Process curl;
    private String stack;

    @BeforeEach
    void serve() throws IOException, InterruptedException {
        serving = Namespace.create();
        asking = Namespace.create();
        VethPair.between(serving, asking).names("dbo", "dbp").addresses("10.9.0.1/24", PEER + "/24").create();
        Path content = Files.createDirectory(directory.resolve("public"));
        Files.write(content.resolve("file.bin"), new byte[SIZE]);
        stacks = directory.resolve("stacks");
        ProcessBuilder builder = Script.prepare(serving.command(Script.STACK_CLI.toString(), "serve", "-i", "dbo", "-a",
                SERVER + "/24", "--port", "8080", "--dir", content.toString()));
        builder.environment().put("DOORBELL_DIR", stacks.toString());
        server = builder.start();
        String first = server.inputReader(StandardCharsets.UTF_8).readLine();
        assertTrue(first != null && first.startsWith("Serving"), first);
        stack = Long.toString(server.pid());
        curl = asking.command("curl", "-q", "-sS", "--noproxy", "*", "--limit-rate", "200k", "-o", "/dev/null",
                "http://" + SERVER + ":8080/file.bin").redirectErrorStream(true).start();
        until("ss", "ESTAB");
    }

    @AfterEach
    void remove() throws InterruptedException {
        for (Process each : new Process[] {curl, server}) {
            if (each != null) {
                each.destroy();
                each.waitFor(30, TimeUnit.SECONDS);
            }
        }
        asking.close();
        serving.close();
    }

    private Script.Result run(String... arguments) throws IOException, InterruptedException {
        return Script.run(Map.of("DOORBELL_DIR", stacks.toString()), arguments);
    }

    private String right(String... arguments) throws IOException, InterruptedException {
        Script.Result result = run(arguments);
        assertEquals(0, result.exitCode(), result.output());
        return result.output();
    }

    private String until(String command, String expected) throws IOException, InterruptedException {
        String text = "";
        for (int i = 0; i < 60 && !text.contains(expected); i++) {
            text = run(command).output();
        }
        assertTrue(text.contains(expected), text);
        return text;
    }

    private static long number(String text, String name) {
        Matcher matcher = Pattern.compile("\\b" + Pattern.quote(name) + "([0-9]+)").matcher(text);
        assertTrue(matcher.find(), name + " in " + text);
        return Long.parseLong(matcher.group(1));
    }

    @Test
    void everyCommandTellsWhatTheKernelTellsOfItsEnd() throws IOException, InterruptedException {
        String list = right("list");
        assertTrue(list.lines().anyMatch(line -> line.startsWith(stack + " ") && line.contains("running")
                && line.contains(SERVER) && line.contains("xdp")), list);

        String kernelBefore = asking.exec("ss", "-tinH");
        String ours = right("ss");
        String kernelAfter = asking.exec("ss", "-tinH");
        Matcher port = KERNEL_PORT.matcher(kernelBefore);
        assertTrue(port.find(), kernelBefore);
        String row = ours.lines().filter(line -> line.startsWith("ESTAB")).findFirst().orElseThrow();
        assertTrue(row.contains(SERVER + ":8080") && row.contains(PEER + ":" + port.group(1)), row + kernelBefore);
        long acknowledged = number(row, "bytes_acked:");
        assertTrue(acknowledged <= number(kernelAfter, "bytes_received:"), row + kernelAfter);
        assertTrue(number(row, "bytes_received:") >= 50, "the request: " + row);
        assertTrue(number(row, "mss:") >= 1400 && row.contains(" ts sack cubic wscale:"), row);
        assertEquals(ours.lines().count(), right("ss", "--port", "8080").lines().count());

        String show = right("show", stack, PEER + ":" + port.group(1));
        for (String each : new String[] {"congestion and loss", "retransmitted.fast", "cubic.w.max", "templates",
            "limited by", "snd.una"}) {
            assertTrue(show.contains(each), each + " in " + show);
        }
        String stats = right("stats");
        assertTrue(stats.contains("link xdp") && stats.contains("port 8080") && stats.contains("link.doorbells")
                && stats.contains("tcp.passive.opens                   1"), stats);
    }

    @Test
    void topRefreshes() throws IOException, InterruptedException {
        String text = right("top", "--iterations", "3", "--interval", "0.5");
        assertEquals(3, text.lines().filter(line -> line.contains(SERVER + ":8080")).count(), text);
        String json = right("top", "--iterations", "8", "--interval", "0.5", "--json");
        // curl holds its rate by pausing, now and then for longer than an interval.
        Matcher rate = Pattern.compile("\"outBytesPerSecond\" : ([0-9.E]+)").matcher(json);
        boolean moves = false;
        while (rate.find()) {
            moves |= Double.parseDouble(rate.group(1)) > 0;
        }
        assertTrue(moves, "curl takes 200 kB a second: " + json);
    }

    private Process capture(String... more) throws IOException {
        List<String> words = new ArrayList<>(Script.interruptible());
        words.addAll(List.of("capture", stack));
        words.addAll(List.of(more));
        ProcessBuilder builder = Script.prepare(new ProcessBuilder(words)).redirectErrorStream(false);
        builder.environment().put("DOORBELL_DIR", stacks.toString());
        return builder.start();
    }

    @Test
    void ctrlCLeavesAWholeCapture() throws IOException, InterruptedException {
        Path pcap = directory.resolve("out.pcap");
        Process process = capture("-w", pcap.toString(), "tcp", "and", "port", "8080");
        BufferedReader said = process.errorReader(StandardCharsets.UTF_8);
        String first = said.readLine();
        assertTrue(first != null && first.startsWith("capturing stack " + stack), first);
        while (Files.size(pcap) < 200_000) {
            Thread.sleep(50);
        }
        signal(process, "INT");
        assertTrue(process.waitFor(30, TimeUnit.SECONDS), "it must end");
        String last = said.readLine();
        assertTrue(last != null && last.endsWith(" frames captured, 0 lost"), last);
        try (Capture capture = Capture.open(pcap)) {
            assertEquals(1, capture.connections().size());
        }
        String counted = new String(new ProcessBuilder("tshark", "-r", pcap.toString(), "-T", "fields", "-e",
                "frame.number").redirectError(ProcessBuilder.Redirect.DISCARD).start().getInputStream().readAllBytes(),
                StandardCharsets.UTF_8);
        assertEquals(last, counted.lines().count() + " frames captured, 0 lost");
    }

    @Test
    void aCaptureOutlastsAStackThatPauses() throws IOException, InterruptedException {
        Path pcap = directory.resolve("out.pcap");
        Process process = capture("-w", pcap.toString());
        BufferedReader said = process.errorReader(StandardCharsets.UTF_8);
        assertTrue(said.readLine().startsWith("capturing stack " + stack));
        signal(server, "STOP");
        assertTrue(said.readLine().startsWith("stack " + stack + ": not polled"));
        long before = Files.size(pcap);
        signal(server, "CONT");
        while (process.isAlive() && Files.size(pcap) < before + 100_000) {
            Thread.sleep(50);
        }
        assertTrue(process.isAlive(), "it must go on");
        signal(server, "KILL");
        assertTrue(said.readLine().startsWith("stack " + stack + ": died"));
        assertTrue(process.waitFor(30, TimeUnit.SECONDS), "it must end");
        assertEquals(0, process.exitValue());
    }

    private static void signal(Process process, String name) throws IOException, InterruptedException {
        assertEquals(0, new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor());
    }

    /** Whoever cuts the stack's file ends the stack, and a server without a stack must not look as if it ran. */
    @Test
    void aServerWhoseStackHasEndedEnds() throws IOException, InterruptedException {
        Files.newOutputStream(stacks.resolve(stack + ".stack"), StandardOpenOption.TRUNCATE_EXISTING).close();
        assertTrue(server.waitFor(60, TimeUnit.SECONDS), "it must end");
        assertEquals(70, server.exitValue());
        String said = new String(server.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(said.contains("stack-cli: the stack's thread has ended: "), said);
        assertFalse(said.contains("\tat "), said);
    }

    @Test
    void tsharkReadsACaptureAsItComes() throws IOException, InterruptedException {
        ProcessBuilder capture = Script.prepare(new ProcessBuilder(Script.STACK_CLI.toString(), "capture", stack, "-w", "-",
                "--count", "20", "--seconds", "60")).redirectErrorStream(false)
                .redirectError(directory.resolve("errors").toFile());
        capture.environment().put("DOORBELL_DIR", stacks.toString());
        var both = ProcessBuilder.startPipeline(List.of(capture, new ProcessBuilder("tshark", "-r", "-", "-T",
                "fields", "-e", "ip.src", "-e", "tcp.srcport").redirectError(ProcessBuilder.Redirect.DISCARD)));
        String text = new String(both.getLast().getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        for (Process each : both) {
            assertTrue(each.waitFor(60, TimeUnit.SECONDS), "it must end");
            assertEquals(0, each.exitValue(), Files.readString(directory.resolve("errors")) + text);
        }
        assertEquals(20, text.lines().count(), text);
        assertTrue(text.contains(SERVER + "\t8080") && text.contains(PEER), text);
    }

    @Test
    void killResetsTheClientAndADeadStackKeepsItsLastState() throws IOException, InterruptedException {
        String peer = right("ss").lines().filter(line -> line.startsWith("ESTAB")).findFirst().orElseThrow()
                .split(" +")[4];
        assertEquals("Reset " + SERVER + ":8080 -> " + peer + ".", right("kill", stack, peer).strip());
        assertTrue(curl.waitFor(60, TimeUnit.SECONDS), "the reset must reach curl");
        assertNotEquals(0, curl.exitValue());
        assertTrue(right("stats").contains("tcp.resets.out.aborted              1"), "counted by its reason");

        server.destroyForcibly().waitFor();
        assertTrue(right("list").lines().anyMatch(line -> line.startsWith(stack + " ") && line.contains("died")));
        String last = right("stats", stack);
        assertTrue(last.contains("died") && last.contains("this is its last state")
                && last.contains("tcp.passive.opens                   1"), last);
        assertEquals(3, run("capture", stack, "-w", "/dev/null").exitCode());
    }
}
