package io.doorbell.tools.bench;

import io.doorbell.link.FrameReceiver;
import io.doorbell.netns.VethPair;
import io.doorbell.packet.ArrivalTap;
import io.doorbell.tools.cli.ExitCode;
import io.doorbell.tools.cli.UserError;
import io.doorbell.wire.Bytes;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.Ipv4Header;
import io.doorbell.wire.TcpHeader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/**
 * An exchange on the kernel's TCP, which takes orders and acknowledges them, and a tap at its interface that tells when an
 * order came in there. One thread.
 */
final class OrderExchange implements AutoCloseable {
    static final int PORT = 9200;

    private final ServerSocketChannel server;
    private final ArrivalTap tap;
    private final RealTime clock = new RealTime();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(Orders.ORDER_BYTES);
    private final MemorySegment received = MemorySegment.ofBuffer(buffer);
    private final FrameReceiver receiver = this::frame;
    private long awaited;
    private long arrivedNanos;
    private boolean arrived;

    OrderExchange(VethPair.End end, String address) {
        tap = end.namespace().call(() -> ArrivalTap.open(end.name(), PORT));
        try {
            server = end.namespace().call(() -> ServerSocketChannel.open(StandardProtocolFamily.INET)
                    .bind(new InetSocketAddress(address, PORT)));
        } catch (RuntimeException e) {
            tap.close();
            throw e;
        }
    }

    /** Waits for an engine to connect. */
    SocketChannel accept() throws IOException {
        SocketChannel channel = server.accept();
        channel.configureBlocking(false);
        return channel;
    }

    /** The number is in an order's first bytes. */
    static void number(MemorySegment order, long number) {
        Bytes.put64(order, 0, number);
    }

    /** A round begins: from here on nobody may set the clock. */
    void begin() {
        clock.compare();
    }

    /** Whether the clock was left alone since {@link #begin}. */
    boolean clockHolds() {
        long before = clock.aheadNanos();
        clock.compare();
        // So much the two comparisons may differ where others use the processor.
        return Math.abs(clock.aheadNanos() - before) < 1_000;
    }

    /** Looks out for an order that will be sent now. */
    void await(long number) {
        awaited = number;
        arrived = false;
    }

    /** Whether it has come in. */
    boolean hasArrived() {
        tap.receive(receiver);
        return arrived;
    }

    /** When it passed the interface, in {@link System#nanoTime}. */
    long arrivedNanos() {
        return arrivedNanos;
    }

    private void frame(MemorySegment memory, long offset, int length) {
        long tcp = offset + EthernetHeader.LENGTH + Ipv4Header.LENGTH;
        long payload = tcp + TcpHeader.headerLength(memory, tcp);
        if (!arrived && offset + length - payload == Orders.ORDER_BYTES && Bytes.u64(memory, payload) == awaited) {
            arrived = true;
            arrivedNanos = clock.nanoTime(tap.arrivedNanos());
        }
    }

    /** Takes the order from TCP, which has it a moment after the tap; it must be this one to the byte. */
    void take(SocketChannel from, MemorySegment order, Runnable waiting) throws IOException {
        buffer.clear();
        while (buffer.hasRemaining()) {
            if (from.read(buffer) < 0) {
                throw new UserError(ExitCode.FAILED, "an engine has closed its connection");
            }
            waiting.run();
        }
        long wrongAt = received.mismatch(order);
        if (wrongAt >= 0) {
            throw new UserError(ExitCode.FAILED, "order " + awaited + " is wrong at byte " + wrongAt);
        }
    }

    @Override
    public void close() {
        tap.close();
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
