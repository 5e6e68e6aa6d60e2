package io.doorbell.tools.bench;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.counters.InspectionBlock;
import io.doorbell.link.PipeLink;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.TcpConfig;
import io.doorbell.tools.cli.ExitCode;
import io.doorbell.tools.cli.UserError;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Two stacks on a cable in memory, polled by one thread, with any number of connections. The server shows itself. */
final class ManyConnections implements AutoCloseable, ConnectionHandler {
    static final int MESSAGE_BYTES = 64;

    private static final String SERVER = "10.77.5.1";
    private static final String CLIENT = "10.77.5.2";
    /** RFC 6056: a client has so many ports for each port of a server. */
    private static final int PORTS_OF_A_CLIENT = 16_000;
    private static final int BATCH = 400;
    private static final long CONNECT_NANOS = 10_000_000_000L;

    private final PipeLink.Pair pair = PipeLink.pair();
    private final TcpStack server;
    private final TcpStack client;
    private final Connection[] clients;
    private final MemorySegment message = Arena.ofAuto().allocate(MESSAGE_BYTES, 64);
    private int connected;
    private int answered;
    private int next;

    /** @param shown where the server shows its connections */
    ManyConnections(int count, InspectionBlock shown) {
        TcpConfig config = TcpConfig.builder().maxConnections(count + 100).build();
        server = TcpStack.on(pair.left()).address(SERVER + "/24").tcp(config).inspection(shown).build();
        client = TcpStack.on(pair.right()).address(CLIENT + "/24").tcp(config).build();
        clients = new Connection[count];
    }

    /** Opens all connections. To be called by the thread that polls. */
    void connect() {
        for (int port = 1; port <= clients.length / PORTS_OF_A_CLIENT + 1; port++) {
            server.listen(port, accepted -> new Echo());
        }
        for (int i = 0; i < clients.length; i++) {
            clients[i] = client.connect(SERVER, 1 + i / PORTS_OF_A_CLIENT, this);
            if (i % BATCH == BATCH - 1 || i == clients.length - 1) {
                long begin = System.nanoTime();
                while (connected <= i) {
                    poll();
                    if (System.nanoTime() - begin > CONNECT_NANOS) {
                        throw new UserError(ExitCode.FAILED, "only " + connected + " connections could be opened");
                    }
                }
            }
        }
    }

    private void poll() {
        client.poll(System.nanoTime());
        server.poll(System.nanoTime());
    }

    /** A request and its answer, on one of the first {@code among} connections after the other; how long they took. */
    long exchangeNanos(int among) {
        next = next + 1 < among ? next + 1 : 0;
        answered = 0;
        long begin = System.nanoTime();
        if (clients[next].send(message, 0, MESSAGE_BYTES) != MESSAGE_BYTES) {
            throw new UserError(ExitCode.FAILED, "a request was refused");
        }
        while (answered < MESSAGE_BYTES) {
            poll();
        }
        return System.nanoTime() - begin;
    }

    @Override
    public void connected(Connection c) {
        connected++;
    }

    @Override
    public int data(Connection c, MemorySegment memory, long offset, int length) {
        answered += length;
        return length;
    }

    @Override
    public void closed(Connection c, CloseReason reason) {
        if (reason != CloseReason.STACK_CLOSED) {
            throw new UserError(ExitCode.FAILED, "a connection has ended: " + reason);
        }
    }

    @Override
    public void close() {
        client.close();
        server.close();
        pair.close();
    }

    /** The answering end: what comes goes back. */
    private static final class Echo implements ConnectionHandler {
        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            return Math.max(0, c.write(memory, offset, length));
        }
    }
}
