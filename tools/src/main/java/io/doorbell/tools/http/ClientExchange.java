package io.doorbell.tools.http;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.tcp.CloseReason;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * One request and its response on a connection of its own: {@code stack.connect(address, port, exchange)}, then poll
 * until {@link #done}. On the stack's thread.
 */
public final class ClientExchange implements ConnectionHandler {
    private static final int SCRATCH_BYTES = 64 * 1024;

    private enum State { HEAD, BODY, DONE }

    private final String method;
    private final byte[] requestHead;
    private final BodySource upload;
    private final BodySink sink;
    private final HeadBuffer head = new HeadBuffer();
    private final BodyDecoder body = new BodyDecoder();
    private final BodyPump pump = new BodyPump();
    private final ByteBuffer scratch = ByteBuffer.allocateDirect(SCRATCH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final MemorySegment scratchMemory = MemorySegment.ofBuffer(scratch);
    private State state = State.HEAD;
    private boolean sending;
    private boolean untilClose;
    private int status;
    private String failure;
    private long rttNanos;
    private long retransmissions;

    /**
     * @param host   as the Host field names it
     * @param target path and query
     * @param upload the request's body, or null
     * @param sink   takes the response's body, whatever its status
     */
    public ClientExchange(String method, String host, String target, BodySource upload, BodySink sink) {
        this.method = method;
        this.upload = upload;
        this.sink = sink;
        String length = upload == null ? "" : "Content-Length: " + upload.length() + "\r\n";
        String text = method + " " + target + " HTTP/1.1\r\nHost: " + host
                + "\r\nUser-Agent: doorbell\r\nAccept: */*\r\nConnection: close\r\n" + length + "\r\n";
        requestHead = text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** The response is complete, or there will be none. */
    public boolean done() {
        return state == State.DONE;
    }

    /** The response's status; 0 if there was none. */
    public int status() {
        return status;
    }

    /** Why there is no complete response, for people; null if there is. */
    public String failure() {
        return failure;
    }

    /** Bytes of the response's body. */
    public long received() {
        return body.bytes();
    }

    /** Bytes of the request's body that the stack took. */
    public long sent() {
        return pump.position();
    }

    /** The connection's smoothed round-trip time when the exchange ended. */
    public long rttNanos() {
        return rttNanos;
    }

    /** Segments sent again until the exchange ended. */
    public long retransmissions() {
        return retransmissions;
    }

    @Override
    public void connected(Connection connection) {
        sending = true;
        pump.start(requestHead, upload, true);
        writable(connection);
    }

    @Override
    public void writable(Connection connection) {
        if (sending) {
            int result = pump.pump(connection, scratch, scratchMemory);
            // A failed write is not the end: the peer may have answered and closed before it read everything.
            sending = result == BodyPump.WAITING;
        }
    }

    @Override
    public int data(Connection connection, MemorySegment memory, long offset, int length) {
        int taken = 0;
        while (taken < length && state != State.DONE) {
            if (state == State.HEAD) {
                taken += head.feed(memory, offset + taken, length - taken);
                headFed(connection);
            } else {
                int count = body.decode(memory, offset + taken, length - taken, sink);
                if (count < 0) {
                    fail(connection, count == BodyDecoder.MALFORMED ? "the server sent a malformed chunk"
                            : "the response could not be written");
                    return length;
                }
                taken += count;
                finishIfComplete(connection);
            }
        }
        return length;
    }

    private void headFed(Connection connection) {
        if (head.overflown()) {
            fail(connection, "the response's head has more than " + HeadBuffer.LIMIT + " bytes");
        } else if (head.complete()) {
            try {
                begin(head.take());
                finishIfComplete(connection);
            } catch (HttpProblem problem) {
                fail(connection, "the server's response is not HTTP/1.1: " + problem.getMessage());
            }
        }
    }

    private void begin(Head response) throws HttpProblem {
        String line = response.startLine();
        if (!line.matches("HTTP/1\\.[01] [1-5][0-9][0-9]( .*)?")) {
            throw new HttpProblem(400, "malformed status line");
        }
        int code = Integer.parseInt(line.substring(9, 12));
        if (code < 200) {
            return;
        }
        status = code;
        state = State.BODY;
        long length = response.bodyLength();
        // RFC 9112 section 6.3: these never have a body, whatever their fields say.
        if (method.equals("HEAD") || code == 204 || code == 304) {
            body.startLength(0);
        } else if (length == Head.CHUNKED) {
            body.startChunked();
        } else {
            untilClose = length == Head.UNSTATED;
            body.startLength(untilClose ? Long.MAX_VALUE : length);
        }
    }

    private void finishIfComplete(Connection connection) {
        if (state == State.BODY && body.done()) {
            finish(connection);
        }
    }

    private void finish(Connection connection) {
        state = State.DONE;
        rttNanos = connection.smoothedRttNanos();
        retransmissions = connection.retransmissions();
        pump.close();
        connection.close();
    }

    private void fail(Connection connection, String message) {
        failure = message;
        finish(connection);
    }

    @Override
    public void peerClosed(Connection connection) {
        if (state == State.BODY && untilClose) {
            finish(connection);
        } else if (state != State.DONE) {
            fail(connection, "the server closed the connection before its response was complete");
        } else {
            connection.close();
        }
    }

    @Override
    public void closed(Connection connection, CloseReason reason) {
        if (state != State.DONE) {
            state = State.DONE;
            pump.close();
            failure = switch (reason) {
                case REFUSED -> "connection refused: nothing listens on that port";
                case UNREACHABLE -> "host unreachable: it does not answer ARP, or a router says so";
                case TIMED_OUT -> "timed out: no answer";
                case RESET_BY_PEER -> "connection reset by the server";
                default -> "the connection was closed here (" + reason + ")";
            };
        }
    }
}
