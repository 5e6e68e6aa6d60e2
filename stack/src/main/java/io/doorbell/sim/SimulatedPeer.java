package io.doorbell.sim;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.PartialMessage;
import io.doorbell.tcp.Tcb;
import io.doorbell.wire.Bytes;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;

/**
 * One end of a connection that does what its {@link Plan} says. Both ends know what the streams must be.
 */
final class SimulatedPeer implements ConnectionHandler {
    private static final int BUFFER_BYTES = 16_384;
    private static final long NEVER = Long.MAX_VALUE;

    final Plan plan;
    private final StreamContent outgoing;
    private final StreamContent incoming;
    /** Null if all sends are ordinary. */
    private final UnusualSends unusual;
    /** Null if nobody else sends on this connection. */
    final Granting granting;
    private final SplittableRandom random;
    private final TwoStacks network;
    private final MemorySegment buffer;
    Connection connection;
    boolean connected;
    boolean peerClosed;
    CloseReason closed;
    long closedNanos;
    long sent;
    long received;
    /** When {@link #act} wants to be called. */
    long wakeNanos = NEVER;
    private String fault;
    private boolean thinking;
    private boolean reading;
    private boolean supplying;
    private boolean ended;

    /**
     * @param stack  whose connection it is
     * @param buffer of at least 16 KiB, used during calls only
     * @param step   lets the rest of the world go on, while an engine is in the middle of something
     */
    SimulatedPeer(Plan plan, StreamContent outgoing, StreamContent incoming, TwoStacks network, TcpStack stack,
                  MemorySegment buffer, Runnable step) {
        this.plan = plan;
        this.outgoing = outgoing;
        this.incoming = incoming;
        this.unusual = plan.unusual() ? new UnusualSends(~plan.seed(), outgoing, network, stack, buffer) : null;
        this.granting = plan.grants() > 0 ? new Granting(plan, outgoing, network, stack, step) : null;
        this.random = new SplittableRandom(plan.seed());
        this.network = network;
        this.buffer = buffer;
    }

    static MemorySegment buffer() {
        return MemorySegment.ofArray(new byte[BUFFER_BYTES]);
    }

    /** What the stack did wrong, as far as this end can tell; null for nothing. */
    String fault() {
        if (fault == null && granting != null) {
            fault = granting.fault();
        }
        return fault != null || unusual == null ? fault : unusual.fault;
    }

    private void fail(String what) {
        if (fault == null) {
            fault = what;
        }
    }

    @Override
    public void connected(Connection c) {
        if (connected || closed != null) {
            fail("told of the connection twice or too late");
        }
        connection = c;
        connected = true;
        if (granting != null) {
            granting.consider(c);
        }
        pump(c);
    }

    @Override
    public void writable(Connection c) {
        if (!thinking) {
            pump(c);
        }
    }

    private void pump(Connection c) {
        while (sent < plan.bytes() && !ended) {
            if (unusual == null || random.nextBoolean() || !sendUnusually(c)) {
                int size = (int) Math.min(plan.bytes() - sent,
                        1 + random.nextInt(Math.min(plan.writeBytes(), BUFFER_BYTES)));
                int accepted = send(c, size);
                abortIfDue(c);
                if (accepted < size) {
                    return;
                }
            }
            if (plan.thinkNanos() > 0 && random.nextInt(4) == 0) {
                thinking = true;
                wakeAt(network.now + 1 + random.nextLong(plan.thinkNanos()));
                return;
            }
        }
        finish(c);
    }

    private int send(Connection c, int size) {
        for (int i = 0; i < size; i++) {
            Bytes.put8(buffer, i, outgoing.usual(sent + i));
        }
        boolean whole = size <= c.sendSpace() && random.nextBoolean();
        int accepted = whole ? c.send(buffer, 0, size) : c.write(buffer, 0, size);
        if (accepted == Tcb.GRANTED && granting != null) {
            thinking = true;
            wakeAt(network.now + 1 + random.nextLong(20_000_000L));
            return 0;
        }
        if (whole && accepted != size) {
            fail("a send that fits was refused with " + accepted);
        }
        accepted(Math.max(0, accepted));
        if (accepted < size && unusual != null) {
            unusual.giveWay();
        }
        return accepted;
    }

    /** @return false if nothing was accepted */
    private boolean sendUnusually(Connection c) {
        int accepted = unusual.send(c, sent, (int) Math.min(plan.bytes() - sent, BUFFER_BYTES));
        accepted(accepted);
        if (unusual.waits() && !supplying) {
            supplyLater();
        }
        abortIfDue(c);
        return accepted > 0 && !ended;
    }

    private void accepted(int bytes) {
        outgoing.accepted(sent, bytes);
        sent += bytes;
    }

    private void supplyLater() {
        supplying = true;
        wakeAt(network.now + unusual.waitNanos());
    }

    private void finish(Connection c) {
        if (ended || sent < plan.bytes()) {
            return;
        }
        if (granting != null && granting.waits()) {
            thinking = true;
            wakeAt(network.now + 1 + random.nextLong(20_000_000L));
            return;
        }
        switch (plan.ending()) {
            case HALF_CLOSE -> c.closeOutput();
            case CLOSE -> end(c);
            case ABORT -> abort(c);
        }
    }

    private void end(Connection c) {
        ended = true;
        c.close();
    }

    private void abortIfDue(Connection c) {
        if (plan.ending() == Plan.Ending.ABORT && !ended && sent + received >= plan.endsAfter()) {
            abort(c);
        }
    }

    /** Ends the connection with a RST. */
    void abort(Connection c) {
        ended = true;
        c.abort();
    }

    private void wakeAt(long nanos) {
        wakeNanos = Math.min(wakeNanos, nanos);
    }

    /** The time that {@link #wakeNanos} names has come. */
    void act() {
        wakeNanos = NEVER;
        if (closed != null && !reading) {
            return;
        }
        if (supplying) {
            supplying = false;
            unusual.supply();
            if (unusual.waits()) {
                supplyLater();
            }
        }
        if (thinking) {
            thinking = false;
            pump(connection);
        }
        if (reading) {
            reading = false;
            if (plan.reading() == Plan.Reading.PARTLY) {
                connection.resume();
            } else {
                read();
            }
        }
    }

    private void read() {
        int length = 1 + random.nextInt(BUFFER_BYTES);
        int count = connection.read(buffer, 0, length);
        check(buffer, 0, count);
        received += count;
        if (count == length) {
            readLater();
        }
        abortIfDue(connection);
    }

    private void readLater() {
        reading = true;
        wakeAt(network.now + 1 + random.nextLong(plan.readNanos()));
    }

    @Override
    public int data(Connection c, MemorySegment memory, long offset, int length) {
        if (!connected || closed != null || peerClosed) {
            fail("data before the connection, or after its end");
        }
        int take = switch (plan.reading()) {
            case EAGER -> length;
            case PARTLY -> random.nextInt(3) == 0 ? random.nextInt(length + 1) : length;
            case BY_READ -> 0;
        };
        check(memory, offset, take);
        received += take;
        if (take < length && !reading) {
            readLater();
        }
        abortIfDue(c);
        return take;
    }

    private void check(MemorySegment memory, long offset, int length) {
        for (int i = 0; i < length; i++) {
            if (!incoming.arrives(received + i, Bytes.u8(memory, offset + i))) {
                fail("wrong byte at " + (received + i));
            }
        }
    }

    @Override
    public void partialOverdue(Connection c, PartialMessage message) {
        unusual.overdue(message);
    }

    @Override
    public void peerClosed(Connection c) {
        if (peerClosed || closed != null) {
            fail("told of the peer's end twice or too late");
        }
        peerClosed = true;
        if (sent == plan.bytes() && granting == null && random.nextBoolean()) {
            end(c);
        } else {
            finish(c);
        }
    }

    @Override
    public void closed(Connection c, CloseReason reason) {
        if (closed != null) {
            fail("told of the end twice");
        }
        connection = c;
        closed = reason;
        closedNanos = network.now;
        if (unusual != null) {
            unusual.close();
        }
        if (granting != null) {
            granting.end();
        }
    }

    /** Bytes that must come out at the other end, if this connection has to end in order. */
    long promised() {
        return plan.bytes() + outgoing.engineBytes();
    }

    /** Bytes that went in. */
    long taken() {
        return sent + outgoing.engineBytes();
    }
}
