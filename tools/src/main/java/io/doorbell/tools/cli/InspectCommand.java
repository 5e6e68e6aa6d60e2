package io.doorbell.tools.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.doorbell.tools.inspect.Condition;
import io.doorbell.tools.inspect.StackDirectory;
import io.doorbell.tools.inspect.StackFile;
import io.doorbell.tools.inspect.StackFileException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What all commands share that look into a running stack. */
abstract class InspectCommand implements Callable<Integer> {
    @Option(names = "--dir", paramLabel = "DIR",
            description = "Where the stacks show themselves. Default: DOORBELL_DIR, or /run/doorbell,"
                + " XDG_RUNTIME_DIR/doorbell and the temporary directory.")
    private Path directory;

    @Spec
    private CommandSpec spec;

    @Override
    public final Integer call() throws IOException {
        try {
            return run();
        } catch (IndexOutOfBoundsException | InternalError e) {
            // Somebody changed the file's header, or cut the file, after it was found to be sound.
            throw new StackFileException("the file was damaged while it was read: " + e.getMessage());
        }
    }

    abstract int run() throws IOException;

    final PrintWriter out() {
        return spec.commandLine().getOut();
    }

    final PrintWriter err() {
        return spec.commandLine().getErr();
    }

    final StackDirectory directory() {
        if (directory != null && !Files.isDirectory(directory)) {
            throw UserError.environment("there is no directory " + directory);
        }
        return new StackDirectory(directory);
    }

    /** Says so if the figures are old. */
    final void warnIfStill(StackFile stack) {
        Condition condition = stack.condition();
        if (condition != Condition.RUNNING) {
            err().printf(Locale.ROOT, "stack %s: %s, %s: this is its last state%n", StackDirectory.name(stack.path()),
                    condition.label(), silent(stack));
            err().flush();
        }
    }

    static String silent(StackFile stack) {
        return stack.polls() == 0 ? "never polled"
                : String.format(Locale.ROOT, "last polled %.1f s ago", stack.silentNanos() / 1e9);
    }

    /** Writes JSON. */
    @FunctionalInterface
    interface Writing {
        void to(JsonGenerator out) throws IOException;
    }

    final void json(Writing writing) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator generator = new JsonFactory().createGenerator(text).useDefaultPrettyPrinter()) {
            writing.to(generator);
        }
        out().println(text);
        out().flush();
    }
}
