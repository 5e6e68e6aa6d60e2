package io.doorbell.packet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.link.FrameReceiver;
import io.doorbell.link.ImpairedLink;
import io.doorbell.link.Impairment;
import io.doorbell.link.Link;
import io.doorbell.link.LinkDecorator;
import io.doorbell.netns.Namespace;
import io.doorbell.netns.RequiresRoot;
import io.doorbell.netns.VethPair;
import io.doorbell.run.IdleStrategy;
import io.doorbell.run.StackRunner;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A stack over each of this package's links, echoing to Linux's own TCP. */
@RequiresRoot
class LinuxTcpTest {
    private static final String STACK = "10.95.0.2";
    private static final String KERNEL = "10.95.0.1";

    private Namespace ours;
    private Namespace peer;

    @BeforeEach
    void makeNamespaces() {
        ours = Namespace.create();
        peer = Namespace.create();
    }

    @AfterEach
    void removeNamespaces() {
        ours.close();
        peer.close();
    }

    /** Sends back whatever comes, and holds back what does not fit. */
    private static final class Echo implements ConnectionHandler {
        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            return Math.max(0, c.write(memory, offset, length));
        }

        @Override
        public void writable(Connection c) {
            c.resume();
        }
    }

    private static void echo(Link link, Namespace client, int bytes, long seed) throws Exception {
        byte[] sent = new byte[bytes];
        new Random(seed).nextBytes(sent);
        byte[] back = new byte[bytes];
        int free = link.frames().available();
        TcpStack stack = TcpStack.on(link).address(STACK + "/24").build();
        StackRunner runner = StackRunner.start(stack, IdleStrategy.PARK);
        try {
            CountDownLatch listening = new CountDownLatch(1);
            assertTrue(runner.execute(() -> {
                stack.listen(7, c -> new Echo());
                listening.countDown();
            }));
            assertTrue(listening.await(10, TimeUnit.SECONDS));
            client.run(() -> exchange(sent, back));
        } finally {
            runner.close();
        }
        assertNull(runner.failure());
        assertArrayEquals(sent, back);
        stack.close();
        link.flush(0);
        link.receive((memory, offset, length) -> { }, 64, 0);
        assertEquals(free, link.frames().available());
    }

    private static void exchange(byte[] sent, byte[] back) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(STACK, 7), 10_000);
            socket.setSoTimeout(30_000);
            Thread writer = Thread.ofPlatform().start(() -> {
                try {
                    socket.getOutputStream().write(sent);
                    socket.shutdownOutput();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            new DataInputStream(socket.getInputStream()).readFully(back);
            assertEquals(-1, socket.getInputStream().read());
            writer.join();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private PacketLink openPacket() {
        VethPair.between(ours, peer).addresses(null, KERNEL + "/24").create();
        return ours.call(PacketLink.on("veth0").address(STACK)::open);
    }

    /** Notes the largest frame that came in; all else is the link's. */
    private static final class Largest extends LinkDecorator {
        private int seen;

        private Largest(Link link) {
            super(link);
        }

        @Override
        public int receive(FrameReceiver receiver, int limit, long nowNanos) {
            return link.receive((memory, offset, length) -> {
                seen = Math.max(seen, length);
                receiver.frame(memory, offset, length);
            }, limit, nowNanos);
        }
    }

    @Test
    void packetSocketWithAPeerThatLeavesSegmentsWhole() throws Exception {
        try (PacketLink link = openPacket()) {
            Largest largest = new Largest(link);
            echo(largest, peer, 20_000_000, 1);
            assertTrue(largest.seen > 1514, "the peer's segmentation offload was to be seen");
        }
    }

    @Test
    void packetSocketWithAPeerThatCutsAndSumsItself() throws Exception {
        VethPair veth = VethPair.between(ours, peer).addresses(null, KERNEL + "/24").create();
        veth.right().segmentationOffload(false);
        veth.right().checksumOffload(false);
        try (PacketLink link = ours.call(PacketLink.on("veth0").address(STACK).largestFrame(1514)::open)) {
            echo(link, peer, 20_000_000, 2);
        }
    }

    @Test
    void packetSocketOverABadPath() throws Exception {
        Impairment bad = Impairment.builder().seed(3).loss(0.005).duplicate(0.005).corrupt(0.002)
                .reorder(0.005, 1_000_000).delayNanos(200_000).storage(1024, 1 << 16).build();
        try (Link link = new ImpairedLink(openPacket(), bad)) {
            echo(link, peer, 2_000_000, 3);
        }
    }

    @Test
    void tap() throws Exception {
        try (TapLink link = peer.call(TapLink.on("dbtap0").address(STACK)::open)) {
            peer.exec("ip", "address", "add", KERNEL + "/24", "dev", "dbtap0");
            echo(link, peer, 20_000_000, 4);
        }
    }
}
