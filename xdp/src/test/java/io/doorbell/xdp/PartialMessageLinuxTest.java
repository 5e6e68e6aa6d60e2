package io.doorbell.xdp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.counters.Counter;
import io.doorbell.link.CaptureLink;
import io.doorbell.link.Link;
import io.doorbell.netns.Namespace;
import io.doorbell.netns.RequiresRoot;
import io.doorbell.netns.VethPair;
import io.doorbell.packet.PacketLink;
import io.doorbell.run.IdleStrategy;
import io.doorbell.run.StackRunner;
import io.doorbell.tcp.PartialMessage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Thirty bytes of which two are known last, sent to Linux's TCP: what is on the wire, and what the kernel delivers.
 * With {@code -Dfixtures.write=DIRECTORY} the capture is kept there.
 */
class PartialMessageLinuxTest {
    private static final String OURS = "10.98.2.2";
    private static final String KERNEL = "10.98.2.1";
    private static final String FIXTURE = "partial-message-linux.pcap";
    private static final List<String> EXPECTED = List.of("0+10", "12+18", "10+2");

    /** What a capture shows of the stack's side: the payloads, as offset and length within its stream. */
    private static List<String> payloads(byte[] pcap) {
        ByteBuffer file = ByteBuffer.wrap(pcap).order(ByteOrder.LITTLE_ENDIAN);
        List<String> seen = new ArrayList<>();
        int isn = 0;
        int at = 24;
        while (at < pcap.length) {
            int kept = file.getInt(at + 8);
            ByteBuffer frame = ByteBuffer.wrap(pcap, at + 16, kept).slice();
            at += 16 + kept;
            if (frame.getShort(12) != 0x0800 || frame.getInt(26) != 0x0a620202) {
                continue;
            }
            int tcp = 34;
            int header = (frame.get(tcp + 12) & 0xf0) >>> 2;
            int length = (frame.getShort(16) & 0xffff) - 20 - header;
            if ((frame.get(tcp + 13) & 2) != 0) {
                isn = frame.getInt(tcp + 4);
            } else if (length > 0) {
                seen.add((frame.getInt(tcp + 4) - isn - 1) + "+" + length);
            }
        }
        return seen;
    }

    @Test
    void theKeptCaptureShowsTheThreeSegments() throws IOException {
        try (InputStream kept = PartialMessageLinuxTest.class.getResourceAsStream("/captures/" + FIXTURE)) {
            assertNotNull(kept, FIXTURE + " is missing: the page of pcap-fixtures says how to make it");
            assertEquals(EXPECTED, payloads(kept.readAllBytes()));
        }
    }

    /** Everything that needs namespaces. */
    @Nested
    @RequiresRoot
    class OverVeth {
        private Namespace ours;
        private Namespace peer;

        @BeforeEach
        void start() {
            ours = Namespace.create();
            peer = Namespace.create();
            VethPair pair = VethPair.between(ours, peer).addresses("10.98.2.10/24", KERNEL + "/24").create();
            // A capture is to show checksums as they are on a wire.
            pair.right().checksumOffload(false);
        }

        @AfterEach
        void stop() {
            ours.close();
            peer.close();
        }

        private Link open(String kind) {
            return kind.equals("xdp") ? ours.call(() -> XdpLink.on("veth0").address(OURS).open())
                    : ours.call(() -> PacketLink.on("veth0").address(OURS).open());
        }

        @ParameterizedTest
        @ValueSource(strings = {"packet", "xdp"})
        void thirtyBytesArriveWithTwoSentLast(String kind) throws Exception {
            ByteArrayOutputStream pcap = new ByteArrayOutputStream();
            byte[] sent = "BUY 100 DB ##.25 LIMIT IOC DAY\n".substring(0, 30).getBytes();
            try (Link link = new CaptureLink(open(kind), Channels.newChannel(pcap));
                    ServerSocket server = peer.call(() -> new ServerSocket(9000, 10))) {
                int free = link.frames().available();
                TcpStack stack = TcpStack.on(link).address(OURS + "/24").seed(30).build();
                StackRunner runner = StackRunner.start(stack, IdleStrategy.PARK);
                try {
                    order(stack, runner, server, sent);
                } finally {
                    runner.close();
                }
                assertNull(runner.failure());
                assertEquals(0, stack.counters().get(Counter.TCP_RETRANSMITTED_SEGMENTS));
                stack.close();
                link.flush(0);
                link.receive((memory, offset, length) -> { }, 64, 0);
                assertEquals(free, link.frames().available());
            }
            assertEquals(EXPECTED, payloads(pcap.toByteArray()));
            String directory = System.getProperty("fixtures.write");
            if (directory != null && kind.equals("packet")) {
                Files.write(Path.of(directory, FIXTURE), pcap.toByteArray());
            }
        }

        private static void order(TcpStack stack, StackRunner runner, ServerSocket server, byte[] sent)
                throws Exception {
            BlockingQueue<Connection> connected = new ArrayBlockingQueue<>(1);
            PartialMessage message = new PartialMessage();
            CountDownLatch closed = new CountDownLatch(1);
            assertTrue(runner.execute(() -> stack.connect(KERNEL, 9000, new ConnectionHandler() {
                @Override
                public void connected(Connection c) {
                    connected.add(c);
                    c.begin(message, sent.length);
                    message.complete(0, sent, 0, 10);
                    message.complete(12, sent, 12, 18);
                }

                @Override
                public int data(Connection c, MemorySegment memory, long offset, int length) {
                    return length;
                }

                @Override
                public void closed(Connection c, io.doorbell.tcp.CloseReason reason) {
                    closed.countDown();
                }
            })));
            try (Socket socket = server.accept()) {
                socket.setSoTimeout(10_000);
                Connection c = connected.poll(10, TimeUnit.SECONDS);
                assertNotNull(c);
                byte[] first = socket.getInputStream().readNBytes(10);
                assertEquals("BUY 100 DB", new String(first));
                Thread.sleep(500);
                assertEquals(0, socket.getInputStream().available(), "nothing may be delivered past the hole");
                assertTrue(runner.execute(() -> {
                    message.complete(10, sent, 10, 2);
                    c.closeOutput();
                }));
                byte[] rest = socket.getInputStream().readAllBytes();
                byte[] all = new byte[first.length + rest.length];
                System.arraycopy(first, 0, all, 0, first.length);
                System.arraycopy(rest, 0, all, first.length, rest.length);
                assertArrayEquals(sent, all);
            }
            assertTrue(closed.await(10, TimeUnit.SECONDS));
        }
    }
}
