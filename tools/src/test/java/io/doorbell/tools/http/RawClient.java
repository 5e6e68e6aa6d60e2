package io.doorbell.tools.http;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.tcp.CloseReason;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/** Sends what a test tells it, and keeps what comes back. */
final class RawClient implements ConnectionHandler {
    Connection connection;
    CloseReason closed;
    boolean peerClosed;
    /** While set, nothing is taken: a reader that is busy elsewhere. */
    boolean paused;
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();

    @Override
    public void connected(Connection established) {
        connection = established;
    }

    void send(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        if (bytes.length > 0 && connection.send(bytes, 0, bytes.length) != bytes.length) {
            throw new AssertionError("no room for " + bytes.length + " bytes");
        }
    }

    @Override
    public int data(Connection from, MemorySegment memory, long offset, int length) {
        if (paused) {
            return 0;
        }
        byte[] bytes = memory.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
        received.write(bytes, 0, length);
        return length;
    }

    @Override
    public void peerClosed(Connection from) {
        peerClosed = true;
        from.close();
    }

    @Override
    public void closed(Connection from, CloseReason reason) {
        closed = reason;
    }

    int received() {
        return received.size();
    }

    String text() {
        return received.toString(StandardCharsets.ISO_8859_1);
    }

    byte[] bytes() {
        return received.toByteArray();
    }
}
