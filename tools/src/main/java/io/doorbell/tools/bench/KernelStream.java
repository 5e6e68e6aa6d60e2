package io.doorbell.tools.bench;

import io.doorbell.netns.Namespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** The kernel's TCP as one end of a stream: a blocking NIO channel in a namespace, with a buffer off the heap. */
final class KernelStream implements StreamSender, StreamReceiver {
    private final Namespace namespace;
    private final String address;
    private final StreamPattern pattern;
    private final int messageBytes;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(StreamPattern.LONGEST_MESSAGE);
    private final MemorySegment received = MemorySegment.ofBuffer(buffer);
    private ServerSocketChannel server;

    /**
     * One end, for any number of rounds.
     *
     * @param address      the kernel's own, in that namespace
     * @param messageBytes what one call sends
     */
    KernelStream(Namespace namespace, String address, StreamPattern pattern, int messageBytes) {
        this.namespace = namespace;
        this.address = address;
        this.pattern = pattern;
        this.messageBytes = messageBytes;
    }

    @Override
    public void send(String to, int port, StreamMeter meter, Signal enough) throws IOException {
        try (SocketChannel channel = namespace.call(() -> SocketChannel.open(StandardProtocolFamily.INET))) {
            channel.connect(new InetSocketAddress(to, port));
            ByteBuffer block = pattern.view();
            while (!enough.raised()) {
                int index = pattern.indexOf(meter.bytes());
                block.limit(index + messageBytes).position(index);
                meter.moved(channel.write(block));
                meter.tick(System.nanoTime());
            }
            channel.shutdownOutput();
            buffer.clear();
            if (channel.read(buffer) >= 0) {
                throw new IllegalStateException("the receiver of a stream has sent something");
            }
        }
    }

    @Override
    public String address() {
        return address;
    }

    @Override
    public int listen() {
        server = namespace.call(() ->
                ServerSocketChannel.open(StandardProtocolFamily.INET).bind(new InetSocketAddress(address, 0)));
        try {
            return ((InetSocketAddress) server.getLocalAddress()).getPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void receive(StreamMeter meter, Signal enough) throws IOException {
        try (ServerSocketChannel listening = server; SocketChannel channel = listening.accept()) {
            buffer.clear();
            for (int length = channel.read(buffer); length >= 0; length = channel.read(buffer)) {
                pattern.check(received, 0, length, meter.bytes());
                meter.moved(length);
                meter.tick(System.nanoTime());
                if (meter.over()) {
                    enough.raise();
                }
                buffer.clear();
            }
        }
    }
}
