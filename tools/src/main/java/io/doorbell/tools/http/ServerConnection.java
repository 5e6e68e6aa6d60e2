package io.doorbell.tools.http;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.tcp.CloseReason;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** One client's connection: requests one after the other, pipelined or not, each answered before the next is read. */
final class ServerConnection implements ConnectionHandler {
    /** Bytes of an unwanted body that are read and dropped so that the client sees the answer before a reset. */
    private static final long LINGER_BYTES = 16L << 20;
    private static final byte[] CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1);

    private enum State { HEAD, BODY, RESPONSE, LINGER, ENDED }

    private final HttpServer server;
    private final HeadBuffer head = new HeadBuffer();
    private final BodyDecoder body = new BodyDecoder();
    private final BodyPump pump = new BodyPump();
    private State state = State.HEAD;
    private Request request;
    private Answer receiving;
    private int status;
    private long received;
    private boolean keepAlive;
    private boolean peerClosed;
    private long lingered;

    ServerConnection(HttpServer server) {
        this.server = server;
    }

    @Override
    public int data(Connection connection, MemorySegment memory, long offset, int length) {
        int taken = 0;
        while (taken < length) {
            switch (state) {
                case HEAD -> {
                    taken += head.feed(memory, offset + taken, length - taken);
                    headFed(connection);
                }
                case BODY -> {
                    int count = body.decode(memory, offset + taken, length - taken, receiving.sink);
                    taken += Math.max(count, 0);
                    bodyFed(connection, count);
                }
                case RESPONSE -> {
                    // What a pipelining client sent ahead stays with the stack, and closes its window in the end.
                    return taken;
                }
                case LINGER -> {
                    linger(connection, length - taken);
                    return length;
                }
                default -> {
                    return length;
                }
            }
        }
        return taken;
    }

    private void headFed(Connection connection) {
        if (head.overflown()) {
            refuse(connection, 431, "the request's head has more than " + HeadBuffer.LIMIT + " bytes");
        } else if (head.complete()) {
            try {
                request = Request.of(head.take());
            } catch (HttpProblem problem) {
                refuse(connection, problem.status(), problem.getMessage());
                return;
            }
            begin(connection);
        }
    }

    private void begin(Connection connection) {
        keepAlive = request.keepAlive();
        received = 0;
        Answer answer = server.site.answer(request);
        long stated = request.bodyLength();
        if (answer.sink == null) {
            // The body was not asked for: the rest of the connection cannot be read without reading it.
            keepAlive &= stated == 0;
            respond(connection, answer);
            return;
        }
        receiving = answer;
        if (stated == Head.CHUNKED) {
            body.startChunked();
        } else {
            body.startLength(stated);
        }
        state = State.BODY;
        if (body.done()) {
            bodyFed(connection, 0);
        } else if (request.expectsContinue()) {
            connection.send(CONTINUE, 0, CONTINUE.length);
        }
    }

    private void bodyFed(Connection connection, int result) {
        if (result < 0) {
            boolean malformed = result == BodyDecoder.MALFORMED;
            closeSink();
            refuse(connection, malformed ? 400 : 413, malformed ? "malformed chunk" : "the body is too large");
        } else if (body.done()) {
            received = body.bytes();
            Answer answer = receiving.afterwards.get();
            closeSink();
            respond(connection, answer);
        }
    }

    private void refuse(Connection connection, int problem, String message) {
        keepAlive = false;
        respond(connection, Answer.text(problem, message));
    }

    private void respond(Connection connection, Answer answer) {
        state = State.RESPONSE;
        status = answer.status;
        boolean sendBody = request == null || !request.isHead();
        pump.start(answer.head(keepAlive), answer.body, sendBody);
        pump(connection);
    }

    private void pump(Connection connection) {
        int result = pump.pump(connection, server.scratch, server.scratchMemory);
        if (result == BodyPump.WAITING) {
            return;
        }
        pump.close();
        if (result == BodyPump.FAILED) {
            // The length was promised: a short body must not look like a whole one.
            state = State.ENDED;
            connection.abort();
            return;
        }
        server.log.exchange(connection, request, status, received, pump.position());
        request = null;
        if (peerClosed) {
            state = State.ENDED;
            connection.close();
        } else if (keepAlive) {
            state = State.HEAD;
            connection.resume();
        } else {
            // Closing at once would answer what is still on its way with a reset, which may overtake the response.
            state = State.LINGER;
            connection.closeOutput();
            connection.resume();
        }
    }

    private void linger(Connection connection, int length) {
        lingered += length;
        if (lingered > LINGER_BYTES) {
            state = State.ENDED;
            connection.close();
        }
    }

    @Override
    public void writable(Connection connection) {
        if (state == State.RESPONSE) {
            pump(connection);
        }
    }

    @Override
    public void peerClosed(Connection connection) {
        peerClosed = true;
        if (state != State.RESPONSE) {
            state = State.ENDED;
            connection.close();
        }
    }

    @Override
    public void closed(Connection connection, CloseReason reason) {
        state = State.ENDED;
        pump.close();
        closeSink();
    }

    private void closeSink() {
        if (receiving != null) {
            receiving.sink.close();
            receiving = null;
        }
    }
}
