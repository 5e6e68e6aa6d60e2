package io.doorbell.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.counters.Counter;
import io.doorbell.link.ImpairedLink;
import io.doorbell.link.Impairment;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.TcpConfig;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is sent again follows from what was lost: on a path that keeps the order, hardly anything else. */
class LossAccountTest {
    @ParameterizedTest
    @CsvSource({"1, 0.01, 0, 0", "2, 0.01, 100000, 0", "3, 0.01, 5000000, 0", "4, 0.05, 1000000, 0",
            "5, 0.001, 1000000, 0", "6, 0.01, 0, 200000", "7, 0.05, 1000000, 500000", "8, 0.1, 100000, 300000"})
    void rfc2018_4_retransmissionsFollowLosses(long seed, double loss, long delayNanos, long busyNanos) {
        Impairment path = Impairment.builder().seed(seed).loss(loss).delayNanos(delayNanos)
                .rate(2_000_000_000L, 500_000).build();
        PatternedPeer sender = new PatternedPeer(20_000_000, seed, false);
        PatternedPeer receiver = new PatternedPeer(0, seed, false);
        try (TwoStacks two = new TwoStacks(seed, TcpConfig.defaults(), path)) {
            two.serverBusyNanos = busyNanos;
            two.server.listen(80, c -> receiver);
            two.client.connect(TwoStacks.SERVER, 80, sender);
            long until = two.now + 600_000_000_000L;
            while (sender.closed == null && two.now < until) {
                two.step();
            }
            assertEquals(CloseReason.NORMAL, sender.closed, "seed " + seed);
            // Nothing overtakes anything here: only a timeout, when the reports were lost, can have been a mistake.
            long mistakes = two.client.counters().get(Counter.TCP_SPURIOUS_RECOVERIES);
            long timeouts = two.client.counters().get(Counter.TCP_TIMEOUTS);
            assertTrue(mistakes <= timeouts, "seed " + seed + ": RFC 3522: " + mistakes + " recoveries undone, "
                    + timeouts + " timeouts");
            long again = two.client.counters().get(Counter.TCP_RETRANSMITTED_SEGMENTS);
            long lost = ((ImpairedLink) two.client.link()).transmitCounts().dropped();
            // A report of what arrived may itself be lost: on the worst of these paths that costs a fourth.
            assertTrue(again <= lost + lost / 3 + 10, "seed " + seed + ": " + again + " sent again, " + lost + " lost");
        }
    }
}
