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
    private final Side asking;
    private final Side answering;

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
            SocketChannel left = pair.left().namespace().call(() -> SocketChannel.open(StandardProtocolFamily.INET));
            left.connect(address);
            SocketChannel right = server.accept();
            for (SocketChannel channel : new SocketChannel[] {left, right}) {
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                channel.configureBlocking(blocking);
            }
            asking = threads.onFirst(() -> new Side(this, left));
            answering = threads.onSecond(() -> new Side(this, right));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    long roundTripNanos(long number) throws IOException {
        return asking.roundTripNanos(number);
    }

    @Override
    void answer() throws IOException {
        answering.answer();
    }

    @Override
    public void close() {
        try (asking.channel; answering.channel) {
            asking.channel.shutdownOutput();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One end. */
    private static final class Side extends End {
        private final SocketChannel channel;
        private final ByteBuffer request = direct();
        private final ByteBuffer response = direct();

        private Side(PingPong of, SocketChannel channel) {
            super(of);
            this.channel = channel;
        }

        private static ByteBuffer direct() {
            return ByteBuffer.allocateDirect(MESSAGE_BYTES).order(ByteOrder.nativeOrder());
        }

        private long roundTripNanos(long number) throws IOException {
            request.clear();
            request.putLong(0, number);
            long begin = System.nanoTime();
            write(request);
            read(response);
            long end = System.nanoTime();
            if (response.getLong(0) != number) {
                throw wrong("the answer to " + number + " was " + response.getLong(0));
            }
            return end - begin;
        }

        private void answer() throws IOException {
            do {
                read(request);
                request.flip();
                write(request);
            } while (request.getLong(0) != LAST);
        }

        private void write(ByteBuffer buffer) throws IOException {
            while (buffer.hasRemaining()) {
                channel.write(buffer);
                waiting();
            }
        }

        private void read(ByteBuffer buffer) throws IOException {
            buffer.clear();
            while (buffer.hasRemaining()) {
                if (channel.read(buffer) < 0) {
                    throw wrong("the connection was closed");
                }
                waiting();
            }
        }
    }
}
