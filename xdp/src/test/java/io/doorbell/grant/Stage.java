package io.doorbell.grant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.counters.Counter;
import io.doorbell.link.ImpairedLink;
import io.doorbell.link.Impairment;
import io.doorbell.link.Link;
import io.doorbell.netns.Namespace;
import io.doorbell.netns.VethPair;
import io.doorbell.packet.PacketLink;
import io.doorbell.run.IdleStrategy;
import io.doorbell.run.StackRunner;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.Grant;
import io.doorbell.tcp.GrantOptions;
import io.doorbell.tcp.GrantedRight;
import io.doorbell.xdp.EngineMemory;
import io.doorbell.xdp.XdpLink;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * A stack on queue 0 of a veth, connected to a socket of Linux at the other end, whose reader compares every byte. Engines
 * have links of their own, on queue 1 or over AF_PACKET.
 */
final class Stage implements AutoCloseable {
    static final String STACK = "10.98.7.2";
    static final String KERNEL = "10.98.7.1";
    private static final int ENGINE_FRAMES = 8192;
    private static final long PATIENCE_SECONDS = 600;
    private static final long GRANT_NANOS = 30_000_000_000L;

    final Namespace ours = Namespace.create();
    final Namespace peer = Namespace.create();
    final Messages messages;
    /** Numbers that the reader expects next, of the engine and of the owner. */
    final int[] read = new int[2];
    final TcpStack stack;
    final Connection connection;
    private final double loss;
    private final long seed;
    private final Link link;
    private final StackRunner runner;
    private final Socket socket;
    private final CompletableFuture<Throwable> reader = new CompletableFuture<>();
    private final CompletableFuture<CloseReason> closed = new CompletableFuture<>();
    private final MemorySegment ownerBuffer = Arena.ofAuto().allocate(Messages.HEADER + Messages.MOST);
    private final int free;
    private final int freeApart;
    private int ownerNumber;

    /** @param file null if all engines are threads */
    Stage(long seed, double loss, Path file) throws Exception {
        System.out.println("seed " + seed);
        this.seed = seed;
        this.loss = loss;
        messages = new Messages(seed);
        VethPair.between(ours, peer).queues(2).addresses("10.98.7.10/24", KERNEL + "/24").create();
        // What comes in must come in where the stack polls, and not where the engine sends.
        peer.exec("ethtool", "-L", "veth0", "tx", "1");
        var builder = XdpLink.on("veth0").address(STACK);
        Link below = ours.call(() -> (file == null ? builder
                : builder.engines(EngineMemory.at(file).withGrants(4).withFrames(2048))).open());
        link = impaired(below, 1);
        free = link.frames().available();
        freeApart = link.frames().availableApart();
        stack = TcpStack.on(link).address(STACK + "/24").seed(seed).build();
        try (ServerSocket server = peer.call(() -> new ServerSocket(9000, 1))) {
            CompletableFuture<Connection> connected = new CompletableFuture<>();
            runner = StackRunner.start(stack, IdleStrategy.PARK, () -> stack.connect(KERNEL, 9000, handler(connected)));
            server.setSoTimeout(30_000);
            socket = server.accept();
            connection = connected.get(30, TimeUnit.SECONDS);
        }
        Thread.ofPlatform().daemon().start(this::read);
    }

    private ConnectionHandler handler(CompletableFuture<Connection> connected) {
        return new ConnectionHandler() {
            @Override
            public void connected(Connection c) {
                connected.complete(c);
            }

            @Override
            public int data(Connection c, MemorySegment memory, long offset, int length) {
                return length;
            }

            @Override
            public void closed(Connection c, CloseReason reason) {
                closed.complete(reason);
            }
        };
    }

    private void read() {
        try {
            messages.readAll(socket.getInputStream(), read);
            reader.complete(null);
        } catch (Exception | Error e) {
            reader.complete(e);
        }
    }

    private Link impaired(Link below, long salt) {
        return loss == 0 ? below
                : new ImpairedLink(below, Impairment.builder().seed(seed * 31 + salt).loss(loss).build());
    }

    /** A link for an engine, or for many that die and leave their frames taken. */
    Link engineLink(String kind) {
        return impaired(ours.call(() -> kind.equals("xdp")
                ? XdpLink.on("veth0").queue(1).transmitOnly().frames(ENGINE_FRAMES).open()
                : PacketLink.on("veth0").transmitOnly().frames(ENGINE_FRAMES).open()), 2);
    }

    /** Runs something on the stack's thread and waits for it. */
    <T> T onStack(Supplier<T> task) throws Exception {
        CompletableFuture<T> done = new CompletableFuture<>();
        assertTrue(runner.execute(() -> {
            try {
                done.complete(task.get());
            } catch (RuntimeException | Error e) {
                done.completeExceptionally(e);
            }
        }), () -> "the stack has stopped: " + runner.failure());
        return done.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    /** Grants as soon as the grant before is over, and its memory let go of. */
    Grant grant(GrantOptions options) throws Exception {
        for (long until = System.nanoTime() + GRANT_NANOS; System.nanoTime() < until; LockSupport.parkNanos(100_000)) {
            Grant grant = onStack(() -> connection.grant(options));
            if (grant != null) {
                return grant;
            }
        }
        throw new AssertionError("the grant before is not over");
    }

    /** Has an engine send a message, and waits for its allowance. */
    int send(GrantedSender sender, int number) {
        MemorySegment buffer = Arena.ofAuto().allocate(Messages.HEADER + Messages.MOST);
        int length = messages.write(Messages.ENGINE, number, buffer);
        for (long until = System.nanoTime() + GRANT_NANOS; System.nanoTime() < until; ) {
            int code = sender.send(buffer, 0, length, System.nanoTime());
            if (code != GrantedSender.BACKPRESSURE) {
                return code;
            }
        }
        return GrantedSender.BACKPRESSURE;
    }

    void engineEnded(GrantedRight right) throws Exception {
        onStack(() -> {
            right.engineEnded();
            return null;
        });
    }

    /** Sends the owner's next message, if there is room. To be called on the stack's thread. */
    void ownerSends() {
        int length = messages.write(Messages.OWNER, ownerNumber, ownerBuffer);
        if (connection.send(ownerBuffer, 0, length) == length) {
            ownerNumber++;
        }
    }

    /** What has gone wrong until now: nothing may have. */
    void mustBeWell() {
        if (reader.isDone() && reader.join() != null) {
            throw new AssertionError("the reader: " + reader.join(), reader.join());
        }
        assertNull(runner.failure());
        assertTrue(!closed.isDone(), () -> "the connection has closed: " + closed.join());
    }

    /** Closes in order: the reader has got everything then. */
    void finish(int engineMessages) throws Exception {
        onStack(() -> {
            connection.closeOutput();
            return null;
        });
        Throwable wrong = reader.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (wrong != null) {
            throw new AssertionError("the reader: " + wrong, wrong);
        }
        assertEquals(engineMessages, read[Messages.ENGINE]);
        assertEquals(ownerNumber, read[Messages.OWNER]);
        socket.close();
        assertEquals(CloseReason.NORMAL, closed.get(60, TimeUnit.SECONDS));
        System.out.println(read[0] + " messages by grant, " + read[1] + " by the owner; leases "
                + count(Counter.GRANT_LEASES) + ", asked " + count(Counter.GRANTS_ASKED) + ", recalled "
                + count(Counter.GRANTS_RECALLED) + ", fenced " + count(Counter.GRANTS_FENCED) + ", retransmitted "
                + count(Counter.TCP_RETRANSMITTED_SEGMENTS));
        assertEquals(0, count(Counter.GRANTS_MISUSED));
        framesAreBack();
    }

    long count(Counter counter) {
        return stack.counters().get(counter);
    }

    private void framesAreBack() {
        runner.close();
        assertNull(runner.failure());
        link.flush(0);
        for (int i = 0; i < 100 && link.frames().available() < free; i++) {
            link.receive((memory, offset, length) -> { }, 64, System.nanoTime());
            LockSupport.parkNanos(1_000_000);
        }
        assertEquals(free, link.frames().available());
        assertEquals(freeApart, link.frames().availableApart());
    }

    @Override
    public void close() throws IOException {
        runner.close();
        link.close();
        socket.close();
        ours.close();
        peer.close();
    }

    static long seed() {
        return Long.getLong("delegated.seed", System.nanoTime() & 0xffff_ffffL);
    }

    /** A seed with which the engine's first message takes a whole segment at the most, and has some content. */
    static long seedOfOneSegment() {
        long seed = seed();
        while (!fitsOneSegment(new Messages(seed).contentBytes(Messages.ENGINE, 0))) {
            seed++;
        }
        return seed;
    }

    private static boolean fitsOneSegment(int contentBytes) {
        return contentBytes >= 100 && contentBytes <= 1400;
    }

    /** A number of times that a longer run may raise: {@code -Ddelegated.NAME=N}. */
    static int times(String name, int usual) {
        return Integer.getInteger("delegated." + name, usual);
    }

}
