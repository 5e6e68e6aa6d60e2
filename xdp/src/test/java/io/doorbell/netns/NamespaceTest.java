package io.doorbell.netns;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.xdp.CpuAffinity;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import org.junit.jupiter.api.Test;

@RequiresRoot
class NamespaceTest {
    @Test
    void javaSocketsOpenedInsideTalkThroughThePair() throws IOException {
        try (Namespace a = Namespace.create(); Namespace b = Namespace.create()) {
            VethPair veth = VethPair.between(a, b).addresses("10.99.0.1/24", "10.99.0.2/24")
                    .macs("02:00:00:00:00:01", null).mtu(1400).queues(2).create();
            veth.right().checksumOffload(false);
            veth.right().segmentationOffload(false);
            try (ServerSocket server = a.call(() -> new ServerSocket(0, 1))) {
                int port = server.getLocalPort();
                try (Socket client = b.call(() -> {
                    Socket socket = new Socket();
                    socket.connect(new InetSocketAddress("10.99.0.1", port), 2000);
                    return socket;
                }); Socket accepted = server.accept()) {
                    client.getOutputStream().write(42);
                    assertEquals(42, accepted.getInputStream().read());
                }
            }
            String link = a.exec("ip", "link", "show", "veth0");
            assertTrue(link.contains("02:00:00:00:00:01") && link.contains("mtu 1400"), link);
            veth.close();
            assertThrows(IllegalStateException.class, () -> b.exec("ip", "link", "show", "veth0"));
        }
    }

    @Test
    void closeRemovesItAndIsIdempotent() {
        Namespace namespace = Namespace.create();
        namespace.close();
        namespace.close();
        assertFalse(Commands.run("ip", "netns", "list").contains(namespace.name()));
    }

    @Test
    void aFailingProgramTellsWhatItPrinted() {
        try (Namespace namespace = Namespace.create()) {
            String message = assertThrows(IllegalStateException.class,
                    () -> namespace.exec("ip", "link", "show", "nosuch0")).getMessage();
            assertTrue(message.contains("nosuch0"), message);
            IllegalArgumentException thrown = assertThrows(IllegalArgumentException.class, () -> namespace.run(() -> {
                throw new IllegalArgumentException("from inside");
            }));
            assertEquals("from inside", thrown.getMessage());
        }
    }

    @Test
    void aMissingProgramTellsThePackage() {
        String message = assertThrows(IllegalStateException.class, () -> Commands.run("no-such-tool")).getMessage();
        assertTrue(message.contains("apt-get install no-such-tool"), message);
    }

    @Test
    void coalescingIsTheInterfacesOwn() {
        try (Namespace a = Namespace.create(); Namespace b = Namespace.create();
                VethPair veth = VethPair.between(a, b).create()) {
            veth.left().coalesce(200_000);
            assertEquals("2 200000", coalescing(a));
            assertEquals("0 0", coalescing(b));
        }
    }

    private static String coalescing(Namespace namespace) {
        return namespace.exec("sh", "-c", "cd /sys/class/net/veth0; echo $(cat napi_defer_hard_irqs) $(cat gro_flush_timeout)")
                .strip();
    }

    @Test
    void pinningTellsWhichProcessorsThereAre() throws InterruptedException {
        Thread thread = new Thread(() -> CpuAffinity.pinCurrentThread(0));
        thread.start();
        thread.join();
        assertThrows(RuntimeException.class, () -> CpuAffinity.pinCurrentThread(1023));
        assertThrows(IllegalArgumentException.class, () -> CpuAffinity.pinCurrentThread(-1));
    }
}
