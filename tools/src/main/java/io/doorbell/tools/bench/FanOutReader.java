package io.doorbell.tools.bench;

import io.doorbell.xdp.CpuAffinity;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The process behind {@link FanOutClients}: it connects, reads for all its clients on one pinned thread, and shows how
 * much came in a {@link SharedCount}. It ends when its standard input does, which is when its parent ends.
 */
final class FanOutReader {
    private static final int BUFFER_BYTES = 1 << 16;

    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private final SharedCount received;
    private final Selector selector;
    private final List<SocketChannel> channels = new ArrayList<>();

    private FanOutReader(SharedCount received) throws IOException {
        this.received = received;
        this.selector = Selector.open();
    }

    /** @param args the file of the count, the processor, how many clients, the server's address and port */
    public static void main(String[] args) {
        Thread parent = new Thread(FanOutReader::endWithTheParent, "parent");
        parent.setDaemon(true);
        parent.start();
        try (SharedCount received = SharedCount.open(Path.of(args[0]))) {
            CpuAffinity.pinCurrentThread(Integer.parseInt(args[1]));
            FanOutReader reader = new FanOutReader(received);
            reader.connect(Integer.parseInt(args[2]), new InetSocketAddress(args[3], Integer.parseInt(args[4])));
            System.out.println(FanOutClients.CONNECTED);
            while (true) {
                reader.selector.select(reader::read);
            }
        } catch (IOException | RuntimeException e) {
            System.out.println(e.getMessage() == null ? e.toString() : e.getMessage());
            System.exit(1);
        }
    }

    private static void endWithTheParent() {
        try {
            System.in.read();
        } catch (IOException e) {
            // It has ended, in whatever way.
        }
        Runtime.getRuntime().halt(0);
    }

    private void connect(int count, InetSocketAddress server) throws IOException {
        for (int i = 0; i < count; i++) {
            SocketChannel channel = SocketChannel.open(StandardProtocolFamily.INET);
            channels.add(channel);
            channel.connect(server);
            channel.configureBlocking(false);
            // Closed with a RST: nothing of a size lingers while the next is measured.
            channel.setOption(StandardSocketOptions.SO_LINGER, 0);
            channel.register(selector, SelectionKey.OP_READ);
        }
    }

    private void read(SelectionKey key) {
        try {
            buffer.clear();
            int length = ((SocketChannel) key.channel()).read(buffer);
            if (length < 0) {
                throw new IllegalStateException("the server has closed a connection");
            }
            received.add(length);
        } catch (IOException e) {
            throw new IllegalStateException("a client could not read: " + e.getMessage(), e);
        }
    }
}
