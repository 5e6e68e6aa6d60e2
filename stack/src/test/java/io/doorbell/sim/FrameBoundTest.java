package io.doorbell.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.link.Impairment;
import io.doorbell.link.PipeLink;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.TcpConfig;
import org.junit.jupiter.api.Test;

/** A link may carry packets that leave no room for a segment's headers in its frames. */
class FrameBoundTest {
    @Test
    void aSegmentNeverLeavesItsFrame() {
        PatternedPeer sender = new PatternedPeer(1_000_000, 1, false);
        PatternedPeer receiver = new PatternedPeer(0, 1, false);
        PipeLink.Options cable = PipeLink.options().mtu(2034).frameSize(2048);
        try (TwoStacks two = new TwoStacks(1, TcpConfig.defaults(), Impairment.NONE, cable)) {
            two.server.listen(80, c -> receiver);
            two.client.connect(TwoStacks.SERVER, 80, sender);
            long until = two.now + 60_000_000_000L;
            while (sender.closed == null && two.now < until) {
                two.step();
                assertTrue(sender.connection == null || sender.connection.segmentSize() <= 2048 - 256, "segment size");
            }
            assertNull(receiver.fault);
            assertEquals(CloseReason.NORMAL, sender.closed);
            assertEquals(1_000_000, receiver.received);
        }
    }
}
