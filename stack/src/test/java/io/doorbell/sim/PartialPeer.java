package io.doorbell.sim;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.PartialMessage;
import io.doorbell.wire.Bytes;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * One end of a connection that sends its stream in partial messages mixed with whole ones, several open at once, their
 * parts in any order and at any time; and checks the other end's. Some time after its end the rest is supplied.
 */
final class PartialPeer implements ConnectionHandler {
    private final long toSend;
    private final SplittableRandom random;
    private final MemorySegment buffer = MemorySegment.ofArray(new byte[8192]);
    private final List<Open> open = new ArrayList<>();
    private final List<PartialMessage> spare = new ArrayList<>();
    Connection connection;
    long sent;
    long received;
    boolean ended;
    CloseReason closed;
    String fault;

    /** A message, where it begins in the stream, and which of its bytes are known. */
    private record Open(PartialMessage message, long start, boolean[] known) {
    }

    PartialPeer(long toSend, long seed) {
        this.toSend = toSend;
        this.random = new SplittableRandom(seed);
    }

    @Override
    public void connected(Connection c) {
        connection = c;
    }

    /** Does something, now and then. */
    void step() {
        if (connection == null || closed != null) {
            return;
        }
        if (!open.isEmpty() && random.nextInt(3) > 0) {
            supply(open.get(random.nextInt(open.size())));
        } else if (sent < toSend) {
            begin();
        } else if (!ended && (open.isEmpty() || random.nextInt(4) == 0)) {
            ended = true;
            connection.closeOutput();
        } else if (!open.isEmpty()) {
            supply(open.getFirst());
        }
    }

    private void begin() {
        int most = random.nextInt(4) == 0 ? 6000 : 200;
        int size = (int) Math.min(toSend - sent, 1 + random.nextInt(most));
        if (random.nextBoolean()) {
            fill(sent, 0, size);
            if (connection.send(buffer, 0, size) == size) {
                sent += size;
            }
            return;
        }
        PartialMessage message = spare.isEmpty() ? new PartialMessage() : spare.removeLast();
        if (connection.begin(message, size) == 0) {
            open.add(new Open(message, sent, new boolean[size]));
            sent += size;
        } else {
            spare.add(message);
        }
    }

    private void fill(long position, int at, int length) {
        for (int i = 0; i < length; i++) {
            Bytes.put8(buffer, i, PatternedPeer.at(position + at + i));
        }
    }

    private void supply(Open part) {
        int size = part.known.length;
        int at = random.nextInt(size);
        while (part.known[at]) {
            at = (at + 1) % size;
        }
        int length = 0;
        int most = 1 + random.nextInt(size);
        while (length < most && at + length < size && !part.known[at + length]) {
            length++;
        }
        fill(part.start, at, length);
        int missing = part.message.missing();
        int result = part.message.complete(at, buffer, 0, length);
        if (result == PartialMessage.TOO_MANY_RUNS) {
            return;
        }
        if (result != missing - length) {
            fault = "complete(" + at + ", " + length + ") answered " + result + ", not " + (missing - length);
        }
        java.util.Arrays.fill(part.known, at, at + length, true);
        if (result <= 0) {
            open.remove(part);
            spare.add(part.message);
        }
    }

    @Override
    public int data(Connection c, MemorySegment memory, long offset, int length) {
        int take = random.nextInt(8) == 0 ? random.nextInt(length + 1) : length;
        for (int i = 0; i < take; i++) {
            if (Bytes.u8(memory, offset + i) != PatternedPeer.at(received + i) && fault == null) {
                fault = "wrong byte at " + (received + i);
            }
        }
        received += take;
        return take;
    }

    @Override
    public void peerClosed(Connection c) {
        // This side ends when it has sent all.
    }

    @Override
    public void closed(Connection c, CloseReason reason) {
        closed = reason;
    }
}
