package io.doorbell.script;

import io.doorbell.Connection;
import io.doorbell.counters.Counter;
import io.doorbell.tcp.CloseReason;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** What came of it, as the application, the stack's tables and its counters tell. */
abstract class Outcomes extends Stage {
    abstract Script self();

    Application application() {
        if (current.application == null) {
            throw transcript.failure("the stack has not made the connection " + current);
        }
        return current.application;
    }

    public Connection connection() {
        return application().connection();
    }

    public Script expectDelivered(String text) {
        byte[] bytes = application().takeDelivered(Integer.MAX_VALUE);
        require(Arrays.equals(bytes, text.getBytes(StandardCharsets.ISO_8859_1)),
                "delivered is \"" + Sent.printable(bytes) + "\", not \"" + text + '"');
        return self();
    }

    /** Exactly the next {@code length} bytes of the peer's stream were delivered. */
    public Script expectDelivered(int length) {
        int position = application().position();
        byte[] bytes = application().takeDelivered(Integer.MAX_VALUE);
        require(bytes.length == length, "delivered are " + bytes.length + " bytes, not " + length);
        for (int i = 0; i < length; i++) {
            require(bytes[i] == Flow.peerByte(position + 1 + i), "delivered byte " + (position + i) + " is wrong");
        }
        return self();
    }

    /** Established, and the application knows. */
    public Script expectConnected() {
        require(!current.active || application().isConnected(), "the application was not told that it is connected");
        return expectState("ESTABLISHED");
    }

    public Script expectPeerClosed() {
        require(application().isPeerClosed(), "the application was not told of the peer's FIN");
        return self();
    }

    public Script expectPeerNotClosed() {
        require(!application().isPeerClosed(), "the application was told of a FIN already");
        return self();
    }

    /** How often the application was told that it can write again. */
    public int writableCalls() {
        return application().writableCalls();
    }

    public Script expectWritable() {
        require(application().writableCalls() > 0, "the application was not told that it can write again");
        return self();
    }

    /** The application was told the end, and any of these reasons is right. */
    public Script expectClosed(CloseReason... reasons) {
        CloseReason reason = application().closeReason();
        require(reason != null, "the application was not told that the connection is closed");
        require(reasons.length == 0 || Arrays.asList(reasons).contains(reason),
                "the connection was closed with " + reason + ", not " + Arrays.toString(reasons));
        return self();
    }

    public Script expectOpen() {
        require(application().closeReason() == null, "the connection is closed: " + application().closeReason());
        return self();
    }

    public Script expectState(String name) {
        require(connection().state().equals(name), "the state is " + connection().state() + ", not " + name);
        return self();
    }

    /** Connections in any state, half-open ones and TIME-WAIT included. */
    public Script expectConnections(int count) {
        int rows = stack.connections() + stack.halfOpen();
        require(rows == count, "there are " + rows + " connections, not " + count);
        return self();
    }

    public long counter(Counter counter) {
        start();
        return stack.counters().get(counter);
    }

    public Script expectCounter(Counter counter, long value) {
        require(counter(counter) == value, counter.label() + " is " + counter(counter) + ", not " + value);
        return self();
    }

    public void require(boolean holds, String otherwise) {
        if (!holds) {
            throw transcript.failure(otherwise);
        }
    }
}
