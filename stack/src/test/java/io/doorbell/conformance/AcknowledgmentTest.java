package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;

import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** When an ACK is sent: RFC 9293 section 3.8.6.3, RFC 5681 section 4.2. */
@ExtendWith(Scripts.class)
class AcknowledgmentTest {
    @Test
    void rfc9293_3_8_6_3_anAckIsDelayedByLessThanHalfASecond(Script script) {
        script.establish();
        script.receive(data(1, 1460)).expectDelivered(1460);
        script.expectBetween(0, millis(500) - 1, ack(1461).seq(1));
        script.expectNothingUntil(seconds(10));
    }

    @Test
    void rfc9293_3_8_6_3_theDelayIsConfigurable(Script script) {
        script.tcp().delayedAckNanos(millis(123));
        script.establish();
        script.receive(data(1, 10)).expectNothing().expectDelivered(10);
        script.expectAt(millis(123), ack(11));
    }

    @Test
    void rfc9293_3_8_6_3_everySecondFullSegmentIsAcknowledgedAtOnce(Script script) {
        script.establish();
        for (int i = 0; i < 20; i += 2) {
            script.receive(data(1 + i * 1460, 1460));
            script.allow(ack(1 + (i + 1) * 1460));
            script.receive(data(1 + (i + 1) * 1460, 1460));
            script.expect(ack(1 + (i + 2) * 1460));
        }
        script.expectDelivered(20 * 1460);
    }

    @Test
    void rfc5681_4_2_theDelayRunsFromTheFirstUnacknowledgedSegment(Script script) {
        script.establish();
        script.receive(data(1, 10)).expectNothing();
        script.advance(millis(30)).receive(data(11, 10));
        if (!script.allow(ack(21))) {
            script.expectBetween(0, millis(500) - 1, ack(21));
        }
        script.expectDelivered(20).expectNothingUntil(seconds(2));
    }

    @Test
    void rfc9293_3_8_6_3_dataCarriesTheAckWithIt(Script script) {
        script.establish();
        script.receive(data(1, 10)).expectNothing().expectDelivered(10);
        script.send("answer");
        script.expect(data(1, "answer").ack(11));
        script.receive(ack(7)).expectNothingUntil(seconds(2));
    }

    @Test
    void rfc5681_4_2_outOfOrderDataIsAcknowledgedAtOnceThoughAnAckIsPending(Script script) {
        script.establish();
        script.receive(data(1, 10)).expectNothing();
        script.receive(data(21, 10));
        script.expect(ack(11));
        script.expectDelivered(10).expectNothingUntil(seconds(2));
    }

    @Test
    void rfc9293_3_10_7_4_aFinIsAcknowledged(Script script) {
        script.establish();
        script.receive(fin(1));
        script.expectBy(millis(499), ack(2).seq(1));
        script.expectPeerClosed().expectNothingUntil(seconds(10));
    }

    @Test
    void rfc9293_3_8_6_3_aPureAckIsNeverAcknowledged(Script script) {
        script.establish();
        script.receive(ack(1)).receive(ack(1).win(2000)).receive(ack(1).win(3000));
        script.expectNothingUntil(seconds(10));
    }

    @Test
    void rfc9293_3_8_6_3_aBurstIsAcknowledgedUpToItsEnd(Script script) {
        script.establish();
        script.receive(data(1, 1460), data(1461, 1460), data(2921, 1460), data(4381, 1460)).expectDelivered(5840);
        List<Sent> acks = script.takeAll();
        script.require(!acks.isEmpty() && acks.getLast().ack == 5841, "the burst is not acknowledged at once: " + acks);
    }

    @Test
    void rfc9293_3_4_theAckOfAnInOrderStreamGrowsSteadily(Script script) {
        script.establish();
        int last = 1;
        for (int i = 0; i < 100; i++) {
            script.advance(millis(5));
            for (Sent sent : script.takeAll()) {
                script.require(sent.ack - last > 0, "the ACK " + sent.ack + " follows " + last);
                last = sent.ack;
            }
            script.receive(data(1 + 700 * i, 700));
            for (Sent sent : script.takeAll()) {
                script.require(sent.ack - last > 0, "the ACK " + sent.ack + " follows " + last);
                last = sent.ack;
            }
        }
        script.expectDelivered(70_000);
        script.advance(millis(500));
        script.allow(ack(70_001));
    }

    @Test
    void rfc9293_3_9_1_2_theLastSegmentOfASendIsPushed(Script script) {
        script.establish();
        script.send(2000);
        script.expect(data(1, 1460), data(1461, 540).psh());
        script.receive(ack(2001)).send("x");
        script.expect(data(2001, "x").psh());
    }

    @Test
    void rfc9293_3_7_4_withoutNagleSmallSegmentsLeaveAtOnce(Script script) {
        script.establish();
        script.send("a");
        script.expect(data(1, "a"));
        script.send("b");
        script.expect(data(2, "b"));
        script.send("c");
        script.expect(data(3, "c"));
    }

    @Test
    void rfc9293_3_7_4_nagleHoldsASmallSegmentWhileDataIsOut(Script script) {
        script.tcp().nagle(true);
        script.establish();
        script.send("a");
        script.expect(data(1, "a"));
        script.send("b").expectNothing();
        script.send("c").expectNothing();
        script.advance(millis(10)).receive(ack(2));
        script.expectBytes(2, 4);
        script.expectNothing();
    }

    @Test
    void rfc9293_3_7_4_nagleLetsAFullSegmentGo(Script script) {
        script.tcp().nagle(true);
        script.establish();
        script.send("a");
        script.expect(data(1, "a"));
        script.send(2000);
        Sent sent = script.takeAll().getFirst();
        script.require(sent.seq == 2 && sent.payload.length == 1460, "instead of a full segment there is " + sent);
        script.receive(ack(2));
        script.takeAll();
        script.receive(ack(1462));
        script.takeAll();
        script.require(script.flow().sentUpTo() == 2002, "sent is only up to " + script.flow().sentUpTo());
    }

    @Test
    void rfc9293_3_7_4_nagleSendsASmallSegmentWhenNothingIsOut(Script script) {
        script.tcp().nagle(true);
        script.establish();
        for (int i = 1; i < 5; i++) {
            script.send("z");
            script.expect(data(i, "z"));
            script.receive(ack(i + 1)).expectNothing();
        }
    }

    @Test
    void rfc9293_3_7_4_nagleNeitherHoldsNorLosesTheFin(Script script) {
        script.tcp().nagle(true);
        script.establish();
        script.send("a");
        script.expect(data(1, "a"));
        script.send("bc").expectNothing();
        script.close();
        script.takeAll();
        script.receive(ack(2));
        script.takeAll();
        script.receive(ack(4));
        script.takeAll();
        script.require(script.flow().sentUpTo() == 5, "the FIN is not out: sent is up to " + script.flow().sentUpTo());
        script.receive(ack(5)).expectState("FIN-WAIT-2");
    }

    @Test
    void rfc9293_3_8_6_3_withoutDelayEverySegmentIsAcknowledgedAtOnce(Script script) {
        script.tcp().delayedAckNanos(0);
        script.establish();
        for (int i = 0; i < 5; i++) {
            script.receive(data(1 + i * 10, 10));
            script.expect(ack(11 + i * 10));
        }
        script.expectDelivered(50).expectNothingUntil(seconds(1));
    }

    @Test
    void rfc5681_4_2_afterALossSegmentsAreAcknowledgedOneByOne(Script script) {
        script.tcp().promptAcks(3);
        script.establish();
        script.receive(data(11, 10));
        script.expect(ack(1));
        script.receive(data(1, 10));
        script.expect(ack(21));
        for (int i = 2; i < 4; i++) {
            script.receive(data(1 + i * 10, 10));
            script.expect(ack(11 + i * 10));
        }
        script.receive(data(41, 10)).expectNothing().expectDelivered(50);
        script.expectAt(millis(40), ack(51));
    }

    @Test
    void rfc5681_4_2_afterARetransmissionThatWasInVainToo(Script script) {
        script.tcp().promptAcks(1);
        script.establish();
        script.receive(data(1, 10));
        script.expectAt(millis(40), ack(11));
        script.receive(data(1, 10));
        script.expect(ack(11));
        script.receive(data(11, 10));
        script.expect(ack(21));
        script.receive(data(21, 10)).expectNothing().expectDelivered(30);
    }

    @Test
    void rfc5681_4_2_thePromptAcksMayBeSwitchedOff(Script script) {
        script.tcp().promptAcks(0);
        script.establish();
        script.receive(data(11, 10));
        script.expect(ack(1));
        script.receive(data(1, 10));
        script.expect(ack(21));
        script.receive(data(21, 10)).expectNothing().expectDelivered(30);
    }

    @Test
    void rfc9293_3_8_6_3_aScaledConnectionDelaysItsAcksToo(Script script) {
        script.establish(syn(0).mss(1460).wscale(7));
        // The window of the SYN-ACK was not scaled: it may be opened at once.
        script.receive(data(1, 1460));
        script.takeAll();
        script.advance(millis(500));
        script.takeAll();
        script.receive(data(1461, 100)).expectNothing().expectDelivered(1560);
        script.expectBetween(script.time() + 1, script.time() + millis(499), ack(1561));
    }

    @Test
    void rfc9293_3_8_6_3_theAckOfTheHandshakeIsSentOnce(Script script) {
        script.establishActively();
        script.expectNothingUntil(seconds(100));
    }

    @Test
    void rfc9293_3_8_6_3_anAckIsSentThoughTheApplicationTakesNothing(Script script) {
        script.initialAppetite(0);
        script.establish();
        script.receive(data(1, 100)).expectDelivered(0);
        script.expectBy(millis(499), ack(101));
        script.resume().expectDelivered(100);
        script.allow(ack(101));
    }
}
