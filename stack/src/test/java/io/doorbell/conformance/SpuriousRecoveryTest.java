package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;

import io.doorbell.counters.Counter;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Recoveries that were a mistake are undone; a loss that only a probe repaired is not overlooked. */
@ExtendWith(Scripts.class)
class SpuriousRecoveryTest {
    private static final int MSS = 1000;

    private static void undone(Script script, int window) {
        script.expectCounter(Counter.TCP_SPURIOUS_RECOVERIES, 1);
        script.require(script.connection().congestionWindow() >= window,
                "the window is " + script.connection().congestionWindow() + ", and was " + window);
    }

    @Test
    void rfc3522_3_2_aLateAckOfTheOriginalUndoesATimeout(Script script) {
        int size = MSS - 12;
        script.establish(syn(0).mss(MSS).timestamps(5, 0));
        script.send(10 * size);
        Sent original = script.expectData(1, size, 10);
        int window = script.connection().congestionWindow();
        script.expectAt(millis(200), data(1, size));
        script.receive(ack(1 + size).timestamps(300, original.tsVal)).expectNothing();
        undone(script, window);
        script.receive(ack(1 + 10 * size).timestamps(301, original.tsVal)).expectNothingUntil(seconds(10));
        script.require(script.connection().retransmissions() == 1, "more than one segment was sent again");
    }

    @Test
    void rfc3522_3_2_anAckOfTheRetransmissionDoesNot(Script script) {
        int size = MSS - 12;
        script.establish(syn(0).mss(MSS).timestamps(5, 0));
        script.send(2 * size);
        script.expectData(1, size, 2);
        Sent again = script.expectAt(millis(200), data(1, size));
        script.advance(millis(10)).receive(ack(1 + size).timestamps(300, again.tsVal));
        script.expect(data(1 + size, size));
        script.receive(ack(1 + 2 * size)).expectNothing().expectCounter(Counter.TCP_SPURIOUS_RECOVERIES, 0);
    }

    @Test
    void rfc3708_3_dsackUndoesAFastRecovery(Script script) {
        script.establish(syn(0).mss(MSS).sackOk());
        script.send(10 * MSS);
        script.expectData(1, MSS, 10);
        int window = script.connection().congestionWindow();
        script.advance(millis(10)).receive(ack(1).sack(1001, 4001));
        script.expect(data(1, MSS));
        script.receive(ack(4001)).expectNothing();
        script.require(script.connection().congestionWindow() < window, "the window was not lowered");
        script.receive(ack(4001).sack(1, 1001)).expectNothing();
        undone(script, window);
        script.receive(ack(10_001)).expectNothingUntil(seconds(10));
    }

    @Test
    void rfc5682_3_whatWasNeverSentAgainArrivesAfterATimeout(Script script) {
        script.establish(syn(0).mss(MSS).sackOk());
        script.send(10 * MSS);
        script.expectData(1, MSS, 10);
        int window = script.connection().congestionWindow();
        Sent probe = script.nextBy(millis(199));
        script.require(probe.seq == 9001, "the probe is " + probe);
        script.require(script.nextBy(millis(500)).seq == 1, "the timeout sent something else");
        script.receive(ack(3001)).expectNothing();
        undone(script, window);
        script.receive(ack(10_001)).expectNothingUntil(seconds(10));
        script.require(script.connection().retransmissions() == 2, "more was sent again than the probe and the first");
        script.expectCounter(Counter.TCP_RETRANSMITTED_SEGMENTS, 2);
    }

    @Test
    void rfc8985_7_4_2_aLossThatTheProbeRepairedLowersTheWindow(Script script) {
        script.establish(syn(0).mss(MSS).sackOk());
        script.send(10 * MSS);
        script.expectData(1, MSS, 10);
        script.advance(millis(10)).receive(ack(8001)).expectNothing();
        int window = script.connection().congestionWindow();
        script.require(script.nextBy(millis(199)).seq == 9001, "the probe is another segment");
        script.send(MSS);
        script.expectData(10_001, MSS, 1);
        script.receive(ack(11_001)).expectNothing();
        script.require(script.connection().congestionWindow() < window, "the window is as it was");
        script.require(script.connection().retransmissions() == 1, "the probe was not counted");
    }

    @Test
    void rfc8985_7_4_2_aProbeThatWasNotNeededLowersNothing(Script script) {
        script.establish(syn(0).mss(MSS).sackOk());
        script.send(10 * MSS);
        script.expectData(1, MSS, 10);
        script.advance(millis(10)).receive(ack(8001)).expectNothing();
        int window = script.connection().congestionWindow();
        script.require(script.nextBy(millis(199)).seq == 9001, "the probe is another segment");
        script.receive(ack(10_001)).expectNothing();
        script.receive(ack(10_001).sack(9001, 10_001)).expectNothing();
        script.send(MSS);
        script.expectData(10_001, MSS, 1);
        script.receive(ack(11_001)).expectNothing();
        script.require(script.connection().congestionWindow() >= window, "the window was lowered");
    }

    @Test
    void rfc9293_3_8_1_aFinSentAgainIsCounted(Script script) {
        script.establish();
        script.closeOutput();
        script.expect(fin(1));
        script.expectAt(millis(200), fin(1));
        script.expectCounter(Counter.TCP_RETRANSMITTED_SEGMENTS, 1);
        script.require(script.connection().retransmissions() == 1, "the FIN was not counted");
        script.receive(ack(2)).expectNothing();
    }

    @Test
    void rfc5681_4_1_afterAnIdleTimeTheWindowRestarts(Script script) {
        script.establish(syn(0).mss(MSS));
        int next = 1;
        for (int i = 0; i < 3; i++) {
            script.send(10 * MSS);
            script.expectData(next, MSS, 10);
            next += 10 * MSS;
            script.advance(millis(10)).receive(ack(next)).expectNothing();
        }
        script.require(script.connection().congestionWindow() > 15 * MSS, "the window did not grow");
        script.advance(seconds(5)).send(30 * MSS);
        script.expectData(next, MSS, 10);
        script.receive(ack(next + 10 * MSS));
        script.takeAll();
        script.require(script.connection().congestionWindow() < 25 * MSS, "the window did not restart");
    }
}
