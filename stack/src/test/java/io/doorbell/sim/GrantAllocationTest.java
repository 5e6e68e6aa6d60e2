package io.doorbell.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.doorbell.counters.Counter;
import io.doorbell.grant.GrantedSender;
import io.doorbell.grant.GrantedTemplate;
import io.doorbell.link.Impairment;
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

    private final byte[] array = new byte[4];
    private final MemorySegment source = MemorySegment.ofArray(new byte[3_000]);
    private int refused;

    @Test
    void aGrantedSendAllocatesNothing() {
        try (TwoStacks two = new TwoStacks(1, TcpConfig.defaults(), Impairment.NONE);
                EngineCable cable = new EngineCable(two)) {
            Grant grant = cable.connection.grant(GrantOptions.of(40 * LENGTH));
            GrantedSender engine = grant.sender(cable.link());
            GrantedTemplate template = engine.template(LENGTH);
            template.known(0, source, 0, LENGTH - 8);
            send(two, cable, engine, template, 3 * MESSAGES);
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long before = threads.getCurrentThreadAllocatedBytes();
            send(two, cable, engine, template, MESSAGES);
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            assertTrue(allocated < 16_384, allocated + " bytes for " + MESSAGES + " messages");
            assertEquals(0, refused);
            assertTrue(two.client.counters().get(Counter.GRANTS_ASKED) > MESSAGES / 40, "the grant was not renewed");
            assertEquals(grant.sentBytes(), cable.received.count);
        }
    }

    /** Plain ones of one segment and of several, and templates. */
    private void send(TwoStacks two, EngineCable cable, GrantedSender engine, GrantedTemplate template, int count) {
        for (int i = 0; i < count; i++) {
            template.update64(LENGTH - 8, i);
            template.update(LENGTH - 4, array);
            int code = i % 3 == 0 ? template.send(two.now)
                    : engine.send(source, 0, i % 64 == 1 ? 9 * LENGTH : LENGTH, two.now);
            refused += code < 0 ? 1 : 0;
            cable.cross();
            cable.poll(10_000);
            cable.poll(10_000);
        }
    }
}
