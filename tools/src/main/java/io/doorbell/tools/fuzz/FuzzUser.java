package io.doorbell.tools.fuzz;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.tcp.CloseReason;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The user of one connection. Both streams count: each byte is its position's (what is sent) or its sequence number's
 * (what comes in) low byte, so that a byte that is missing, or there twice, shows.
 */
final class FuzzUser implements ConnectionHandler {
    private static final int MOST_SENT = 1 << 14;
    private static final byte[] STREAM = new byte[MOST_SENT + 256];

    static {
        for (int i = 0; i < STREAM.length; i++) {
            STREAM[i] = (byte) i;
        }
    }

    Connection connection;
    CloseReason closed;
    boolean connected;
    boolean peerClosed;
    /** The user has closed for reading too: what the peer still sends is answered with a RST. */
    boolean deaf;
    boolean finished;
    int appetite;
    int sent;
    long received;
    /** What was delivered is not to be compared any more: a frame's content was changed under a valid checksum. */
    boolean anyContent;
    String fault;
    private int last = -1;

    FuzzUser(int appetite) {
        this.appetite = appetite;
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
        for (int i = 0; i < taken; i++) {
            int next = memory.get(ValueLayout.JAVA_BYTE, offset + i) & 0xff;
            if (last >= 0 && next != (last + 1 & 0xff) && !anyContent) {
                fault = "byte " + (received + i) + " of what was delivered is wrong";
            }
            last = next;
        }
        received += taken;
        return taken;
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

    void send(int length) {
        if (connection == null || finished) {
            return;
        }
        int result = connection.write(MemorySegment.ofArray(STREAM), sent & 0xff, Math.min(length, MOST_SENT));
        sent += Math.max(0, result);
    }

    void closeOutput() {
        if (connected) {
            finished = true;
            connection.closeOutput();
        }
    }

    void close() {
        finished = true;
        deaf = true;
        connection.close();
    }

    void abort() {
        finished = true;
        deaf = true;
        connection.abort();
    }
}
