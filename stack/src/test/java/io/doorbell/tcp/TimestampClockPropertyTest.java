package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.doorbell.ip.Clock;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;

/** The timestamp clock divides as seldom as it can, and is always what a division says (RFC 7323 section 5.4). */
class TimestampClockPropertyTest {
    @Property
    void rfc7323_5_4_itCountsWholeTicks(@ForAll List<@LongRange(min = -5_000_000_000L, max = 5_000_000_000L) Long> steps,
            @ForAll @LongRange(min = 1, max = 1_000_000_000L) long tickNanos, @ForAll @LongRange(min = -3, max = 3) long near,
            @ForAll long start) {
        Clock cycle = new Clock();
        TimestampClock clock = new TimestampClock(cycle, tickNanos);
        long now = start >> 1;
        for (long step : steps) {
            now += step;
            cycle.now(now);
            assertEquals((int) Math.floorDiv(now, tickNanos), clock.ticks());
            for (long other : new long[] {now + near, now + near * tickNanos}) {
                assertEquals((int) Math.floorDiv(other, tickNanos), clock.at(other));
            }
        }
    }
}
