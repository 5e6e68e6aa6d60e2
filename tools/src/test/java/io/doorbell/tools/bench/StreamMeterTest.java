package io.doorbell.tools.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class StreamMeterTest {
    private final StreamMeter meter = new StreamMeter(1_000, 10_000);

    private void move(long now, int bytes) {
        meter.moved(bytes);
        meter.tick(now);
    }

    @Test
    void onlyTheMiddleCountsAndEverythingIsSummed() {
        meter.tick(0);
        move(5_000, 100);
        move(6_000, 200);
        move(10_000, 1_000);
        assertFalse(meter.over());
        move(16_000, 1_500);
        assertTrue(meter.over());
        move(17_000, 50);
        assertEquals(2_850, meter.bytes());
        assertEquals(2_500, meter.counted().bytes());
        assertEquals(2, meter.counted().messages());
        assertEquals(10_000, meter.counted().nanos());
        assertEquals(2.0, meter.counted().gbps());
    }

    @Test
    void aStreamThatEndsTooSoonHasNoRate() {
        move(5_000, 100);
        assertEquals(0, meter.counted().gbps());
    }
}
