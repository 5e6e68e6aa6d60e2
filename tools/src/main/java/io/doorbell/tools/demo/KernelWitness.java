package io.doorbell.tools.demo;

import io.doorbell.netns.Namespace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Asks the kernel's own address on Doorbell's interface, again and again, whether it still answers ping and TCP: the
 * two share the interface, and neither may notice the other.
 */
final class KernelWitness implements AutoCloseable {
    private static final int TIMEOUT_MILLIS = 3000;
    private static final int PAUSE_MILLIS = 50;

    final AtomicInteger pings = new AtomicInteger();
    final AtomicInteger pingsAnswered = new AtomicInteger();
    final AtomicInteger echoes = new AtomicInteger();
    final AtomicInteger echoesRight = new AtomicInteger();
    private final ServerSocket server;
    private final InetAddress address;
    private final Thread asking;
    private volatile boolean stopped;

    /**
     * @param with    the namespace that Doorbell shares with the kernel
     * @param address the kernel's there
     * @param from    where the questions come from
     */
    KernelWitness(Namespace with, String address, Namespace from) {
        this.server = with.call(ServerSocket::new);
        this.address = with.call(() -> InetAddress.getByName(address));
        with.call(() -> {
            server.bind(new InetSocketAddress(this.address, 0));
            return null;
        });
        Thread.ofPlatform().daemon().name("kernel echo").start(this::answer);
        this.asking = from.start("kernel witness", this::ask);
    }

    private void answer() {
        while (!stopped) {
            try (Socket socket = server.accept()) {
                socket.setSoTimeout(TIMEOUT_MILLIS);
                socket.getInputStream().transferTo(socket.getOutputStream());
            } catch (IOException e) {
                // The asking side counts what did not come back.
                continue;
            }
        }
    }

    private void ask() {
        do {
            pings.incrementAndGet();
            try {
                // As root this is an ICMP echo; the raw socket belongs to the thread's namespace.
                if (address.isReachable(TIMEOUT_MILLIS)) {
                    pingsAnswered.incrementAndGet();
                }
                echoes.incrementAndGet();
                if (echo()) {
                    echoesRight.incrementAndGet();
                }
                Thread.sleep(PAUSE_MILLIS);
            } catch (IOException e) {
                // Counted as asked and not as answered.
                continue;
            } catch (InterruptedException e) {
                return;
            }
        } while (!stopped);
    }

    private boolean echo() throws IOException {
        byte[] question = "is the kernel still there?".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        try (Socket socket = new Socket()) {
            socket.setSoTimeout(TIMEOUT_MILLIS);
            socket.connect(new InetSocketAddress(address, server.getLocalPort()), TIMEOUT_MILLIS);
            socket.getOutputStream().write(question);
            socket.shutdownOutput();
            return Arrays.equals(question, socket.getInputStream().readAllBytes());
        }
    }

    /** Ends after the question that is being asked. */
    void finish() {
        stopped = true;
        try {
            asking.join(4L * TIMEOUT_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    boolean allAnswered() {
        return pings.get() > 0 && pings.get() == pingsAnswered.get() && echoes.get() == echoesRight.get();
    }

    @Override
    public void close() throws IOException {
        stopped = true;
        server.close();
        asking.interrupt();
    }

    @Override
    public String toString() {
        return pingsAnswered + " of " + pings + " pings and " + echoesRight + " of " + echoes + " TCP echoes answered";
    }
}
