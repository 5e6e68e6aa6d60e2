package io.doorbell.tools.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How often a capture looks at the ring: as seldom as it can without being overtaken. */
class CapturePauseTest {
    private static final long CAPACITY = 4 << 20;

    /** At any rate of the stack, from some first looks on. */
    @ParameterizedTest
    @ValueSource(longs = {0, 1_000, 1_000_000, 100_000_000, 1_000_000_000, 3_000_000_000L})
    void atASteadyRateALookFindsLessThanAQuarterOfTheRing(long bytesPerSecond) {
        long pause = 0;
        long unread = 0;
        for (int look = 0; look < 100; look++) {
            pause = CaptureCommand.pause(pause, unread, CAPACITY);
            assertTrue(pause >= 200_000 && pause <= 2_000_000, "a pause of " + pause + " ns");
            unread = bytesPerSecond * pause / 1_000_000_000L;
            assertTrue(look < 10 || unread <= CAPACITY / 4, unread + " bytes at look " + look);
        }
        assertEquals(bytesPerSecond < 260_000_000, pause == 2_000_000, "a pause of " + pause + " ns");
    }

    /** 250 000 frames of full size a second: a wake-up must be shared by some hundreds of them. */
    @Test
    void aStreamAtFullRateIsLookedAtOnceInAMillisecondAtMost() {
        long pause = 0;
        for (int look = 0; look < 100; look++) {
            pause = CaptureCommand.pause(pause, 390_000_000L * pause / 1_000_000_000L, CAPACITY);
        }
        assertTrue(pause >= 1_000_000, "a pause of " + pause + " ns");
    }

    @ParameterizedTest
    @ValueSource(longs = {CAPACITY / 2 + 1, CAPACITY})
    void whoeverWasNearlyOvertakenDoesNotPause(long unread) {
        assertEquals(0, CaptureCommand.pause(2_000_000, unread, CAPACITY));
    }
}
