package io.doorbell.packet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.doorbell.link.FrameReceiver;
import io.doorbell.link.Link;
import io.doorbell.netns.Namespace;
import io.doorbell.netns.RequiresRoot;
import io.doorbell.netns.VethPair;
import io.doorbell.wire.EthernetHeader;
import io.doorbell.wire.Ipv4Header;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/** Receive, transmit and flush allocate nothing once they are warm. */
@RequiresRoot
class AllocationTest {
    private static final int MOST_RUNS = 20;
    private static final int ROUNDS = 10_000;
    private static final int BURST = 16;
    private static final long TOLERATED_BYTES = 16_384;

    private static final class Count implements FrameReceiver {
        private long frames;

        @Override
        public void frame(MemorySegment memory, long offset, int length) {
            frames++;
        }
    }

    private static void exchange(Link from, Link to, long frame, int rounds, Count count) {
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < BURST; i++) {
                from.transmit(frame, 100, round);
            }
            from.flush(round);
            to.receive(count, 64, round);
            from.receive(count, 64, round);
        }
    }

    private static void assertNoAllocation(Link from, Link to, int destination) {
        long frame = from.frames().allocate();
        MemorySegment memory = from.frames().memory();
        EthernetHeader.write(memory, frame, to.mac(), from.mac(), EthernetHeader.TYPE_IPV4);
        Ipv4Header.write(memory, frame + EthernetHeader.LENGTH, 0, 86, 0, 0, 64, 253, 0x0a600009, destination);
        Count count = new Count();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long allocated = Long.MAX_VALUE;
        int runs = 0;
        // When the compilers come to the calls' path is theirs to choose: until then a call allocates.
        while (allocated >= TOLERATED_BYTES && runs < MOST_RUNS) {
            long before = threads.getCurrentThreadAllocatedBytes();
            exchange(from, to, frame, ROUNDS, count);
            allocated = threads.getCurrentThreadAllocatedBytes() - before;
            runs++;
        }
        assertTrue(allocated < TOLERATED_BYTES, allocated + " bytes for " + ROUNDS * BURST + " frames in run " + runs);
        assertEquals(1, from.frames().holds(frame));
        assertEquals((long) runs * ROUNDS * BURST, from.statistics().txFrames);
        if (from != to) {
            assertEquals((long) runs * ROUNDS * BURST, count.frames + to.statistics().rxDropped);
            assertTrue(count.frames > ROUNDS, "frames " + count.frames);
        }
    }

    @Test
    void packet() {
        try (Namespace left = Namespace.create(); Namespace right = Namespace.create();
             VethPair veth = VethPair.between(left, right).create();
             PacketLink from = left.call(PacketLink.on(veth.left().name()).address("10.96.0.1")::open);
             PacketLink to = right.call(PacketLink.on(veth.right().name()).address("10.96.0.2")::open)) {
            assertNoAllocation(from, to, HandMadeHost.ip("10.96.0.2"));
        }
    }

    @Test
    void tap() {
        try (Namespace namespace = Namespace.create(); TapLink link = namespace.call(TapLink.on("dbtap0")::open)) {
            assertNoAllocation(link, link, HandMadeHost.ip("10.96.0.2"));
        }
    }
}
