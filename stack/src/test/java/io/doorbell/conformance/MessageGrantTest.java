package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.counters.Counter;
import io.doorbell.grant.GrantedMessage;
import io.doorbell.grant.GrantedSender;
import io.doorbell.link.Link;
import io.doorbell.script.MultiPeer;
import io.doorbell.script.PartialSend;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import io.doorbell.tcp.GrantOptions;
import io.doorbell.tcp.MessageGrant;
import io.doorbell.tcp.Tcb;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** An open message that an engine may complete: as a whole or not at all, and nobody's stream has a gap for it. */
@ExtendWith(Scripts.class)
class MessageGrantTest {
    private static final int[] HOLES = {0, 10, 30, 10, 60, 10};

    private PartialSend message;
    private MessageGrant grant;
    private GrantedMessage engine;
    private Link link;
    private int freeBefore;

    /** A message of 100 bytes with three holes, known parts of which have left and arrived. */
    private MultiPeer begin(Script script) {
        MultiPeer peer = MultiPeer.establish(script);
        message = new PartialSend(script, 100);
        message.completeAll(10, 20, 40, 20, 70, 30);
        peer.expectParts(11, 20, 41, 20, 71, 30);
        script.receive(ack(1).sack(11, 31, 41, 61, 71, 101));
        return peer;
    }

    private void beginWithoutTheOption(Script script) {
        script.establish(syn(0).mss(1000).sackOk());
        message = new PartialSend(script, 100);
        message.completeAll(10, 20, 40, 20, 70, 30);
        script.expect(data(11, 20), data(41, 20), data(71, 30));
        script.receive(ack(1).sack(11, 31, 41, 61, 71, 101));
    }

    private void grant(Script script) {
        freeBefore = script.link().frames().available();
        script.act("grant", () -> grant = message.message.grant());
        assertNotNull(grant, "refused");
        link = script.link().second();
        engine = grant.engine(link);
    }

    private void supplyAll() {
        int missing = engine.missing();
        for (int i = 0; i < HOLES.length; i += 2) {
            missing -= HOLES[i + 1];
            assertEquals(missing, engine.supply(HOLES[i], message.bytes(HOLES[i], HOLES[i + 1])));
        }
        assertEquals(0, missing);
    }

    private void send(Script script, int code) {
        supplyAll();
        assertEquals(code, engine.send(script.clockNanos()));
    }

    private void framesAreBack(Script script, int gained) {
        script.advance(millis(1));
        assertEquals(freeBefore + gained, script.link().frames().available());
        assertEquals(128, link.frames().available());
    }

    // ---- what leaves

    @Test
    void rfc6994_lastPartsLeaveFromAnEngineInOneSegment(Script script) {
        MultiPeer peer = begin(script);
        grant(script);
        assertEquals(30, engine.missing());
        assertEquals(0, engine.nextMissing());
        send(script, GrantedSender.FAST);
        script.advance(0);
        peer.expectParts(1, 10, 31, 10, 61, 10);
        assertFalse(message.message.isOpen());
        assertTrue(grant.isCompleted() && grant.isOver());
        assertEquals(GrantedSender.RETURNED, engine.send(script.clockNanos()));
        script.receive(ack(101)).expectNothingUntil(seconds(100));
        script.expectCounter(Counter.TCP_MULTI_SEGMENTS_OUT, 2).expectCounter(Counter.GRANT_SEGMENTS_OUT, 1);
        framesAreBack(script, 6);
        script.send("owner");
        script.expect(data(101, "owner"));
    }

    @Test
    void aPeerWithoutTheOptionGetsSegmentsOfTheirOwn(Script script) {
        beginWithoutTheOption(script);
        grant(script);
        send(script, GrantedSender.FAST);
        script.advance(0);
        script.expect(data(1, 10).psh(), data(31, 10).psh(), data(61, 10).psh());
        assertEquals(1, link.statistics().doorbells);
        script.receive(ack(101)).expectNothingUntil(seconds(100));
        framesAreBack(script, 6);
    }

    @Test
    void whatIsKnownButHasNotLeftLeavesWithIt(Script script) {
        MultiPeer peer = MultiPeer.establish(script);
        message = new PartialSend(script, 100);
        message.completeAll(20, 30, 60, 40);
        peer.expectParts(21, 30, 61, 40);
        // Below leastPartBytes: not worth a segment.
        message.completeAll(3, 4);
        script.expectNothing();
        grant(script);
        assertEquals(GrantedMessage.OUT_OF_RANGE, engine.supply(2, message.bytes(2, 3)));
        assertEquals(23, engine.supply(0, message.bytes(0, 3)));
        assertEquals(10, engine.supply(7, message.bytes(7, 13)));
        assertEquals(GrantedMessage.HOLES, engine.send(script.clockNanos()));
        assertEquals(0, engine.supply(50, message.bytes(50, 10)));
        assertEquals(GrantedSender.FAST, engine.send(script.clockNanos()));
        script.advance(0);
        peer.expectParts(1, 20, 51, 10);
    }

    @Test
    void itMayBeSuppliedAgainUntilItIsSent(Script script) {
        MultiPeer peer = begin(script);
        grant(script);
        engine.supply(0, "wrong ones".getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
        supplyAgain();
        assertEquals(GrantedSender.FAST, engine.send(script.clockNanos()));
        script.advance(0);
        peer.expectParts(1, 10, 31, 10, 61, 10);
    }

    private void supplyAgain() {
        for (int i = 0; i < HOLES.length; i += 2) {
            engine.supply(HOLES[i], message.bytes(HOLES[i], HOLES[i + 1]));
        }
    }

    @Test
    void oneEngineForEachMessage(Script script) {
        MultiPeer peer = begin(script);
        grant(script);
        assertThrows(IllegalStateException.class, () -> grant.engine(link));
        send(script, GrantedSender.FAST);
        script.advance(0);
        peer.expectParts(1, 10, 31, 10, 61, 10);
    }

    @Test
    void anEngineForARightThatIsGoneIsRefused(Script script) {
        begin(script);
        script.act("grant", () -> grant = message.message.grant());
        script.act("fence", () -> grant.fence());
        script.advance(millis(1));
        // Its frame is somebody else's now.
        assertThrows(IllegalStateException.class, () -> grant.engine(script.link().second()));
        assertTrue(message.message.isOpen());
    }

    @Test
    void rehearsingLeavesNoTrace(Script script) {
        MultiPeer peer = begin(script);
        grant(script);
        assertEquals(GrantedSender.FAST, engine.send(script.clockNanos(), GrantedSender.WARM));
        script.advance(millis(1));
        script.expectNothing();
        assertTrue(message.message.isOpen());
        send(script, GrantedSender.FAST);
        script.advance(0);
        peer.expectParts(1, 10, 31, 10, 61, 10);
    }

    @Test
    void theOwnersSendsGoOnBeside(Script script) {
        MultiPeer peer = begin(script);
        grant(script);
        script.send("beside");
        script.expect(data(101, "beside"));
        assertEquals(Tcb.GRANTED, message.message.complete(0, new byte[10], 0, 10));
        assertNull(message.message.grant());
        assertNull(script.connection().grant(GrantOptions.of(100)));
        send(script, GrantedSender.FAST);
        script.advance(0);
        peer.expectParts(1, 10, 31, 10, 61, 10);
        script.receive(ack(107)).expectNothingUntil(seconds(100));
        script.expectCounter(Counter.GRANTS_REFUSED, 2);
    }

    // ---- loss

    @Test
    void whatIsLostIsSentAgainByTheStackWithoutTheOption(Script script) {
        MultiPeer peer = begin(script);
        grant(script);
        send(script, GrantedSender.FAST);
        script.advance(0);
        peer.expectParts(1, 10, 31, 10, 61, 10);
        Sent again = script.nextBy(seconds(3));
        script.require(again.experiment == null, "sent again with the option: " + again);
        script.takeAll();
        script.receive(ack(101)).expectNothingUntil(seconds(100));
    }

    @Test
    void rfc2883_4_aPeerThatTookItForOldDataEndsItsUse(Script script) {
        MultiPeer peer = begin(script);
        grant(script);
        send(script, GrantedSender.FAST);
        script.advance(0);
        Sent sent = peer.expectParts(1, 10, 31, 10, 61, 10);
        script.receive(ack(1).sack(sent.seq, sent.seq + 30, 11, 31, 41, 61));
        script.expect(data(1, 10), data(31, 10), data(61, 10));
        script.receive(ack(101)).expectCounter(Counter.TCP_MULTI_FALLBACKS, 1);
        message = new PartialSend(script, 100);
        message.completeAll(10, 20, 40, 20, 70, 30);
        script.expect(data(111, 20), data(141, 20), data(171, 30));
    }

    @Test
    void anEngineWhoseLinkIsFullHasCompletedItAllTheSame(Script script) {
        beginWithoutTheOption(script);
        grant(script);
        while (link.frames().available() > 2) {
            link.frames().allocate();
        }
        send(script, GrantedSender.QUEUED);
        script.advance(millis(1));
        script.expect(data(1, 10), data(31, 10), data(61, 10));
        script.receive(ack(101)).expectNothingUntil(seconds(100));
        assertTrue(grant.isCompleted());
    }

    @Test
    void rfc9293_3_8_6_beyondThePeersWindowTheStackSendsItWhenThatOpens(Script script) {
        MultiPeer peer = begin(script);
        script.receive(ack(1).win(0).sack(11, 31, 41, 61, 71, 101));
        grant(script);
        send(script, GrantedSender.QUEUED);
        script.advance(millis(1));
        script.expectNothing();
        script.receive(ack(1).win(5000).sack(11, 31, 41, 61, 71, 101));
        peer.expectParts(1, 10, 31, 10, 61, 10);
        script.receive(ack(101).win(5000)).expectNothingUntil(seconds(100));
    }

    // ---- the right comes back

    @Test
    void whatWasNotPublishedNeverHappenedAndTheOwnerCompletesIt(Script script) {
        MultiPeer peer = begin(script);
        grant(script);
        supplyAll();
        script.act("fence", () -> grant.fence());
        assertEquals(GrantedSender.FENCED, engine.send(script.clockNanos()));
        assertFalse(grant.isCompleted());
        script.advance(millis(1));
        script.expectNothing();
        message.completeAll(HOLES);
        peer.expectParts(1, 10, 31, 10, 61, 10);
        script.receive(ack(101));
        framesAreBack(script, 6);
        script.expectCounter(Counter.GRANTS_FENCED, 1);
    }

    @Test
    void anEngineThatDiedLeavesTheMessageAsOpenAsItWas(Script script) {
        MultiPeer peer = begin(script);
        grant(script);
        engine.supply(0, message.bytes(0, 10));
        script.act("engine ended", () -> grant.engineEnded());
        script.advance(millis(1));
        assertEquals(freeBefore, script.link().frames().available());
        assertEquals(30, message.message.missing());
        message.completeAll(HOLES);
        peer.expectParts(1, 10, 31, 10, 61, 10);
    }

    @Test
    void anEngineThatDiedHavingPublishedHasCompletedIt(Script script) {
        MultiPeer peer = begin(script);
        grant(script);
        send(script, GrantedSender.FAST);
        script.act("engine ended", () -> grant.engineEnded());
        assertTrue(grant.isCompleted());
        peer.expectParts(1, 10, 31, 10, 61, 10);
        script.receive(ack(101)).expectNothingUntil(seconds(100));
    }

    @Test
    void aMessageThatWasGivenBackMayBeGrantedAgain(Script script) {
        MultiPeer peer = begin(script);
        grant(script);
        supplyAll();
        engine.giveBack();
        engine.giveBack();
        assertEquals(GrantedSender.RETURNED, engine.send(script.clockNanos()));
        script.advance(millis(1));
        assertTrue(grant.isOver());
        grant(script);
        send(script, GrantedSender.FAST);
        script.advance(0);
        peer.expectParts(1, 10, 31, 10, 61, 10);
        script.expectCounter(Counter.GRANTS_RETURNED, 1);
    }

    @Test
    void anEngineThatDoesNotAnswerARecallIsFenced(Script script) {
        MultiPeer peer = begin(script);
        grant(script);
        supplyAll();
        script.act("recall", () -> grant.recall(script.clockNanos() + millis(5)));
        script.advance(millis(1));
        assertTrue(engine.isRecalled());
        assertFalse(grant.isOver());
        script.advance(millis(10));
        assertTrue(grant.isOver());
        assertEquals(GrantedSender.FENCED, engine.send(script.clockNanos()));
        message.completeAll(HOLES);
        peer.expectParts(1, 10, 31, 10, 61, 10);
    }

    @Test
    void rfc9293_3_10_7_4_afterThePeersResetTheEngineIsTold(Script script) {
        begin(script);
        grant(script);
        supplyAll();
        script.receive(rst(1));
        assertEquals(GrantedSender.CLOSED, engine.send(script.clockNanos()));
        assertTrue(grant.isOver());
        script.advance(millis(1));
        script.expectCounter(Counter.GRANTS_OPENED, 1);
        assertEquals(128, link.frames().available());
    }

    // ---- what changes meanwhile

    @Test
    void rfc9293_3_8_4_aCloseWaitsForItAndFinFollows(Script script) {
        MultiPeer peer = begin(script);
        grant(script);
        script.closeOutput();
        script.expectNothing();
        send(script, GrantedSender.FAST);
        script.advance(0);
        peer.expectParts(1, 10, 31, 10, 61, 10);
        script.expect(io.doorbell.script.Segments.fin(101));
        script.receive(ack(102)).expectNothingUntil(seconds(100));
    }

    @Test
    void rfc1191_4_onANarrowerPathItLeavesInSegmentsOfTheirOwn(Script script) {
        script.tcp().minPathMtu(68);
        beginLong(script);
        grant(script);
        script.send(900);
        Sent large = script.expect(data(1001, 900));
        script.receiveIcmp(3, 4, 160, large);
        script.takeAll();
        assertEquals(400, engine.supply(0, message.bytes(0, 200)));
        assertEquals(0, engine.supply(500, message.bytes(500, 400)));
        assertEquals(GrantedSender.FAST, engine.send(script.clockNanos()));
        script.advance(0);
        script.expect(data(1, 120), data(121, 80), data(501, 120), data(621, 120), data(741, 120), data(861, 40));
    }

    private void beginLong(Script script) {
        MultiPeer peer = MultiPeer.establish(script);
        message = new PartialSend(script, 1000);
        message.completeAll(200, 300, 900, 100);
        peer.expectParts(201, 300, 901, 100);
        script.receive(ack(1).sack(201, 501, 901, 1001));
    }

    @Test
    void moreThanOneSegmentCarriesIsNotGranted(Script script) {
        script.establish(syn(0).mss(1000).sackOk());
        message = new PartialSend(script, 2000);
        message.completeAll(500, 50);
        script.expect(data(501, 50));
        assertNull(message.message.grant());
        script.expectCounter(Counter.GRANTS_REFUSED, 1);
        message.completeAll(600, 1300);
        script.takeAll();
        assertNotNull(message.message.grant());
    }
}
