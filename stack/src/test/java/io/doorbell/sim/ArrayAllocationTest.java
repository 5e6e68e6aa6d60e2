package io.doorbell.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.link.Impairment;
import io.doorbell.tcp.MessageTemplate;
import io.doorbell.tcp.PartialMessage;
import io.doorbell.tcp.TcpConfig;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/** What is handed over in arrays costs no segment around them, whichever way it is sent. */
class ArrayAllocationTest {
    private static final int MESSAGES = 20_000;

    private final byte[] message = new byte[200];
    private final byte[] rest = new byte[20];
    private final PartialMessage partial = new PartialMessage();
    private long received;

    @Test
    void arraysAreSentWithoutAllocating() {
        try (TwoStacks two = new TwoStacks(1, TcpConfig.builder().build(), Impairment.NONE)) {
            two.server.listen(80, c -> new Taker());
            Connection connection = two.client.connect(TwoStacks.SERVER, 80, new Taker());
            while (connection.sendSpace() == 0) {
                two.step();
            }
            MessageTemplate template = connection.template(message.length);
            template.known(0, message);
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long least = Long.MAX_VALUE;
            int rounds = 0;
            for (; rounds < 20 && least >= 1_024; rounds++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                send(two, connection, template, MESSAGES);
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
            // Until the compiler has seen enough, the interpreter may allocate what is never needed afterwards.
            assertTrue(least < 1_024, least + " bytes for " + MESSAGES + " messages of each kind");
            assertEquals((long) rounds * MESSAGES * 3 * message.length, received);
        }
    }

    private void send(TwoStacks two, Connection connection, MessageTemplate template, int count) {
        for (int i = 0; i < count; i++) {
            message[0] = (byte) i;
            require(message.length, connection.send(message, 0, message.length));
            template.update(7, rest);
            assertTrue(template.send(two.now) >= 0);
            require(0, connection.begin(partial, message.length));
            require(rest.length, partial.complete(0, message, 0, message.length - rest.length));
            require(0, partial.complete(message.length - rest.length, rest, 0, rest.length));
            two.step();
        }
    }

    private static void require(int wanted, int answered) {
        if (wanted != answered) {
            throw new AssertionError("answered " + answered + ", not " + wanted);
        }
    }

    private final class Taker implements ConnectionHandler {
        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            received += length;
            return length;
        }
    }
}
