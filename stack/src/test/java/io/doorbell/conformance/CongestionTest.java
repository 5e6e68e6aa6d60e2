package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.micros;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static io.doorbell.script.Segments.synAck;

import io.doorbell.counters.Counter;
import io.doorbell.script.Script;
import io.doorbell.tcp.CongestionAlgorithm;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** RFC 5681, RFC 6928, RFC 6582: how much may be out, and what three duplicate ACKs mean. No SACK, no timestamps. */
@ExtendWith(Scripts.class)
class CongestionTest {
    private static final int MSS = 1000;

    private static void establish(Script script) {
        script.establish(syn(0).mss(MSS));
    }

    /** What is sent now and not yet asked about must be whole segments without a gap from {@code seq}; how many? */
    private static int segments(Script script, int seq) {
        int next = seq;
        int count = 0;
        for (Sent sent : script.takeAll()) {
            script.require(sent.seq == next, "at " + next + " there is " + sent);
            next = sent.end();
            count++;
        }
        return count;
    }

    /** Sends 10 segments and loses the first; up to two more may be sent by limited transmit (RFC 3042). */
    private static void loseTheFirstOfTen(Script script) {
        establish(script);
        script.send(10 * MSS);
        script.expectData(1, MSS, 10);
    }

    @Test
    void rfc6928_2_theInitialWindowIsTenSegments(Script script) {
        establish(script);
        script.send(40 * MSS);
        script.expectData(1, MSS, 10);
    }

    @Test
    void rfc6928_2_theInitialWindowOfLargeSegmentsIsTwoSegments(Script script) {
        script.mtu(9000);
        script.establish(syn(0).mss(8960));
        script.send(65_000);
        script.expectData(1, 8960, 2);
    }

    @Test
    void rfc6928_2_theInitialWindowIsAtMost14600BytesFor1460(Script script) {
        script.establish();
        script.send(40_000);
        script.expectData(1, 1460, 10);
    }

    @Test
    void rfc5681_3_1_aLostSynAckLeavesAnInitialWindowOfOneSegment(Script script) {
        script.listen(80);
        script.receive(syn(0).mss(MSS));
        script.expect(synAck(0));
        script.expectAt(seconds(1), synAck(0));
        script.advance(millis(10)).receive(ack(1));
        script.send(5 * MSS);
        script.expectData(1, MSS, 1);
    }

    @Test
    void rfc5681_3_1_aLostSynLeavesAnInitialWindowOfOneSegment(Script script) {
        script.connect(80);
        script.expect(syn(0));
        script.expectAt(seconds(1), syn(0));
        script.advance(millis(10)).receive(synAck(0).mss(MSS));
        script.expect(ack(1).seq(1));
        script.send(5 * MSS);
        script.expectData(1, MSS, 1);
    }

    @Test
    void rfc5681_3_1_theHandshakesAckDoesNotOpenTheWindow(Script script) {
        establish(script);
        script.receive(ack(1)).receive(ack(1)).receive(ack(1)).expectNothing();
        script.send(40 * MSS);
        script.expectData(1, MSS, 10);
    }

    @Test
    void rfc5681_3_1_slowStartSendsTwoSegmentsForEachAcknowledged(Script script) {
        establish(script);
        script.send(60 * MSS);
        script.expectData(1, MSS, 10);
        for (int i = 1; i <= 10; i++) {
            script.receive(ack(1 + i * MSS));
            script.expectData(1 + (8 + 2 * i) * MSS, MSS, 2);
        }
    }

    @Test
    void rfc5681_3_1_smallAcksDoNotOpenTheWindowByWholeSegments(Script script) {
        establish(script);
        script.send(60 * MSS);
        script.expectData(1, MSS, 10);
        // ACK division: 100 ACKs of 10 bytes each acknowledge one segment.
        for (int i = 1; i <= 100; i++) {
            script.receive(ack(1 + 10 * i));
            int more = script.takeAll().size();
            script.require(more <= 1, "an ACK of 10 bytes let " + more + " segments out");
        }
        int out = script.flow().sentUpTo() - 1 - MSS;
        script.require(out <= 11 * MSS, out + " bytes are out after one segment was acknowledged");
    }

    @Test
    void rfc5681_3_1_congestionAvoidanceGrowsByOneSegmentPerRoundTrip(Script script) {
        establish(script);
        script.send(100 * MSS);
        script.expectData(1, MSS, 10);
        int next = timeoutAndSlowStart(script);
        int flight = script.flow().sentUpTo() - next;
        for (int round = 0; round < 3; round++) {
            int end = script.flow().sentUpTo();
            while (next - end < 0) {
                script.advance(millis(1));
                next += MSS;
                script.receive(ack(next));
                script.takeAll();
            }
            int now = script.flow().sentUpTo() - next;
            script.require(now - flight >= 0 && now - flight <= 2 * MSS,
                    "in one round trip the flight grew from " + flight + " to " + now);
            flight = now;
        }
    }

    /** Times out once and acknowledges up to the end of slow start; returns what is acknowledged. */
    private static int timeoutAndSlowStart(Script script) {
        script.expectBy(script.time() + seconds(2), data(1, MSS));
        int next = 1;
        int recover = 1 + 10 * MSS;
        while (next - recover < 0) {
            script.advance(millis(1));
            next += MSS;
            script.receive(ack(next));
            script.takeAll();
        }
        return next;
    }

    @Test
    void rfc5681_3_1_afterATimeoutTheWindowIsOneSegment(Script script) {
        establish(script);
        script.send(20 * MSS);
        script.expectData(1, MSS, 10);
        script.expectBy(seconds(1), data(1, MSS));
        script.expectNothingUntil(millis(350));
        script.receive(ack(1 + MSS));
        script.expectData(1 + MSS, MSS, 2);
    }

    @Test
    void rfc5681_3_1_afterATimeoutSlowStartEndsAtHalfTheFlight(Script script) {
        establish(script);
        script.send(100 * MSS);
        script.expectData(1, MSS, 10);
        int next = timeoutAndSlowStart(script);
        int flight = (script.flow().sentUpTo() - next) / MSS;
        // ssthresh is 5 segments; ten ACKs lead from 1 over 5 to less than 8.
        script.require(flight >= 5 && flight <= 7, "the flight after slow start is " + flight + " segments");
    }

    @Test
    void rfc5681_3_1_aSecondTimeoutOfTheSameDataDoesNotHalveAgain(Script script) {
        establish(script);
        script.send(100 * MSS);
        script.expectData(1, MSS, 10);
        script.expectBy(seconds(1), data(1, MSS));
        int next = timeoutAndSlowStart(script);
        int flight = (script.flow().sentUpTo() - next) / MSS;
        script.require(flight >= 5 && flight <= 7, "the flight after slow start is " + flight + " segments");
    }

    @Test
    void rfc5681_3_2_theThirdDuplicateAckRetransmits(Script script) {
        loseTheFirstOfTen(script);
        script.advance(millis(10));
        script.receive(ack(1)).expectNothing();
        script.receive(ack(1)).expectNothing();
        script.receive(ack(1));
        script.expect(data(1, MSS));
        script.expectCounter(Counter.TCP_FAST_RETRANSMITS, 1);
    }

    @Test
    void rfc5681_3_2_twoDuplicateAcksRetransmitNothing(Script script) {
        loseTheFirstOfTen(script);
        script.receive(ack(1)).receive(ack(1)).expectNothing();
        script.receive(ack(10_001)).expectNothing();
        script.expectNothingUntil(seconds(10)).expectCounter(Counter.TCP_RETRANSMITTED_SEGMENTS, 0);
    }

    @Test
    void rfc5681_3_2_moreDuplicateAcksDoNotRetransmitAgain(Script script) {
        loseTheFirstOfTen(script);
        script.receive(ack(1)).receive(ack(1)).receive(ack(1));
        script.expect(data(1, MSS));
        for (int i = 0; i < 6; i++) {
            script.receive(ack(1)).expectNothing();
        }
        script.receive(ack(10_001)).expectNothing();
    }

    @Test
    void rfc3042_2_limitedTransmitSendsAtMostTwoNewSegments(Script script) {
        establish(script);
        script.send(30 * MSS);
        script.expectData(1, MSS, 10);
        script.receive(ack(1));
        int first = segments(script, 10_001);
        script.receive(ack(1));
        int second = segments(script, 10_001 + first * MSS);
        script.require(first <= 1 && second <= 1, "two duplicate ACKs let " + first + " and " + second + " segments out");
        script.receive(ack(1));
        script.require(script.takeAll().getFirst().seq == 1, "the third did not retransmit the first segment");
    }

    @Test
    void rfc5681_3_2_fastRecoveryHalvesTheFlight(Script script) {
        script.tcp().congestionControl(CongestionAlgorithm.NEW_RENO);
        establish(script);
        script.send(60 * MSS);
        script.expectData(1, MSS, 10);
        for (int i = 0; i < 9; i++) {
            script.advance(micros(10)).receive(ack(1));
            script.takeAll();
        }
        int out = script.flow().sentUpTo();
        script.require(out <= 1 + 15 * MSS, "in fast recovery " + out + " bytes were sent");
        // A full acknowledgment ends fast recovery with cwnd = ssthresh = 5 segments (plus one for this ACK).
        script.receive(ack(out));
        int flight = script.takeAll().size();
        script.require(flight >= 1 && flight <= 6, "the flight after fast recovery is " + flight + " segments");
    }

    @Test
    void rfc6582_3_2_aPartialAckRetransmitsTheNextHoleAtOnce(Script script) {
        loseTheFirstOfTen(script);
        script.receive(ack(1)).receive(ack(1)).receive(ack(1));
        script.expect(data(1, MSS));
        script.advance(millis(10)).receive(ack(3001));
        script.expect(data(3001, MSS));
        script.advance(millis(10)).receive(ack(7001));
        script.expect(data(7001, MSS));
        script.receive(ack(10_001)).expectNothing();
        script.expectCounter(Counter.TCP_TIMEOUTS, 0);
    }

    @Test
    void rfc6582_3_2_duplicateAcksOfARecoveryThatHasEndedStartNoOther(Script script) {
        loseTheFirstOfTen(script);
        script.expectBy(seconds(1), data(1, MSS));
        // These were caused by the nine segments that did arrive before the timeout.
        script.receive(ack(1)).receive(ack(1)).receive(ack(1)).receive(ack(1)).expectNothing();
        script.receive(ack(10_001)).expectNothing();
        script.expectCounter(Counter.TCP_FAST_RETRANSMITS, 0);
    }

    @Test
    void rfc6582_3_2_aSecondLossIsRecoveredInARecoveryOfItsOwn(Script script) {
        loseTheFirstOfTen(script);
        script.receive(ack(1)).receive(ack(1)).receive(ack(1));
        script.expect(data(1, MSS));
        script.receive(ack(10_001)).expectNothing();
        script.send(20 * MSS);
        int next = 10_001;
        for (int i = 0; i < 8; i++) {
            script.takeAll();
            next += MSS;
            script.receive(ack(next));
        }
        script.takeAll();
        script.require(script.flow().sentUpTo() - next >= 4 * MSS, "less than four segments are out");
        for (int i = 0; i < 3; i++) {
            script.receive(ack(next));
            Sent first = script.allow(data(next, MSS)) ? null : script.takeAll().stream().findFirst().orElse(null);
            script.require(i < 2 || first == null, "the third duplicate ACK caused " + first);
            script.takeAll();
        }
        script.expectCounter(Counter.TCP_FAST_RETRANSMITS, 2);
    }

    @Test
    void rfc5681_2_segmentsWithDataAreNoDuplicateAcks(Script script) {
        loseTheFirstOfTen(script);
        for (int i = 0; i < 4; i++) {
            script.receive(data(1 + 10 * i, 10).ack(1));
            script.takeAll().forEach(sent -> script.require(sent.payload.length == 0, "it retransmitted: " + sent));
        }
        script.expectDelivered(40).at(millis(150));
        script.takeAll().forEach(sent -> script.require(sent.payload.length == 0, "it retransmitted: " + sent));
        script.expectCounter(Counter.TCP_FAST_RETRANSMITS, 0);
    }

    @Test
    void rfc5681_2_windowUpdatesAreNoDuplicateAcks(Script script) {
        loseTheFirstOfTen(script);
        for (int i = 0; i < 5; i++) {
            script.receive(ack(1).win(65_000 - i)).expectNothing();
        }
        script.expectCounter(Counter.TCP_FAST_RETRANSMITS, 0);
    }

    @Test
    void rfc5681_2_acksWithNothingOutAreNoDuplicateAcks(Script script) {
        establish(script);
        for (int i = 0; i < 5; i++) {
            script.receive(ack(1)).expectNothing();
        }
        script.send(100);
        script.expect(data(1, 100));
        script.receive(ack(1)).expectNothing();
        script.receive(ack(1)).expectNothing();
        script.receive(ack(1));
        script.expect(data(1, 100));
    }

    @Test
    void rfc5681_2_aFinIsNoDuplicateAck(Script script) {
        loseTheFirstOfTen(script);
        script.receive(ack(1)).receive(ack(1)).expectNothing();
        script.receive(fin(1).ack(1)).expectPeerClosed();
        script.takeAll().forEach(sent -> script.require(sent.payload.length == 0, "it retransmitted: " + sent));
        script.expectCounter(Counter.TCP_FAST_RETRANSMITS, 0);
    }

    @Test
    void rfc5681_2_oldAcksAreNoDuplicateAcks(Script script) {
        loseTheFirstOfTen(script);
        script.receive(ack(5001)).expectNothing();
        for (int i = 0; i < 5; i++) {
            script.receive(ack(3001)).expectNothing();
        }
        script.expectCounter(Counter.TCP_FAST_RETRANSMITS, 0);
    }

    @Test
    void rfc5681_4_1_afterIdlingTheWindowStartsAgain(Script script) {
        establish(script);
        script.send(30 * MSS);
        script.expectData(1, MSS, 10);
        for (int i = 1; i <= 30; i++) {
            script.receive(ack(1 + i * MSS));
            script.takeAll();
        }
        script.at(seconds(60)).send(60 * MSS);
        int burst = segments(script, 30_001);
        script.require(burst <= 10, "after a minute of idling " + burst + " segments went out at once");
    }

    @Test
    void rfc5681_3_1_theWindowNeverExceedsThePeersWindow(Script script) {
        script.establish(syn(0).mss(MSS).win(3000));
        script.send(20 * MSS);
        script.expectData(1, MSS, 3);
        script.receive(ack(1001).win(2000)).expectNothing();
        script.receive(ack(3001).win(5000));
        script.expectData(3001, MSS, 5);
    }

    @Test
    void rfc5681_3_2_theRetransmissionOfAFastRetransmitIsTimed(Script script) {
        loseTheFirstOfTen(script);
        script.advance(millis(20)).receive(ack(1)).receive(ack(1)).receive(ack(1));
        script.expect(data(1, MSS));
        script.expectBy(seconds(2), data(1, MSS));
    }
}
