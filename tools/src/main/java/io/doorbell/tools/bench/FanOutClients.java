package io.doorbell.tools.bench;

import io.doorbell.netns.Namespace;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** Clients on the kernel's TCP in a namespace, all read by one thread, which counts their bytes together. */
final class FanOutClients implements AutoCloseable {
    private static final int BUFFER_BYTES = 1 << 16;

    private final Namespace namespace;
    private final List<SocketChannel> channels = new ArrayList<>();
    private final AtomicLong received = new AtomicLong();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private final Selector selector;

    FanOutClients(Namespace namespace) {
        this.namespace = namespace;
        this.selector = namespace.call(Selector::open);
    }

    /** Opens so many connections, one after the other. */
    void connect(int count, String address, int port) throws IOException {
        for (int i = 0; i < count; i++) {
            SocketChannel channel = namespace.call(() -> SocketChannel.open(StandardProtocolFamily.INET));
            channels.add(channel);
            channel.connect(new InetSocketAddress(address, port));
            channel.configureBlocking(false);
            // Closed with a RST: nothing of a size lingers while the next is measured.
            channel.setOption(StandardSocketOptions.SO_LINGER, 0);
            channel.register(selector, SelectionKey.OP_READ);
        }
    }

    /** Bytes of all clients, from the beginning. */
    long received() {
        return received.get();
    }

    /** Reads until it is told to stop. */
    void read(Signal stop) throws IOException {
        while (!stop.raised()) {
            selector.select(this::read, 1);
        }
    }

    private void read(SelectionKey key) {
        try {
            buffer.clear();
            int length = ((SocketChannel) key.channel()).read(buffer);
            if (length < 0) {
                throw new IllegalStateException("the server has closed a connection");
            }
            received.getAndAdd(length);
        } catch (IOException e) {
            throw new IllegalStateException("a client could not read: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        try {
            for (SocketChannel channel : channels) {
                channel.close();
            }
            selector.close();
        } catch (IOException e) {
            throw new IllegalStateException(e.toString(), e);
        }
    }
}
