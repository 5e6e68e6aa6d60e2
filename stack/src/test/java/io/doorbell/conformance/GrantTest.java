package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.seconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.counters.Counter;
import io.doorbell.grant.GrantedSender;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import io.doorbell.tcp.GrantLimit;
import io.doorbell.tcp.GrantOptions;
import io.doorbell.tcp.OwnerSends;
import io.doorbell.tcp.PartialMessage;
import io.doorbell.tcp.Tcb;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Delegated sends, seen from the wire: whoever sends, it is one connection, and its stream has no gap. */
@ExtendWith(Scripts.class)
class GrantTest extends GrantScript {
    // ---- what leaves

    @Test
    void rfc9293_3_10_2_whatAnEngineSendsIsThereAtOnceAndAcknowledgedLikeAnyOther(Script script) {
        script.establish(peer());
        script.send("owner");
        script.expect(data(1, "owner"));
        script.receive(ack(6));
        grant(script, 1000);
        assertEquals(1000, grant.granted());
        assertEquals(GrantLimit.NONE, grant.limitedBy());
        assertEquals(1000, engine.allowance());
        send(script, "order", GrantedSender.FAST);
        script.advance(0);
        script.expect(data(6, "order").psh());
        send(script, "another", GrantedSender.FAST);
        script.advance(0);
        script.expect(data(11, "another").psh());
        assertEquals(12, grant.sentBytes());
        script.receive(ack(18));
        assertEquals(988, grant.granted());
        engineIsDone(script);
        assertTrue(grant.isOver());
        assertEquals(GrantedSender.RETURNED, engine.send(MemorySegment.ofArray(new byte[1]), 0, 1, 0));
        script.send("owner");
        script.expect(data(18, "owner"));
        script.receive(ack(23)).expectNothingUntil(seconds(5));
        script.expectCounter(Counter.GRANT_SEGMENTS_OUT, 2).expectCounter(Counter.GRANTS_RETURNED, 1);
    }

    @Test
    void rfc9293_3_7_1_aLongMessageIsSeveralSegmentsAndOnePublication(Script script) {
        script.establish(peer());
        grant(script, 8000);
        String message = text(3501);
        send(script, message, GrantedSender.FAST);
        script.advance(0);
        script.expect(data(1, message.substring(0, 988)).noPsh(), data(989, message.substring(988, 1976)).noPsh(),
                data(1977, message.substring(1976, 2964)).noPsh(), data(2965, message.substring(2964)).psh());
        assertEquals(1, link.statistics().doorbells);
        script.receive(ack(3502)).expectNothingUntil(seconds(1));
        engineIsDone(script);
    }

    @Test
    void rfc7323_3_2_headersSayWhatTheStackHasReceivedByThen(Script script) {
        script.establish(peer());
        grant(script, 1000);
        script.receive(data(1, 100).tsVal(99));
        script.expectDelivered(100);
        script.advance(millis(7));
        send(script, "answer", GrantedSender.FAST);
        script.advance(0);
        Sent first = script.expect(data(1, "answer").ack(101).echo(99));
        // It told what a delayed ACK would have told.
        script.receive(ack(7)).expectNothingUntil(seconds(1));
        send(script, "more", GrantedSender.FAST);
        script.advance(0);
        assertTrue(script.expect(data(7, "more").ack(101)).tsVal - first.tsVal > 500);
        script.receive(ack(11));
        engineIsDone(script);
    }

    // ---- how much is granted

    @Test
    void rfc9293_3_8_6_noMoreIsGrantedThanThePeersWindowTakes(Script script) {
        script.establish(peer().win(1500));
        script.receive(ack(1).win(1500));
        grant(script, 4000);
        assertEquals(1500, grant.granted());
        assertEquals(GrantLimit.PEER_WINDOW, grant.limitedBy());
        String most = text(1500);
        send(script, most, GrantedSender.FAST);
        send(script, "x", GrantedSender.BACKPRESSURE);
        script.advance(0);
        script.expectBytes(1, 1501);
        script.receive(ack(1501).win(6000));
        assertEquals(4000, grant.granted());
        send(script, "y", GrantedSender.FAST);
        script.advance(0);
        script.expect(data(1501, "y"));
        script.receive(ack(1502).win(6000));
        engineIsDone(script);
    }

    @Test
    void rfc5681_3_1_noMoreIsGrantedThanTheCongestionWindowTakes(Script script) {
        script.establish(peer().win(60000));
        grant(script, 50000);
        assertEquals(10 * 988, grant.granted());
        assertEquals(GrantLimit.CONGESTION_WINDOW, grant.limitedBy());
        script.act("give back", engine::giveBack);
        allFramesAreBack(script);
    }

    @Test
    void aGrantThatIsNotRenewedIsUsedUp(Script script) {
        script.establish(peer());
        grant(script, GrantOptions.of(10).once());
        send(script, "1234567", GrantedSender.FAST);
        send(script, "8901", GrantedSender.BACKPRESSURE);
        send(script, "890", GrantedSender.FAST);
        script.advance(0);
        script.expect(data(1, "1234567"), data(8, "890"));
        script.receive(ack(11)).expectNothingUntil(seconds(1));
        send(script, "!", GrantedSender.BACKPRESSURE);
        engineIsDone(script);
    }

    @Test
    void nearTheEndOfItsAllowanceAnEngineAsksForMore(Script script) {
        script.establish(peer());
        grant(script, 100);
        for (int i = 0; i < 20; i++) {
            String message = text(30 + i);
            send(script, message, GrantedSender.FAST);
            script.advance(0);
            script.expect(data((int) (1 + grant.sentBytes() - message.length()), message));
            script.receive(ack((int) (1 + grant.sentBytes())));
        }
        assertTrue(script.stack().counters().get(Counter.GRANTS_ASKED) > 0);
        script.expectCounter(Counter.GRANT_LEASES, 1);
        engineIsDone(script);
    }

    @Test
    void rfc9293_3_8_6_1_aWindowThatClosedOnAnEngineIsProbed(Script script) {
        script.establish(peer().win(100));
        script.receive(ack(1).win(100));
        grant(script, 1000);
        send(script, text(100), GrantedSender.FAST);
        script.advance(0);
        script.expectBytes(1, 101);
        script.receive(ack(101).win(0));
        send(script, "z", GrantedSender.BACKPRESSURE);
        script.expectBy(seconds(3), ack(1).seq(100));
        script.receive(ack(101).win(5000));
        assertEquals(1000, grant.granted());
        send(script, "z", GrantedSender.FAST);
        script.advance(0);
        script.expect(data(101, "z"));
        script.receive(ack(102).win(5000)).expectNothingUntil(seconds(20));
        engineIsDone(script);
    }

    // ---- loss

    @Test
    void rfc8985_6_2_whatAnEngineSentIsSentAgainByTheStack(Script script) {
        script.establish(peer());
        grant(script, 8000);
        script.advance(millis(10));
        for (int i = 0; i < 5; i++) {
            send(script, text(200 + i), GrantedSender.FAST);
        }
        script.advance(0);
        script.expectBytes(1, 1011);
        script.advance(millis(10));
        script.receive(ack(1).sack(201, 402), ack(1).sack(201, 604), ack(1).sack(201, 1011));
        script.expect(data(1, text(200)));
        script.receive(ack(1011)).expectNothingUntil(seconds(5));
        engineIsDone(script);
    }

    @Test
    void rfc6298_5_4_anEngineThatDiedAfterPublishingLeavesNoGap(Script script) {
        script.establish(peer());
        grant(script, 8000);
        send(script, "lost with its engine", GrantedSender.FAST);
        script.act("engine ended", grant::engineEnded);
        script.expect(data(1, "lost with its engine"));
        script.send("owner");
        script.expect(data(21, "owner"));
        script.expectBy(millis(300), data(21, "owner"));
        script.expectBy(seconds(3), data(1, "lost with its engine"), data(21, "owner"));
        script.receive(ack(26)).expectNothingUntil(seconds(5));
        allFramesAreBack(script);
    }

    // ---- the owner's sends

    @Test
    void theOwnersSendsWaitAndMoveForwardWhenTheRestIsReturned(Script script) {
        script.establish(peer());
        grant(script, 1000);
        script.act("send", () -> assertEquals(5, script.connection().send(bytes("owner"), 0, 5)));
        script.expectNothingUntil(seconds(1));
        send(script, "engine", GrantedSender.FAST);
        script.advance(0);
        script.expect(data(1, "engine"));
        script.receive(ack(7));
        engine.giveBack();
        script.flow().application().wrote(bytes("owner"), 5);
        script.advance(millis(1));
        script.expect(data(7, "owner"));
        script.receive(ack(12)).expectNothingUntil(seconds(5));
        allFramesAreBack(script);
    }

    @Test
    void theOwnersSendsFollowWhenTheAllowanceIsUsedAndTheEngineGoesOnBehindThem(Script script) {
        script.establish(peer());
        grant(script, 10);
        script.flow().application().wrote(bytes("0123456789"), 10);
        assertEquals(0, engine.send(MemorySegment.ofArray(bytes("0123456789")), 0, 10, script.clockNanos()));
        script.send("owner");
        script.expect(data(1, "0123456789"), data(11, "owner"));
        script.receive(ack(16));
        send(script, "behind", GrantedSender.FAST);
        script.advance(0);
        script.expect(data(16, "behind"));
        script.receive(ack(22));
        engineIsDone(script);
    }

    @Test
    void theOwnersSendsAreRefusedIfTheGrantSaysSo(Script script) {
        script.establish(peer());
        grant(script, GrantOptions.of(100).withOwnerSends(OwnerSends.REFUSE));
        script.sendRefused(5, Tcb.GRANTED);
        assertEquals(0, script.connection().sendSpace());
        assertEquals(Tcb.GRANTED, script.connection().begin(new PartialMessage(), 10));
        engineIsDone(script);
        script.send("owner");
        script.expect(data(1, "owner"));
        script.receive(ack(6));
    }

    @Test
    void theOwnersSendsGoFirstIfTheGrantSaysSo(Script script) {
        script.establish(peer());
        grant(script, GrantOptions.of(100).withOwnerSends(OwnerSends.FIRST));
        send(script, "engine", GrantedSender.FAST);
        script.send("owner");
        script.expect(data(1, "engine"), data(7, "owner"));
        send(script, "again", GrantedSender.FAST);
        script.advance(0);
        script.expect(data(12, "again"));
        script.receive(ack(17));
        engineIsDone(script);
    }

    // ---- taking it back

    @Test
    void anEngineThatIsAskedToReturnTheRightFinishesAndReturnsIt(Script script) {
        script.establish(peer());
        grant(script, 1000);
        script.act("recall", () -> grant.recall(script.clockNanos() + seconds(1)));
        assertTrue(engine.isRecalled());
        send(script, "the last", GrantedSender.FAST_RECALLED);
        engine.giveBack();
        script.advance(0);
        script.expect(data(1, "the last"));
        assertTrue(grant.isOver());
        script.receive(ack(9));
        allFramesAreBack(script);
        script.expectCounter(Counter.GRANTS_FENCED, 0).expectCounter(Counter.GRANTS_RECALLED, 1);
    }

    @Test
    void anEngineThatDoesNotAnswerIsFencedAndItsFramesAreKeptUntilItSeesThat(Script script) {
        script.establish(peer());
        grant(script, 1000);
        send(script, "published", GrantedSender.FAST);
        script.act("recall", () -> grant.recall(script.clockNanos() + millis(50)));
        script.expect(data(1, "published"));
        script.receive(ack(10));
        script.send("owner");
        script.expectBetween(millis(49), millis(51), data(10, "owner"));
        script.receive(ack(15));
        assertTrue(grant.isOver());
        assertFalse(script.link().frames().available() == freeBefore, "an engine may still write to them");
        send(script, "too late", GrantedSender.FENCED);
        allFramesAreBack(script);
        script.expectNothingUntil(seconds(5));
        script.expectCounter(Counter.GRANTS_FENCED, 1);
    }

    @Test
    void aGrantNobodyHasTakenOrThatIsRefusedCostsNothing(Script script) {
        script.establish(peer());
        grant(script, 1000);
        assertNull(script.connection().grant(10));
        script.act("fence", grant::fence);
        engineIsDone(script);
        script.closeOutput();
        script.expect(fin(1));
        script.receive(ack(2));
        assertNull(script.connection().grant(10));
        script.expectCounter(Counter.GRANTS_REFUSED, 2);
    }

    // ---- the end of the connection

    @Test
    void rfc9293_3_10_4_aCloseWaitsForTheRightToComeBack(Script script) {
        script.establish(peer());
        grant(script, 1000);
        script.closeOutput();
        script.expectNothingUntil(seconds(3));
        send(script, "still", GrantedSender.FAST);
        script.advance(0);
        script.expect(data(1, "still"));
        script.receive(ack(6));
        engine.giveBack();
        script.advance(millis(1));
        script.expect(fin(6));
        script.receive(ack(7)).expectNothingUntil(seconds(5));
    }

    @Test
    void rfc9293_3_10_4_aCloseRecallsTheRightIfTheGrantSaysSo(Script script) {
        script.establish(peer());
        grant(script, GrantOptions.of(1000).withCloseRecall(millis(20)));
        script.closeOutput();
        send(script, "in time", GrantedSender.FAST_RECALLED);
        script.advance(0);
        script.expect(data(1, "in time"));
        script.receive(ack(8));
        script.expectBetween(millis(19), millis(21), fin(8));
        send(script, "too late", GrantedSender.FENCED);
        script.receive(ack(9)).expectNothingUntil(seconds(5));
    }

    @Test
    void rfc9293_3_10_7_4_aResetEndsTheGrantAndTheEngineIsTold(Script script) {
        script.establish(peer());
        grant(script, 1000);
        script.receive(rst(1));
        script.expectClosed();
        send(script, "too late", GrantedSender.CLOSED);
        allFramesAreBack(script);
        script.expectNothingUntil(seconds(5));
    }
}
