package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.syn;

import io.doorbell.counters.Counter;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Segment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The retransmission timer during fast recovery, where a round trip is half of the RTO. */
@ExtendWith(Scripts.class)
class RecoveryTimerTest {
    private static final int MSS = 1000;
    private static final int ROUNDS = 12;

    /** Round trips of 100 ms until the RTO is little more than 200 ms; then ten segments more of which the first is lost. */
    private static int loseAtRoundTripsOf100Millis(Script script, Segment syn) {
        script.establish(syn);
        int next = 1;
        for (int i = 0; i < ROUNDS; i++) {
            script.send(MSS);
            script.expectData(next, MSS, 1);
            next += MSS;
            script.advance(millis(100)).receive(ack(next)).expectNothing();
        }
        script.send(10 * MSS);
        script.expectData(next, MSS, 10);
        return next;
    }

    @Test
    void rfc6675_6_theTimerRunsFromTheRetransmissionOfTheFirstSegment(Script script) {
        int first = loseAtRoundTripsOf100Millis(script, syn(0).mss(MSS).sackOk());
        long sent = script.time();
        script.at(sent + millis(102)).receive(ack(first).sack(first + MSS, first + 10 * MSS));
        script.expect(data(first, MSS));
        script.at(sent + millis(220)).expectNothing();
        script.receive(ack(first + 10 * MSS)).expectNothing();
        script.expectCounter(Counter.TCP_TIMEOUTS, 0);
    }

    @Test
    void rfc6298_5_4_aLostRetransmissionTimesOutOneRtoAfterIt(Script script) {
        int first = loseAtRoundTripsOf100Millis(script, syn(0).mss(MSS).sackOk());
        long sent = script.time();
        script.at(sent + millis(102)).receive(ack(first).sack(first + MSS, first + 10 * MSS));
        script.expect(data(first, MSS));
        script.expectBetween(sent + millis(302), sent + millis(312), data(first, MSS));
        script.expectCounter(Counter.TCP_TIMEOUTS, 1);
    }

    /** Ten segments, of which the first and the fifth are lost: three duplicate ACKs, a partial ACK. */
    @Test
    void rfc6582_3_2_withoutSackTheTimerRunsFromTheFastRetransmit(Script script) {
        int first = loseAtRoundTripsOf100Millis(script, syn(0).mss(MSS));
        long sent = script.time();
        script.at(sent + millis(102)).receive(ack(first), ack(first), ack(first));
        script.expect(data(first, MSS));
        script.at(sent + millis(220)).expectNothing();
        script.receive(ack(first + 10 * MSS)).expectNothing();
        script.expectCounter(Counter.TCP_TIMEOUTS, 0);
    }

    @Test
    void rfc6582_3_2_withoutSackOnlyTheFirstPartialAckRestartsTheTimer(Script script) {
        int first = loseAtRoundTripsOf100Millis(script, syn(0).mss(MSS));
        long sent = script.time();
        script.at(sent + millis(100)).receive(ack(first), ack(first), ack(first));
        script.expect(data(first, MSS));
        for (int partial = 1; partial <= 2; partial++) {
            script.at(sent + millis(100 + partial * 90)).receive(ack(first + partial * MSS));
            script.expect(data(first + partial * MSS, MSS));
        }
        // Not 200 ms after the second, at 280 ms, but after the first, at 190 ms.
        script.expectBetween(sent + millis(390), sent + millis(400), data(first + 2 * MSS, MSS));
        script.takeAll();
        script.expectCounter(Counter.TCP_TIMEOUTS, 1);
    }
}
