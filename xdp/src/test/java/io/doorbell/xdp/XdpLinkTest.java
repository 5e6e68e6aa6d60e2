package io.doorbell.xdp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.doorbell.link.FramePool;
import io.doorbell.link.FrameReceiver;
import io.doorbell.link.LinkStatistics;
import io.doorbell.netns.Namespace;
import io.doorbell.netns.RequiresRoot;
import io.doorbell.netns.VethPair;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.xdp.ffi.Errno;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@RequiresRoot
class XdpLinkTest {
    private static final int OURS = 0x0a620002;
    private static final int PEER_LINK = 0x0a620003;

    private Namespace a;
    private Namespace b;
    private VethPair veth;

    @BeforeEach
    void cable() {
        a = Namespace.create();
        b = Namespace.create();
        veth = VethPair.between(a, b).addresses("10.98.0.10/24", "10.98.0.1/24").create();
        veth.left().checksumOffload(false);
        veth.right().checksumOffload(false);
    }

    @AfterEach
    void unplug() {
        a.close();
        b.close();
    }

    private static XdpLinkBuilder ours() {
        return XdpLink.on("veth0").address("10.98.0.2");
    }

    private static XdpLinkBuilder peer() {
        return XdpLink.on("veth0").address("10.98.0.3");
    }

    /** Posts frames of an experimental IP protocol from one link to the other's address. */
    private static int post(XdpLink from, XdpLink to, int source, int destination, int count, int payload) {
        FramePool frames = from.frames();
        int posted = 0;
        for (int i = 0; i < count; i++) {
            long frame = frames.allocate();
            EthernetHeader.write(frames.memory(), frame, to.mac(), from.mac(), EthernetHeader.TYPE_IPV4);
            Ipv4Header.write(frames.memory(), frame + 14, 0, 20 + payload, i, 0, 64, 253, source, destination);
            for (int at = 0; at < payload; at += 4) {
                Bytes.put32(frames.memory(), frame + 34 + at, i + at);
            }
            if (from.transmit(frame, 34 + payload, 0)) {
                posted++;
            }
            frames.release(frame);
        }
        return posted;
    }

    @Test
    void theKernelsUdpAndPingAreAnsweredByTheLink() throws Exception {
        try (XdpLink link = a.call(() -> ours().open())) {
            assertEquals("xdp native copy", link.statistics().mode);
            assertEquals(1500, link.mtu());
            assertTrue(link.partialChecksums());
            int free = link.frames().available();
            RawHost host = new RawHost(link, OURS);
            AtomicBoolean stop = new AtomicBoolean();
            Thread poller = Thread.ofPlatform().start(() -> {
                while (!stop.get()) {
                    host.poll();
                }
            });
            try (DatagramSocket socket = b.call(DatagramSocket::new)) {
                socket.setSoTimeout(3000);
                socket.connect(new InetSocketAddress("10.98.0.2", 7));
                for (int size : new int[] {1, 100, 1472}) {
                    byte[] data = new byte[size];
                    data[size - 1] = (byte) size;
                    socket.send(new DatagramPacket(data, size));
                    DatagramPacket answer = new DatagramPacket(new byte[2000], 2000);
                    socket.receive(answer);
                    assertEquals(size, answer.getLength());
                    assertEquals((byte) size, answer.getData()[size - 1]);
                }
                for (int i = 0; i < 3; i++) {
                    assertTrue(b.ping("10.98.0.2", 2000));
                    // The kernel at our end still owns its own address on the same interface.
                    assertTrue(b.ping("10.98.0.10", 2000));
                }
            } finally {
                stop.set(true);
                poller.join();
            }
            // A ping whose answer takes longer than a second is sent again.
            assertTrue(host.packets >= 6, () -> host.packets + " packets");
            assertEquals(0, host.foreign, "nothing of the kernel's own address came here");
            link.receive((memory, offset, length) -> { }, 1, 0);
            assertEquals(free, link.frames().available());
        }
    }

    @Test
    void aBatchOfAWholeRingLeavesWithOneDoorbellAndEveryFrameComesBack() {
        try (XdpLink left = a.call(() -> ours().open()); XdpLink right = b.call(() -> peer().open())) {
            int free = left.frames().available();
            for (int round = 0; round < 5; round++) {
                long before = left.statistics().doorbells;
                assertEquals(2048, post(left, right, OURS, PEER_LINK, 2048, 200));
                assertEquals(free - 2048, left.frames().available());
                left.flush(0);
                assertEquals(1, left.statistics().doorbells - before);
                assertEquals(XdpLink.NEVER, left.nextDeadlineNanos());
                int[] seen = {0};
                int got;
                do {
                    got = right.receive((memory, offset, length) -> {
                        assertEquals(234, length);
                        assertEquals(seen[0]++, Ipv4Header.identification(memory, offset + 14));
                        assertEquals(seen[0] - 1 + 196, Bytes.u32(memory, offset + 34 + 196));
                    }, 64, 0);
                } while (got > 0);
                assertEquals(2048, seen[0]);
                left.receive((memory, offset, length) -> { }, 64, 0);
                assertEquals(free, left.frames().available(), "completions are reclaimed without a call");
            }
            LinkStatistics statistics = left.statistics();
            assertEquals(5 * 2048, statistics.txFrames);
            assertEquals(0, statistics.invalidDescriptors);
            assertEquals(5 * 2048, right.statistics().rxFrames);
            assertEquals(5L * 2048 * 234, right.statistics().rxBytes);
            assertEquals(0, right.statistics().rxDropped);
        }
    }

    @Test
    void aKernelWithoutTheBudgetIsRungAgainUntilTheRingIsEmpty() {
        try (XdpLink left = a.call(() -> ours().withoutTxBudget().open());
                XdpLink right = b.call(() -> peer().open())) {
            post(left, right, OURS, PEER_LINK, 1000, 64);
            left.flush(0);
            // 32 frames each, and the kernel tells with EAGAIN that more are left.
            assertEquals(1000 / 32 + 1, left.statistics().doorbells);
            int[] seen = {0};
            while (right.receive((memory, offset, length) -> seen[0]++, 64, 0) > 0) {
                assertTrue(seen[0] <= 1000);
            }
            assertEquals(1000, seen[0]);
        }
    }

    @Test
    void anInterfaceThatGoesDownKeepsWhatWasPostedAndSendsItLater() {
        try (XdpLink left = a.call(() -> ours().open()); XdpLink right = b.call(() -> peer().open())) {
            int free = left.frames().available();
            veth.left().down();
            post(left, right, OURS, PEER_LINK, 10, 64);
            left.flush(1000);
            assertEquals(Errno.ENETDOWN, left.lastErrno());
            assertTrue(left.nextDeadlineNanos() > 1000 && left.nextDeadlineNanos() < XdpLink.NEVER);
            assertEquals(free - 10, left.frames().available());
            veth.left().up();
            left.flush(2000);
            assertEquals(XdpLink.NEVER, left.nextDeadlineNanos());
            left.receive((memory, offset, length) -> { }, 64, 0);
            assertEquals(free, left.frames().available());
        }
    }

    @Test
    void steadyStateAllocatesNothing() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (XdpLink left = a.call(() -> ours().open()); XdpLink right = b.call(() -> peer().open())) {
            FrameReceiver nothing = (memory, offset, length) -> { };
            long least = Long.MAX_VALUE;
            for (int round = 0; round < 20 && least > 0; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 5000; i++) {
                    post(left, right, OURS, PEER_LINK, 2, 64);
                    left.flush(0);
                    right.receive(nothing, 64, 0);
                    left.receive(nothing, 64, 0);
                    left.statistics();
                }
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
            // Until the compiler has seen enough, the interpreter may allocate what is never needed afterwards.
            assertEquals(0, least);
            assertEquals(0, right.statistics().rxDropped);
        }
    }

    @Test
    void aFullRingRefusesAndGoesOnAfterTheDoorbell() {
        try (XdpLink left = a.call(() -> ours().ringSize(64).frames(512).open());
                XdpLink right = b.call(() -> peer().open())) {
            int free = left.frames().available();
            assertEquals(64, post(left, right, OURS, PEER_LINK, 70, 64));
            assertEquals(6, left.statistics().txRefused);
            assertEquals(free - 64, left.frames().available(), "a refused frame is not held");
            left.flush(0);
            left.receive((memory, offset, length) -> { }, 64, 0);
            assertEquals(64, post(left, right, OURS, PEER_LINK, 64, 64));
            left.flush(0);
            left.flush(0);
            assertEquals(2, left.statistics().doorbells, "no doorbell for nothing");
        }
    }

    @Test
    void aReceiverThatIsLateLosesFramesButNoneOfTheRegion() {
        try (XdpLink left = a.call(() -> ours().open());
                XdpLink right = b.call(() -> peer().ringSize(64).frames(128).open())) {
            for (int round = 0; round < 10; round++) {
                post(left, right, OURS, PEER_LINK, 200, 64);
                left.flush(0);
                left.receive((memory, offset, length) -> { }, 64, 0);
                int[] seen = {0};
                for (int i = 0; i < 20; i++) {
                    right.receive((memory, offset, length) -> seen[0]++, 16, 0);
                }
                assertEquals(64, seen[0], "the ring's worth of frames, every time");
            }
            assertEquals(1360, right.statistics().rxDropped);
            assertTrue(right.statistics().fillRingEmpty > 0);
        }
    }

    @Test
    void impossibleFramesAreDroppedAndCounted() {
        try (XdpLink link = a.call(() -> ours().open())) {
            int free = link.frames().available();
            long frame = link.frames().allocate();
            assertTrue(link.transmit(frame, 13, 0));
            assertTrue(link.transmit(frame, 1515, 0));
            assertTrue(link.transmit(frame + 1000, 1100, 0));
            link.frames().release(frame);
            link.flush(0);
            assertEquals(3, link.statistics().txDropped);
            assertEquals(0, link.statistics().doorbells);
            assertEquals(free, link.frames().available());
        }
    }

    @Test
    void twoQueuesOfOneInterfaceShareTheFilterAndNothingElse() {
        VethPair.between(a, b).names("veth2", "veth2").queues(2).create();
        XdpLink left0 = a.call(() -> XdpLink.on("veth2").address("10.98.0.2").open());
        XdpLink left1 = a.call(() -> XdpLink.on("veth2").address("10.98.0.4").queue(1).open());
        try (XdpLink right0 = b.call(() -> XdpLink.on("veth2").address("10.98.0.3").open());
                XdpLink right1 = b.call(() -> XdpLink.on("veth2").address("10.98.0.3").queue(1).open())) {
            // A veth hands what was sent on queue n to the peer's queue n.
            post(left0, right0, OURS, PEER_LINK, 10, 64);
            post(left1, right1, OURS, PEER_LINK, 20, 64);
            left0.flush(0);
            left1.flush(0);
            assertEquals(10, right0.receive((memory, offset, length) -> { }, 64, 0));
            assertEquals(20, right1.receive((memory, offset, length) -> { }, 64, 0));
            // The second link's address was added to the filter that the first one attached.
            post(right1, left1, PEER_LINK, 0x0a620004, 5, 64);
            right1.flush(0);
            assertEquals(5, left1.receive((memory, offset, length) -> { }, 64, 0));

            left0.close();
            post(right1, left1, PEER_LINK, 0x0a620004, 5, 64);
            right1.flush(0);
            assertEquals(5, left1.receive((memory, offset, length) -> { }, 64, 0), "the first to open may close first");
            left1.close();
            assertFalse(a.exec("ip", "link", "show", "veth2").contains("xdp"), "the last one detaches the filter");
        }
    }

    @Test
    void twoInterfacesAreIndependent() {
        try (XdpLink left = a.call(() -> ours().open()); XdpLink right = b.call(() -> peer().open())) {
            VethPair second = VethPair.between(a, b).names("veth1", "veth1").create();
            XdpLink other = a.call(() -> XdpLink.on("veth1").address("10.98.1.2").open());
            assertTrue(other.mac() != left.mac());
            other.close();
            second.close();
            post(left, right, OURS, PEER_LINK, 3, 64);
            left.flush(0);
            assertEquals(3, right.receive((memory, offset, length) -> { }, 64, 0));
        }
    }

    private static boolean pointsTo(Path descriptor, String what) {
        try {
            return Files.readSymbolicLink(descriptor).toString().contains(what);
        } catch (IOException closedMeanwhile) {
            return false;
        }
    }

    @Test
    void genericModeIsReported() {
        try (XdpLink left = a.call(() -> ours().nativeMode(Preference.OFF).open());
                XdpLink right = b.call(() -> peer().frameSize(4096).frames(4096).open())) {
            assertEquals("xdp generic copy", left.statistics().mode);
            post(right, left, PEER_LINK, OURS, 3, 64);
            right.flush(0);
            int got = 0;
            for (int i = 0; i < 1000 && got < 3; i++) {
                got += left.receive((memory, offset, length) -> { }, 64, 0);
                RawHost.pause();
            }
            assertEquals(3, got);
        }
    }

    @Test
    void closeIsIdempotentGivesEverythingBackAndAnImmediateReopenWorks() throws IOException {
        long descriptors = 0;
        for (int i = 0; i < 10; i++) {
            XdpLink link = a.call(() -> ours().open());
            link.close();
            link.close();
            try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
                long now = open.filter(fd -> pointsTo(fd, "bpf") || pointsTo(fd, "socket:")).count();
                descriptors = i == 0 ? now : descriptors;
                assertEquals(descriptors, now);
            }
        }
        // The rings are mappings of the socket.
        assertFalse(Files.readString(Path.of("/proc/self/maps")).contains("socket:["));
        assertFalse(a.exec("ip", "link", "show", "veth0").contains("xdp"));
    }
}
