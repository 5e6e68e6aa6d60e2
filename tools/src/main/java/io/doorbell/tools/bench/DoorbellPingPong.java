package io.doorbell.tools.bench;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.counters.InspectionBlock;
import io.doorbell.tcp.CloseReason;
import io.doorbell.wire.Bytes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Doorbell's TCP at both ends: a stack for each, polled by its thread without a pause. */
final class DoorbellPingPong extends PingPong {
    private static final int PORT = 7;
    private static final long CONNECT_NANOS = 10_000_000_000L;
    /** Longer than an ACK may be delayed: nothing is left unacknowledged while the stacks rest. */
    private static final long SETTLE_NANOS = 60_000_000L;

    private final TcpStack asking;
    private final TcpStack answering;
    private final Asker asker = new Asker();
    private final Connection connection;
    private final MemorySegment request = Arena.ofAuto().allocate(MESSAGE_BYTES, 64);
    private long lastAnswered;

    DoorbellPingPong(String name, PinnedThreads threads, XdpEnds ends) {
        this(name, threads, ends, null, null);
    }

    /** Between stacks that show themselves in these blocks, or do not if they are null. */
    DoorbellPingPong(String name, PinnedThreads threads, XdpEnds ends, InspectionBlock asked, InspectionBlock answered) {
        super(name, threads);
        asking = TcpStack.on(ends.left()).address(XdpEnds.LEFT + "/24").inspection(asked).build();
        answering = TcpStack.on(ends.right()).address(XdpEnds.RIGHT + "/24").inspection(answered).build();
        answering.listen(PORT, accepted -> new Echo());
        connection = asking.connect(XdpEnds.RIGHT, PORT, asker);
        long begin = System.nanoTime();
        for (long now = begin; !asker.connected && now - begin < CONNECT_NANOS; now = System.nanoTime()) {
            asking.poll(now);
            answering.poll(now);
        }
        if (!asker.connected) {
            throw wrong("the two ends could not connect");
        }
    }

    @Override
    long roundTripNanos(long number) {
        Bytes.putNative64(request, 0, number);
        asker.received = 0;
        long begin = System.nanoTime();
        if (connection.send(request, 0, MESSAGE_BYTES) != MESSAGE_BYTES) {
            throw wrong("a request was refused");
        }
        asking.flush(begin);
        while (asker.received < MESSAGE_BYTES) {
            asking.poll(System.nanoTime());
            waiting();
        }
        long answered = Bytes.native64(asker.response, 0);
        if (answered != number || asker.received != MESSAGE_BYTES) {
            throw wrong("the answer to " + number + " was " + answered);
        }
        return asker.receivedNanos - begin;
    }

    @Override
    void settle() {
        pollFor(asking, SETTLE_NANOS);
    }

    @Override
    void answer() {
        lastAnswered = 0;
        while (lastAnswered != LAST) {
            answering.poll(System.nanoTime());
            waiting();
        }
        pollFor(answering, 2 * SETTLE_NANOS);
    }

    private static void pollFor(TcpStack stack, long nanos) {
        long begin = System.nanoTime();
        for (long now = begin; now - begin < nanos; now = System.nanoTime()) {
            stack.poll(now);
        }
    }

    @Override
    public void close() {
        asking.close();
        answering.close();
    }

    /** The asking end: takes answers. */
    private final class Asker implements ConnectionHandler {
        private final MemorySegment response = Arena.ofAuto().allocate(MESSAGE_BYTES, 64);
        private boolean connected;
        private int received;
        private long receivedNanos;

        @Override
        public void connected(Connection c) {
            connected = true;
        }

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            if (received + length > MESSAGE_BYTES) {
                throw wrong("an answer is too long");
            }
            MemorySegment.copy(memory, offset, response, received, length);
            received += length;
            receivedNanos = System.nanoTime();
            return length;
        }

        @Override
        public void closed(Connection c, CloseReason reason) {
            if (reason != CloseReason.STACK_CLOSED) {
                throw wrong("the connection has ended: " + reason);
            }
        }
    }

    /** The answering end: what comes goes back, from where it lies. A request comes in one piece. */
    private final class Echo implements ConnectionHandler {
        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            if (length != MESSAGE_BYTES || c.send(memory, offset, length) != length) {
                throw wrong("a request came in pieces, or its answer was refused");
            }
            lastAnswered = Bytes.native64(memory, offset);
            return length;
        }
    }
}
