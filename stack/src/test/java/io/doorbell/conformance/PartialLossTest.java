package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;

import io.doorbell.counters.Counter;
import io.doorbell.script.PartialSend;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Segment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A hole is not a loss, a loss beside it is one, and no estimate is deceived by either. */
@ExtendWith(Scripts.class)
class PartialLossTest {
    private static final int MSS = 100;

    private static void establish(Script script) {
        script.establish(syn(0).mss(MSS).sackOk());
    }

    /** A message of ten segments of which the first is not known; the others have left. */
    private static PartialSend nineBehindAHole(Script script) {
        PartialSend message = new PartialSend(script, 10 * MSS);
        message.complete(MSS, 9 * MSS);
        script.expectData(1 + MSS, MSS, 9);
        script.advance(millis(10));
        return message;
    }

    private static int window(Script script) {
        return script.flow().application().connection().congestionWindow();
    }

    private static void noLossWasSeen(Script script, int windowBefore) {
        script.expectCounter(Counter.TCP_FAST_RETRANSMITS, 0).expectCounter(Counter.TCP_TIMEOUTS, 0)
                .expectCounter(Counter.TCP_RETRANSMITTED_SEGMENTS, 0).expectCounter(Counter.TCP_TAIL_PROBES, 0);
        script.require(window(script) >= windowBefore, "the window shrank from " + windowBefore + " to " + window(script));
    }

    @Test
    void rfc8985_6_reportsOfWhatWasSentPastAHoleTellNoLoss(Script script) {
        establish(script);
        int before = window(script);
        PartialSend message = nineBehindAHole(script);
        for (int i = 2; i <= 10; i++) {
            script.receive(ack(1).sack(1 + MSS, 1 + i * MSS));
        }
        script.expectNothingUntil(seconds(1000));
        message.complete(0, MSS);
        script.expect(data(1, MSS));
        script.advance(millis(10));
        script.receive(ack(1001)).expectNothingUntil(seconds(2000));
        noLossWasSeen(script, before);
    }

    @Test
    void rfc5681_3_2_duplicateAcksForAHoleAreNoLossWithoutSack(Script script) {
        script.establish(syn(0).mss(MSS));
        int before = window(script);
        PartialSend message = nineBehindAHole(script);
        for (int i = 2; i <= 10; i++) {
            script.receive(ack(1));
        }
        script.expectNothingUntil(seconds(1000));
        message.complete(0, MSS);
        script.expect(data(1, MSS));
        script.advance(millis(10));
        script.receive(ack(1001)).expectNothingUntil(seconds(2000));
        noLossWasSeen(script, before);
    }

    @Test
    void rfc5681_3_2_duplicateAcksThatWereOnTheirWayWhenTheHoleWasFilledAreNoLoss(Script script) {
        script.establish(syn(0).mss(MSS));
        int before = window(script);
        PartialSend message = nineBehindAHole(script);
        message.complete(0, MSS);
        script.expect(data(1, MSS));
        for (int i = 2; i <= 10; i++) {
            script.receive(ack(1));
        }
        script.receive(ack(1001)).expectNothingUntil(seconds(100));
        noLossWasSeen(script, before);
    }

    @Test
    void rfc6298_5_1_withoutSackNoTimeoutForDataHeldBackBehindAHole(Script script) {
        script.establish(syn(0).mss(MSS));
        PartialSend message = new PartialSend(script, 30);
        message.completeAll(0, 10, 12, 18);
        script.expect(data(1, 10), data(13, 18));
        script.receive(ack(11)).receive(ack(11)).expectNothingUntil(seconds(1000));
        script.expectCounter(Counter.TCP_TIMEOUTS, 0);
        message.complete(10, 2);
        script.expect(data(11, 2));
        script.receive(ack(31)).expectNothingUntil(seconds(2000));
    }

    @Test
    void rfc6298_5_1_whatIsOutBeforeTheHoleTimesOut(Script script) {
        script.establish(syn(0).mss(MSS));
        PartialSend message = new PartialSend(script, 30);
        message.completeAll(0, 10, 12, 18);
        script.expect(data(1, 10), data(13, 18));
        script.receive(ack(1));
        script.expectBetween(millis(200), seconds(1), data(1, 10));
        script.receive(ack(11)).expectNothingUntil(seconds(1000));
        message.complete(10, 2);
        script.expect(data(11, 2));
        script.receive(ack(31));
    }

    @Test
    void rfc6582_3_2_withoutSackALossBeforeTheHoleIsFound(Script script) {
        script.establish(syn(0).mss(MSS));
        PartialSend message = new PartialSend(script, 6 * MSS);
        message.completeAll(0, MSS, 2 * MSS, 4 * MSS);
        script.expect(data(1, MSS));
        script.expectData(1 + 2 * MSS, MSS, 4);
        script.receive(ack(1)).receive(ack(1)).receive(ack(1));
        script.expect(data(1, MSS));
        script.receive(ack(1)).receive(ack(1 + MSS)).expectNothingUntil(seconds(1000));
        message.complete(MSS, MSS);
        script.expect(data(1 + MSS, MSS));
        script.receive(ack(601));
    }

    @Test
    void rfc6298_5_withoutSackALossBehindTheHoleIsFoundOnceItIsFilled(Script script) {
        script.establish(syn(0).mss(MSS));
        PartialSend message = nineBehindAHole(script);
        for (int i = 0; i < 8; i++) {
            script.receive(ack(1));
        }
        message.complete(0, MSS);
        script.expect(data(1, MSS));
        script.receive(ack(401));
        long now = script.time();
        script.expectBetween(now + millis(200), now + seconds(1), data(401, MSS));
        script.receive(ack(1001)).expectNothingUntil(seconds(1000));
    }

    @Test
    void rfc8985_6_2_aLossBehindTheHoleIsFoundByTime(Script script) {
        establish(script);
        PartialSend message = nineBehindAHole(script);
        script.receive(ack(1).sack(1 + MSS, 1 + 4 * MSS));
        script.receive(ack(1).sack(1 + 5 * MSS, 1 + 10 * MSS, 1 + MSS, 1 + 4 * MSS));
        script.expectBy(script.time() + millis(5), data(1 + 4 * MSS, MSS));
        script.receive(ack(1).sack(1 + MSS, 1 + 10 * MSS)).expectNothingUntil(seconds(1000));
        script.expectCounter(Counter.TCP_FAST_RETRANSMITS, 1).expectCounter(Counter.TCP_TIMEOUTS, 0);
        message.complete(0, MSS);
        script.expect(data(1, MSS));
        script.receive(ack(1001)).expectNothingUntil(seconds(2000));
    }

    @Test
    void rfc8985_6_2_aRecoveryBesideAnOpenHoleComesToAnEnd(Script script) {
        establish(script);
        nineBehindAHole(script);
        script.receive(ack(1).sack(1 + 2 * MSS, 1 + 10 * MSS));
        script.expectBy(script.time() + millis(5), data(1 + MSS, MSS));
        script.advance(millis(10));
        script.receive(ack(1).sack(1 + MSS, 1 + 10 * MSS));
        int threshold = window(script);
        script.send(40 * MSS);
        int sent = script.takeAll().size();
        script.require(sent * MSS > threshold - MSS, sent + " segments left into a window of " + threshold);
    }

    @Test
    void rfc8985_7_aLostEndBehindTheHoleIsProbed(Script script) {
        establish(script);
        nineBehindAHole(script);
        script.receive(ack(1).sack(1 + MSS, 1 + 9 * MSS));
        script.expectBy(script.time() + millis(300), data(1 + 9 * MSS, MSS));
        script.receive(ack(1).sack(1 + MSS, 1 + 10 * MSS)).expectNothingUntil(seconds(1000));
        script.expectCounter(Counter.TCP_TAIL_PROBES, 1).expectCounter(Counter.TCP_TIMEOUTS, 0);
    }

    @Test
    void rfc8985_7_4_aProbeBesideAHoleLowersNoWindow(Script script) {
        establish(script);
        int before = window(script);
        PartialSend message = nineBehindAHole(script);
        script.receive(ack(1).sack(1 + MSS, 1 + 9 * MSS));
        script.expectBy(script.time() + millis(300), data(1 + 9 * MSS, MSS));
        script.receive(ack(1).sack(1 + MSS, 1 + 10 * MSS));
        script.receive(ack(1).sack(1 + 9 * MSS, 1 + 10 * MSS, 1 + MSS, 1 + 10 * MSS));
        message.complete(0, MSS);
        script.expect(data(1, MSS));
        script.receive(ack(1001));
        script.require(window(script) >= before, "the window shrank from " + before + " to " + window(script));
    }

    @Test
    void rfc8985_7_aLostFillIsSentAgain(Script script) {
        establish(script);
        PartialSend message = nineBehindAHole(script);
        script.receive(ack(1).sack(1 + MSS, 1001));
        message.complete(0, MSS);
        script.expect(data(1, MSS));
        script.expectBy(script.time() + millis(300), data(1, MSS));
        script.expectBy(script.time() + seconds(1), data(1, MSS));
        script.receive(ack(1001)).expectNothingUntil(seconds(1000));
    }

    @Test
    void rfc6298_4_whatWaitedForTheHoleGivesNoSample(Script script) {
        script.establish(syn(0).mss(MSS));
        PartialSend message = nineBehindAHole(script);
        script.receive(ack(1)).advance(seconds(30));
        message.complete(0, MSS);
        script.expect(data(1, MSS));
        script.advance(millis(10));
        script.receive(ack(1001));
        honest(script);
    }

    @Test
    void rfc6298_4_reportsAndTheFillGiveHonestSamples(Script script) {
        establish(script);
        PartialSend message = nineBehindAHole(script);
        script.receive(ack(1).sack(1 + MSS, 1001)).advance(seconds(30));
        message.complete(0, MSS);
        script.expect(data(1, MSS));
        script.advance(millis(10));
        script.receive(ack(1001));
        honest(script);
    }

    @Test
    void rfc7323_4_1_timestampsStayHonestToo(Script script) {
        script.establish(syn(0).mss(MSS + 12).sackOk().timestamps(7, 0));
        PartialSend message = nineBehindAHole(script);
        script.receive(ack(1).sack(1 + MSS, 1001)).advance(seconds(30));
        message.complete(0, MSS);
        script.expect(data(1, MSS));
        script.advance(millis(10));
        script.receive(ack(1001));
        honest(script);
    }

    private static void honest(Script script) {
        long srtt = script.flow().application().connection().smoothedRttNanos();
        script.require(srtt >= millis(9) && srtt <= millis(11), "the smoothed round trip is " + srtt + " ns, not 10 ms");
    }

    @Test
    void rfc8985_6_2_step3_aFilledHoleIsNotReordering(Script script) {
        establish(script);
        PartialSend message = nineBehindAHole(script);
        script.receive(ack(1).sack(1 + MSS, 1001));
        message.complete(0, MSS);
        script.expect(data(1, MSS));
        script.advance(millis(10));
        script.receive(ack(1001));
        script.send(5 * MSS);
        script.expectData(1001, MSS, 5);
        script.advance(millis(10));
        script.receive(ack(1001).sack(1101, 1501));
        script.expect(data(1001, MSS));
    }

    @Test
    void rfc5681_2_flightSizeLeavesTheHolesOut(Script script) {
        script.tcp().congestionControl(io.doorbell.tcp.CongestionAlgorithm.NEW_RENO);
        script.establish(syn(0).mss(MSS).sackOk());
        PartialSend hole = new PartialSend(script, 30 * MSS);
        script.send(8 * MSS);
        script.expectData(1 + 30 * MSS, MSS, 8);
        script.advance(millis(10));
        script.receive(ack(1).sack(1 + 31 * MSS, 1 + 38 * MSS));
        script.expectBy(script.time() + millis(5), data(1 + 30 * MSS, MSS));
        script.advance(millis(10));
        script.receive(ack(1).sack(1 + 30 * MSS, 1 + 38 * MSS));
        script.require(window(script) == 4 * MSS, "the window is " + window(script) + ", not half of what was in flight");
        hole.complete(0, 30 * MSS);
        script.require(!script.takeAll().isEmpty(), "nothing left");
    }

    @Test
    void rfc6298_5_3_dataBehindAHoleThatIsNotReportedTimesOut(Script script) {
        establish(script);
        PartialSend message = new PartialSend(script, 30);
        message.complete(12, 18);
        script.expect(data(13, 18));
        Segment again = data(13, 18);
        script.expectBy(seconds(1), again);
        script.expectBy(seconds(3), data(13, 18));
        script.receive(ack(1).sack(13, 31)).expectNothingUntil(seconds(1000));
        message.complete(0, 12);
        script.expect(data(1, 12));
        script.receive(ack(31)).expectNothingUntil(seconds(2000));
    }

    @Test
    void rfc9293_3_8_3_holesDoNotUseUpTheRetries(Script script) {
        script.tcp().retries(3);
        establish(script);
        new PartialSend(script, 1000);
        for (int i = 0; i < 10; i++) {
            script.send(MSS);
            int seq = script.takeAll().getLast().seq;
            script.expectBy(script.time() + seconds(1), data(seq, MSS));
            script.expectBy(script.time() + seconds(200), data(seq, MSS));
            script.receive(ack(1).sack(1001, seq + MSS)).advance(seconds(1));
        }
        script.expectOpen();
    }
}
