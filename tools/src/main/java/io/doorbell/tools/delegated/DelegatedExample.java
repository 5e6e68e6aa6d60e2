package io.doorbell.tools.delegated;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.link.Link;
import io.doorbell.netns.Namespace;
import io.doorbell.netns.VethPair;
import io.doorbell.run.IdleStrategy;
import io.doorbell.run.StackRunner;
import io.doorbell.tcp.Grant;
import io.doorbell.tcp.GrantOptions;
import io.doorbell.tcp.MessageTemplate;
import io.doorbell.tools.demo.Cleanup;
import io.doorbell.xdp.EngineMemory;
import io.doorbell.xdp.XdpLink;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Delegated sends between processes, small enough to read: this process has the stack and the connection, {@link
 * OrderEngine} in another sends orders on it, and Linux's TCP at the other end reads them. Some engines are killed in the
 * middle; the stack fences each, sends what it has published, and grants the right to the next.
 */
public final class DelegatedExample {
    private static final String STACK = "10.78.0.2";
    private static final String EXCHANGE = "10.78.0.1";
    private static final int PORT = 9000;
    private static final int GRANTED_BYTES = 10_000;
    private static final long PATIENCE_NANOS = 10_000_000;
    private static final int KILL_NANOS = 200_000_000;
    private static final long SECONDS = 60;

    private final int orders;
    private final int kills;
    private final Random random;
    private final PrintStream out;
    private final Cleanup cleanup = new Cleanup();
    private final Path file = Path.of("/dev/shm", "doorbell-" + ProcessHandle.current().pid() + ".grants");
    private Namespace stackSide;
    private StackRunner runner;
    private Connection connection;
    /** What engines send, all but the number: it goes with each grant. */
    private MessageTemplate order;

    /**
     * @param orders how many there are to be in all
     * @param kills  how many engines are killed before one may send to the end
     * @param seed   of the moments at which they are killed
     */
    public DelegatedExample(int orders, int kills, long seed, PrintStream out) {
        this.orders = orders;
        this.kills = kills;
        this.random = new Random(seed);
        this.out = out;
    }

    /** @return whether the other end has read each order once, in order */
    public boolean run() throws IOException, InterruptedException, ExecutionException, TimeoutException {
        try (cleanup) {
            CompletableFuture<Integer> read = connect();
            order = onStack(this::prepare);
            int next = 1;
            for (int i = 0; i <= kills && next <= orders; i++) {
                next += engine(next, i < kills);
            }
            onStack(() -> {
                connection.closeOutput();
                return null;
            });
            int good = read.get(SECONDS, TimeUnit.SECONDS);
            out.println(good + " of " + orders + " orders arrived, each once and in order.");
            return good == orders;
        }
    }

    /** The stack on queue 0, with a file for engines, and a connection to a socket of the kernel. */
    private CompletableFuture<Integer> connect() throws IOException, InterruptedException, ExecutionException,
            TimeoutException {
        stackSide = cleanup.add(Namespace.create());
        Namespace exchange = cleanup.add(Namespace.create());
        VethPair.between(stackSide, exchange).queues(2).addresses(null, EXCHANGE + "/24").create();
        // What comes in must come in on the stack's queue: the one that the other end sends on.
        exchange.exec("ethtool", "-L", "veth0", "tx", "1");
        Link link = cleanup.add(stackSide.call(() -> XdpLink.on("veth0").queue(0).address(STACK)
                .engines(EngineMemory.at(file)).open()));
        TcpStack stack = TcpStack.on(link).address(STACK + "/24").build();
        ServerSocket server = cleanup.add(exchange.call(() -> new ServerSocket(PORT, 1)));
        CompletableFuture<Connection> connected = new CompletableFuture<>();
        runner = cleanup.add(StackRunner.start(stack, IdleStrategy.PARK,
                () -> stack.connect(EXCHANGE, PORT, new ConnectionHandler() {
                    @Override
                    public void connected(Connection c) {
                        connected.complete(c);
                    }

                    @Override
                    public int data(Connection c, MemorySegment memory, long offset, int length) {
                        return length;
                    }
                })));
        connection = connected.get(SECONDS, TimeUnit.SECONDS);
        Socket socket = cleanup.add(server.accept());
        out.println("Process " + ProcessHandle.current().pid() + " has the stack and the connection " + connection + ".");
        return CompletableFuture.supplyAsync(() -> read(socket));
    }

    private MessageTemplate prepare() {
        MessageTemplate template = connection.template(Order.BYTES);
        template.known(0, MemorySegment.ofArray(Order.BEGINNING), 0, Order.BEGINNING.length);
        template.known(Order.BYTES - 1, MemorySegment.ofArray(Order.END), 0, Order.END.length);
        return template;
    }

    /** Reads to the end of the stream; how many lines were what they had to be, up to the first that was not. */
    private int read(Socket socket) {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(socket.getInputStream(),
                StandardCharsets.US_ASCII))) {
            int good = 0;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.equals(Order.line(good + 1))) {
                    out.println("After order " + good + " came '" + line + "'.");
                    return good;
                }
                good++;
            }
            return good;
        } catch (IOException e) {
            out.println("The other end read no further: " + e.getMessage());
            return -1;
        }
    }

    /** One grant, for one engine's process. Returns how many orders were sent by it. */
    private int engine(int first, boolean kill) throws IOException, InterruptedException, ExecutionException,
            TimeoutException {
        Grant grant = onStack(() -> connection.grant(GrantOptions.of(GRANTED_BYTES), order));
        while (grant == null) {
            // The last one is not over before its frames are back.
            LockSupport.parkNanos(PATIENCE_NANOS);
            grant = onStack(() -> connection.grant(GrantOptions.of(GRANTED_BYTES), order));
        }
        Process engine = stackSide.command(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "--enable-native-access=ALL-UNNAMED",
                "-cp", System.getProperty("java.class.path"), OrderEngine.class.getName(), file.toString(), "veth0", "1",
                Integer.toString(first), Integer.toString(orders + 1)).redirectErrorStream(true).start();
        cleanup.add((AutoCloseable) engine::destroyForcibly);
        try (BufferedReader lines = engine.inputReader()) {
            out.println("Engine " + engine.pid() + ": " + lines.readLine());
            if (kill) {
                LockSupport.parkNanos(random.nextInt(KILL_NANOS));
                engine.destroyForcibly();
            } else {
                lines.lines().forEach(line -> out.println("Engine " + engine.pid() + ": " + line));
            }
            engine.waitFor(SECONDS, TimeUnit.SECONDS);
        }
        return end(grant, engine.pid(), kill);
    }

    /** The stack takes back what an engine cannot give back any more. */
    private int end(Grant grant, long process, boolean killed) throws InterruptedException, ExecutionException,
            TimeoutException {
        onStack(() -> {
            grant.recall(System.nanoTime() + PATIENCE_NANOS);
            return null;
        });
        while (!onStack(grant::isOver)) {
            LockSupport.parkNanos(PATIENCE_NANOS / 10);
        }
        onStack(() -> {
            grant.engineEnded();
            return null;
        });
        int sent = (int) (onStack(grant::sentBytes) / Order.BYTES);
        if (killed) {
            out.println("Engine " + process + " was killed. It had published " + sent + " orders: they are the stack's now.");
        }
        return sent;
    }

    private <T> T onStack(Supplier<T> task) throws InterruptedException, ExecutionException, TimeoutException {
        CompletableFuture<T> done = new CompletableFuture<>();
        if (!runner.execute(() -> done.complete(task.get()))) {
            throw new IllegalStateException("the stack has stopped", runner.failure());
        }
        return done.get(SECONDS, TimeUnit.SECONDS);
    }
}
