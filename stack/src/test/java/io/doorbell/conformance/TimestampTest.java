package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static io.doorbell.script.Segments.synAck;

import io.doorbell.counters.Counter;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import io.doorbell.tcp.Pacing;
import io.doorbell.tcp.CloseReason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** RFC 7323: the timestamps option, and PAWS. */
@ExtendWith(Scripts.class)
class TimestampTest {
    private static void establish(Script script) {
        script.establish(syn(0).mss(1460).timestamps(100, 0));
    }

    @Test
    void rfc7323_3_2_theSynAckCarriesTimestampsOnlyIfTheSynDid(Script script) {
        script.listen(80);
        script.receive(syn(0).mss(1460));
        script.expect(synAck(0).noTimestamps());
        script.use(script.flow(50002, 80)).receive(syn(0).timestamps(77, 0));
        script.expect(synAck(0).echo(77));
    }

    @Test
    void rfc7323_3_2_timestampsCanBeTurnedOff(Script script) {
        script.tcp().timestamps(false);
        script.listen(80);
        script.receive(syn(0).mss(1460).timestamps(77, 0));
        script.expect(synAck(0).noTimestamps());
        script.connect(81);
        script.expect(syn(0).noTimestamps());
    }

    @Test
    void rfc7323_3_2_theSynOffersTimestampsAndTheAnswerDecides(Script script) {
        script.connect(80);
        script.expect(syn(0).timestamps(-1, 0));
        script.receive(synAck(0).mss(1460).timestamps(500, 0));
        script.expect(ack(1).seq(1).echo(500));
        script.connect(81);
        script.expect(syn(0).timestamps(-1, 0));
        script.receive(synAck(0).mss(1460));
        script.expect(ack(1).seq(1).noTimestamps());
    }

    @Test
    void rfc7323_3_2_timestampsThatWereNotAgreedOnAreIgnored(Script script) {
        script.establish();
        script.receive(data(1, 10).timestamps(5, 6)).expectDelivered(10);
        script.expectBy(millis(500), ack(11).noTimestamps());
        script.receive(data(11, 10).timestamps(1, 6)).expectDelivered(10);
        script.expectBy(millis(1000), ack(21).noTimestamps());
    }

    @Test
    void rfc7323_3_2_aSegmentWithoutTheAgreedTimestampsIsDroppedSilently(Script script) {
        establish(script);
        script.receive(data(1, 10).noTimestamps());
        script.expectNothingUntil(seconds(1)).expectDelivered(0).expectState("ESTABLISHED");
        script.receive(data(1, 10).tsVal(1200)).expectDelivered(10);
        script.expectBy(seconds(2), ack(11).echo(1200));
    }

    @Test
    void rfc7323_3_2_aResetWithoutTimestampsIsTaken(Script script) {
        establish(script);
        script.receive(rst(1).noTimestamps()).expectNothing().expectClosed(CloseReason.RESET_BY_PEER);
    }

    @Test
    void rfc7323_4_3_anAckEchoesTheLatestInSequenceTimestamp(Script script) {
        establish(script);
        script.receive(data(1, 10).tsVal(200)).expectDelivered(10);
        script.expectBy(millis(500), ack(11).echo(200));
        script.receive(data(11, 10).tsVal(300)).expectDelivered(10);
        script.expectBy(millis(1000), ack(21).echo(300));
    }

    @Test
    void rfc7323_4_3_aDelayedAckEchoesTheEarliestUnacknowledgedSegment(Script script) {
        establish(script);
        script.receive(data(1, 1448).tsVal(200)).receive(data(1449, 1448).tsVal(201)).expectDelivered(2896);
        script.expectBy(millis(500), ack(2897).echo(200));
    }

    @Test
    void rfc7323_4_3_anOutOfOrderSegmentDoesNotChangeTheEcho(Script script) {
        establish(script);
        script.receive(data(1, 10).tsVal(200)).expectDelivered(10);
        script.expectBy(millis(500), ack(11).echo(200));
        script.receive(data(21, 10).tsVal(300));
        script.expect(ack(11).echo(200));
        script.receive(data(31, 10).tsVal(301));
        script.expect(ack(11).echo(200));
    }

    @Test
    void rfc7323_4_3_aFilledHoleEchoesTheSegmentThatFilledIt(Script script) {
        establish(script);
        script.receive(data(11, 10).tsVal(200));
        script.expect(ack(1).echo(100));
        script.receive(data(1, 10).tsVal(199)).expectDelivered(20);
        script.expect(ack(21).echo(199));
    }

    @Test
    void rfc7323_4_3_aPureAckUpdatesTheEcho(Script script) {
        establish(script);
        script.receive(ack(1).tsVal(250));
        script.send("x");
        script.expect(data(1, "x").ack(1).echo(250));
    }

    @Test
    void rfc7323_5_3_anOldTimestampIsDroppedAndAnsweredWithAnAck(Script script) {
        establish(script);
        script.receive(ack(1).tsVal(500));
        script.receive(data(1, 10).tsVal(499));
        script.expect(ack(1).seq(1).echo(500));
        script.expectDelivered(0).expectCounter(Counter.DROP_TCP_PAWS, 1);
        script.receive(data(1, 10).tsVal(500)).expectDelivered(10);
        script.expectBy(millis(500), ack(11).echo(500));
    }

    @Test
    void rfc7323_5_2_timestampsAreComparedModulo32Bits(Script script) {
        script.establish(syn(0).mss(1460).timestamps(0xffff_fff0L, 0));
        script.receive(data(1, 10).tsVal(0x10)).expectDelivered(10);
        script.expectBy(millis(500), ack(11).echo(0x10));
        script.receive(data(11, 10).tsVal(0xffff_fff5L));
        script.expect(ack(11).echo(0x10));
        script.expectDelivered(0);
    }

    @Test
    void rfc7323_5_3_anOldFinIsDropped(Script script) {
        establish(script);
        script.receive(ack(1).tsVal(500));
        script.receive(fin(1).tsVal(400));
        script.expect(ack(1).echo(500));
        script.expectPeerNotClosed().expectState("ESTABLISHED");
    }

    @Test
    void rfc7323_5_3_resetsAreExemptFromPaws(Script script) {
        establish(script);
        script.receive(ack(1).tsVal(500));
        script.receive(rst(1).tsVal(3)).expectNothing().expectClosed(CloseReason.RESET_BY_PEER);
    }

    @Test
    void rfc7323_5_3_anOldDuplicateWhoseNumberFitsAgainIsNotDelivered(Script script) {
        establish(script);
        script.receive(data(1, 1000).tsVal(900)).expectDelivered(1000);
        script.expectBy(millis(500), ack(1001));
        script.receive(data(1001, 1000).tsVal(150));
        script.expect(ack(1001).echo(900));
        script.expectDelivered(0);
    }

    @Test
    void rfc7323_5_5_theLastTimestampIsInvalidAfter24DaysOfIdling(Script script) {
        establish(script);
        script.receive(ack(1).tsVal(5000));
        script.at(seconds(25 * 86_400L));
        script.receive(data(1, 10).tsVal(10)).expectDelivered(10);
        script.expectBy(script.time() + millis(500), ack(11).echo(10));
    }

    @Test
    void rfc7323_4_1_theTimestampClockTicksBetween1And1000PerSecondOrSo(Script script) {
        establish(script);
        script.send("a");
        long first = script.expect(data(1, "a")).tsVal;
        script.advance(millis(10)).receive(ack(2));
        script.at(seconds(100)).send("b");
        long ticks = script.expect(data(2, "b")).tsVal - first & 0xffff_ffffL;
        script.require(ticks >= 99 && ticks <= 100_000, ticks + " ticks in 100 s: a tick must take 1 ms to 1 s");
    }

    @Test
    void rfc7323_3_2_aRetransmissionCarriesAFreshTimestampAndAcknowledgment(Script script) {
        establish(script);
        script.send("abc");
        long first = script.expect(data(1, "abc").ack(1).echo(100)).tsVal;
        script.receive(data(1, 5).tsVal(160)).expectDelivered(5);
        script.expectBy(millis(150), ack(6).echo(160));
        Sent again = script.expectBy(seconds(2), data(1, "abc").ack(6).echo(160));
        script.require(again.tsVal > first, "the retransmission has the old TSval");
    }

    @Test
    void rfc7323_3_2_theOptionsOfASynAckAreRetransmittedUnchanged(Script script) {
        script.listen(80);
        script.receive(syn(0).mss(1460).wscale(7).timestamps(100, 0));
        Sent first = script.expect(synAck(0).mss(1460).echo(100));
        script.expectAt(seconds(1), synAck(0).mss(1460).wscale(first.windowScale).echo(100));
    }

    @Test
    void rfc7323_4_1_theRoundTripIsMeasuredFromTheEchoEvenAfterARetransmission(Script script) {
        script.tcp().minRtoNanos(millis(1));
        establish(script);
        script.send("abc");
        long sent = script.expect(data(1, "abc")).tsVal;
        script.expectBy(seconds(2), data(1, "abc"));
        long before = script.flow().application().connection().smoothedRttNanos();
        script.receive(ack(4).timestamps(200, sent)).expectNothing();
        long after = script.flow().application().connection().smoothedRttNanos();
        script.require(after > before, "the smoothed RTT was " + before + " ns and is " + after);
    }

    @Test
    void rfc7323_4_1_anEchoOfTheFutureHarmsNothing(Script script) {
        establish(script);
        script.send("abc");
        long sent = script.expect(data(1, "abc")).tsVal;
        script.advance(millis(10)).receive(ack(4).timestamps(200, sent + 1_000_000 & 0xffff_ffffL)).expectNothing();
        script.send("d");
        script.expect(data(4, "d"));
        script.expectBy(script.time() + seconds(2), data(4, "d"));
    }

    @Test
    void rfc7323_4_1_anEchoOfLongAgoIsNoLongerThanTheLongestRto(Script script) {
        script.tcp().maxRtoNanos(seconds(60)).pacing(Pacing.ON);
        establish(script);
        script.send(20_000);
        long sent = script.takeAll().getFirst().tsVal;
        for (int i = 1; i < 20; i++) {
            script.at(millis(i)).takeAll();
        }
        script.expectBy(seconds(5), data(1, 1448));
        script.takeAll();
        script.receive(ack(1449).timestamps(200, sent - 1_400_000_000L & 0xffff_ffffL));
        long smoothed = script.connection().smoothedRttNanos();
        script.require(smoothed <= seconds(60) / 8 + millis(10), "the smoothed RTT is " + smoothed + " ns");
        // Paced by that, a connection would not send its second burst within a day.
        for (int i = 0; i < 100 && script.flow().sentUpTo() < 20_001; i++) {
            script.takeAll();
            script.advance(seconds(1)).takeAll();
            script.receive(ack(script.flow().sentUpTo()).tsVal(201 + i));
        }
        script.takeAll();
        script.require(script.flow().sentUpTo() == 20_001, "only up to " + script.flow().sentUpTo() + " was sent");
    }
}
