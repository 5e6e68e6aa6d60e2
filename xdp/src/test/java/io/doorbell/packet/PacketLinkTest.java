package io.doorbell.packet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.link.FramePool;
import io.doorbell.link.Link;
import io.doorbell.netns.Namespace;
import io.doorbell.netns.RequiresRoot;
import io.doorbell.netns.VethPair;
import io.doorbell.wire.Bytes;
import io.doorbell.xdp.ffi.Errno;
import io.doorbell.xdp.ffi.Libc;
import io.doorbell.xdp.ffi.SystemCallException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against the kernel: the link on the left end of a veth pair, beside the kernel's own address; the peer on the right. */
@RequiresRoot
class PacketLinkTest {
    private static final String KERNEL_LEFT = "10.98.0.3";
    private static final String STACK = "10.98.0.2";
    private static final String PEER = "10.98.0.1";

    private Namespace left;
    private Namespace right;
    private VethPair veth;

    @BeforeEach
    void makeNamespaces() {
        left = Namespace.create();
        right = Namespace.create();
        veth = VethPair.between(left, right).addresses(KERNEL_LEFT + "/24", PEER + "/24").create();
    }

    @AfterEach
    void removeNamespaces() {
        veth.close();
        left.close();
        right.close();
    }

    private PacketLink open(PacketLink.Builder builder) {
        return left.call(builder.address(STACK)::open);
    }

    private static void assertAllFramesBack(PacketLink link) {
        assertEquals(link.frames().capacity(), link.frames().available());
    }

    @Test
    void theKernelPingsTheHandMadeHost() throws Exception {
        try (PacketLink link = open(PacketLink.on("veth0"))) {
            HandMadeHost host = new HandMadeHost(link, STACK);
            // As root, isReachable sends ICMP echo requests.
            boolean[] reachable = new boolean[1];
            Thread pinger = right.start("pinger", () -> {
                try {
                    reachable[0] = InetAddress.ofLiteral(STACK).isReachable(4000);
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            host.pollUntil("no echo request answered", () -> !pinger.isAlive());
            pinger.join();
            assertTrue(reachable[0], host::toString);
            assertTrue(host.echos >= 1);
            assertEquals(0, host.foreign);
            assertAllFramesBack(link);
            assertEquals("packet", link.statistics().mode);
        }
    }

    @Test
    void datagramsGoBothWaysAndTheKernelsOwnAddressStaysTheKernels() throws Exception {
        try (PacketLink link = open(PacketLink.on("veth0"));
             DatagramSocket peer = right.call(() -> new DatagramSocket(new InetSocketAddress(PEER, 0)));
             DatagramSocket neighbour = left.call(() -> new DatagramSocket(new InetSocketAddress(KERNEL_LEFT, 0)))) {
            HandMadeHost host = new HandMadeHost(link, STACK);
            host.resolve(HandMadeHost.ip(PEER));
            for (int i = 0; i < 20; i++) {
                byte[] question = new byte[100 + i * 70];
                Arrays.fill(question, (byte) i);
                assertTrue(host.sendUdp(HandMadeHost.ip(PEER), peer.getLocalPort(), question));
                host.poll();
                DatagramPacket got = new DatagramPacket(new byte[2000], 2000);
                peer.setSoTimeout(2000);
                peer.receive(got);
                assertArrayEquals(question, Arrays.copyOf(got.getData(), got.getLength()));
                peer.send(got);
                host.pollUntil("no answer", () -> !host.datagrams.isEmpty());
                assertArrayEquals(question, host.datagrams.removeFirst());

                byte[] aside = {1, 2, 3};
                peer.send(new DatagramPacket(aside, 3, neighbour.getLocalSocketAddress()));
                neighbour.setSoTimeout(2000);
                neighbour.receive(new DatagramPacket(new byte[10], 10));
            }
            host.poll();
            assertEquals(0, host.foreign, "the filter lets only the stack's traffic in");
            assertTrue(link.partialChecksums(), "veth is virtual");
            assertAllFramesBack(link);
        }
    }

    @Test
    void aThousandFramesLeaveWithOneDoorbell() {
        try (PacketLink link = open(PacketLink.on("veth0"))) {
            HandMadeHost host = new HandMadeHost(link, STACK);
            host.resolve(HandMadeHost.ip(PEER));
            long doorbells = link.statistics().doorbells;
            long sent = link.statistics().txFrames;
            long before = receivedByPeer();
            for (int i = 0; i < 1000; i++) {
                assertTrue(host.sendUdp(HandMadeHost.ip(PEER), 9, new byte[200]));
            }
            assertEquals(link.frames().capacity() - 1000, link.frames().available(), "held until the flush");
            assertEquals(before, receivedByPeer());
            link.flush(0);
            assertEquals(doorbells + 1, link.statistics().doorbells);
            assertEquals(sent + 1000, link.statistics().txFrames);
            assertEquals(0, link.statistics().txDropped);
            assertAllFramesBack(link);
            assertTrue(receivedByPeer() - before >= 1000);
            link.flush(0);
            assertEquals(doorbells + 1, link.statistics().doorbells, "nothing posted, no doorbell");
        }
    }

    private long receivedByPeer() {
        return Long.parseLong(right.exec("cat", "/sys/class/net/veth0/statistics/rx_packets").strip());
    }

    @Test
    void aFullBatchRefusesUntilTheFlush() {
        try (PacketLink link = open(PacketLink.on("veth0").transmitSlots(4))) {
            HandMadeHost host = new HandMadeHost(link, STACK);
            host.resolve(HandMadeHost.ip(PEER));
            for (int i = 0; i < 4; i++) {
                assertTrue(host.sendUdp(HandMadeHost.ip(PEER), 9, new byte[20]));
            }
            assertFalse(host.sendUdp(HandMadeHost.ip(PEER), 9, new byte[20]));
            assertEquals(1, link.statistics().txRefused);
            link.flush(0);
            assertTrue(host.sendUdp(HandMadeHost.ip(PEER), 9, new byte[20]));
            link.flush(0);
            assertAllFramesBack(link);
        }
    }

    @Test
    void whatTheKernelRefusesIsDroppedCountedAndComesBack() {
        try (PacketLink link = open(PacketLink.on("veth0"))) {
            HandMadeHost host = new HandMadeHost(link, STACK);
            host.resolve(HandMadeHost.ip(PEER));
            assertTrue(host.sendUdp(HandMadeHost.ip(PEER), 9, new byte[1500 - 28 + 1]), "beyond the MTU");
            assertEquals(1, link.statistics().txDropped);
            veth.left().mtu(600);
            host.sendUdp(HandMadeHost.ip(PEER), 9, new byte[100]);
            host.sendUdp(HandMadeHost.ip(PEER), 9, new byte[1000]);
            host.sendUdp(HandMadeHost.ip(PEER), 9, new byte[100]);
            long sent = link.statistics().txFrames;
            link.flush(0);
            assertEquals(2, link.statistics().txDropped, "the one in the middle is too long now");
            assertEquals(sent + 2, link.statistics().txFrames);
            veth.left().down();
            for (int i = 0; i < 10; i++) {
                host.sendUdp(HandMadeHost.ip(PEER), 9, new byte[100]);
            }
            link.flush(0);
            assertEquals(12, link.statistics().txDropped);
            assertEquals(Link.NEVER, link.nextDeadlineNanos());
            assertAllFramesBack(link);
        }
    }

    @Test
    void withoutCarrierFramesGoOneByOneAndSendingGoesOnWhenItIsBack() {
        try (PacketLink link = open(PacketLink.on("veth0"))) {
            HandMadeHost host = new HandMadeHost(link, STACK);
            host.resolve(HandMadeHost.ip(PEER));
            veth.right().down();
            for (int i = 0; i < 10; i++) {
                host.sendUdp(HandMadeHost.ip(PEER), 9, new byte[100]);
            }
            link.flush(1000);
            assertEquals(1, link.statistics().txDropped);
            assertEquals(link.frames().capacity() - 9, link.frames().available());
            assertTrue(link.nextDeadlineNanos() > 1000 && link.nextDeadlineNanos() < 1_000_000, "to be tried again");
            for (int i = 0; i < 4; i++) {
                link.flush(link.nextDeadlineNanos());
            }
            assertEquals(5, link.statistics().txDropped);
            veth.right().up();
            long sent = link.statistics().txFrames;
            link.flush(link.nextDeadlineNanos());
            assertEquals(sent + 5, link.statistics().txFrames);
            assertEquals(Link.NEVER, link.nextDeadlineNanos());
            assertAllFramesBack(link);
        }
    }

    /** UDP_SEGMENT: one call hands the kernel many datagrams, which veth passes on as a single large packet. */
    @Test
    void packetsThatOffloadLeftInOnePieceAreNotCut() {
        try (PacketLink link = open(PacketLink.on("veth0"))) {
            HandMadeHost host = new HandMadeHost(link, STACK);
            host.resolve(HandMadeHost.ip(PEER));
            int length = 40 * 1400;
            right.run(() -> sendSegmented(length, 1400));
            host.pollUntil("nothing large came in", () -> host.datagrams.stream().mapToInt(d -> d.length).sum() >= length);
            assertEquals(1, host.datagrams.size(), "one packet");
            byte[] data = host.datagrams.getFirst();
            assertEquals(length, data.length);
            for (int i = 0; i < length; i++) {
                assertEquals((byte) (i * 31), data[i]);
            }
            assertTrue(host.largestFrame > 14 + 28 + 1500);
            assertTrue(host.partialChecksums > 0, "its checksum is unfinished");
            assertEquals(0, link.statistics().rxDropped);
        }
    }

    @Test
    void aPacketLargerThanASlotIsDroppedAndCounted() {
        try (PacketLink link = open(PacketLink.on("veth0").largestFrame(1514))) {
            HandMadeHost host = new HandMadeHost(link, STACK);
            host.resolve(HandMadeHost.ip(PEER));
            right.run(() -> sendSegmented(20_000, 1400));
            right.run(() -> sendSegmented(500, 1400));
            host.pollUntil("the small one came", () -> host.datagrams.size() == 1);
            assertEquals(500, host.datagrams.getFirst().length);
            assertEquals(1, link.statistics().rxDropped);
        }
    }

    private static void sendSegmented(int length, int segment) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = Errno.ofThread();
            int fd = SystemCallException.check("socket", Libc.socket(errno, Libc.AF_INET, Libc.SOCK_DGRAM, 0));
            MemorySegment option = arena.allocate(4, 4);
            option.set(ValueLayout.JAVA_INT, 0, segment);
            SystemCallException.check("UDP_SEGMENT", Libc.setsockopt(errno, fd, 17, 103, option, 4));
            MemorySegment to = arena.allocate(16, 8);
            to.set(ValueLayout.JAVA_SHORT, 0, (short) Libc.AF_INET);
            Bytes.put16(to, 2, 7777);
            Bytes.put32(to, 4, HandMadeHost.ip(STACK));
            MemorySegment data = arena.allocate(length);
            for (int i = 0; i < length; i++) {
                data.set(ValueLayout.JAVA_BYTE, i, (byte) (i * 31));
            }
            SystemCallException.check("sendto", Libc.sendto(errno, fd, data, length, 0, to, 16));
            Libc.close(errno, fd);
        }
    }

    @Test
    void anOverrunRingLosesFramesByCountAndGoesOn() throws Exception {
        try (PacketLink link = open(PacketLink.on("veth0").receiveSlots(16));
             DatagramSocket peer = right.call(() -> new DatagramSocket(new InetSocketAddress(PEER, 0)))) {
            HandMadeHost host = new HandMadeHost(link, STACK);
            host.resolve(HandMadeHost.ip(PEER));
            for (int round = 1; round <= 5; round++) {
                for (int i = 0; i < 100; i++) {
                    peer.send(new DatagramPacket(new byte[50], 50, InetAddress.ofLiteral(STACK), 7777));
                }
                int expected = round * 100;
                host.pollUntil("not all counted",
                        () -> host.datagrams.size() + link.statistics().rxDropped >= expected);
                assertEquals(expected, host.datagrams.size() + link.statistics().rxDropped);
            }
            assertTrue(host.datagrams.size() >= 5 * 16, host::toString);
            assertTrue(link.statistics().rxDropped > 0);
        }
    }

    @Test
    void theOwnFramesAreNotReceived() {
        try (PacketLink link = open(PacketLink.on("veth0"))) {
            HandMadeHost host = new HandMadeHost(link, STACK);
            host.resolve(HandMadeHost.ip(PEER));
            int seen = host.frames;
            // The kernel on this side asks for the stack's address: outgoing traffic of the interface, too.
            left.run(() -> {
                try (DatagramSocket socket = new DatagramSocket()) {
                    socket.send(new DatagramPacket(new byte[1], 1, InetAddress.ofLiteral(STACK), 9));
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            host.sendUdp(HandMadeHost.ip(PEER), 9, new byte[20]);
            for (int i = 0; i < 50; i++) {
                host.poll();
            }
            // The peer answers the closed port with an ICMP error; nothing else may have come.
            assertTrue(host.frames - seen <= 1, host::toString);
            assertEquals(0, host.foreign);
        }
    }

    @Test
    void twoLinksOnOneInterfaceSeeEachItsOwn() throws Exception {
        try (PacketLink first = open(PacketLink.on("veth0"));
             PacketLink second = left.call(PacketLink.on("veth0").address("10.98.0.4").address("10.98.0.5")::open);
             DatagramSocket peer = right.call(() -> new DatagramSocket(new InetSocketAddress(PEER, 0)))) {
            HandMadeHost one = new HandMadeHost(first, STACK);
            HandMadeHost two = new HandMadeHost(second, "10.98.0.5");
            peer.send(new DatagramPacket(new byte[5], 5, InetAddress.ofLiteral(STACK), 7));
            one.pollUntil("first", () -> one.datagrams.size() == 1);
            peer.send(new DatagramPacket(new byte[6], 6, InetAddress.ofLiteral("10.98.0.5"), 7));
            two.pollUntil("second", () -> two.datagrams.size() == 1);
            one.poll();
            assertEquals(5, one.datagrams.getFirst().length);
            assertEquals(6, two.datagrams.getFirst().length);
            assertEquals(0, one.foreign + two.foreign);
        }
    }

    @Test
    void withoutPrivilegesTheMessageTellsToRunAsRoot() {
        // The user stays, so that it can read the class path wherever that is; only the capability goes.
        Process process = left.call(() -> new ProcessBuilder("setpriv", "--bounding-set=-net_raw",
                ProcessHandle.current().info().command().orElseThrow(), "--enable-native-access=ALL-UNNAMED",
                "-cp", System.getProperty("java.class.path"), OpenWithoutPrivileges.class.getName())
                .redirectErrorStream(true).start());
        try (var output = process.inputReader()) {
            String text = output.readAllAsString();
            assertTrue(text.contains("CAP_NET_RAW") && text.contains("sudo"), text);
        } catch (IOException e) {
            throw new AssertionError(e);
        } finally {
            process.destroyForcibly();
        }
    }

    /** What the test above runs as nobody. */
    static final class OpenWithoutPrivileges {
        private OpenWithoutPrivileges() {
        }

        public static void main(String[] arguments) {
            try (PacketLink link = PacketLink.on("veth0").address(STACK).open()) {
                System.out.println("opened " + link);
            } catch (RuntimeException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    @Test
    void closeIsIdempotentAndALinkCanBeOpenedAgainAtOnce() {
        for (int i = 0; i < 20; i++) {
            PacketLink link = open(PacketLink.on("veth0").receiveSlots(16));
            assertTrue(link.frames().allocate() != FramePool.NONE);
            link.close();
            link.close();
        }
    }

    @Test
    void wrongSettingsTellTheFix() {
        assertMessage("only lo, veth0", () -> open(PacketLink.on("nosuch0")));
        assertMessage("MAC address", () -> open(PacketLink.on("lo")));
        assertMessage("ip address del 10.98.0.3",
                () -> left.call(PacketLink.on("veth0").address(KERNEL_LEFT)::open));
        assertMessage("write it like 10.0.0.2", () -> left.call(PacketLink.on("veth0").address("10.98.2")::open));
        assertMessage("without a prefix length",
                () -> left.call(PacketLink.on("veth0").address("10.98.0.2/24")::open));
        assertMessage("unicast", () -> PacketLink.on("veth0").address("224.0.0.1"));
        assertMessage("name at least one", () -> left.call(PacketLink.on("veth0")::open));
        assertMessage("power of two from 1 to 1024", () -> open(PacketLink.on("veth0").transmitSlots(1000)));
        assertMessage("receiveSlots 100", () -> open(PacketLink.on("veth0").receiveSlots(100)));
        assertMessage("largestFrame 100", () -> open(PacketLink.on("veth0").largestFrame(100)));
        veth.left().mtu(4000);
        assertMessage("raise frameSize", () -> open(PacketLink.on("veth0")));
        veth.left().down();
        assertMessage("ip link set dev veth0 up", () -> open(PacketLink.on("veth0")));
    }

    private static void assertMessage(String part, Runnable open) {
        String message = assertThrows(RuntimeException.class, open::run).getMessage();
        assertTrue(message.contains(part), message);
    }
}
