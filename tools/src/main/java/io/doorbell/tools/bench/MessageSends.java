package io.doorbell.tools.bench;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tools.cli.ExitCode;
import io.doorbell.tools.cli.UserError;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReference;
import org.HdrHistogram.Histogram;

/**
 * Messages of which all but the last eight bytes are known beforehand, sent one at a time: each is timed from the moment
 * at which those bytes are known to the moment at which its descriptor is published and the doorbell may be rung. The
 * other end acknowledges each one before the next is sent.
 */
abstract class MessageSends extends Contestant<PostedTimes> {
    private static final long LONGEST_NANOS = 1_000_000_000L;
    private static final int DIGITS = 3;
    private static final long CONNECT_NANOS = 10_000_000_000L;
    private static final int PORT = 5000;
    private static final int POLLS = 1000;

    private final PinnedThreads threads;
    private final PostedTimeLink link;
    private final TcpStack sending;
    private final TcpStack receiving;
    private final NumberedMessages received;
    private final Histogram times = new Histogram(LONGEST_NANOS, DIGITS);
    private final Histogram returned = new Histogram(LONGEST_NANOS, DIGITS);
    private final Connection connection;
    private final int messageBytes;
    private final int roomWhenIdle;
    private volatile boolean sent;
    private long number;
    private long allocated;

    /** Opens a connection of its own between two stacks that several contestants share. */
    MessageSends(String name, int messageBytes, int index, PinnedThreads threads, PostedTimeLink link,
                 TcpStack sending, TcpStack receiving, String address) {
        super(name);
        this.threads = threads;
        this.link = link;
        this.sending = sending;
        this.receiving = receiving;
        this.messageBytes = messageBytes;
        received = threads.onSecond(() -> new NumberedMessages(messageBytes));
        receiving.listen(PORT + index, accepted -> received);
        AtomicReference<Connection> opened = new AtomicReference<>();
        threads.play(() -> connect(address, PORT + index, opened), () -> accept(opened), CONNECT_NANOS);
        connection = opened.get();
        roomWhenIdle = connection.sendSpace();
        threads.onFirst(() -> {
            prepare(connection);
            return connection;
        });
    }

    private void connect(String address, int port, AtomicReference<Connection> opened) {
        Connection opening = sending.connect(address, port, new Sender());
        long begin = System.nanoTime();
        for (long now = begin; !opening.state().equals("ESTABLISHED"); now = System.nanoTime()) {
            if (now - begin > CONNECT_NANOS) {
                throw wrong("the two ends could not connect");
            }
            sending.poll(now);
        }
        opened.set(opening);
    }

    private void accept(AtomicReference<Connection> opened) {
        while (opened.get() == null) {
            receiving.poll(System.nanoTime());
            if (threads.failed().raised()) {
                throw wrong("broken off");
            }
        }
    }

    final int messageBytes() {
        return messageBytes;
    }

    /** Forms what is known beforehand. */
    abstract void prepare(Connection connection);

    /** What the sending thread does between two sends; nothing is due at its end. */
    void beforeSend(Connection connection, TcpStack stack) {
        // The next send follows at once.
    }

    /** Whether a round of warming up must not end yet. */
    boolean training() {
        return false;
    }

    /**
     * The number is the last eight bytes of the message; they are known now, and the message leaves.
     *
     * @return whether it was posted at once; if not, it will leave later all the same
     */
    abstract boolean send(Connection connection, TcpStack stack, long number, long nowNanos);

    @Override
    final PostedTimes round(long nanos) {
        times.reset();
        returned.reset();
        sent = false;
        threads.play(() -> sendFor(nanos), this::receive, nanos);
        if (received.received() != number) {
            throw wrong(received.received() + " of " + number + " messages arrived");
        }
        return new PostedTimes(times.copy(), returned.getValueAtPercentile(50), allocated);
    }

    private void sendFor(long nanos) {
        long allocatedBefore = ThreadStatus.allocatedBytes();
        long until = System.nanoTime() + nanos;
        long now;
        do {
            beforeSend(connection, sending);
            long frames = link.posted();
            long begin = System.nanoTime();
            boolean posted = send(connection, sending, ++number, begin);
            if (posted && link.posted() == frames + 1) {
                returned.recordValue(Math.min(System.nanoTime() - begin, LONGEST_NANOS));
                times.recordValue(Math.min(link.postedNanos() - begin, LONGEST_NANOS));
            }
            awaitAcknowledgement();
            now = System.nanoTime();
        } while (now - until < 0 || training());
        allocated = ThreadStatus.allocatedBytes() - allocatedBefore;
        sent = true;
    }

    private void awaitAcknowledgement() {
        while (connection.sendSpace() < roomWhenIdle) {
            sending.poll(System.nanoTime());
            if (threads.failed().raised()) {
                throw wrong("broken off");
            }
        }
    }

    private void receive() {
        TcpStack stack = receiving;
        while (!sent) {
            // Looked at seldom: what both ends touch at every message is in the way of the sender.
            for (int i = 0; i < POLLS; i++) {
                stack.poll(System.nanoTime());
            }
            if (threads.failed().raised()) {
                throw wrong("broken off");
            }
        }
    }

    private UserError wrong(String what) {
        return new UserError(ExitCode.FAILED, name() + ": " + what);
    }

    @Override
    public void close() {
        connection.abort();
    }

    private final class Sender implements ConnectionHandler {
        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            throw wrong("bytes came back");
        }

        @Override
        public void closed(Connection c, CloseReason reason) {
            if (reason != CloseReason.STACK_CLOSED && reason != CloseReason.ABORTED) {
                throw wrong("the connection has ended: " + reason);
            }
        }
    }
}
