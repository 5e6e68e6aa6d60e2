package io.doorbell.tools.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs tools/stack-cli as a user would, but with this build's classes: a test must not start a build of its own. */
final class Script {
    static final Path STACK_CLI = Path.of("stack-cli").toAbsolutePath();

    private Script() {
    }

    /** The command for one that is to be interrupted: what a shell runs in the background, as a build, ignores SIGINT. */
    static List<String> interruptible() {
        return List.of("env", "--default-signal=INT", STACK_CLI.toString());
    }

    /** What a run gave; both streams in one. */
    record Result(int exitCode, String output) {
    }

    static ProcessBuilder prepare(ProcessBuilder builder) {
        builder.environment().put("DOORBELL_CLASSPATH", System.getProperty("java.class.path"));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        return builder.redirectErrorStream(true);
    }

    static Result run(Map<String, String> environment, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(STACK_CLI.toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = prepare(new ProcessBuilder(command).directory(Path.of("/").toFile()));
        environment.forEach((name, value) -> {
            if (value == null) {
                builder.environment().remove(name);
            } else {
                builder.environment().put(name, value);
            }
        });
        return finish(builder.start());
    }

    static Result finish(Process process) throws IOException, InterruptedException {
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(5, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new IllegalStateException("does not end: " + output);
        }
        return new Result(process.exitValue(), output);
    }
}
