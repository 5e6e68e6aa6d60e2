package io.doorbell.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.counters.Counter;
import io.doorbell.link.Impairment;
import io.doorbell.link.PipeLink;
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

    /** Two senders; the server has room for out-of-order data of less than one, and each in turn loses what it had. */
    @Test
    void rfc2018_8_whatAPeerGaveUpForWantOfMemoryIsNoFault() {
        TcpConfig server = TcpConfig.builder().outOfOrderFrames(6).build();
        Impairment lossy = Impairment.builder().seed(1).loss(0.05).delayNanos(5_000_000).build();
        try (TwoStacks two = new TwoStacks(1, TcpConfig.defaults(), server, lossy, Impairment.NONE, PipeLink.options(), null,
                null)) {
            Audit clientAudit = two.client.audit();
            Audit serverAudit = two.server.audit();
            PatternedPeer[] senders = {new PatternedPeer(300_000, 1, false), new PatternedPeer(300_000, 2, false)};
            PatternedPeer[] receivers = {new PatternedPeer(0, 1, false), new PatternedPeer(0, 2, false)};
            for (int i = 0; i < senders.length; i++) {
                PatternedPeer receiver = receivers[i];
                two.server.listen(80 + i, c -> receiver);
                two.client.connect(TwoStacks.SERVER, 80 + i, senders[i]);
            }
            while ((senders[0].closed == null || senders[1].closed == null) && two.polls < 1_000_000) {
                two.step();
                assertNull(Audit.checkEnds(clientAudit, serverAudit));
            }
            assertTrue(two.server.counters().get(Counter.TCP_PRUNED_BYTES) > 0, "nothing was given up");
            for (PatternedPeer receiver : receivers) {
                assertTrue(receiver.received == 300_000 && receiver.fault == null);
            }
        }
    }
}
