package io.doorbell.tools.bench;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.counters.InspectionBlock;
import io.doorbell.tcp.CloseReason;
import io.doorbell.wire.Bytes;
import io.doorbell.xdp.XdpLink;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Doorbell's TCP at both ends: a stack for each, polled by its thread without a pause. */
final class DoorbellPingPong extends PingPong {
    private static final int PORT = 7;
    private static final long CONNECT_NANOS = 10_000_000_000L;
    /** Longer than an ACK may be delayed: nothing is left unacknowledged while the stacks rest. */
    private static final long SETTLE_NANOS = 60_000_000L;

    private final Asking asking;
    private final Answering answering;

    DoorbellPingPong(String name, PinnedThreads threads, XdpEnds ends) {
        this(name, threads, ends, null, null);
    }

    /** Between stacks that show themselves in these blocks, or do not if they are null. */
    DoorbellPingPong(String name, PinnedThreads threads, XdpEnds ends, InspectionBlock asked, InspectionBlock answered) {
        super(name, threads);
        answering = threads.onSecond(() -> new Answering(this, ends.right(), answered));
        asking = threads.onFirst(() -> new Asking(this, ends.left(), asked));
        threads.play(asking::connect, answering::accept, CONNECT_NANOS);
    }

    @Override
    long roundTripNanos(long number) {
        return asking.roundTripNanos(number);
    }

    @Override
    void settle() {
        asking.pollFor(asking.stack, SETTLE_NANOS);
    }

    @Override
    void answer() {
        answering.answer();
    }

    @Override
    public void close() {
        asking.stack.close();
        answering.stack.close();
    }

    /** Takes answers. */
    private static final class Asking extends End implements ConnectionHandler {
        private final TcpStack stack;
        private final MemorySegment request = Arena.ofAuto().allocate(MESSAGE_BYTES, 64);
        private final MemorySegment response = Arena.ofAuto().allocate(MESSAGE_BYTES, 64);
        private Connection connection;
        private boolean connected;
        private int received;
        private long receivedNanos;

        private Asking(PingPong of, XdpLink link, InspectionBlock shown) {
            super(of);
            stack = TcpStack.on(link).address(XdpEnds.LEFT + "/24").inspection(shown).build();
        }

        private void connect() {
            connection = stack.connect(XdpEnds.RIGHT, PORT, this);
            long begin = System.nanoTime();
            for (long now = begin; !connected; now = System.nanoTime()) {
                if (now - begin > CONNECT_NANOS) {
                    throw wrong("the two ends could not connect");
                }
                stack.poll(now);
                waiting();
            }
        }

        private long roundTripNanos(long number) {
            Bytes.putNative64(request, 0, number);
            received = 0;
            long begin = System.nanoTime();
            if (connection.send(request, 0, MESSAGE_BYTES) != MESSAGE_BYTES) {
                throw wrong("a request was refused");
            }
            stack.flush(begin);
            while (received < MESSAGE_BYTES) {
                stack.poll(System.nanoTime());
                waiting();
            }
            long answered = Bytes.native64(response, 0);
            if (answered != number || received != MESSAGE_BYTES) {
                throw wrong("the answer to " + number + " was " + answered);
            }
            return receivedNanos - begin;
        }

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

    /** What comes goes back, from where it lies. A request comes in one piece. */
    private static final class Answering extends End implements ConnectionHandler {
        private final TcpStack stack;
        private boolean connected;
        private long lastAnswered;

        private Answering(PingPong of, XdpLink link, InspectionBlock shown) {
            super(of);
            stack = TcpStack.on(link).address(XdpEnds.RIGHT + "/24").inspection(shown).build();
            stack.listen(PORT, accepted -> this);
        }

        private void accept() {
            while (!connected) {
                stack.poll(System.nanoTime());
                waiting();
            }
        }

        private void answer() {
            lastAnswered = 0;
            while (lastAnswered != LAST) {
                stack.poll(System.nanoTime());
                waiting();
            }
            pollFor(stack, 2 * SETTLE_NANOS);
        }

        @Override
        public void connected(Connection c) {
            connected = true;
        }

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
