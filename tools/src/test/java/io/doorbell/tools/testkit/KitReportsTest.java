package io.doorbell.tools.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.tools.replay.PcapReplay;
import io.doorbell.tools.replay.ReplayResult;
import io.doorbell.tools.replay.ReplaySide;
import io.doorbell.tools.replay.Strictness;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** The kit's annotations: what a method is given, and what a failing one says. */
class KitReportsTest {
    @ReplayPcap(value = "/captures/loss-one-receiver.pcap", as = ReplaySide.CLIENT)
    void aMethodIsGivenTheReplayItsVerdictAndTheBytes(PcapReplay replay, ReplayResult result, byte[] delivered) {
        assertTrue(result.same());
        assertArrayEquals(result.delivered(), delivered);
        assertEquals(20_000, delivered.length);
        assertEquals('!', delivered[0]);
        assertFalse(replay.strict(Strictness.SEGMENTS).run().same());
    }

    /** Not found by its name: it fails on purpose, when a test below runs it. */
    static final class Failing {
        @ReplayPcap(value = "/captures/loss-one-receiver.pcap", as = ReplaySide.CLIENT, strict = Strictness.SEGMENTS)
        void itDiffers() {
        }

        @ReplayPcap("no-such.pcap")
        void itIsNotThere() {
        }

        @SimulatedLink(loss = 0.1, seed = 0)
        void itFailsForOneSeed(SimulatedNetwork network) {
            throw new AssertionError("on purpose at " + network.nowNanos());
        }
    }

    @Test
    void aFailureTellsWhatDiffersOrHowToRepeatIt() {
        SummaryGeneratingListener summary = new SummaryGeneratingListener();
        LauncherFactory.create().execute(LauncherDiscoveryRequestBuilder.request()
                .selectors(DiscoverySelectors.selectClass(Failing.class)).build(), summary);
        List<String> words = new ArrayList<>();
        summary.getSummary().getFailures().forEach(each -> {
            words.add(each.getException().getMessage());
            for (Throwable more : each.getException().getSuppressed()) {
                words.add(more.getMessage());
            }
        });
        String all = String.join("\n", words);
        assertEquals(3, summary.getSummary().getTestsFailedCount(), all);
        assertTrue(all.contains(">>> first difference"), all);
        assertTrue(all.contains("no-such.pcap is neither a resource"), all);
        assertTrue(all.contains("to repeat it: @SimulatedLink(..., seed = "), all);
    }
}
