package io.doorbell.xdp;

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
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.MessageTemplate;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A template sent to Linux's TCP, again and again, with ordinary sends in between: what the kernel delivers. With
 * {@code -Dfixtures.write=DIRECTORY} the capture is kept there.
 */
@RequiresRoot
class TemplateLinuxTest {
    private static final String OURS = "10.98.3.2";
    private static final String KERNEL = "10.98.3.1";
    private static final String ORDER = "BUY 100 DB ####.## LIMIT IOC DAY\n";
    private static final int PRICE_AT = ORDER.indexOf('#');

    private Namespace ours;
    private Namespace peer;

    @BeforeEach
    void start() {
        ours = Namespace.create();
        peer = Namespace.create();
        VethPair pair = VethPair.between(ours, peer).addresses("10.98.3.10/24", KERNEL + "/24").create();
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

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @ParameterizedTest
    @ValueSource(strings = {"packet", "xdp"})
    void theSameTemplateArrivesWithAnotherPriceEachTime(String kind) throws Exception {
        ByteArrayOutputStream pcap = new ByteArrayOutputStream();
        try (Link link = new CaptureLink(open(kind), Channels.newChannel(pcap));
                ServerSocket server = peer.call(() -> new ServerSocket(9000, 10))) {
            int free = link.frames().available();
            TcpStack stack = TcpStack.on(link).address(OURS + "/24").seed(31).build();
            StackRunner runner = StackRunner.start(stack, IdleStrategy.PARK);
            try {
                orders(stack, runner, server);
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
        String directory = System.getProperty("fixtures.write");
        if (directory != null && kind.equals("packet")) {
            Files.write(Path.of(directory, "template-linux.pcap"), pcap.toByteArray());
        }
    }

    private static void orders(TcpStack stack, StackRunner runner, ServerSocket server) throws Exception {
        BlockingQueue<Connection> connected = new ArrayBlockingQueue<>(1);
        BlockingQueue<Integer> results = new ArrayBlockingQueue<>(1);
        CountDownLatch closed = new CountDownLatch(1);
        MessageTemplate[] template = new MessageTemplate[1];
        assertTrue(runner.execute(() -> stack.connect(KERNEL, 9000, new ConnectionHandler() {
            @Override
            public void connected(Connection c) {
                template[0] = c.template(ORDER.length());
                template[0].known(0, ascii(ORDER.substring(0, PRICE_AT)));
                template[0].known(PRICE_AT + 7, ascii(ORDER.substring(PRICE_AT + 7)));
                connected.add(c);
            }

            @Override
            public int data(Connection c, MemorySegment memory, long offset, int length) {
                return length;
            }

            @Override
            public void closed(Connection c, CloseReason reason) {
                closed.countDown();
            }
        })));
        try (Socket socket = server.accept()) {
            socket.setSoTimeout(10_000);
            Connection c = connected.poll(10, TimeUnit.SECONDS);
            assertNotNull(c);
            for (String price : new String[] {"1234.25", "0999.50", "1300.75"}) {
                assertTrue(runner.execute(() -> {
                    template[0].update(PRICE_AT, ascii(price));
                    results.add(template[0].send(System.nanoTime()));
                }));
                assertEquals(MessageTemplate.FAST, results.poll(10, TimeUnit.SECONDS));
                String order = new String(socket.getInputStream().readNBytes(ORDER.length()), StandardCharsets.US_ASCII);
                assertEquals(ORDER.replace("####.##", price), order);
                Thread.sleep(60);
                assertTrue(runner.execute(() -> c.send(ascii("NOTE\n"), 0, 5)));
                assertEquals("NOTE\n", new String(socket.getInputStream().readNBytes(5), StandardCharsets.US_ASCII));
                Thread.sleep(60);
            }
            assertTrue(runner.execute(c::closeOutput));
            assertEquals(-1, socket.getInputStream().read());
        }
        assertTrue(closed.await(10, TimeUnit.SECONDS));
    }
}
