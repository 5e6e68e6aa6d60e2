package io.doorbell.xdp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.netns.Namespace;
import io.doorbell.netns.RequiresRoot;
import io.doorbell.netns.VethPair;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A process that is killed in the middle of a transfer: the kernel goes on, a new start works, peers learn of it. */
@RequiresRoot
class KilledStackTest {
    private static final String OURS = "10.98.2.2";
    private static final String KERNEL_BESIDE = "10.98.2.10";
    private static final String PEER = "10.98.2.1";

    private Namespace a;
    private Namespace b;

    @BeforeEach
    void cable() {
        a = Namespace.create();
        b = Namespace.create();
        VethPair.between(a, b).addresses(KERNEL_BESIDE + "/24", PEER + "/24").create();
    }

    @AfterEach
    void unplug() {
        a.close();
        b.close();
    }

    private Process serve() throws IOException {
        Process child = a.command(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED",
                "-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                StreamHolder.class.getName(), "veth0", OURS).redirectErrorStream(true).start();
        assertEquals("serving", child.inputReader().readLine());
        return child;
    }

    private static void readMuch(Socket socket) throws IOException {
        byte[] bytes = new byte[65_536];
        for (long left = 5_000_000; left > 0; ) {
            int count = socket.getInputStream().read(bytes);
            assertTrue(count > 0, "the stream has ended");
            left -= count;
        }
    }

    @Test
    void theKernelGoesOnANewStartWorksAndThePeerIsReset() throws Exception {
        Process first = serve();
        try (ServerSocket beside = a.call(() -> new ServerSocket(6000));
                Socket kernelFlow = b.call(() -> new Socket(KERNEL_BESIDE, 6000));
                Socket kernelEnd = beside.accept();
                Socket transfer = b.call(() -> new Socket(OURS, StreamHolder.PORT))) {
            readMuch(transfer);
            first.destroyForcibly().waitFor();
            exchange(kernelFlow, kernelEnd);
            assertTrue(b.ping(KERNEL_BESIDE, 2_000), "the kernel's own address must answer");

            Process second = serve();
            try (Socket again = b.call(() -> new Socket(OURS, StreamHolder.PORT))) {
                readMuch(again);
                exchange(kernelFlow, kernelEnd);
                // RFC 9293 section 3.5.1: the new stack knows nothing of the old connection, and says so.
                transfer.setSoTimeout(10_000);
                assertThrows(SocketException.class, () -> {
                    while (true) {
                        transfer.getOutputStream().write(1);
                        Thread.sleep(20);
                    }
                });
            } finally {
                second.destroyForcibly().waitFor();
            }
        } finally {
            first.destroyForcibly().waitFor();
        }
    }

    private static void exchange(Socket one, Socket other) throws IOException {
        one.getOutputStream().write(42);
        other.setSoTimeout(5_000);
        assertEquals(42, other.getInputStream().read());
    }
}
