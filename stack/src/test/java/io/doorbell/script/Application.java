package io.doorbell.script;

import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.PartialMessage;
import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** The program on top of a scripted connection: it remembers what it was told and does only what the script says. */
public final class Application implements ConnectionHandler {
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private final ByteArrayOutputStream sent = new ByteArrayOutputStream();
    private final List<String> violations;
    private Connection connection;
    private int appetite = Integer.MAX_VALUE;
    private int delivered;
    private boolean connected;
    private boolean peerClosed;
    private int writable;
    private int overdue;
    private CloseReason closed;
    private boolean handleGone;
    private final List<String> heard = new ArrayList<>();
    private Consumer<Connection> onConnected = c -> { };
    private Consumer<Connection> onData = c -> { };
    private Consumer<Connection> onPeerClosed = c -> { };
    private Consumer<Connection> onClosed = c -> { };

    /** For a connection that no script follows. */
    public Application() {
        this(new ArrayList<>());
    }

    Application(List<String> violations) {
        this.violations = violations;
    }

    void attach(Connection owned) {
        connection = owned;
    }

    @Override
    public void connected(Connection c) {
        alive("connected");
        attach(c);
        if (connected) {
            violations.add("connected() was called twice");
        }
        connected = true;
        heard.add("connected");
        onConnected.accept(c);
    }

    @Override
    public int data(Connection c, MemorySegment memory, long offset, int length) {
        alive("data");
        attach(c);
        if (length <= 0) {
            violations.add("data() was called with " + length + " bytes");
        }
        if (peerClosed) {
            violations.add("data() was called after peerClosed()");
        }
        int taken = Math.min(appetite, length);
        received.writeBytes(memory.asSlice(offset, taken).toArray(ValueLayout.JAVA_BYTE));
        appetite -= appetite == Integer.MAX_VALUE ? 0 : taken;
        heard.add("data");
        onData.accept(c);
        return taken;
    }

    @Override
    public void writable(Connection c) {
        alive("writable");
        writable++;
    }

    @Override
    public void partialOverdue(Connection c, PartialMessage message) {
        alive("partialOverdue");
        overdue++;
    }

    @Override
    public void peerClosed(Connection c) {
        alive("peerClosed");
        attach(c);
        if (peerClosed) {
            violations.add("peerClosed() was called twice");
        }
        peerClosed = true;
        heard.add("peerClosed");
        onPeerClosed.accept(c);
    }

    @Override
    public void closed(Connection c, CloseReason reason) {
        alive("closed");
        closed = reason;
        handleGone = true;
        heard.add("closed");
        onClosed.accept(c);
    }

    /** What the program does when it is told that the connection is there. */
    public Application onConnected(Consumer<Connection> reaction) {
        onConnected = reaction;
        return this;
    }

    /** What the program does after it has taken offered data, before it returns. */
    public Application onData(Consumer<Connection> reaction) {
        onData = reaction;
        return this;
    }

    public Application onPeerClosed(Consumer<Connection> reaction) {
        onPeerClosed = reaction;
        return this;
    }

    public Application onClosed(Consumer<Connection> reaction) {
        onClosed = reaction;
        return this;
    }

    /** The names of the calls so far, in their order, the same ones in a row once. */
    public String heard() {
        List<String> distinct = new ArrayList<>();
        for (String call : heard) {
            if (distinct.isEmpty() || !distinct.getLast().equals(call)) {
                distinct.add(call);
            }
        }
        return String.join(" ", distinct);
    }

    private void alive(String call) {
        if (handleGone) {
            violations.add(call + "() was called after closed()");
        }
    }

    /** From now on at most {@code bytes} are taken from what is offered; {@code Integer.MAX_VALUE} for all. */
    void appetite(int bytes) {
        appetite = bytes;
    }

    /** Sends a text from within a call of the stack, or without a flush of its own; all of it must be taken. */
    public void write(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        wrote(bytes, bytes.length);
        if (connection.send(bytes, 0, bytes.length) != bytes.length) {
            violations.add("a send of " + bytes.length + " bytes was refused");
        }
    }

    /** Takes note of zeros that the script has sent past this class. */
    public void wroteZeros(int length) {
        wrote(new byte[length], length);
    }

    /** Takes note of bytes that the script has sent past this class. */
    public void wrote(byte[] bytes, int length) {
        sent.write(bytes, 0, length);
    }

    void took(byte[] bytes) {
        received.writeBytes(bytes);
    }

    byte[] sentBytes() {
        return sent.toByteArray();
    }

    int sentLength() {
        return sent.size();
    }

    /** The bytes delivered since the last call. */
    byte[] takeDelivered(int atMost) {
        byte[] all = received.toByteArray();
        int to = (int) Math.min((long) delivered + atMost, all.length);
        byte[] fresh = java.util.Arrays.copyOfRange(all, delivered, to);
        delivered = to;
        return fresh;
    }

    int undelivered() {
        return received.size() - delivered;
    }

    /** How many bytes the script has seen delivered. */
    int position() {
        return delivered;
    }

    public Connection connection() {
        return connection;
    }

    boolean isConnected() {
        return connected;
    }

    boolean isPeerClosed() {
        return peerClosed;
    }

    /** How often it was told of a partial message's deadline. */
    public int overdue() {
        return overdue;
    }

    int writableCalls() {
        return writable;
    }

    /** Null as long as the connection lives. */
    CloseReason closeReason() {
        return closed;
    }
}
