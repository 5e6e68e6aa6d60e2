package io.doorbell.tools.fuzz;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.PartialMessage;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** The user of one connection: it keeps what it sends, and compares what comes in with what was offered to the stack. */
final class FuzzUser implements ConnectionHandler {
    /** Bytes of one send at the most. */
    static final int MOST_AT_ONCE = 1 << 14;
    /** What is sent plainly: each byte is its position's low byte, so that one that is missing, or there twice, shows. */
    static final byte[] STREAM = new byte[MOST_AT_ONCE + 256];
    private static final byte[] CAME = new byte[1 << 16];

    static {
        for (int i = 0; i < STREAM.length; i++) {
            STREAM[i] = (byte) i;
        }
    }

    final SentStream sent = new SentStream();
    final UnusualSends unusual;
    final Delegated delegated;
    Connection connection;
    CloseReason closed;
    boolean connected;
    boolean peerClosed;
    /** The user has closed for reading too: what the peer still sends is answered with a RST. */
    boolean deaf;
    boolean finished;
    int appetite;
    long received;
    String fault;
    private final Stage stage;
    /** Initial sequence numbers of the peer's that all that was delivered agrees with; null before the first byte. */
    private List<Integer> beginnings;

    FuzzUser(Stage stage, int appetite) {
        this.stage = stage;
        this.appetite = appetite;
        this.unusual = new UnusualSends(stage, this);
        this.delegated = new Delegated(stage, this);
    }

    @Override
    public void connected(Connection opened) {
        connection = opened;
        connected = true;
    }

    @Override
    public int data(Connection from, MemorySegment memory, long offset, int length) {
        if (closed != null && length > 0) {
            fault = "data was delivered after closed()";
        }
        int taken = Math.min(length, appetite);
        if (appetite != Integer.MAX_VALUE) {
            appetite -= taken;
        }
        int at = 0;
        while (at < taken) {
            int part = Math.min(taken - at, CAME.length);
            MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, offset + at, CAME, 0, part);
            compare(from, part);
            received += part;
            at += part;
        }
        return taken;
    }

    private void compare(Connection from, int length) {
        Offered.Stream offered = stage.offered.of(from.remotePort(), from.localPort());
        if (beginnings == null) {
            beginnings = new ArrayList<>(offered.syns());
        }
        beginnings.removeIf(irs -> !offered.has(CAME, length, irs + 1 + (int) received));
        if (beginnings.isEmpty() && stage.followsAll()) {
            fault = "something that was never offered was delivered among " + length + " bytes from byte " + received;
        }
    }

    @Override
    public void partialOverdue(Connection from, PartialMessage message) {
        if (!message.isOpen()) {
            fault = "a partial message is overdue that is not open";
        }
    }

    @Override
    public void peerClosed(Connection from) {
        if (peerClosed) {
            fault = "peerClosed() was called twice";
        }
        peerClosed = true;
    }

    @Override
    public void closed(Connection from, CloseReason reason) {
        if (closed != null) {
            fault = "closed() was called twice";
        }
        closed = reason;
    }

    /** Whether what is sent now comes next in the stream: no message of a batch waits before it. */
    boolean mayStream(int length) {
        return connection != null && sent.length() + length <= SentStream.MOST && !stage.batchWaits(connection);
    }

    void send(int length) {
        int size = Math.min(length, MOST_AT_ONCE);
        if (finished || !mayStream(size)) {
            return;
        }
        int at = sent.length();
        sent.put(at, STREAM, at & 0xff, size);
        int result = connection.write(MemorySegment.ofArray(STREAM), at & 0xff, size);
        sent.truncate(at + Math.max(0, result));
        if (result > size) {
            fault = "write() took more than it was given";
        }
    }

    void closeOutput() {
        if (connected) {
            delegated.end();
            finished = true;
            connection.closeOutput();
        }
    }

    void close() {
        delegated.end();
        finished = true;
        deaf = true;
        connection.close();
    }

    void abort() {
        delegated.end();
        finished = true;
        deaf = true;
        connection.abort();
    }
}
