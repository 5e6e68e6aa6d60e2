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
    private final SocketChannel channel;
    private final ByteBuffer message = ByteBuffer.allocateDirect(MESSAGE_BYTES);
    private final ByteBuffer order = ByteBuffer.allocateDirect(ORDER_BYTES);

    KernelOrders(String name, PinnedThreads threads, TcpStack exchange, Namespace namespace, String address) {
        super(name, threads, exchange);
        try {
            channel = namespace.call(() -> SocketChannel.open(StandardProtocolFamily.INET));
            channel.configureBlocking(false);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.connect(new InetSocketAddress(address, PORT));
            connect(this::finishConnect);
            while (!channel.finishConnect()) {
                waiting();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        order.put(order().asByteBuffer()).flip();
    }

    private void finishConnect() {
        try {
            channel.finishConnect();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    void answer() throws IOException {
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

    @Override
    public void close() {
        super.close();
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
