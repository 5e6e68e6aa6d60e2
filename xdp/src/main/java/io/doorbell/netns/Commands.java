package io.doorbell.netns;

import io.doorbell.xdp.ffi.Libc;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs the system's own network tools and turns their failures into messages that tell the fix. */
final class Commands {
    private Commands() {
    }

    /** Runs to the end; what it printed. */
    static String run(List<String> command) {
        try {
            Process process = new ProcessBuilder(located(command)).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int status = process.waitFor();
            if (status != 0) {
                throw new IllegalStateException(failure(command, status, output.strip()));
            }
            return output;
        } catch (IOException e) {
            throw new IllegalStateException(String.join(" ", command) + " could not be run: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for " + String.join(" ", command), e);
        }
    }

    static String run(String... command) {
        return run(List.of(command));
    }

    /** The command with its program's full path: an ordinary user's PATH often lacks the sbin directories. */
    static List<String> located(List<String> command) {
        String program = command.getFirst();
        if (program.contains("/")) {
            return command;
        }
        String path = System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/sbin:/usr/bin:/bin";
        for (String directory : path.split(":")) {
            Path candidate = Path.of(directory.isEmpty() ? "." : directory, program);
            if (Files.isExecutable(candidate)) {
                List<String> located = new ArrayList<>(command);
                located.set(0, candidate.toString());
                return located;
            }
        }
        throw new IllegalStateException(program + " not found: install it, on Debian or Ubuntu: apt-get install "
                + packageOf(program));
    }

    private static String failure(List<String> command, int status, String output) {
        String text = String.join(" ", command) + " failed with status " + status
                + (output.isEmpty() ? "" : ": " + output);
        return Libc.geteuid() == 0 ? text : text + " (network namespaces need root: run it with sudo)";
    }

    private static String packageOf(String program) {
        return switch (program) {
            case "ip" -> "iproute2";
            case "ping" -> "iputils-ping";
            default -> program;
        };
    }
}
