package io.doorbell.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.counters.Counter;
import io.doorbell.link.Impairment;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.MessageTemplate;
import io.doorbell.tcp.PartialMessage;
import io.doorbell.tcp.TcpConfig;
import io.doorbell.wire.Bytes;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Partial messages allocate nothing at either end, one part in a segment or several, begun by hand or by template. */
class PartialAllocationTest {
    private static final int LENGTH = 200;
    private static final int MESSAGES = 20_000;

    private final MemorySegment source = MemorySegment.ofArray(new byte[LENGTH]);
    private final PartialMessage[] messages = {new PartialMessage(), new PartialMessage(), new PartialMessage()};
    private final Sums sums = new Sums();
    private long expected;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPartialMessageAllocatesNothing(boolean multiSegment) {
        TcpConfig config = TcpConfig.builder().multiSegment(multiSegment).build();
        try (TwoStacks two = new TwoStacks(1, config, Impairment.NONE)) {
            two.server.listen(80, c -> sums);
            Connection connection = two.client.connect(TwoStacks.SERVER, 80, new Sums());
            while (connection.sendSpace() == 0) {
                two.step();
            }
            MessageTemplate template = connection.template(LENGTH);
            template.known(0, source, 0, 60);
            template.known(80, source, 80, 120);
            send(two, connection, template, 3 * MESSAGES);
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long before = threads.getCurrentThreadAllocatedBytes();
            send(two, connection, template, MESSAGES);
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            assertTrue(allocated < 16_384, allocated + " bytes for " + MESSAGES + " messages");
            assertEquals(expected, sums.sum);
            long several = two.client.counters().get(Counter.TCP_MULTI_SEGMENTS_OUT);
            assertTrue(multiSegment ? several > MESSAGES : several == 0, several + " segments with several parts");
        }
    }

    /** Three messages at a time are open, and what was missing is supplied in another order. */
    private void send(TwoStacks two, Connection connection, MessageTemplate template, int count) {
        for (int i = 0; i < count; i += 3) {
            begin(connection, messages[0], i);
            begin(connection, messages[1], i);
            require(0, template.begin(messages[2]));
            poll(two);
            require(0, messages[2].complete(60, source, 60, 20));
            complete(messages[1], i);
            poll(two);
            complete(messages[0], i);
            poll(two);
            poll(two);
        }
    }

    private void begin(Connection connection, PartialMessage message, int number) {
        require(0, connection.begin(message, LENGTH));
        Bytes.put64(source, 0, number);
        require(LENGTH - 80, message.complete(0, source, 0, 80));
        require(LENGTH - 160, message.complete(100, source, 100, 80));
    }

    private void complete(PartialMessage message, int number) {
        require(20, message.complete(80, source, 80, 20));
        require(0, message.complete(180, source, 180, 20));
        expected += number & 0xff;
        expected += number >>> 8 & 0xff;
    }

    private static void require(int wanted, int answered) {
        if (wanted != answered) {
            throw new AssertionError("answered " + answered + ", not " + wanted);
        }
    }

    private static void poll(TwoStacks two) {
        for (int i = 0; i < 2; i++) {
            two.now += 1_000;
            two.client.poll(two.now);
            two.server.poll(two.now);
        }
    }

    /** Adds up what comes. */
    private static final class Sums implements ConnectionHandler {
        private long sum;

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            for (int i = 0; i < length; i++) {
                sum += Bytes.u8(memory, offset + i);
            }
            return length;
        }

        @Override
        public void closed(Connection c, CloseReason reason) {
            if (reason != CloseReason.NORMAL && reason != CloseReason.STACK_CLOSED) {
                throw new AssertionError("ended: " + reason);
            }
        }
    }
}
