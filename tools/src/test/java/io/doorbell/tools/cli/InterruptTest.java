package io.doorbell.tools.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.tools.RequiresRoot;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A demo that is told to stop removes what it made. */
@RequiresRoot
class InterruptTest {
    private static List<String> namespacesOf(long pid) throws IOException {
        if (!Files.isDirectory(Path.of("/run/netns"))) {
            return List.of();
        }
        try (Stream<Path> names = Files.list(Path.of("/run/netns"))) {
            return names.map(path -> path.getFileName().toString()).filter(name -> name.startsWith("db" + pid + "n")).toList();
        }
    }

    private static void until(BufferedReader said, String expected) throws IOException {
        String line = said.readLine();
        while (line != null && !line.contains(expected)) {
            line = said.readLine();
        }
        assertTrue(line != null, "never said: " + expected);
    }

    private static Process demo(String... more) throws IOException {
        List<String> command = new ArrayList<>(Script.interruptible());
        command.add("demo");
        command.addAll(List.of(more));
        return Script.prepare(new ProcessBuilder(command)).start();
    }

    @ParameterizedTest
    @CsvSource({"xdp, INT", "packet, TERM", "tap, INT"})
    void inMidTransfer(String link, String signal) throws IOException, InterruptedException {
        Process demo = demo("--link", link, "--size", "100G");
        BufferedReader said = demo.inputReader(StandardCharsets.UTF_8);
        until(said, "uses the kernel's TCP");
        assertFalse(namespacesOf(demo.pid()).isEmpty());
        Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(demo.pid())).start();
        assertEquals(0, kill.waitFor());
        assertTrue(demo.waitFor(60, TimeUnit.SECONDS), "it must end");
        assertEquals(signal.equals("INT") ? 130 : 143, demo.exitValue());
        assertEquals(List.of(), namespacesOf(demo.pid()));
        assertEquals("", String.join("\n", said.lines().toList()), "nothing to say about it");
    }

    @Test
    void afterKeepWithEnter() throws IOException, InterruptedException {
        Process demo = demo("--size", "1M", "--keep");
        BufferedReader said = new BufferedReader(new InputStreamReader(demo.getInputStream(), StandardCharsets.UTF_8));
        until(said, "Press Enter");
        assertEquals(2, namespacesOf(demo.pid()).size());
        demo.getOutputStream().write('\n');
        demo.getOutputStream().flush();
        assertTrue(demo.waitFor(60, TimeUnit.SECONDS), "it must end");
        assertEquals(0, demo.exitValue());
        assertEquals(List.of(), namespacesOf(demo.pid()));
    }
}
