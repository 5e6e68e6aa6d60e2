package io.doorbell.tools.bench;

import io.doorbell.Batch;
import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.ConnectionSet;
import io.doorbell.Listener;
import io.doorbell.TcpStack;
import io.doorbell.link.FramePool;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Doorbell as the server: everything in one batch. */
final class DoorbellFanOut extends FanOut {
    private static final long MOST_REST_NANOS = 1_000_000_000L;

    private final TcpStack stack;
    private final PostedTimeLink link;
    private final Batch batch;
    private final ConnectionSet connections = new ConnectionSet();
    private final Listener listener;
    private final FanOutClients clients;
    private final MemorySegment message;
    private final int messages;

    DoorbellFanOut(String name, PinnedThreads threads, TcpStack stack, PostedTimeLink link, Batch batch, FanOutClients clients,
                   FanOutCommand.Size size, String address, int port, int payload) {
        super(name, threads, clients, (long) size.messages() * size.clients() * payload);
        this.stack = stack;
        this.link = link;
        this.batch = batch;
        this.clients = clients;
        this.messages = size.messages();
        this.message = Arena.ofAuto().allocate(payload, 64);
        listener = stack.listen(port, this::accept);
        threads.play(() -> {
            while (connections.size() < size.clients()) {
                stack.poll(System.nanoTime());
                waiting();
            }
        }, () -> clients.connect(size.clients(), address, port), 60_000_000_000L);
    }

    private ConnectionHandler accept(Connection connection) {
        connections.add(connection);
        return new Silent();
    }

    @Override
    void send() {
        for (int i = 0; i < messages; i++) {
            batch.add(batch.put(message, 0, (int) message.byteSize()), connections);
        }
        batch.flush(System.nanoTime());
        while (batch.leaving()) {
            stack.poll(System.nanoTime());
            waiting();
        }
    }

    @Override
    void settle() {
        stack.poll(System.nanoTime());
    }

    /** Until all is acknowledged: otherwise the next round would begin with timers that expired long ago. */
    @Override
    void rest() {
        FramePool frames = stack.link().frames();
        long until = System.nanoTime() + MOST_REST_NANOS;
        while (frames.available() < frames.capacity() && System.nanoTime() - until < 0) {
            settle();
            waiting();
        }
    }

    @Override
    long callNanos() {
        return link.flushNanos();
    }

    @Override
    String systemCall() {
        return "sendto";
    }

    @Override
    long calls() {
        return batch.allDoorbells();
    }

    @Override
    long packets() {
        return batch.allPackets();
    }

    /** Takes the clients down. Idempotent. */
    @Override
    public void close() {
        listener.close();
        clients.close();
        for (int i = connections.size() - 1; i >= 0; i--) {
            connections.get(i).abort();
        }
        stack.poll(System.nanoTime());
    }

    /** Hears nothing, as the clients say nothing. */
    private final class Silent implements ConnectionHandler {
        @Override
        public int data(Connection connection, MemorySegment memory, long offset, int length) {
            throw wrong("a client has sent something");
        }
    }
}
