package io.doorbell.tools.bench;

import io.doorbell.tools.cli.ExitCode;
import io.doorbell.tools.cli.UserError;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * {@code tools/stack-cli} as a process of its own, as an operator starts it. It runs on the processors of the thread that
 * starts it. What it says on standard error, and on standard output if that does not go to a file, can be asked for.
 */
final class StackCliProcess implements AutoCloseable {
    /** The system property that names the command; {@code tools/bench} sets it. */
    static final String COMMAND_PROPERTY = "doorbell.stack-cli";

    private static final long GRACE_SECONDS = 60;

    private final Process process;
    private final Thread listener;
    private final List<String> said = new ArrayList<>();

    private StackCliProcess(Process process, boolean toFile) {
        this.process = process;
        BufferedReader lines = toFile ? process.errorReader(StandardCharsets.UTF_8)
                : process.inputReader(StandardCharsets.UTF_8);
        listener = Thread.ofPlatform().daemon().name("bench-listener").start(() -> listen(lines));
    }

    /**
     * Starts it.
     *
     * @param output where standard output goes; null to have it {@link #said} together with standard error
     */
    static StackCliProcess start(Path output, List<String> arguments) {
        String command = System.getProperty(COMMAND_PROPERTY);
        if (command == null) {
            throw new UserError(ExitCode.ENVIRONMENT, "this benchmark runs stack-cli and does not know where it is: start"
                    + " it with tools/bench");
        }
        List<String> words = new ArrayList<>(List.of(command));
        words.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(words);
        if (output == null) {
            builder.redirectErrorStream(true);
        } else {
            builder.redirectOutput(output.toFile());
        }
        try {
            return new StackCliProcess(builder.start(), output != null);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void listen(BufferedReader lines) {
        try (lines) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                synchronized (said) {
                    said.add(line);
                }
            }
        } catch (IOException e) {
            // The process was taken away, and its last words with it.
            return;
        }
    }

    /** How many lines so far contain {@code part}. */
    long said(String part) {
        long count = 0;
        synchronized (said) {
            // No stream: who waits for a word asks in a loop, and a collection would disturb what is measured next.
            for (int i = 0; i < said.size(); i++) {
                count += said.get(i).contains(part) ? 1 : 0;
            }
        }
        return count;
    }

    /** All so far, as one text. */
    String words() {
        synchronized (said) {
            return String.join(System.lineSeparator(), said);
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Sends a signal: {@code STOP}, {@code CONT}, {@code TERM}. */
    void signal(String name) {
        try {
            Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).inheritIO().start();
            if (kill.waitFor() != 0) {
                throw failure("could not be sent a signal");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failure("was being sent a signal when this thread was interrupted");
        }
    }

    /** Waits for its end, and until everything that it said has been read; answers its exit code. */
    int await() {
        try {
            if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
                throw failure("does not end");
            }
            listener.join(TimeUnit.SECONDS.toMillis(GRACE_SECONDS));
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failure("was being waited for when this thread was interrupted");
        }
    }

    UserError failure(String what) {
        return new UserError(ExitCode.FAILED, "stack-cli " + what + ": " + words());
    }

    /** Ends it, however it is. Idempotent. */
    @Override
    public void close() {
        process.destroyForcibly();
    }
}
