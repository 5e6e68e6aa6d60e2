package io.doorbell.tools.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.link.PipeLink;
import io.doorbell.wire.Bytes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * Both stacks on one thread, on a cable in memory and a clock that the test moves: whatever is allocated while data
 * moves, is allocated here. A first phase lets classes load and code compile, and does not count.
 */
@DisplayName("Nothing is allocated in steady state")
class ZeroAllocationTest {
    private static final String LEFT = "10.0.0.1";
    private static final String RIGHT = "10.0.0.2";
    private static final int ROUND_TRIPS = 100_000;
    private static final long STREAM_BYTES = 200_000_000;
    private static final long STEP_NANOS = 5_000;
    private static final int MOST_STEPS_WITHOUT_PROGRESS = 100_000;

    private final PipeLink.Pair cable = PipeLink.pair();
    private final TcpStack left = TcpStack.on(cable.left()).address(LEFT + "/24").seed(1).build();
    private final TcpStack right = TcpStack.on(cable.right()).address(RIGHT + "/24").seed(2).build();
    private long now = 1_000_000_000;
    private byte[] kept;

    @AfterEach
    void close() {
        left.close();
        right.close();
        cable.close();
    }

    @Test
    void theMeasureSeesWhatIsAllocatedAndAllocatesNothingItself() {
        ThreadStatus.allocatedBytes();
        long before = ThreadStatus.allocatedBytes();
        long nothing = ThreadStatus.allocatedBytes() - before;
        kept = new byte[1_000];
        long array = ThreadStatus.allocatedBytes() - before;
        assertEquals(0, nothing);
        assertTrue(array >= kept.length, array + " bytes seen");
    }

    @Test
    void pingPongOf64Bytes() {
        Asker asker = new Asker();
        right.listen(7, accepted -> new Echo());
        Connection connection = left.connect(RIGHT, 7, asker);
        roundTrips(connection, asker, ROUND_TRIPS);
        long before = ThreadStatus.allocatedBytes();
        roundTrips(connection, asker, ROUND_TRIPS);
        assertEquals(0, ThreadStatus.allocatedBytes() - before, "bytes allocated in " + ROUND_TRIPS + " round trips");
    }

    private void roundTrips(Connection connection, Asker asker, int count) {
        while (!asker.connected) {
            step();
        }
        for (int i = 0; i < count; i++) {
            Bytes.putNative64(asker.request, 0, i);
            asker.answer = -1;
            require(64, connection.send(asker.request, 0, 64));
            for (int steps = 0; asker.answer != i; steps++) {
                assertProgress(steps);
                step();
            }
        }
    }

    @Test
    void streamOf200Megabytes() {
        Sink sink = new Sink();
        Source source = new Source();
        right.listen(9, accepted -> sink);
        left.connect(RIGHT, 9, source);
        transfer(sink, STREAM_BYTES);
        long before = ThreadStatus.allocatedBytes();
        transfer(sink, STREAM_BYTES);
        assertEquals(0, ThreadStatus.allocatedBytes() - before, "bytes allocated for " + STREAM_BYTES + " bytes");
    }

    private void transfer(Sink sink, long bytes) {
        long until = sink.received + bytes;
        long seen = sink.received;
        for (int steps = 0; sink.received < until; steps++) {
            assertProgress(steps);
            step();
            if (sink.received != seen) {
                seen = sink.received;
                steps = 0;
            }
        }
    }

    private void step() {
        now += STEP_NANOS;
        left.poll(now);
        right.poll(now);
    }

    /** As JUnit's assertEquals, which may allocate. */
    private static void require(int expected, int actual) {
        if (expected != actual) {
            throw new AssertionError("expected " + expected + ", not " + actual);
        }
    }

    private static void assertProgress(int steps) {
        if (steps > MOST_STEPS_WITHOUT_PROGRESS) {
            throw new AssertionError("nothing moves any more");
        }
    }

    /** Asks. */
    private static final class Asker implements ConnectionHandler {
        private final MemorySegment request = Arena.ofAuto().allocate(64, 64);
        private boolean connected;
        private long answer;

        @Override
        public void connected(Connection c) {
            connected = true;
        }

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            require(64, length);
            answer = Bytes.native64(memory, offset);
            return length;
        }
    }

    /** Answers. */
    private static final class Echo implements ConnectionHandler {
        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            return c.send(memory, offset, length);
        }
    }

    /** Sends without end. */
    private static final class Source implements ConnectionHandler {
        private final StreamPattern pattern = new StreamPattern();
        private long sent;

        @Override
        public void connected(Connection c) {
            writable(c);
        }

        @Override
        public void writable(Connection c) {
            int taken = StreamPattern.LONGEST_MESSAGE;
            while (taken == StreamPattern.LONGEST_MESSAGE) {
                taken = c.write(pattern.block(), pattern.indexOf(sent), StreamPattern.LONGEST_MESSAGE);
                sent += taken;
            }
        }

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            throw new AssertionError("the receiver has sent something");
        }
    }

    /** Takes everything. */
    private static final class Sink implements ConnectionHandler {
        private final StreamPattern pattern = new StreamPattern();
        private long received;

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            pattern.check(memory, offset, length, received);
            received += length;
            return length;
        }
    }
}
