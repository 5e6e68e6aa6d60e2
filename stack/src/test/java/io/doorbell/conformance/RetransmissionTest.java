package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.micros;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static io.doorbell.script.Segments.synAck;

import io.doorbell.counters.Counter;
import io.doorbell.link.Link;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import io.doorbell.tcp.CloseReason;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** RFC 6298, without timestamps unless said. The first round trip of {@code establish} takes 10 ms. */
@ExtendWith(Scripts.class)
class RetransmissionTest {
    /** A handshake in 100 ms: SRTT 100 ms, RTTVAR 50 ms, RTO 300 ms. */
    private static void establish(Script script) {
        script.connect(80);
        script.expect(syn(0));
        script.advance(millis(100)).receive(synAck(0).mss(1460));
        script.expect(ack(1).seq(1));
    }

    @Test
    void rfc6298_2_2_theFirstSampleSetsTheRto(Script script) {
        establish(script);
        script.send("abc");
        script.expect(data(1, "abc"));
        script.expectAt(script.time() + millis(300), data(1, "abc").ack(1));
    }

    @Test
    void rfc6298_2_3_furtherSamplesSmoothTheRto(Script script) {
        establish(script);
        script.send("abc");
        script.expect(data(1, "abc"));
        script.advance(millis(100)).receive(ack(4));
        // RTTVAR is 3/4 * 50 = 37.5 ms, SRTT stays 100 ms.
        script.send("def");
        script.expect(data(4, "def"));
        script.expectAt(script.time() + millis(250), data(4, "def"));
    }

    @Test
    void rfc6298_2_3_aLongerRoundTripRaisesTheRto(Script script) {
        establish(script);
        script.send("abc");
        script.expect(data(1, "abc"));
        script.advance(millis(200)).receive(ack(4));
        // RTTVAR is 3/4 * 50 + 1/4 * 100 = 62.5 ms, SRTT 7/8 * 100 + 1/8 * 200 = 112.5 ms.
        script.send("def");
        script.expect(data(4, "def"));
        script.expectAt(script.time() + micros(362_500), data(4, "def"));
    }

    @Test
    void rfc6298_2_4_theRtoHasALowerBound(Script script) {
        script.tcp().minRtoNanos(seconds(1));
        script.establish();
        script.send("abc");
        script.expect(data(1, "abc"));
        script.expectAt(seconds(1), data(1, "abc"));
    }

    @Test
    void rfc6298_2_5_theRtoHasAnUpperBound(Script script) {
        script.tcp().maxRtoNanos(seconds(60));
        script.establish();
        script.send("abc");
        script.expect(data(1, "abc"));
        long gap = 0;
        long last = 0;
        for (int i = 0; i < 12; i++) {
            long at = script.expectBy(last + seconds(61), data(1, "abc")).timeNanos;
            gap = at - last;
            last = at;
        }
        script.require(gap == seconds(60), "the twelfth interval is " + gap + " ns");
    }

    @Test
    void rfc6298_5_5_theRtoDoublesWithEachTimeout(Script script) {
        establish(script);
        long start = script.time();
        script.send("abc");
        script.expect(data(1, "abc"));
        for (long at : new long[] {300, 900, 2100, 4500, 9300}) {
            script.expectAt(start + millis(at), data(1, "abc"));
        }
        script.expectCounter(Counter.TCP_TIMEOUTS, 5);
    }

    @Test
    void rfc6298_5_2_noTimerRunsWhenAllIsAcknowledged(Script script) {
        script.establish();
        script.send("abc");
        script.expect(data(1, "abc"));
        script.advance(millis(50)).receive(ack(4));
        script.expectNothingUntil(seconds(1000));
        script.require(script.stack().nextDeadlineNanos() == Link.NEVER, "an idle connection has a deadline");
    }

    @Test
    void rfc6298_5_3_anAckOfNewDataRestartsTheTimer(Script script) {
        establish(script);
        script.send(1460);
        script.expect(data(1, 1460));
        script.send(1460);
        script.expect(data(1461, 1460));
        script.advance(millis(100)).receive(ack(1461));
        // RTTVAR 37.5 ms, SRTT 100 ms.
        script.expectAt(script.time() + millis(250), data(1461, 1460));
    }

    @Test
    void rfc6298_5_1_moreDataDoesNotRestartTheTimer(Script script) {
        establish(script);
        long start = script.time();
        script.send("abc");
        script.expect(data(1, "abc"));
        script.advance(millis(200)).send("def");
        script.expect(data(4, "def"));
        script.expectAt(start + millis(300), data(1, "abc"));
        // The second one fits into the loss window of one full segment, too.
        script.allow(data(4, "def"));
    }

    @Test
    void rfc6298_5_4_onlyTheEarliestSegmentIsRetransmittedOnTimeout(Script script) {
        establish(script);
        script.send(4380);
        script.expectData(1, 1460, 3);
        script.expectAt(script.time() + millis(300), data(1, 1460));
        script.receive(ack(4381)).expectNothing();
        script.expectNothingUntil(seconds(60));
    }

    @Test
    void rfc6298_3_karn_aRetransmittedSegmentGivesNoSample(Script script) {
        establish(script);
        long before = script.flow().application().connection().smoothedRttNanos();
        script.send("abc");
        script.expect(data(1, "abc"));
        script.expectAt(script.time() + millis(300), data(1, "abc"));
        script.advance(millis(1)).receive(ack(4)).expectNothing();
        long after = script.flow().application().connection().smoothedRttNanos();
        script.require(before == after, "SRTT was " + before + " ns and is " + after);
    }

    @Test
    void rfc6298_5_7_aNewSampleCollapsesTheBackedOffRto(Script script) {
        establish(script);
        script.send("abc");
        script.expect(data(1, "abc"));
        script.expectAt(script.time() + millis(300), data(1, "abc"));
        script.expectAt(script.time() + millis(600), data(1, "abc"));
        script.advance(millis(100)).receive(ack(4));
        script.send("def");
        script.expect(data(4, "def"));
        script.advance(millis(100)).receive(ack(7));
        // This sample of 100 ms counts: RTTVAR 37.5 ms, SRTT 100 ms.
        script.send("ghi");
        script.expect(data(7, "ghi"));
        script.expectAt(script.time() + millis(250), data(7, "ghi"));
    }

    @Test
    void rfc6298_5_7_aRetransmittedSynRaisesTheRtoOfTheFirstDataTo3Seconds(Script script) {
        script.tcp().timestamps(false);
        script.connect(80);
        script.expect(syn(0));
        script.expectAt(seconds(1), syn(0));
        script.advance(millis(10)).receive(synAck(0).mss(1460));
        script.expect(ack(1).seq(1));
        script.send("abc");
        script.expect(data(1, "abc"));
        script.expectAt(script.time() + seconds(3), data(1, "abc"));
    }

    @Test
    void rfc6298_5_7_theSameForARetransmittedSynAck(Script script) {
        script.listen(80);
        script.receive(syn(0).mss(1460));
        script.expect(synAck(0));
        script.expectAt(seconds(1), synAck(0));
        script.advance(millis(10)).receive(ack(1));
        script.send("abc");
        script.expect(data(1, "abc"));
        script.expectAt(script.time() + seconds(3), data(1, "abc"));
    }

    @Test
    void rfc9293_3_8_3_theConnectionIsGivenUpAfterTheRetries(Script script) {
        script.tcp().retries(3);
        establish(script);
        long start = script.time();
        script.send("abc");
        script.expect(data(1, "abc"));
        for (long at : new long[] {300, 900, 2100}) {
            script.expectAt(start + millis(at), data(1, "abc"));
        }
        script.at(start + millis(4500));
        if (!script.allow(rst(4).ack(1))) {
            script.allow(rst(4));
        }
        script.expectClosed(CloseReason.TIMED_OUT).expectConnections(0);
        script.expectNothingUntil(seconds(1000));
    }

    @Test
    void rfc9293_3_8_1_aRetransmissionCarriesTheLatestAckAndWindow(Script script) {
        script.establish();
        script.send("abc");
        script.expect(data(1, "abc").ack(1));
        script.receive(data(1, 100)).expectDelivered(100);
        script.expectBy(millis(150), ack(101));
        script.expectBy(seconds(1), data(1, "abc").ack(101));
    }

    @Test
    void rfc9293_3_10_7_4_anAckInTheMiddleOfASegmentIsAnAck(Script script) {
        script.establish();
        script.send(1000);
        script.expect(data(1, 1000));
        script.receive(ack(501)).expectNothing();
        Sent again = script.nextBy(seconds(2));
        script.require(again.seq <= 501 && again.end() == 1001, "the retransmission is " + again);
    }

    @Test
    void rfc9293_3_10_7_4_aLateAckOfTheFirstTransmissionEndsTheRetransmission(Script script) {
        script.establish();
        script.send(4380);
        script.expectData(1, 1460, 3);
        script.expectBy(seconds(1), data(1, 1460));
        script.receive(ack(1461));
        script.takeAll();
        script.receive(ack(4381)).expectNothingUntil(seconds(100)).expectOpen();
    }

    @Test
    void rfc5681_3_1_afterATimeoutTheRestIsRetransmittedInSlowStart(Script script) {
        script.establish();
        script.send(10 * 1460);
        script.expectData(1, 1460, 10);
        script.expectBy(seconds(1), data(1, 1460));
        script.receive(ack(1461));
        script.expectData(1461, 1460, 2);
        script.receive(ack(4381));
        List<Sent> more = script.takeAll();
        script.require(!more.isEmpty() && more.getFirst().seq == 4381, "the retransmission does not go on");
        int out = more.getLast().end() - 4381;
        script.require(out <= 4 * 1460, "a cwnd of at most 4 segments let " + out + " bytes out");
        script.receive(ack(14601)).expectNothing();
    }

    @Test
    void rfc9293_3_8_1_dataAndFinAreRetransmitted(Script script) {
        script.establish();
        script.send("abc");
        script.expect(data(1, "abc"));
        script.close();
        script.expect(fin(4));
        Sent again = script.nextBy(seconds(1));
        script.require(again.seq == 1 && again.payload.length == 3, "the first retransmission is " + again);
        script.receive(ack(4));
        if (!script.allow(fin(4))) {
            script.expectBy(seconds(10), fin(4));
        }
        script.receive(ack(5)).expectState("FIN-WAIT-2");
    }
}
