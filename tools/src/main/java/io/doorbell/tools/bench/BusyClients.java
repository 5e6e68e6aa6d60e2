package io.doorbell.tools.bench;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.netns.Namespace;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.ConnectionOptions;
import io.doorbell.tcp.TcpConfig;
import io.doorbell.tools.cli.ExitCode;
import io.doorbell.tools.cli.UserError;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * Other connections of a stack, to clients on the kernel's TCP. Each is sent messages as fast as its ACKs come in, so that
 * the stack's thread never rests. The kernel takes segments in and acknowledges them on the processor that sent them, the
 * stack's; to empty the sockets takes little, and is done on the other one.
 */
final class BusyClients implements AutoCloseable {
    static final int MESSAGE_BYTES = 200;
    private static final int PORT = 7300;
    /** The kernel acknowledges at once what is longer than the default MSS, 536 bytes: of so many, always some. */
    private static final int MESSAGES_OUT = 4;
    private static final int BUFFER_BYTES = 1 << 16;

    private final SocketChannel[] channels;
    private final Connection[] connections;
    private final MemorySegment message = Arena.ofAuto().allocate(MESSAGE_BYTES, 64);
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private int accepted;
    private boolean sending;
    private long sentBytes;
    private long receivedBytes;
    private int next;

    BusyClients(int count) {
        channels = new SocketChannel[count];
        connections = new Connection[count];
    }

    /** The stack's thread: waits for the clients with {@link #connected}. */
    void listen(TcpStack stack) {
        ConnectionOptions options = ConnectionOptions.of(TcpConfig.defaults())
                .withSendBufferBytes(MESSAGES_OUT * MESSAGE_BYTES);
        stack.listen(PORT, c -> {
            c.options(options);
            connections[accepted++] = c;
            return new Served();
        });
    }

    boolean connected() {
        return accepted == connections.length;
    }

    /** The clients' thread: opens all connections, one after the other. */
    void connect(Namespace namespace, String address) {
        namespace.call(() -> {
            for (int i = 0; i < channels.length; i++) {
                channels[i] = SocketChannel.open(StandardProtocolFamily.INET);
                channels[i].connect(new InetSocketAddress(address, PORT));
                channels[i].configureBlocking(false);
            }
            return null;
        });
    }

    /** The stack's thread: from now on there is work. */
    void begin() {
        sending = true;
        for (Connection each : connections) {
            fill(each);
        }
    }

    /** The stack's thread: what was sent is the last. */
    void end() {
        sending = false;
    }

    /** The stack's thread: whether all that was sent is acknowledged. */
    boolean rest() {
        for (Connection each : connections) {
            if (each.sendSpace() != MESSAGES_OUT * MESSAGE_BYTES) {
                return false;
            }
        }
        return true;
    }

    private void fill(Connection c) {
        while (sending && c.send(message, 0, MESSAGE_BYTES) == MESSAGE_BYTES) {
            sentBytes += MESSAGE_BYTES;
        }
    }

    /** Sent so far. */
    long sentMessages() {
        return sentBytes / MESSAGE_BYTES;
    }

    /** The clients' thread: empties the socket of the next client. */
    void read() throws IOException {
        next = next + 1 < channels.length ? next + 1 : 0;
        buffer.clear();
        int length = channels[next].read(buffer);
        if (length < 0) {
            throw new UserError(ExitCode.FAILED, "the stack has closed a client's connection");
        }
        receivedBytes += length;
    }

    /** The clients' thread, when all is at rest: what is there must be what was sent. */
    void check() throws IOException {
        for (int i = 0; i < channels.length && receivedBytes != sentBytes; i++) {
            read();
        }
        if (receivedBytes != sentBytes) {
            throw new UserError(ExitCode.FAILED, "the clients have got " + receivedBytes + " of " + sentBytes + " bytes");
        }
    }

    @Override
    public void close() throws IOException {
        for (SocketChannel each : channels) {
            if (each != null) {
                each.close();
            }
        }
    }

    /** The stack's end of one of them. */
    private final class Served implements ConnectionHandler {
        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            return length;
        }

        @Override
        public void writable(Connection c) {
            fill(c);
        }

        @Override
        public void closed(Connection c, CloseReason reason) {
            if (reason != CloseReason.STACK_CLOSED && reason != CloseReason.NORMAL) {
                throw new UserError(ExitCode.FAILED, "a client's connection has ended: " + reason);
            }
        }
    }
}
