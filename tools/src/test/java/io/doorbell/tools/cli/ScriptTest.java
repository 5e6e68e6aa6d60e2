package io.doorbell.tools.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The script before Java starts: which JDK it takes, and what it says when there is none. */
class ScriptTest {
    @TempDir
    private Path directory;

    /** Something that looks like a JDK of a version from outside. */
    private Path jdk(String name, String version, boolean compiler) throws IOException {
        Path home = directory.resolve(name);
        Files.createDirectories(home.resolve("bin"));
        for (String program : compiler ? new String[] {"java", "javac"} : new String[] {"java"}) {
            Path file = Files.writeString(home.resolve("bin").resolve(program), "#!/bin/sh\necho started from $0\n");
            assertTrue(file.toFile().setExecutable(true));
        }
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"Test\"\nJAVA_VERSION=\"" + version + "\"\n");
        return home;
    }

    private Map<String, String> onlyThese(Path javaHome, String search) throws IOException {
        // The commands that the script needs, without any java that may be beside them.
        Path bin = Files.createDirectories(directory.resolve("bin"));
        for (String program : new String[] {"bash", "dirname", "readlink", "uname", "id", "sed", "head", "tr", "find", "grep"}) {
            Path real = Files.exists(Path.of("/usr/bin", program)) ? Path.of("/usr/bin", program) : Path.of("/bin", program);
            Path wrapper = Files.writeString(bin.resolve(program), "#!/bin/sh\nexec " + real + " \"$@\"\n");
            assertTrue(wrapper.toFile().setExecutable(true));
        }
        Map<String, String> environment = new HashMap<>();
        environment.put("PATH", bin.toString());
        environment.put("JAVA_HOME", javaHome == null ? null : javaHome.toString());
        environment.put("DOORBELL_JDK_SEARCH", search);
        return environment;
    }

    @Test
    void aJdkThatIsTooOldIsNamedWithItsVersion() throws IOException, InterruptedException {
        Path old = jdk("old", "17.0.15", true);
        Script.Result result = Script.run(onlyThese(old, jdk("older", "1.8.0_402", true).toString()), "--version");
        assertEquals(3, result.exitCode(), result.output());
        assertEquals(1, result.output().lines().count(), result.output());
        assertTrue(result.output().startsWith("stack-cli: a JDK 25 or later is needed, and the newest found is 17.0.15 in " + old),
                result.output());
        assertTrue(result.output().contains("https://adoptium.net"), result.output());
    }

    @Test
    void noJdkAtAllIsSaid() throws IOException, InterruptedException {
        Script.Result result = Script.run(onlyThese(null, ""), "--version");
        assertEquals(3, result.exitCode(), result.output());
        assertTrue(result.output().contains("no JDK was found"), result.output());
    }

    @Test
    void aRuntimeWithoutACompilerIsNotEnough() throws IOException, InterruptedException {
        Script.Result result = Script.run(onlyThese(jdk("jre", "25.0.1", false), ""), "--version");
        assertEquals(3, result.exitCode(), result.output());
        assertTrue(result.output().contains("a runtime without a compiler"), result.output());
    }

    @Test
    void aNewerJdkElsewhereIsTakenThoughJavaHomeIsOld() throws IOException, InterruptedException {
        Path found = jdk("new one", "25-ea", true);
        Script.Result result = Script.run(onlyThese(jdk("old", "17.0.15", true), directory.resolve("none") + ":" + found),
                "--version");
        assertEquals(0, result.exitCode(), result.output());
        assertEquals("started from " + found.resolve("bin/java"), result.output().strip());
    }

    @Test
    void itWorksFromAnyDirectoryAndThroughALink() throws IOException, InterruptedException {
        Script.Result result = Script.run(Map.of(), "--version");
        assertEquals(0, result.exitCode(), result.output());
        assertTrue(result.output().startsWith("Doorbell "), result.output());
        Path link = Path.of("target", "doorbell-" + ProcessHandle.current().pid()).toAbsolutePath();
        Files.createSymbolicLink(link, Script.STACK_CLI);
        try {
            ProcessBuilder through = Script.prepare(new ProcessBuilder(link.toString(), "--version").directory(directory.toFile()));
            assertEquals(result, Script.finish(through.start()));
        } finally {
            Files.delete(link);
        }
    }

    @Test
    void exitCodesAndMessagesPassThrough() throws IOException, InterruptedException {
        Script.Result result = Script.run(Map.of(), "demo", "--size", "many");
        assertEquals(2, result.exitCode(), result.output());
        assertTrue(result.output().startsWith("stack-cli: "), result.output());
        assertEquals(0, Script.run(Map.of(), "demo", "--help").exitCode());
    }

    private static Script.Result other(String name, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Script.STACK_CLI.resolveSibling(name).toString()));
        command.addAll(List.of(arguments));
        return Script.finish(Script.prepare(new ProcessBuilder(command)).start());
    }

    @ParameterizedTest
    @ValueSource(strings = {"stack-cli", "check", "mutation", "rfc-page", "sim", "fuzz", "bench"})
    void helpIsToldAndAnUnknownOptionRefusedBeforeAnythingIsDone(String name) throws IOException, InterruptedException {
        for (String help : new String[] {"--help", "-h"}) {
            Script.Result result = other(name, help);
            assertEquals(0, result.exitCode(), result.output());
            assertTrue(result.output().contains("tools/" + name), result.output());
        }
        Script.Result result = other(name, "--nonsense");
        assertEquals(2, result.exitCode(), result.output());
        assertEquals(name + ": Unknown option: '--nonsense'\nSee: tools/" + name + " --help\n", result.output());
    }

    @Test
    void whatMutationNeedsBesidesIsSaid() throws IOException, InterruptedException {
        for (String[] each : new String[][] {{"--minutes"}, {"--minutes", "x"}, {"--classes"}, {"word"}}) {
            Script.Result result = other("mutation", each);
            assertEquals(2, result.exitCode(), result.output());
        }
    }

    @Test
    void whatCannotBePrintedIsNotLostInSilence() throws IOException, InterruptedException {
        ProcessBuilder full = Script.prepare(new ProcessBuilder(Script.STACK_CLI.toString(), "list", "--dir",
                directory.toString())).redirectErrorStream(false).redirectOutput(Path.of("/dev/full").toFile());
        Process process = full.start();
        assertEquals("stack-cli: cannot write to standard output: No space left on device\n",
                new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8));
        assertEquals(3, process.waitFor());
    }

    @Test
    void aClosedStandardOutputIsNoOtherFile() throws IOException, InterruptedException {
        Script.Result result = Script.finish(Script.prepare(new ProcessBuilder("bash", "-c", "\"$0\" list --dir \"$1\" >&-",
                Script.STACK_CLI.toString(), directory.toString())).start());
        assertEquals("stack-cli: cannot write to standard output: Bad file descriptor\n", result.output());
        assertEquals(3, result.exitCode());
    }

    @Test
    void theDemoWorksOverACableInMemory() throws IOException, InterruptedException {
        Script.Result result = Script.run(Map.of(), "demo", "--link", "pipe", "--size", "2M", "--seed", "11");
        assertEquals(0, result.exitCode(), result.output());
        assertTrue(result.output().contains("Both digests agree."), result.output());
    }
}
