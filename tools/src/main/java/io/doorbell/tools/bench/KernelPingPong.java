package io.doorbell.tools.bench;

import io.doorbell.netns.VethPair;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/**
 * The kernel's TCP at both ends, as Java has it: NIO socket channels without Nagle, buffers off the heap. Either both
 * ends spin on non-blocking channels, or both sleep in blocking ones; the loops are the same.
 */
final class KernelPingPong extends PingPong {
    private final SocketChannel asking;
    private final SocketChannel answering;
    private final ByteBuffer request = direct();
    private final ByteBuffer response = direct();
    private final ByteBuffer echo = direct();

    /**
     * Opens a connection from the left end of a pair to the right one.
     *
     * @param answeringAddress the kernel's, at the right end
     */
    KernelPingPong(String name, PinnedThreads threads, VethPair pair, String answeringAddress, boolean blocking) {
        super(name, threads);
        try (ServerSocketChannel server = pair.right().namespace().call(() ->
                ServerSocketChannel.open(StandardProtocolFamily.INET).bind(new InetSocketAddress(answeringAddress, 0)))) {
            InetSocketAddress address = (InetSocketAddress) server.getLocalAddress();
            asking = pair.left().namespace().call(() -> SocketChannel.open(StandardProtocolFamily.INET));
            asking.connect(address);
            answering = server.accept();
            for (SocketChannel channel : new SocketChannel[] {asking, answering}) {
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                channel.configureBlocking(blocking);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ByteBuffer direct() {
        return ByteBuffer.allocateDirect(MESSAGE_BYTES).order(ByteOrder.nativeOrder());
    }

    @Override
    long roundTripNanos(long number) throws IOException {
        request.clear();
        request.putLong(0, number);
        long begin = System.nanoTime();
        write(asking, request);
        read(asking, response);
        long end = System.nanoTime();
        if (response.getLong(0) != number) {
            throw wrong("the answer to " + number + " was " + response.getLong(0));
        }
        return end - begin;
    }

    @Override
    void answer() throws IOException {
        do {
            read(answering, echo);
            echo.flip();
            write(answering, echo);
        } while (echo.getLong(0) != LAST);
    }

    private void write(SocketChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
            waiting();
        }
    }

    private void read(SocketChannel channel, ByteBuffer buffer) throws IOException {
        buffer.clear();
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                throw wrong("the connection was closed");
            }
            waiting();
        }
    }

    @Override
    public void close() {
        try (asking; answering) {
            asking.shutdownOutput();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
