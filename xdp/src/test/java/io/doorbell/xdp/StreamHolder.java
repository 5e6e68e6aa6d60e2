package io.doorbell.xdp;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import java.lang.foreign.MemorySegment;

/** A program for a JVM of its own: sends without end to whoever connects, until it is killed. */
final class StreamHolder implements ConnectionHandler {
    static final int PORT = 5001;
    private final MemorySegment bytes = MemorySegment.ofArray(new byte[16_384]);

    public static void main(String[] arguments) {
        try (XdpLink link = XdpLink.on(arguments[0]).address(arguments[1]).open();
                TcpStack stack = TcpStack.on(link).address(arguments[1] + "/24").build()) {
            stack.listen(PORT, c -> new StreamHolder());
            System.out.println("serving");
            long end = System.nanoTime() + 60_000_000_000L;
            while (System.nanoTime() < end) {
                stack.poll(System.nanoTime());
            }
        }
    }

    @Override
    public void connected(Connection c) {
        writable(c);
    }

    @Override
    public void writable(Connection c) {
        while (c.write(bytes, 0, (int) bytes.byteSize()) == bytes.byteSize()) {
            // Until the send space is full.
        }
    }

    @Override
    public int data(Connection c, MemorySegment memory, long offset, int length) {
        return length;
    }
}
