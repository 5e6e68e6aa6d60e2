package io.doorbell.packet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.netns.Namespace;
import io.doorbell.netns.RequiresRoot;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.xdp.ffi.Rtnetlink;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@RequiresRoot
class TapLinkTest {
    private static final String KERNEL = "10.97.0.1";
    private static final String STACK = "10.97.0.2";

    private Namespace namespace;

    @BeforeEach
    void makeNamespace() {
        namespace = Namespace.create();
    }

    @AfterEach
    void removeNamespace() {
        namespace.close();
    }

    private TapLink open(TapLink.Builder builder) {
        TapLink link = namespace.call(builder::open);
        namespace.exec("ip", "address", "add", KERNEL + "/24", "dev", link.name());
        return link;
    }

    @Test
    void datagramsGoBothWays() throws Exception {
        try (TapLink link = open(TapLink.on("dbtap0").address(STACK));
             DatagramSocket kernel = namespace.call(() -> new DatagramSocket(new InetSocketAddress(KERNEL, 0)))) {
            HandMadeHost host = new HandMadeHost(link, STACK);
            host.resolve(HandMadeHost.ip(KERNEL));
            for (int i = 0; i < 50; i++) {
                byte[] question = new byte[1 + i * 30];
                Arrays.fill(question, (byte) i);
                assertTrue(host.sendUdp(HandMadeHost.ip(KERNEL), kernel.getLocalPort(), question));
                DatagramPacket got = new DatagramPacket(new byte[2000], 2000);
                kernel.setSoTimeout(2000);
                kernel.receive(got);
                assertArrayEquals(question, Arrays.copyOf(got.getData(), got.getLength()));
                kernel.send(got);
                host.pollUntil("no answer", () -> !host.datagrams.isEmpty());
                assertArrayEquals(question, host.datagrams.removeFirst());
            }
            assertEquals(0, host.partialChecksums, "the kernel finishes checksums for a TAP");
            assertFalse(link.partialChecksums());
            assertEquals(0, host.foreign);
            assertEquals(link.frames().capacity(), link.frames().available());
            assertEquals("tap", link.statistics().mode);
            assertEquals(link.statistics().txFrames, link.statistics().doorbells);
        }
    }

    @Test
    void aBurstIsBoundedAndNothingIsLostBetweenReceives() throws Exception {
        try (TapLink link = open(TapLink.on("dbtap0").address(STACK).burst(8));
             DatagramSocket kernel = namespace.call(() -> new DatagramSocket(new InetSocketAddress(KERNEL, 0)))) {
            HandMadeHost host = new HandMadeHost(link, STACK);
            host.resolve(HandMadeHost.ip(KERNEL));
            for (int i = 0; i < 100; i++) {
                kernel.send(new DatagramPacket(new byte[i], i, InetAddress.ofLiteral(STACK), 7));
            }
            int[] most = new int[1];
            for (int i = 0; i < 200 && host.datagrams.size() < 100; i++) {
                most[0] = Math.max(most[0], host.poll());
            }
            assertEquals(8, most[0]);
            assertEquals(100, host.datagrams.size(), host::toString);
            for (int i = 0; i < 100; i++) {
                assertEquals(i, host.datagrams.get(i).length);
            }
        }
    }

    @Test
    void anAddressFiltersAndWithoutOneEverythingComes() throws Exception {
        for (boolean filtered : new boolean[] {true, false}) {
            TapLink.Builder builder = TapLink.on("dbtap0");
            try (TapLink link = open(filtered ? builder.address(STACK) : builder)) {
                HandMadeHost host = new HandMadeHost(link, STACK);
                namespace.run(() -> {
                    try (DatagramSocket socket = new DatagramSocket()) {
                        socket.send(new DatagramPacket(new byte[1], 1, InetAddress.ofLiteral("10.97.0.77"), 9));
                        socket.send(new DatagramPacket(new byte[1], 1, InetAddress.ofLiteral(STACK), 9));
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                });
                host.pollUntil("datagram", () -> !host.datagrams.isEmpty());
                assertEquals(filtered, host.foreign == 0, host::toString);
            }
        }
    }

    @Test
    void largeSendsOfTheKernelComeCutToTheMtu() throws Exception {
        try (TapLink link = open(TapLink.on("dbtap0").address(STACK));
             DatagramSocket kernel = namespace.call(() -> new DatagramSocket(new InetSocketAddress(KERNEL, 0)))) {
            HandMadeHost host = new HandMadeHost(link, STACK);
            host.resolve(HandMadeHost.ip(KERNEL));
            kernel.send(new DatagramPacket(new byte[1472], 1472, InetAddress.ofLiteral(STACK), 7));
            host.pollUntil("datagram", () -> !host.datagrams.isEmpty());
            assertEquals(1514, host.largestFrame);
            assertEquals(0, link.statistics().rxDropped);
        }
    }

    @Test
    void whatTheKernelRefusesIsDroppedAndCounted() {
        try (TapLink link = open(TapLink.on("dbtap0").address(STACK))) {
            HandMadeHost host = new HandMadeHost(link, STACK);
            host.resolve(HandMadeHost.ip(KERNEL));
            assertTrue(host.sendUdp(HandMadeHost.ip(KERNEL), 9, new byte[1473]));
            assertEquals(1, link.statistics().txDropped);
            namespace.exec("ip", "link", "set", "dev", "dbtap0", "down");
            assertTrue(host.sendUdp(HandMadeHost.ip(KERNEL), 9, new byte[10]));
            assertEquals(2, link.statistics().txDropped);
            assertEquals(0, link.receive((memory, offset, length) -> { }, 64, 0));
            assertEquals(link.frames().capacity(), link.frames().available());
        }
    }

    @Test
    void theInterfaceGoesWithTheLinkAndAPersistentOneStays() {
        TapLink link = open(TapLink.on("dbtap%d"));
        assertEquals("dbtap0", link.name());
        Rtnetlink.Interface made = namespace.call(() -> NetworkInterfaces.require("dbtap0"));
        assertNotEquals(made.mac(), link.mac());
        assertFalse(EthernetHeader.isGroup(link.mac()));
        link.close();
        link.close();
        assertTrue(namespace.call(() -> NetworkInterfaces.find("dbtap0")).isEmpty());

        namespace.exec("ip", "tuntap", "add", "mode", "tap", "dev", "dbtap1");
        TapLink first = namespace.call(TapLink.on("dbtap1").mac(0x02_00_00_00_00_99L)::open);
        assertEquals(0x02_00_00_00_00_99L, first.mac());
        assertMessage("in use", () -> namespace.call(TapLink.on("dbtap1")::open));
        first.close();
        namespace.call(TapLink.on("dbtap1")::open).close();
        assertTrue(namespace.call(() -> NetworkInterfaces.find("dbtap1")).isPresent());
    }

    @Test
    void wrongSettingsTellTheFix() {
        namespace.exec("ip", "address", "add", "10.97.1.1/24", "dev", "lo");
        assertMessage("modprobe tun", () -> TapLink.on("dbtap0").device("/dev/net/nosuch").open());
        assertMessage("not a TAP interface", () -> namespace.call(TapLink.on("lo")::open));
        assertMessage("1 to 15 characters", () -> TapLink.on("abcdefghijklmnop").open());
        assertMessage("kernel's own on lo", () -> namespace.call(TapLink.on("dbtap0").address("10.97.1.1")::open));
        assertMessage("raise frameSize", () -> namespace.call(TapLink.on("dbtap0").frameSize(1024)::open));
        assertMessage("power of two", () -> TapLink.on("dbtap0").frameSize(1000).open());
        assertMessage("first byte is even", () -> TapLink.on("dbtap0").mac(0x01_00_00_00_00_00L).open());
        assertMessage("at least one of each", () -> TapLink.on("dbtap0").burst(0).open());
        assertTrue(namespace.call(() -> NetworkInterfaces.find("dbtap0")).isEmpty(), "a failed open leaves nothing");
    }

    private static void assertMessage(String part, Runnable open) {
        String message = assertThrows(RuntimeException.class, open::run).getMessage();
        assertTrue(message.contains(part), message);
    }
}
