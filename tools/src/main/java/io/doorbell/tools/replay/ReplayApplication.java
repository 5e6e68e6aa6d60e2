package io.doorbell.tools.replay;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.tcp.CloseReason;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** The program at the captured end: it reads all that comes, and sends and closes when the capture says that it did. */
final class ReplayApplication implements ConnectionHandler {
    private final ByteArrayOutputStream delivered = new ByteArrayOutputStream();
    private byte[] outgoing = new byte[4096];
    private int queued;
    private Connection connection;
    private boolean connected;
    private int written;
    private boolean finDue;
    private boolean closesFully;
    private boolean ended;
    private boolean peerClosed;
    private CloseReason reason;

    void attach(Connection to) {
        connection = to;
    }

    /** Sends bytes when there is room for them. */
    void send(byte[] bytes) {
        if (queued + bytes.length > outgoing.length) {
            outgoing = Arrays.copyOf(outgoing, Math.max(2 * outgoing.length, queued + bytes.length));
        }
        System.arraycopy(bytes, 0, outgoing, queued, bytes.length);
        queued += bytes.length;
        pump();
    }

    /** Ends the sending half, behind what was sent. */
    void close(boolean fully) {
        finDue = true;
        closesFully = fully;
        pump();
    }

    void abort() {
        if (connection != null) {
            connection.abort();
        }
    }

    private void pump() {
        if (connection == null || !connected || ended) {
            return;
        }
        if (written < queued) {
            int taken = connection.write(MemorySegment.ofArray(outgoing), written, queued - written);
            written += Math.max(0, taken);
        }
        if (written == queued && finDue) {
            ended = true;
            if (closesFully) {
                connection.close();
            } else {
                connection.closeOutput();
            }
        }
    }

    @Override
    public void connected(Connection to) {
        connection = to;
        connected = true;
        pump();
    }

    @Override
    public void writable(Connection to) {
        pump();
    }

    @Override
    public int data(Connection from, MemorySegment memory, long offset, int length) {
        delivered.writeBytes(memory.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE));
        return length;
    }

    @Override
    public void peerClosed(Connection from) {
        peerClosed = true;
    }

    @Override
    public void closed(Connection from, CloseReason why) {
        reason = why;
    }

    byte[] delivered() {
        return delivered.toByteArray();
    }

    /** What has come in order, in bytes and one for the FIN. */
    int received() {
        return delivered.size() + (peerClosed ? 1 : 0);
    }

    boolean sawPeerClose() {
        return peerClosed;
    }

    /** Null as long as the connection lives. */
    CloseReason reason() {
        return reason;
    }
}
