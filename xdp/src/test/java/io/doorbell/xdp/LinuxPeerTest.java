package io.doorbell.xdp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.counters.Counter;
import io.doorbell.netns.Namespace;
import io.doorbell.netns.RequiresRoot;
import io.doorbell.netns.VethPair;
import io.doorbell.run.IdleStrategy;
import io.doorbell.run.StackRunner;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.TcpConfig;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Doorbell over AF_XDP against Linux's own TCP on the other end of a veth. */
@RequiresRoot
class LinuxPeerTest {
    private static final String OURS = "10.98.1.2";
    private static final String KERNEL = "10.98.1.1";

    private Namespace a;
    private Namespace b;
    private XdpLink link;
    private TcpStack stack;
    private StackRunner runner;
    private int frames;

    @BeforeEach
    void start() {
        a = Namespace.create();
        b = Namespace.create();
        VethPair.between(a, b).addresses("10.98.1.10/24", KERNEL + "/24").create();
        link = a.call(() -> XdpLink.on("veth0").address(OURS).frames(16384).open());
        frames = link.frames().available();
        stack = TcpStack.on(link).address(OURS + "/24")
                .tcp(TcpConfig.builder().timeWaitNanos(100_000_000L).halfOpenLimit(16384).build()).build();
        runner = StackRunner.start(stack, IdleStrategy.PARK);
    }

    @AfterEach
    void stop() {
        runner.close();
        link.close();
        a.close();
        b.close();
        assertNull(runner.failure());
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

    private void onStack(Runnable task) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        assertTrue(runner.execute(() -> {
            task.run();
            done.countDown();
        }));
        assertTrue(done.await(10, TimeUnit.SECONDS), () -> "the stack's thread does not answer: " + runner.failure());
    }

    private <T> T onStack(Callable<T> task) throws Exception {
        BlockingQueue<T> result = new ArrayBlockingQueue<>(1);
        onStack(() -> {
            try {
                result.add(task.call());
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        return result.take();
    }

    private static byte[] random(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private void awaitAllGivenBack() throws Exception {
        long until = System.nanoTime() + 10_000_000_000L;
        while (System.nanoTime() < until
                && !onStack(() -> stack.connections() == 0 && link.frames().available() == frames)) {
            Thread.sleep(20);
        }
        assertEquals(0, onStack(() -> stack.connections() + stack.halfOpen()));
        assertEquals(frames, onStack(() -> link.frames().available()));
    }

    @Test
    void linuxClientGetsEveryByteBack() throws Exception {
        onStack(() -> {
            stack.listen(7, c -> new Echo());
        });
        byte[] sent = random(20_000_000, 1);
        byte[] back = new byte[sent.length];
        b.call(() -> {
            try (Socket socket = new Socket(OURS, 7)) {
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
            }
            return null;
        });
        assertArrayEquals(sent, back);
        awaitAllGivenBack();
    }

    @Test
    void doorbellClientTalksToALinuxServer() throws Exception {
        byte[] sent = random(5_000_000, 2);
        ServerSocket server = b.call(() -> new ServerSocket(9000, 10));
        byte[] received = new byte[sent.length];
        BlockingQueue<CloseReason> closed = new ArrayBlockingQueue<>(1);
        onStack(() -> {
            stack.connect(KERNEL, 9000, new ConnectionHandler() {
                private int position;
                private int filled;

                @Override
                public void connected(Connection c) {
                    writable(c);
                }

                @Override
                public void writable(Connection c) {
                    position += c.write(MemorySegment.ofArray(sent), position, sent.length - position);
                    if (position == sent.length) {
                        c.closeOutput();
                    }
                }

                @Override
                public int data(Connection c, MemorySegment memory, long offset, int length) {
                    MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, offset, received, filled, length);
                    filled += length;
                    return length;
                }

                @Override
                public void closed(Connection c, CloseReason reason) {
                    closed.add(reason);
                }
            });
        });
        try (server; Socket socket = server.accept()) {
            byte[] all = socket.getInputStream().readAllBytes();
            assertArrayEquals(sent, all);
            socket.getOutputStream().write(all);
        }
        assertEquals(CloseReason.NORMAL, closed.poll(10, TimeUnit.SECONDS));
        assertArrayEquals(sent, received);
        awaitAllGivenBack();
    }

    @Test
    void refusedByLinux() throws Exception {
        BlockingQueue<CloseReason> closed = new ArrayBlockingQueue<>(1);
        onStack(() -> {
            stack.connect(KERNEL, 9999, new ConnectionHandler() {
                @Override
                public int data(Connection c, MemorySegment memory, long offset, int length) {
                    return length;
                }

                @Override
                public void closed(Connection c, CloseReason reason) {
                    closed.add(reason);
                }
            });
        });
        assertEquals(CloseReason.REFUSED, closed.poll(10, TimeUnit.SECONDS));
        awaitAllGivenBack();
    }

    @Test
    void tenThousandConnectionsFromLinuxFiveTimes() throws Exception {
        int count = 10_000;
        b.exec("sysctl", "-qw", "net.ipv4.ip_local_port_range=10000 65000");
        for (int round = 0; round < 5; round++) {
            int port = 9000 + round;
            onStack(() -> {
                stack.listen(port, c -> new Echo());
            });
            try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
                List<Future<?>> parts = new ArrayList<>();
                for (int part = 0; part < 4; part++) {
                    int seed = round * 4 + part;
                    parts.add(threads.submit(() -> b.run(() -> useConnections(port, count / 4, seed))));
                }
                for (Future<?> part : parts) {
                    part.get();
                }
            }
            awaitAllGivenBack();
        }
        assertEquals(5L * count, onStack(() -> stack.counters().get(Counter.TCP_PASSIVE_OPENS)));
    }

    private static void useConnections(int port, int count, int seed) {
        List<Socket> sockets = new ArrayList<>(count);
        Random random = new Random(seed);
        try {
            byte[][] messages = new byte[count][];
            for (int i = 0; i < count; i++) {
                Socket socket = new Socket();
                sockets.add(socket);
                socket.connect(new InetSocketAddress(OURS, port), 10_000);
                socket.setSoTimeout(10_000);
                messages[i] = new byte[1 + random.nextInt(300)];
                random.nextBytes(messages[i]);
            }
            for (int i = 0; i < count; i++) {
                OutputStream out = sockets.get(i).getOutputStream();
                out.write(messages[i]);
            }
            for (int i = 0; i < count; i++) {
                byte[] back = sockets.get(i).getInputStream().readNBytes(messages[i].length);
                assertTrue(Arrays.equals(messages[i], back), "connection " + i + " of seed " + seed);
            }
            for (Socket socket : sockets) {
                socket.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("seed " + seed + ", " + sockets.size() + " sockets", e);
        }
    }
}
