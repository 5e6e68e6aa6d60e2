package io.doorbell.tools.bench;

import io.doorbell.TcpStack;
import io.doorbell.netns.Namespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;

/** An engine on the kernel's TCP, through NIO, spinning: buffers off the heap, the known bytes in place, no Nagle. */
final class KernelOrders extends Orders {
    private final Engine engine;

    KernelOrders(String name, PinnedThreads threads, TcpStack.Builder exchange, String address, Namespace namespace) {
        super(name, threads, exchange);
        engine = threads.onSecond(() -> new Engine(this, namespace));
        connect(() -> engine.connect(address));
    }

    @Override
    void answer() throws IOException {
        engine.answer();
    }

    @Override
    public void close() {
        super.close();
        try {
            engine.channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Gets market data and sends orders. */
    private static final class Engine extends End {
        private final SocketChannel channel;
        private final ByteBuffer message = ByteBuffer.allocateDirect(MESSAGE_BYTES);
        private final ByteBuffer order = ByteBuffer.allocateDirect(ORDER_BYTES);

        private Engine(PingPong of, Namespace namespace) {
            super(of);
            channel = namespace.call(() -> SocketChannel.open(StandardProtocolFamily.INET));
            order.put(Orders.order().asByteBuffer()).flip();
        }

        private void connect(String address) throws IOException {
            channel.configureBlocking(false);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.connect(new InetSocketAddress(address, PORT));
            while (!channel.finishConnect()) {
                waiting();
            }
        }

        private void answer() throws IOException {
            long number;
            do {
                message.clear();
                while (message.hasRemaining()) {
                    if (channel.read(message) < 0) {
                        throw wrong("the exchange has closed");
                    }
                    waiting();
                }
                order.putLong(PRICE_AT, message.getLong(8));
                order.putLong(QUANTITY_AT, message.getLong(16));
                order.clear();
                while (order.hasRemaining()) {
                    channel.write(order);
                    waiting();
                }
                number = message.order(ByteOrder.nativeOrder()).getLong(0);
                message.order(ByteOrder.BIG_ENDIAN);
            } while (number != LAST);
        }
    }
}
