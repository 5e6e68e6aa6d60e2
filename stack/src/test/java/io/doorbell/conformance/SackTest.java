package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.micros;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static io.doorbell.script.Segments.synAck;

import io.doorbell.counters.Counter;
import io.doorbell.link.Link;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Selective acknowledgments: RFC 2018 and RFC 2883 as a receiver, RFC 8985 and RFC 6937 as a sender. */
@ExtendWith(Scripts.class)
class SackTest {
    private static final int MSS = 1000;

    private static void establish(Script script) {
        script.establish(syn(0).mss(MSS).sackOk());
    }

    private static void sendTen(Script script) {
        establish(script);
        script.send(10 * MSS);
        script.expectData(1, MSS, 10);
        script.advance(millis(10));
    }

    @Test
    void rfc2018_2_sackIsPermittedOnlyIfTheSynSaidSo(Script script) {
        script.listen(80);
        script.receive(syn(0).mss(MSS));
        script.expect(synAck(0).noSackOk());
        script.use(script.flow(50_001, 80)).receive(syn(0).mss(MSS).sackOk());
        script.expect(synAck(0).sackOk());
    }

    @Test
    void rfc2018_2_theActiveOpenerOffersSack(Script script) {
        script.connect(80);
        script.expect(syn(0).sackOk());
        script.expectAt(seconds(1), syn(0).sackOk());
    }

    @Test
    void rfc2018_2_sackCanBeTurnedOff(Script script) {
        script.tcp().sack(false);
        script.listen(80);
        script.receive(syn(0).mss(MSS).sackOk());
        script.expect(synAck(0).noSackOk());
        script.connect(81);
        script.expect(syn(0).noSackOk());
    }

    @Test
    void rfc2018_2_withoutPermissionNoBlocksAreSent(Script script) {
        script.establish();
        script.receive(data(101, 100));
        script.expect(ack(1).noOptions());
    }

    @Test
    void rfc2018_4_theFirstBlockHoldsTheSegmentThatCausedTheAck(Script script) {
        establish(script);
        script.receive(data(201, 100));
        script.expect(ack(1).sack(201, 301));
        script.receive(data(401, 100));
        script.expect(ack(1).sack(401, 501, 201, 301));
        script.receive(data(601, 100));
        script.expect(ack(1).sack(601, 701, 401, 501, 201, 301));
        script.receive(data(301, 50));
        script.expect(ack(1).sack(201, 351, 601, 701, 401, 501));
    }

    @Test
    void rfc2018_4_adjoiningPiecesAreOneBlock(Script script) {
        establish(script);
        script.receive(data(201, 100));
        script.expect(ack(1).sack(201, 301));
        script.receive(data(401, 100));
        script.expect(ack(1).sack(401, 501, 201, 301));
        script.receive(data(301, 100));
        script.expect(ack(1).sack(201, 501));
    }

    @Test
    void rfc2018_4_blocksEndWithTheHole(Script script) {
        establish(script);
        script.receive(data(101, 100));
        script.expect(ack(1).sack(101, 201));
        script.receive(data(1, 100)).expectDelivered(200);
        script.expect(ack(201).noOptions());
        script.receive(data(201, 10)).expectDelivered(10);
        script.expectBy(millis(499), ack(211).noOptions());
    }

    @Test
    void rfc2018_4_partOfTheHoleLeavesTheBlocks(Script script) {
        establish(script);
        script.receive(data(201, 100));
        script.expect(ack(1).sack(201, 301));
        script.receive(data(1, 100)).expectDelivered(100);
        script.expect(ack(101).sack(201, 301));
        script.receive(data(101, 100)).expectDelivered(200);
        script.expect(ack(301).noOptions());
    }

    @Test
    void rfc2018_3_fourBlocksFitAndThreeBesideTimestamps(Script script) {
        establish(script);
        int most = 0;
        for (int i = 1; i <= 6; i++) {
            script.receive(data(1 + 200 * i, 100));
            most = script.takeAll().getLast().sackEdges.length / 2;
        }
        script.require(most == 4, most + " blocks were sent");
        script.use(script.flow(50_001, 80)).establish(syn(0).mss(MSS).sackOk().timestamps(5, 0));
        for (int i = 1; i <= 6; i++) {
            script.receive(data(1 + 200 * i, 100));
            most = script.takeAll().getLast().sackEdges.length / 2;
        }
        script.require(most == 3, most + " blocks were sent beside timestamps");
    }

    @Test
    void rfc2018_4_dataCarriesBlocksToo(Script script) {
        establish(script);
        script.receive(data(101, 100));
        script.expect(ack(1).sack(101, 201));
        script.send("x");
        Sent sent = script.expect(data(1, "x").ack(1));
        script.require(sent.sackEdges.length == 0 || sent.sackEdges[0] == 101, "the block is wrong: " + sent);
    }

    @Test
    void rfc2883_4_1_anOldSegmentIsReportedAsADuplicate(Script script) {
        establish(script);
        script.receive(data(1, 100)).expectDelivered(100);
        script.expectBy(millis(499), ack(101));
        script.receive(data(1, 100));
        script.expect(ack(101).sack(1, 101));
        script.receive(data(101, 10)).expectDelivered(10);
        script.expectBy(millis(1499), ack(111).noOptions());
    }

    @Test
    void rfc2883_4_1_aDuplicateBehindAHoleIsReportedWithTheBlockAroundIt(Script script) {
        establish(script);
        script.receive(data(201, 100));
        script.expect(ack(1).sack(201, 301));
        script.receive(data(201, 100));
        script.expect(ack(1).sack(201, 301, 201, 301));
    }

    @Test
    void rfc2883_4_2_theDuplicatePartOfASegmentBehindAHoleIsReported(Script script) {
        establish(script);
        script.receive(data(201, 100));
        script.expect(ack(1).sack(201, 301));
        script.receive(data(251, 100));
        script.expect(ack(1).sack(251, 301, 201, 351));
        script.receive(data(151, 300));
        script.expect(ack(1).sack(201, 351, 151, 451));
    }

    @Test
    void rfc2883_4_2_ofTwoDuplicatePartsTheFirstIsReported(Script script) {
        establish(script);
        script.receive(data(201, 100));
        script.expect(ack(1).sack(201, 301));
        script.receive(data(401, 100));
        script.expect(ack(1).sack(401, 501, 201, 301));
        script.receive(data(151, 400));
        script.expect(ack(1).sack(201, 301, 151, 551));
    }

    @Test
    void rfc2883_4_2_theDuplicatePartOfASegmentThatFillsTheHoleIsReported(Script script) {
        establish(script);
        script.receive(data(201, 100));
        script.expect(ack(1).sack(201, 301));
        script.receive(data(1, 250)).expectDelivered(300);
        script.expect(ack(301).sack(201, 251));
    }

    @Test
    void rfc8985_6_threeSackedSegmentsRetransmitTheOneBefore(Script script) {
        sendTen(script);
        script.receive(ack(1).sack(1001, 2001)).expectNothing();
        script.receive(ack(1).sack(1001, 3001)).expectNothing();
        script.receive(ack(1).sack(1001, 4001));
        script.expect(data(1, MSS));
    }

    @Test
    void rfc2018_5_whatWasSackedIsNotRetransmitted(Script script) {
        sendTen(script);
        // The first and the fifth are lost.
        script.receive(ack(1).sack(1001, 4001));
        script.takeAll();
        script.receive(ack(1).sack(1001, 4001, 5001, 10_001));
        List<Sent> sent = script.takeAll();
        script.advance(millis(5)).receive(ack(4001).sack(5001, 10_001));
        script.takeAll().forEach(each -> script.require(each.seq == 4001, "retransmitted was " + each));
        script.receive(ack(10_001)).expectNothing();
        script.require(sent.size() <= 2, "retransmitted were " + sent);
        script.expectCounter(Counter.TCP_TIMEOUTS, 0).expectCounter(Counter.TCP_RETRANSMITTED_SEGMENTS, 2);
    }

    @Test
    void rfc8985_6_2_aReorderedSegmentIsWaitedFor(Script script) {
        sendTen(script);
        script.receive(ack(1).sack(1001, 2001)).expectNothing();
        script.advance(micros(500)).receive(ack(2001)).expectNothing();
        script.advance(micros(500)).receive(ack(10_001)).expectNothing();
        script.expectNothingUntil(seconds(10)).expectCounter(Counter.TCP_RETRANSMITTED_SEGMENTS, 0);
    }

    @Test
    void rfc8985_6_2_aSegmentOvertakenForAQuarterOfARoundTripIsLost(Script script) {
        sendTen(script);
        long start = script.time();
        script.receive(ack(1).sack(1001, 2001)).expectNothing();
        Sent again = script.nextBy(start + millis(10));
        script.require(again.seq == 1 && again.timeNanos >= start, "retransmitted was " + again);
    }

    @Test
    void rfc8985_7_aLostTailIsProbedBeforeTheTimeout(Script script) {
        establish(script);
        script.send(3 * MSS);
        script.expectData(1, MSS, 3);
        Sent probe = script.nextBy(millis(199));
        script.require(probe.seq == 2001, "probed was with " + probe);
        script.advance(millis(10)).receive(ack(1).sack(2001, 3001));
        Sent repair = script.nextBy(script.time() + millis(199));
        script.require(repair.seq == 1, "repaired was " + repair);
        script.takeAll();
        script.advance(millis(10)).receive(ack(3001)).expectNothing();
        script.expectCounter(Counter.TCP_TIMEOUTS, 0);
    }

    @Test
    void rfc8985_7_2_aProbeOfASingleSegmentAllowsForADelayedAck(Script script) {
        script.tcp().peerAckDelayNanos(millis(100));
        establish(script);
        script.send(500);
        script.expect(data(1, 500));
        script.expectNothingUntil(millis(119));
        script.receive(ack(501)).expectNothingUntil(seconds(10));
    }

    @Test
    void rfc8985_7_3_aProbeSendsNewDataIfThereIsSome(Script script) {
        script.establish(syn(0).mss(MSS).sackOk().win(2000));
        script.send(2 * MSS);
        script.expectData(1, MSS, 2);
        script.receive(ack(1).win(5000)).send(0);
        script.expectNothing();
        Sent probe = script.nextBy(millis(199));
        script.require(probe.seq == 1001, "the probe is " + probe);
        script.receive(ack(2001)).expectNothingUntil(seconds(10));
    }

    @Test
    void rfc2018_8_aPeerThatTakesItsWordBackIsServedByTheTimeout(Script script) {
        sendTen(script);
        script.receive(ack(1).sack(1001, 10_001));
        script.expect(data(1, MSS));
        // The peer forgot all that it had reported.
        int acknowledged = 1;
        for (int i = 0; i < 30 && acknowledged < 10_001; i++) {
            Sent sent = script.nextBy(script.time() + seconds(200));
            if (sent.seq == acknowledged) {
                acknowledged = sent.end();
            }
            script.takeAll();
            script.advance(millis(10)).receive(ack(Math.max(acknowledged, 1001)));
            acknowledged = Math.max(acknowledged, 1001);
            for (Sent more : script.takeAll()) {
                acknowledged = more.seq == acknowledged ? more.end() : acknowledged;
            }
            script.receive(ack(acknowledged));
            for (Sent more : script.takeAll()) {
                acknowledged = more.seq == acknowledged ? more.end() : acknowledged;
            }
            if (acknowledged < 10_001) {
                script.receive(ack(acknowledged));
                script.takeAll();
            }
        }
        script.receive(ack(10_001));
        script.takeAll();
        script.require(acknowledged == 10_001, "the stream got stuck at " + acknowledged);
    }

    @Test
    void rfc2018_5_senselessBlocksAreIgnored(Script script) {
        sendTen(script);
        script.receive(ack(1).sack(20_001, 30_001)).expectNothing();
        script.receive(ack(1).sack(4001, 3001)).expectNothing();
        script.receive(ack(1).sack(-5000, 10_001)).expectNothing();
        script.receive(ack(1).sack(5001, 5001)).expectNothing();
        script.receive(ack(10_001)).expectNothingUntil(seconds(10)).expectState("ESTABLISHED");
    }

    @Test
    void rfc2018_2_blocksThatWereNotAgreedOnAreIgnored(Script script) {
        script.establish(syn(0).mss(MSS));
        script.send(10 * MSS);
        script.expectData(1, MSS, 10);
        script.receive(ack(1).sack(1001, 10_001)).expectNothing();
        script.receive(ack(10_001)).expectNothing();
    }

    @Test
    void rfc6937_3_recoveryNeitherStopsNorBursts(Script script) {
        establish(script);
        script.send(60 * MSS);
        script.expectData(1, MSS, 10);
        script.advance(millis(10));
        int sent = 0;
        for (int i = 2; i <= 10; i++) {
            script.receive(ack(1).sack(1001, 1 + i * MSS));
            int burst = script.takeAll().size();
            script.require(burst <= 3, "one ACK let " + burst + " segments out");
            sent += burst;
        }
        script.require(sent >= 4, "while nine segments were reported only " + sent + " were sent");
        script.advance(millis(10)).receive(ack(script.flow().sentUpTo()));
        int flight = script.takeAll().size();
        script.require(flight >= 2 && flight <= 10, "the flight after recovery is " + flight);
    }

    @Test
    void rfc8985_6_aLostRetransmissionIsFoundWithoutATimeout(Script script) {
        establish(script);
        script.send(30 * MSS);
        script.expectData(1, MSS, 10);
        script.advance(millis(10)).receive(ack(1).sack(1001, 4001));
        script.require(script.takeAll().getFirst().seq == 1, "the first segment was not retransmitted");
        script.advance(millis(1)).receive(ack(1).sack(1001, 10_001));
        script.takeAll();
        int fresh = script.flow().sentUpTo();
        script.require(fresh > 10_001, "no new data was sent in recovery");
        // What was sent after the retransmission arrives, a round trip later; the retransmission did not.
        script.advance(millis(15)).receive(ack(1).sack(1001, fresh));
        boolean again = script.takeAll().stream().anyMatch(sent -> sent.seq == 1);
        if (!again) {
            script.require(script.nextBy(script.time() + millis(100)).seq == 1, "the retransmission was not repeated");
        }
        script.takeAll();
        script.advance(millis(10)).receive(ack(fresh));
        script.takeAll();
        script.expectCounter(Counter.TCP_TIMEOUTS, 0);
    }

    @Test
    void rfc6298_5_2_anIdleConnectionWithSackHasNoTimer(Script script) {
        sendTen(script);
        script.receive(ack(10_001)).expectNothingUntil(seconds(1000));
        script.require(script.stack().nextDeadlineNanos() == Link.NEVER, "an idle connection has a deadline");
    }
}
