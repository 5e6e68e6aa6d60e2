package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;

import io.doorbell.Connection;
import io.doorbell.link.Link;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Corking, as Linux's TCP_CORK: what RFC 9293 section 3.7.4 leaves to the sender, in the application's hand. */
@ExtendWith(Scripts.class)
class CorkTest {
    private static Connection connection(Script script) {
        return script.flow().application().connection();
    }

    private static void establish(Script script) {
        script.establish(syn(0).mss(1000));
        cork(script);
    }

    private static void cork(Script script) {
        script.act("cork", () -> connection(script).cork());
    }

    private static void uncork(Script script) {
        script.act("uncork", () -> connection(script).uncork());
    }

    @Test
    void rfc9293_3_7_4_anIncompleteSegmentWaitsForUncork(Script script) {
        establish(script);
        script.send(100).send(200).expectNothing();
        script.advance(millis(50)).expectNothing();
        uncork(script);
        script.expect(data(1, 300).psh());
    }

    @Test
    void rfc9293_3_7_4_fullSegmentsGo(Script script) {
        establish(script);
        script.send(2500);
        script.expectData(1, 1000, 2);
        script.send(600);
        script.expect(data(2001, 1000));
        uncork(script);
        script.expect(data(3001, 100));
    }

    @Test
    void rfc9293_3_7_4_noLongerThan200Milliseconds(Script script) {
        establish(script);
        script.at(seconds(1)).send(100).expectNothing();
        script.at(seconds(1) + millis(100)).send(100).expectNothingUntil(seconds(1) + millis(200) - 1);
        script.expectAt(seconds(1) + millis(200), data(1, 200));
        script.receive(ack(201));
        // It is corked still, and the next bytes have a time of their own.
        script.at(seconds(2)).send(50).expectNothingUntil(seconds(2) + millis(200) - 1);
        script.expectAt(seconds(2) + millis(200), data(201, 50));
    }

    @Test
    void rfc9293_3_7_4_theLongestWaitIsASetting(Script script) {
        script.tcp().corkNanos(millis(5));
        establish(script);
        script.send(100).expectNothingUntil(millis(5) - 1);
        script.expectAt(millis(5), data(1, 100));
    }

    @Test
    void rfc9293_3_7_4_uncorkIsNotHeldByNagle(Script script) {
        script.tcp().nagle(true);
        establish(script);
        script.send(1000);
        script.expect(data(1, 1000));
        script.send(100).expectNothing();
        uncork(script);
        script.expect(data(1001, 100));
        // Nagle's rule is back for what comes later.
        script.send(100).expectNothing();
        script.receive(ack(1101));
        script.expect(data(1101, 100));
    }

    @Test
    void rfc9293_3_7_4_closeSendsWhatIsCorked(Script script) {
        establish(script);
        script.send(100).expectNothing().close();
        script.expect(data(1, 100).fin());
    }

    @Test
    void rfc9293_3_8_6_1_whatIsCorkedIsNoReasonToProbeTheWindow(Script script) {
        script.tcp().corkNanos(seconds(30));
        establish(script);
        script.send(100).expectNothingUntil(seconds(30) - 1);
        script.expectAt(seconds(30), data(1, 100));
    }

    @Test
    void rfc9293_3_8_6_1_aClosedWindowIsProbedAllTheSame(Script script) {
        establish(script);
        script.receive(ack(1).win(0)).send(100).expectNothing();
        script.require(script.nextBy(seconds(2)).payload.length == 1, "no probe");
        script.receive(ack(2).win(1000));
        uncork(script);
        script.expectBytes(2, 101);
    }

    @Test
    void rfc8985_7_3_aTailLossProbeIsNotMadeOfWhatIsCorked(Script script) {
        script.establish(syn(0).mss(1000).sackOk());
        cork(script);
        script.send(2500);
        script.expectData(1, 1000, 2);
        // Two segments are out: after twice the round trip the last of them is sent again.
        script.expectAt(millis(20), data(1001, 1000));
        script.receive(ack(2001)).expectNothingUntil(millis(200) - 1);
        script.expectAt(millis(200), data(2001, 500));
    }

    @Test
    void rfc9293_3_7_4_uncorkWithNothingToSend(Script script) {
        establish(script);
        uncork(script);
        script.expectNothing().send(10);
        script.expect(data(1, 10));
        script.receive(ack(11)).expectNothingUntil(seconds(10));
        script.require(script.stack().nextDeadlineNanos() == Link.NEVER, "an idle connection has a deadline");
    }

    @Test
    void rfc9293_3_7_4_aCorkedConnectionThatIsIdleHasNoDeadline(Script script) {
        establish(script);
        script.send(1000);
        script.expect(data(1, 1000));
        script.receive(ack(1001)).expectNothingUntil(seconds(10));
        script.require(script.stack().nextDeadlineNanos() == Link.NEVER, "an idle connection has a deadline");
        script.receive(fin(1));
        script.takeAll();
    }
}
