package io.doorbell.tools.bench;

import io.doorbell.netns.Namespace;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** The kernel's TCP as the server, through NIO: one write for each message and client, without Nagle's algorithm. */
final class KernelFanOut extends FanOut {
    private final SocketChannel[] channels;
    private final FanOutClients clients;
    private final ByteBuffer message;
    private final int messages;
    private long calls;

    KernelFanOut(PinnedThreads threads, Namespace namespace, FanOutClients clients, FanOutCommand.Size size,
                 String address, int payload) throws IOException {
        super("kernel TCP, NIO writes", threads, clients, (long) size.messages() * size.clients() * payload);
        this.clients = clients;
        this.messages = size.messages();
        this.channels = new SocketChannel[size.clients()];
        this.message = ByteBuffer.allocateDirect(payload);
        try (ServerSocketChannel server = namespace.call(() ->
                ServerSocketChannel.open(StandardProtocolFamily.INET).bind(new InetSocketAddress(address, 0)))) {
            int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
            threads.play(() -> {
                for (int i = 0; i < channels.length; i++) {
                    channels[i] = server.accept();
                    channels[i].setOption(StandardSocketOptions.TCP_NODELAY, true);
                    channels[i].configureBlocking(false);
                }
            }, () -> clients.connect(size.clients(), address, port), 60_000_000_000L);
        }
    }

    @Override
    void send() throws IOException {
        for (int i = 0; i < messages; i++) {
            for (SocketChannel channel : channels) {
                message.clear();
                while (message.hasRemaining()) {
                    channel.write(message);
                    calls++;
                }
            }
        }
    }

    @Override
    void settle() {
        Thread.onSpinWait();
    }

    @Override
    void rest() {
    }

    @Override
    long callNanos() {
        return 0;
    }

    @Override
    String systemCall() {
        return "write";
    }

    @Override
    long calls() {
        return calls;
    }

    @Override
    long packets() {
        return 0;
    }

    @Override
    public void close() {
        clients.close();
        try {
            for (SocketChannel channel : channels) {
                channel.close();
            }
        } catch (IOException e) {
            throw wrong(e.toString());
        }
    }
}
