package io.doorbell.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** The estimator against RFC 6298's formulas in floating point. */
class RttEstimatorPropertyTest {
    private static final long SECOND = 1_000_000_000L;
    private final TcpConfig config = TcpConfig.builder().minRtoNanos(SECOND).maxRtoNanos(60 * SECOND).build();
    private final RttEstimator rtt = estimator(config);

    private static RttEstimator estimator(TcpConfig config) {
        SegmentTable segments = new SegmentTable(4);
        return new RttEstimator(config, new Rack(segments, new Scoreboard(segments, new Flights(4)), 1_000_000L));
    }

    private static Tcb started(RttEstimator rtt) {
        Tcb c = new ControlBlock();
        c.minRttNanos = Long.MAX_VALUE;
        rtt.start(c);
        return c;
    }

    @Property
    void rfc6298_2_everySampleMovesTheEstimateByTheFormulas(
            @ForAll @Size(min = 1, max = 40) List<@LongRange(min = 1_000, max = 50_000_000_000L) Long> samples) {
        Tcb c = started(rtt);
        double srtt = 0;
        double rttvar = 0;
        long now = 0;
        for (int i = 0; i < samples.size(); i++) {
            double sample = samples.get(i);
            now += samples.get(i);
            rtt.sample(c, samples.get(i), now);
            if (i == 0) {
                srtt = sample;
                rttvar = sample / 2;
            } else {
                rttvar = 0.75 * rttvar + 0.25 * Math.abs(srtt - sample);
                srtt = 0.875 * srtt + 0.125 * sample;
            }
            // Whole nanoseconds lose less than one in each step, and what is lost fades.
            assertEquals(srtt, c.srttNanos, 10, "SRTT after sample " + i);
            assertEquals(rttvar, c.rttvarNanos, 10, "RTTVAR after sample " + i);
            double rto = Math.min(60e9, Math.max(1e9, srtt + Math.max(1_000, 4 * rttvar)));
            assertEquals(rto, c.rtoNanos, 60, "RTO after sample " + i);
        }
    }

    @Property
    void rfc6298_5_5_theTimeoutDoublesUpToTheBoundAndIsRestored(
            @ForAll @LongRange(min = 1_000, max = 50_000_000_000L) long sample) {
        Tcb c = started(rtt);
        rtt.sample(c, sample, sample);
        long before = c.rtoNanos;
        for (int i = 1; i < 8; i++) {
            rtt.backOff(c);
            assertEquals(Math.min(60 * SECOND, before << i), c.rtoNanos);
        }
        rtt.restore(c);
        assertEquals(before, c.rtoNanos);
    }

    @Test
    void rfc6298_2_1_withoutASampleTheTimeoutIsOneSecond() {
        Tcb c = started(estimator(TcpConfig.defaults()));
        assertEquals(SECOND, c.rtoNanos);
        rtt.backOff(c);
        assertEquals(2 * SECOND, c.rtoNanos);
        rtt.restore(c);
        assertEquals(SECOND, c.rtoNanos);
    }

    @Test
    void rfc6298_5_7_aLostSynMakesTheTimeoutThreeSeconds() {
        Tcb c = started(rtt);
        rtt.afterLostSyn(c);
        assertEquals(3 * SECOND, c.rtoNanos);
        rtt.sample(c, SECOND / 10, SECOND);
        rtt.afterLostSyn(c);
        assertEquals(SECOND, c.rtoNanos, "a sample says more than a guess");
    }
}
