package io.doorbell.tools.demo;

import io.doorbell.netns.Namespace;
import io.doorbell.tools.http.DigestSink;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** The real curl, in a namespace, over the kernel's TCP. */
final class Curl {
    private static final int BUFFER_BYTES = 256 * 1024;

    private final Namespace namespace;
    private final Cleanup cleanup;

    Curl(Namespace namespace, Cleanup cleanup) {
        this.namespace = namespace;
        this.cleanup = cleanup;
    }

    /** What a run gave: the SHA-256 of the bytes on their way through this process, curl's time, the response's text. */
    record Result(String hex, long bytes, double seconds, String response) {
    }

    static String version() {
        try {
            Process process = new ProcessBuilder("curl", "--version").redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return output.split(" ", 3)[0] + " " + output.split(" ", 3)[1];
        } catch (IOException | IndexOutOfBoundsException e) {
            throw new IllegalStateException("curl not found: install it, on Debian or Ubuntu: apt-get install curl", e);
        }
    }

    /** GETs {@code url} and hashes what curl writes. */
    Result download(String url) {
        return run(process -> {
            process.getOutputStream().close();
            MessageDigest digest = DigestSink.sha256();
            byte[] buffer = new byte[BUFFER_BYTES];
            long bytes = 0;
            try (InputStream in = process.getInputStream()) {
                for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                    digest.update(buffer, 0, count);
                    bytes += count;
                }
            }
            return new Result(HexFormat.of().formatHex(digest.digest()), bytes, 0, "");
        }, url);
    }

    /** PUTs what the source gives, through curl's standard input, hashing it on the way. */
    Result upload(String url, PayloadSource source) {
        return run(process -> {
            CompletableFuture<String> response = CompletableFuture.supplyAsync(() -> text(process.getInputStream()));
            MessageDigest digest = DigestSink.sha256();
            ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
            try (OutputStream out = process.getOutputStream()) {
                for (long position = 0; position < source.length(); position += buffer.position()) {
                    buffer.clear();
                    source.fill(buffer, position);
                    digest.update(buffer.array(), 0, buffer.position());
                    out.write(buffer.array(), 0, buffer.position());
                }
            }
            return new Result(HexFormat.of().formatHex(digest.digest()), source.length(), 0, response.join().strip());
        }, "-T", "-", url);
    }

    private interface Work {
        Result with(Process process) throws IOException;
    }

    private Result run(Work work, String... arguments) {
        // -q: a user's .curlrc must not change what is shown here; neither must a proxy.
        List<String> command = new ArrayList<>(List.of("curl", "-q", "-sS", "--noproxy", "*", "--connect-timeout", "20",
                "--speed-limit", "1", "--speed-time", "120", "-w", "%{stderr}%{http_code} %{time_total}\\n"));
        command.addAll(List.of(arguments));
        Path errors = null;
        Process process = null;
        try {
            errors = Files.createTempFile("doorbell-curl", ".txt");
            process = namespace.command(command.toArray(String[]::new)).redirectError(errors.toFile()).start();
            Process running = process;
            cleanup.add(running::destroy);
            IOException broken = null;
            Result result = null;
            try {
                result = work.with(process);
            } catch (IOException e) {
                // curl's own words, read below, tell more than a broken pipe.
                broken = e;
            }
            int status = process.waitFor();
            String said = Files.readString(errors).strip();
            String last = said.substring(said.lastIndexOf('\n') + 1);
            if (status != 0 || broken != null || !last.startsWith("200 ")) {
                throw new IllegalStateException("curl ended with status " + status + ": " + said.replace('\n', ' '), broken);
            }
            double seconds = Double.parseDouble(last.substring(4));
            return new Result(result.hex(), result.bytes(), seconds, result.response());
        } catch (IOException e) {
            throw new IllegalStateException("curl could not be run: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        } finally {
            if (process != null) {
                process.destroy();
            }
            delete(errors);
        }
    }

    private static void delete(Path file) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            System.err.println("stack-cli: could not delete " + file + ": " + e.getMessage());
        }
    }

    private static String text(InputStream in) {
        try {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "";
        }
    }
}
