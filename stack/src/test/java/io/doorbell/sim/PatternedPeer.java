package io.doorbell.sim;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.tcp.CloseReason;
import io.doorbell.wire.Bytes;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;

/**
 * One end of a connection that sends a stream whose every byte follows from its position, checks the other end's, and
 * behaves as badly as its random numbers say: odd sizes, slow reading, half-close.
 */
final class PatternedPeer implements ConnectionHandler {
    private final long toSend;
    private final SplittableRandom random;
    private final boolean lazy;
    private final MemorySegment buffer = MemorySegment.ofArray(new byte[8192]);
    Connection connection;
    long sent;
    long received;
    boolean peerClosed;
    CloseReason closed;
    String fault;

    PatternedPeer(long toSend, long seed, boolean lazy) {
        this.toSend = toSend;
        this.random = new SplittableRandom(seed);
        this.lazy = lazy;
    }

    static int at(long position) {
        return (int) ((position * 0x9e37_79b9_7f4a_7c15L) >>> 56);
    }

    @Override
    public void connected(Connection c) {
        connection = c;
        pump(c);
    }

    @Override
    public void writable(Connection c) {
        pump(c);
    }

    private void pump(Connection c) {
        while (sent < toSend) {
            int size = (int) Math.min(toSend - sent, 1 + random.nextInt((int) buffer.byteSize()));
            for (int i = 0; i < size; i++) {
                Bytes.put8(buffer, i, at(sent + i));
            }
            int accepted = random.nextBoolean() ? c.write(buffer, 0, size) : c.send(buffer, 0, size);
            if (accepted > 0) {
                sent += accepted;
            }
            if (accepted < size) {
                return;
            }
        }
        c.closeOutput();
    }

    @Override
    public int data(Connection c, MemorySegment memory, long offset, int length) {
        int take = lazy && random.nextInt(4) == 0 ? random.nextInt(length + 1) : length;
        for (int i = 0; i < take; i++) {
            if (Bytes.u8(memory, offset + i) != at(received + i) && fault == null) {
                fault = "wrong byte at " + (received + i);
            }
        }
        received += take;
        return take;
    }

    @Override
    public void peerClosed(Connection c) {
        peerClosed = true;
    }

    @Override
    public void closed(Connection c, CloseReason reason) {
        if (closed != null) {
            fault = "closed twice";
        }
        closed = reason;
    }
}
