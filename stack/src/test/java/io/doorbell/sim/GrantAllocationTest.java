package io.doorbell.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.counters.Counter;
import io.doorbell.grant.GrantedSender;
import io.doorbell.grant.GrantedTemplate;
import io.doorbell.link.FrameReceiver;
import io.doorbell.link.Impairment;
import io.doorbell.link.PipeLink;
import io.doorbell.tcp.Grant;
import io.doorbell.tcp.GrantOptions;
import io.doorbell.tcp.TcpConfig;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/** What an engine sends, asks for and gets, allocates nothing at either side. */
class GrantAllocationTest {
    private static final int LENGTH = 200;
    private static final int MESSAGES = 20_000;
    private static final FrameReceiver NOBODY = (memory, offset, length) -> { };

    private final byte[] array = new byte[4];
    private final MemorySegment source = MemorySegment.ofArray(new byte[3_000]);
    private final PipeLink.Pair cable = PipeLink.pair();
    private long received;
    private int refused;
    private FrameReceiver to;

    private final class Reader implements ConnectionHandler {
        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            received += length;
            return length;
        }
    }

    @Test
    void aGrantedSendAllocatesNothing() {
        try (cable; TwoStacks two = new TwoStacks(1, TcpConfig.defaults(), Impairment.NONE)) {
            two.admitEngines();
            two.server.listen(80, c -> new Reader());
            Connection connection = two.client.connect(TwoStacks.SERVER, 80, new Reader());
            while (connection.sendSpace() == 0) {
                two.step();
            }
            Grant grant = connection.grant(GrantOptions.of(40 * LENGTH));
            GrantedSender engine = grant.sender(cable.left());
            GrantedTemplate template = engine.template(LENGTH);
            template.known(0, source, 0, LENGTH - 8);
            send(two, engine, template, 3 * MESSAGES);
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long before = threads.getCurrentThreadAllocatedBytes();
            send(two, engine, template, MESSAGES);
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            assertTrue(allocated < 16_384, allocated + " bytes for " + MESSAGES + " messages");
            assertEquals(0, refused);
            assertTrue(two.client.counters().get(Counter.GRANTS_ASKED) > MESSAGES / 40, "the grant was not renewed");
            assertEquals(grant.sentBytes(), received);
        }
    }

    /** Plain ones of one segment and of several, and templates. */
    private void send(TwoStacks two, GrantedSender engine, GrantedTemplate template, int count) {
        for (int i = 0; i < count; i++) {
            template.update64(LENGTH - 8, i);
            template.update(LENGTH - 4, array);
            int code = i % 3 == 0 ? template.send(two.now)
                    : engine.send(source, 0, i % 64 == 1 ? 9 * LENGTH : LENGTH, two.now);
            refused += code < 0 ? 1 : 0;
            cross(two);
            poll(two);
            poll(two);
        }
    }

    /** What the engine has posted goes on to the cable of its stack. */
    private void cross(TwoStacks two) {
        cable.right().receive(crossing(two), 64, two.now);
        cable.right().receive(NOBODY, 0, two.now);
    }

    private FrameReceiver crossing(TwoStacks two) {
        if (to == null) {
            to = (memory, offset, length) -> two.post(two.client, memory, offset, length);
        }
        return to;
    }

    private static void poll(TwoStacks two) {
        two.now += 10_000;
        two.client.poll(two.now);
        two.server.poll(two.now);
    }
}
