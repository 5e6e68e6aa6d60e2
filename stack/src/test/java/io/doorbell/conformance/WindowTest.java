package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;

import io.doorbell.Connection;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Flow control: RFC 9293 section 3.8.6. */
@ExtendWith(Scripts.class)
class WindowTest {
    /** Advances until the stack probes a closed window at {@code una} and checks the form of the probe. */
    private static Sent probe(Script script, int una, long latest) {
        Sent probe = script.nextBy(latest);
        boolean newByte = probe.seq == una && probe.payload.length <= 1;
        boolean oldByte = probe.seq == una - 1 && probe.payload.length <= 1;
        script.require(newByte || oldByte, "this is no probe of the window at " + una + ": " + probe);
        return probe;
    }

    @Test
    void rfc9293_3_8_6_nothingIsSentIntoAClosedWindow(Script script) {
        script.establish();
        script.receive(ack(1).win(0)).send(1000);
        script.expectNothingUntil(millis(199));
    }

    @Test
    void rfc9293_3_8_6_aWindowUpdateLetsDataGo(Script script) {
        script.establish();
        script.receive(ack(1).win(0)).send(1000).expectNothing();
        script.advance(millis(50)).receive(ack(1).win(5000));
        script.expectBytes(1, 1001);
    }

    @Test
    void rfc9293_3_8_6_1_aClosedWindowIsProbedAfterTheRtoWithBackoff(Script script) {
        script.establish();
        script.receive(ack(1).win(0)).send(1000).expectNothing();
        long last = 0;
        long gap = 0;
        for (int i = 0; i < 6; i++) {
            Sent probe = probe(script, 1, last + seconds(60));
            long interval = probe.timeNanos - last;
            script.require(i == 0 || interval >= gap + gap / 2,
                    "probe " + i + " came after " + interval + " ns, the one before after " + gap);
            gap = interval;
            last = probe.timeNanos;
            script.receive(ack(1).win(0)).expectNothing();
        }
    }

    @Test
    void rfc9293_3_8_6_1_answeredProbesNeverGiveUp(Script script) {
        script.tcp().retries(3).maxRtoNanos(seconds(60));
        script.establish();
        script.receive(ack(1).win(0)).send(1000).expectNothing();
        for (int i = 0; i < 50; i++) {
            probe(script, 1, script.time() + seconds(121));
            script.receive(ack(1).win(0)).expectNothing().expectOpen();
        }
        script.receive(ack(1).win(2000));
        script.expectBytes(1, 1001);
    }

    @Test
    void rfc9293_3_8_6_1_aProbeThatIsTakenCounts(Script script) {
        script.establish();
        script.receive(ack(1).win(0)).send(1000).expectNothing();
        Sent probe = probe(script, 1, seconds(10));
        script.receive(ack(probe.end() > 1 ? 2 : 1).win(4000));
        script.expectBytes(probe.end() > 1 ? 2 : 1, 1001);
        script.receive(ack(1001)).expectNothingUntil(seconds(100));
    }

    @Test
    void rfc9293_3_8_6_1_noDataIsSkippedWhenTheWindowOpensAfterProbes(Script script) {
        script.establish();
        script.receive(ack(1).win(0)).send(5000).expectNothing();
        probe(script, 1, seconds(10));
        probe(script, 1, seconds(10));
        script.receive(ack(1).win(10_000));
        int next = 1;
        for (Sent sent : script.takeAll()) {
            script.require(sent.seq - next <= 0, "there is a gap before " + sent.seq);
            next = Math.max(next, sent.end());
        }
        script.require(next == 5001, "sent is only up to " + next);
    }

    @Test
    void rfc9293_3_8_6_1_aClosedWindowWithoutDataIsNotProbed(Script script) {
        script.establish();
        script.receive(ack(1).win(0)).expectNothingUntil(seconds(1000));
    }

    @Test
    void rfc9293_3_8_6_1_aWindowThatClosesInMidTransferIsProbed(Script script) {
        script.establish(syn(0).mss(1000).win(3000));
        script.send(6000);
        script.expectData(1, 1000, 3);
        script.advance(millis(10)).receive(ack(3001).win(0)).expectNothing();
        probe(script, 3001, seconds(10));
        script.receive(ack(3001).win(3000));
        script.expectBytes(3001, 6001);
    }

    @Test
    void rfc9293_3_8_6_1_aFinBehindAClosedWindowIsDeliveredInTheEnd(Script script) {
        script.establish();
        script.receive(ack(1).win(0)).send(100).close().expectNothing();
        probe(script, 1, seconds(10));
        script.receive(ack(1).win(1000));
        script.takeAll();
        script.require(script.flow().sentUpTo() == 102, "data and FIN are not out: " + script.flow().sentUpTo());
        script.receive(ack(102)).expectState("FIN-WAIT-2");
    }

    @Test
    void rfc9293_3_8_6_aShrunkenWindowIsObeyedAndSurvived(Script script) {
        script.establish(syn(0).mss(1000).win(10_000));
        script.send(20_000);
        script.expectData(1, 1000, 10);
        script.advance(millis(10)).receive(ack(2001).win(1000)).expectNothing().expectOpen();
        script.receive(ack(2001).win(1500)).expectNothing().expectOpen();
        script.receive(ack(10_001).win(5000));
        script.expectData(10_001, 1000, 5);
    }

    @Test
    void rfc9293_3_8_6_whatIsOutBeyondAShrunkenWindowIsStillRetransmitted(Script script) {
        script.establish(syn(0).mss(1000).win(10_000));
        script.send(5000);
        script.expectData(1, 1000, 5);
        script.advance(millis(10)).receive(ack(1001).win(0));
        Sent again = script.nextBy(seconds(10));
        script.require(again.seq >= 1000 && again.seq <= 1001, "instead of a probe or retransmission there is " + again);
        script.receive(ack(1001).win(10_000));
        script.takeAll();
        script.receive(ack(5001)).expectNothingUntil(seconds(100)).expectOpen();
    }

    @Test
    void rfc9293_3_10_7_4_anOldAckDoesNotUpdateTheWindow(Script script) {
        script.establish(syn(0).mss(1000).win(4000));
        script.send(10_000);
        script.expectData(1, 1000, 4);
        script.receive(ack(4001).win(0)).expectNothing();
        script.receive(ack(1001).win(60_000)).expectNothing();
    }

    @Test
    void rfc9293_3_10_7_4_anUnacceptableSegmentDoesNotUpdateTheWindow(Script script) {
        script.establish(syn(0).mss(1000).win(4000));
        script.receive(data(1, 10).ack(1).win(0)).expectDelivered(10);
        script.expectBy(millis(499), ack(11));
        script.send(3000).expectNothing();
        script.receive(ack(1).seq(5).win(60_000));
        script.expect(ack(11));
    }

    @Test
    void rfc9293_3_10_7_4_aSegmentAtTheSameNumbersUpdatesTheWindow(Script script) {
        script.establish(syn(0).mss(1000).win(4000));
        script.send(10_000);
        script.expectData(1, 1000, 4);
        script.receive(ack(1).win(6000));
        script.expectData(4001, 1000, 2);
    }

    @Test
    void rfc9293_3_10_7_4_dataUpdatesTheWindowToo(Script script) {
        script.establish(syn(0).mss(1000).win(2000));
        script.send(10_000);
        script.expectData(1, 1000, 2);
        script.receive(data(1, 10).ack(2001).win(3000)).expectDelivered(10);
        script.expectData(2001, 1000, 3);
    }

    @Test
    void rfc9293_3_8_6_2_1_aSliverOfAWindowIsNotUsedAtOnce(Script script) {
        script.establish(syn(0).mss(1000).win(10_000));
        script.send(12_000);
        script.expectData(1, 1000, 10);
        script.advance(millis(10)).receive(ack(10_001).win(100)).expectNothing();
        Sent late = script.nextBy(script.time() + seconds(2));
        script.require(late.seq == 10_001 || late.seq == 10_000, "the override timer sent " + late);
    }

    @Test
    void rfc9293_3_8_6_2_1_aWindowThatStaysSmallIsUsedInTheEnd(Script script) {
        script.establish(syn(0).mss(1000).win(10_000));
        script.send(12_000);
        script.expectData(1, 1000, 10);
        script.advance(millis(10)).receive(ack(10_001).win(400)).expectNothing();
        int acknowledged = 10_001;
        for (int i = 0; i < 20 && acknowledged < 12_001; i++) {
            acknowledged = Math.max(acknowledged, script.nextBy(script.time() + seconds(5)).end());
            script.takeAll();
            script.advance(millis(10)).receive(ack(acknowledged).win(400));
        }
        script.require(acknowledged == 12_001, "twenty override timeouts sent only up to " + acknowledged);
    }

    @Test
    void rfc9293_3_8_6_2_1_halfOfASmallWindowIsWorthASegment(Script script) {
        script.establish(syn(0).mss(1460).win(1000));
        script.send(4000);
        script.expect(data(1, 1000));
        script.receive(ack(1001).win(600));
        Sent next = script.nextBy(script.time());
        script.require(next.seq == 1001 && next.payload.length > 300, "the window of 600 is answered by " + next);
    }

    @Test
    void rfc9293_3_8_6_2_2_theWindowIsNotAdvancedInSmallSteps(Script script) {
        script.tcp().receiveWindowBytes(8192);
        script.initialAppetite(0);
        script.establish();
        fill(script);
        for (int i = 0; i < 10; i++) {
            script.read(100).expectDelivered(100);
            script.expectNothing();
        }
        script.receive(data(8193, 1));
        script.expect(ack(8193).win(0));
        // Half of the buffer is enough for everybody.
        script.read(3096).expectDelivered(3096);
        script.expectBy(script.time() + millis(500), ack(8193).winAtLeast(1460));
        script.anyDelivery();
    }

    /** Fills the window of 8192 with 8 segments. */
    private static void fill(Script script) {
        for (int seq = 1; seq <= 8192; seq += 1024) {
            script.receive(data(seq, 1024));
            script.takeAll();
        }
        script.at(millis(500));
        script.takeAll();
    }

    @Test
    void rfc9293_3_8_6_2_2_readingAllReopensTheWindow(Script script) {
        script.tcp().receiveWindowBytes(8192);
        script.initialAppetite(0);
        script.establish();
        fill(script);
        script.read(8192).expectDelivered(8192);
        script.expectBy(script.time() + millis(500), ack(8193).win(8192));
        script.receive(data(8193, 100)).expectDelivered(0);
        script.expectBy(script.time() + millis(500), ack(8293).win(8092));
        script.resume().expectDelivered(100);
        script.at(script.time() + seconds(1));
        script.allow(ack(8293));
    }

    @Test
    void rfc9293_3_8_6_theWindowShrinksByWhatTheApplicationLeaves(Script script) {
        script.tcp().receiveWindowBytes(8192);
        script.initialAppetite(500);
        script.establish();
        script.receive(data(1, 1000)).expectDelivered(500);
        Sent answer = script.expectBy(millis(499), ack(1001));
        script.require(answer.window >= 7192 && answer.window <= 7692, "the window is " + answer.window);
        script.read(500).expectDelivered(500);
        script.allow(ack(1001));
    }

    @Test
    void rfc9293_3_8_6_1_aProbeOfTheOwnClosedWindowIsAnsweredEveryTime(Script script) {
        script.tcp().receiveWindowBytes(8192);
        script.initialAppetite(0);
        script.establish();
        fill(script);
        for (int i = 0; i < 5; i++) {
            script.advance(seconds(1)).receive(data(8193, 1));
            script.expect(ack(8193).win(0));
        }
        script.expectDelivered(0).anyDelivery();
    }

    @Test
    void rfc9293_3_8_6_aRefusedSendIsToldWhenThereIsRoomAgain(Script script) {
        script.tcp().sendBufferBytes(8192);
        script.establish(syn(0).mss(1000));
        script.send(8000);
        script.expectData(1, 1000, 8);
        script.sendRefused(4000, Connection.BACKPRESSURE);
        script.receive(ack(8001)).expectNothing().expectWritable();
        script.send(4000);
        script.expectBytes(8001, 12_001);
    }
}
