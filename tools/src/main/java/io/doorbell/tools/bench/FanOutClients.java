package io.doorbell.tools.bench;

import io.doorbell.netns.Namespace;
import io.doorbell.tools.cli.ExitCode;
import io.doorbell.tools.cli.UserError;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Clients on the kernel's TCP in a namespace, in a process of their own ({@link FanOutReader}): ten thousand of them and
 * a server's ten thousand ends need more file descriptors than one process may have on many machines.
 */
final class FanOutClients implements AutoCloseable {
    /** What the process says when all clients are connected. */
    static final String CONNECTED = "connected";

    private final Namespace namespace;
    private final int processor;
    private final SharedCount received = SharedCount.create();
    private volatile Process process;

    /** @param processor that the reading thread is tied to */
    FanOutClients(Namespace namespace, int processor) {
        this.namespace = namespace;
        this.processor = processor;
    }

    /** Opens so many connections, one after the other, and returns when all are there. */
    void connect(int count, String address, int port) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String classes = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        process = namespace.command(java, "-XX:+UseSerialGC", "-Xmx256m", "--enable-native-access=ALL-UNNAMED", "-cp",
                classes, FanOutReader.class.getName(), received.file().toString(), Integer.toString(processor),
                Integer.toString(count), address, Integer.toString(port)).redirectErrorStream(true).start();
        String answer;
        try {
            answer = process.inputReader().readLine();
        } finally {
            received.unlink();
        }
        if (!CONNECTED.equals(answer)) {
            throw new UserError(ExitCode.FAILED, "the clients could not connect: " + answer);
        }
    }

    /** Bytes of all clients, from the beginning. */
    long received() {
        return received.get();
    }

    /** Whether they live; if not, they have said why on their output. */
    void check() {
        Process running = process;
        if (running != null && !running.isAlive()) {
            throw new UserError(ExitCode.FAILED, "the clients are gone: " + lastWords(running));
        }
    }

    private static String lastWords(Process ended) {
        try {
            return ended.inputReader().readLine();
        } catch (IOException e) {
            return e.getMessage();
        }
    }

    /** Takes them down, with a RST each. Idempotent. */
    @Override
    public void close() {
        Process running = process;
        if (running != null) {
            running.destroyForcibly();
            try {
                running.waitFor();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        received.unlink();
        received.close();
    }
}
