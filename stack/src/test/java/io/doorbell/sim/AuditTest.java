package io.doorbell.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.link.Impairment;
import io.doorbell.tcp.Audit;
import io.doorbell.tcp.TcpConfig;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The audit itself: it counts frames that nobody names, and a quiet stack passes. */
class AuditTest {
    @Test
    void aFrameThatNothingRefersToIsNoticed() {
        try (TwoStacks two = new TwoStacks(1, TcpConfig.defaults(), Impairment.NONE)) {
            Audit audit = two.client.audit();
            assertNull(audit.check(List.of()));
            long frame = TwoStacks.pool(two.client).allocate();
            assertEquals("1 frames are taken that nothing refers to, of 4096; 0 wait for a neighbour",
                    audit.check(List.of()));
            TwoStacks.pool(two.client).release(frame);
            assertNull(audit.check(List.of()));
        }
    }

    @Test
    void aTransferPassesAtEveryStep() {
        PatternedPeer sender = new PatternedPeer(200_000, 1, false);
        PatternedPeer receiver = new PatternedPeer(0, 1, false);
        try (TwoStacks two = new TwoStacks(1, TcpConfig.defaults(), Impairment.builder().loss(0.02).build())) {
            Audit client = two.client.audit();
            Audit server = two.server.audit();
            two.server.listen(80, c -> receiver);
            two.client.connect(TwoStacks.SERVER, 80, sender);
            while (sender.closed == null && two.polls < 1_000_000) {
                two.step();
                assertNull(client.check(List.of()));
                assertNull(server.check(List.of()));
                assertNull(Audit.checkEnds(client, server));
            }
            assertTrue(receiver.received == 200_000 && receiver.fault == null);
        }
    }
}
