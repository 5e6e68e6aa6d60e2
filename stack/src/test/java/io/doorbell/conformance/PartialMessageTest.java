package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;

import io.doorbell.Connection;
import io.doorbell.script.PartialSend;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.PartialMessage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Messages whose known bytes leave past the holes: what is sent when, and what the user is told. */
@ExtendWith(Scripts.class)
class PartialMessageTest {
    private static void establish(Script script) {
        script.establish(syn(0).mss(1000).sackOk());
    }

    @Test
    void rfc9293_3_4_knownPartsLeavePastTheHoleAndTheRestLater(Script script) {
        establish(script);
        PartialSend message = new PartialSend(script, 30);
        message.complete(0, 10);
        script.expect(data(1, 10));
        message.complete(12, 18);
        script.expect(data(13, 18));
        script.receive(ack(11).sack(13, 31));
        script.expectNothingUntil(seconds(600));
        message.complete(10, 2);
        script.expect(data(11, 2));
        script.receive(ack(31)).expectNothingUntil(seconds(700));
        script.require(!message.message.isOpen(), "the message is still open");
    }

    @Test
    void partsThatAreKnownTogetherLeaveInOrder(Script script) {
        establish(script);
        new PartialSend(script, 30).completeAll(12, 18, 0, 10);
        script.expect(data(1, 10), data(13, 18));
    }

    @Test
    void aPartBelowTheLeastSizeWaitsForItsNeighbours(Script script) {
        script.tcp().leastPartBytes(8);
        establish(script);
        PartialSend message = new PartialSend(script, 30);
        message.complete(4, 4).complete(20, 7);
        script.expectNothing();
        message.complete(8, 4);
        script.expect(data(5, 8));
        message.complete(0, 4);
        script.expect(data(1, 4));
        message.complete(27, 3);
        script.expect(data(21, 10));
        message.complete(12, 7);
        script.expectNothing();
        message.complete(19, 1);
        script.expect(data(13, 8));
    }

    @Test
    void refusedPartsChangeNothing(Script script) {
        establish(script);
        PartialSend message = new PartialSend(script, 100);
        message.complete(40, 20);
        script.expect(data(41, 20));
        message.refused(-1, 5, PartialMessage.OUT_OF_RANGE).refused(90, 11, PartialMessage.OUT_OF_RANGE)
                .refused(0, 0, PartialMessage.OUT_OF_RANGE).refused(Integer.MAX_VALUE, 5, PartialMessage.OUT_OF_RANGE)
                .refused(59, 1, PartialMessage.ALREADY_KNOWN).refused(30, 11, PartialMessage.ALREADY_KNOWN)
                .refused(0, 100, PartialMessage.ALREADY_KNOWN).refused(45, 5, PartialMessage.ALREADY_KNOWN);
        message.completeAll(60, 40, 0, 40);
        script.expect(data(1, 40), data(61, 40));
        message.refused(0, 1, Connection.CLOSED);
    }

    @Test
    void runsApartFromEachOtherAreBounded(Script script) {
        script.tcp().leastPartBytes(1000);
        establish(script);
        PartialSend message = new PartialSend(script, 200);
        for (int i = 0; i < PartialMessage.MAX_RUNS; i++) {
            message.complete(2 * i, 1);
        }
        message.refused(2 * PartialMessage.MAX_RUNS, 1, PartialMessage.TOO_MANY_RUNS);
        message.complete(1, 1).complete(2 * PartialMessage.MAX_RUNS, 1);
        for (int i = 1; i < PartialMessage.MAX_RUNS; i++) {
            message.complete(2 * i + 1, 1);
        }
        script.expectNothing();
        message.complete(2 * PartialMessage.MAX_RUNS + 1, 200 - 2 * PartialMessage.MAX_RUNS - 1);
        script.expect(data(1, 200));
    }

    @Test
    void beginIsRefusedWithACode(Script script) {
        script.tcp().sendBufferBytes(1000);
        establish(script);
        Connection c = script.flow().application().connection();
        PartialMessage message = new PartialMessage();
        script.require(c.begin(message, 0) == PartialMessage.OUT_OF_RANGE, "an empty message was begun");
        script.require(c.begin(message, 1001) == Connection.BACKPRESSURE, "more than the buffer was taken");
        script.require(c.begin(message, 1000) == 0, "a message was refused");
        script.require(c.begin(message, 1) == PartialMessage.OPEN, "an open message was begun again");
        script.require(c.begin(new PartialMessage(), 1) == Connection.BACKPRESSURE, "the buffer was overrun");
        script.sendRefused(1, Connection.BACKPRESSURE);
        script.closeOutput();
        script.require(c.begin(new PartialMessage(), 1) == Connection.CLOSED, "begun behind a FIN");
    }

    @Test
    void rfc9293_3_9_1_laterSendsQueueBehindAndPastTheHole(Script script) {
        establish(script);
        PartialSend first = new PartialSend(script, 20);
        script.send(100);
        script.expect(data(21, 100));
        PartialSend second = new PartialSend(script, 20);
        second.complete(10, 10);
        script.expect(data(131, 10));
        first.complete(0, 20);
        script.expect(data(1, 20));
        script.receive(ack(121).sack(131, 141));
        second.complete(0, 10);
        script.expect(data(121, 10));
        script.receive(ack(141));
        script.send(5);
        script.expect(data(141, 5));
    }

    @Test
    void rfc9293_3_10_4_finWaitsForTheHoles(Script script) {
        establish(script);
        PartialSend message = new PartialSend(script, 40);
        message.complete(20, 20);
        script.expect(data(21, 20));
        script.close();
        script.expectNothingUntil(seconds(0));
        script.receive(ack(1).sack(21, 41)).expectNothingUntil(seconds(300));
        message.complete(0, 20);
        script.expect(data(1, 20));
        script.expect(fin(41));
        script.receive(ack(42)).receive(fin(1).ack(42));
        script.expect(ack(2));
        script.expectClosed(CloseReason.NORMAL);
    }

    @Test
    void aWholeMessageMayFollowTheUsersClose(Script script) {
        establish(script);
        PartialSend message = new PartialSend(script, 3000);
        script.closeOutput();
        script.expectNothing();
        message.complete(0, 3000);
        script.expect(data(1, 1000), data(1001, 1000), data(2001, 1000).fin());
    }

    @Test
    void rfc5961_3_2_aResetNamesTheGapThatThePeerWaitsFor(Script script) {
        establish(script);
        PartialSend message = new PartialSend(script, 40);
        message.complete(20, 20);
        script.expect(data(21, 20));
        script.act("abortConnection()", message.message::abortConnection);
        script.expect(rst(1).ack(1));
        script.expectClosed(CloseReason.ABORTED);
        message.refused(0, 20, Connection.CLOSED);
    }

    @Test
    void aPeersResetEndsTheMessage(Script script) {
        establish(script);
        PartialSend message = new PartialSend(script, 40);
        message.complete(20, 20);
        script.expect(data(21, 20));
        script.receive(rst(1)).expectClosed(CloseReason.RESET_BY_PEER);
        script.require(!message.message.isOpen(), "the message is still open");
        message.refused(0, 20, Connection.CLOSED);
    }

    @Test
    void rfc9293_3_6_aPeersCloseLeavesTheMessageOpen(Script script) {
        script.program(a -> a.onPeerClosed(c -> { }));
        establish(script);
        PartialSend message = new PartialSend(script, 40);
        message.complete(20, 20);
        script.expect(data(21, 20));
        script.receive(fin(1).ack(1).sack(21, 41)).expectPeerClosed();
        script.expect(ack(2));
        message.complete(0, 20);
        script.expect(data(1, 20));
    }

    @Test
    void theUserIsToldOfTheDeadlineOnce(Script script) {
        establish(script);
        PartialSend message = new PartialSend(script, 40);
        message.complete(20, 20);
        script.expect(data(21, 20));
        script.receive(ack(1).sack(21, 41));
        message.message.deadline(script.now() + millis(50));
        script.advance(millis(49));
        script.require(script.flow().application().overdue() == 0, "told too early");
        script.advance(millis(1));
        script.require(script.flow().application().overdue() == 1, "not told");
        script.advance(seconds(10));
        script.require(script.flow().application().overdue() == 1, "told again");
        message.complete(0, 20);
        script.expect(data(1, 20));
    }

    @Test
    void aMessageCompleteInTimeIsNotOverdue(Script script) {
        establish(script);
        PartialSend message = new PartialSend(script, 40);
        message.message.deadline(script.now() + millis(50));
        message.complete(0, 40);
        script.expect(data(1, 40));
        script.receive(ack(41)).advance(seconds(1));
        script.require(script.flow().application().overdue() == 0, "a complete message was overdue");
    }

    @Test
    void rfc9293_3_8_6_1_aClosedWindowIsProbedWithoutTouchingTheHole(Script script) {
        establish(script);
        PartialSend message = new PartialSend(script, 40);
        message.complete(20, 20);
        script.expect(data(21, 20));
        script.receive(ack(1).sack(21, 41).win(40));
        message.complete(0, 10);
        script.expect(data(1, 10));
        script.receive(ack(11).sack(21, 41).win(30));
        script.send(100);
        script.expectBy(script.time() + seconds(3), ack(1).seq(10));
        script.receive(ack(11).win(1000));
        script.expect(data(41, 100));
        message.complete(10, 10);
        script.expect(data(11, 10));
    }

    @Test
    void withoutWindowAHoleIsFilledWhenItOpens(Script script) {
        establish(script);
        PartialSend message = new PartialSend(script, 40);
        script.receive(ack(1).win(0));
        message.complete(0, 10).complete(20, 20);
        script.expectBy(script.time() + seconds(3), ack(1).seq(0));
        script.receive(ack(1).win(15));
        script.expect(data(1, 10));
        script.receive(ack(11).win(100));
        script.expect(data(21, 20));
        message.complete(10, 10);
        script.expect(data(11, 10));
    }

    @Test
    void rfc1191_6_3_aSmallerPathCutsWhatIsCompletedLater(Script script) {
        script.establish(syn(0).mss(1460).sackOk());
        PartialSend message = new PartialSend(script, 2920);
        message.complete(1460, 1460);
        io.doorbell.script.Sent large = script.expect(data(1461, 1460));
        script.receiveIcmp(3, 4, 600, large);
        script.expect(data(1461, 560), data(2021, 560), data(2581, 340));
        script.receive(ack(1).sack(1461, 2921));
        message.complete(0, 1460);
        script.expect(data(1, 560), data(561, 560), data(1121, 340));
        script.receive(ack(2921)).expectNothingUntil(seconds(100));
    }

    @Test
    void rfc9293_3_10_7_4_anAckOfBytesThatNobodyHasSuppliedIsRefused(Script script) {
        establish(script);
        PartialSend message = new PartialSend(script, 40);
        message.complete(20, 20);
        script.expect(data(21, 20));
        script.receive(ack(41));
        script.expect(ack(1));
        script.receive(ack(15));
        script.expect(ack(1));
        message.complete(0, 20);
        script.expect(data(1, 20));
        script.receive(ack(41)).expectNothingUntil(seconds(100));
    }

    @Test
    void aReportOfBytesThatWereNeverSentIsIgnored(Script script) {
        establish(script);
        PartialSend message = new PartialSend(script, 40);
        message.complete(20, 20);
        script.expect(data(21, 20));
        script.receive(ack(1).sack(1, 41));
        script.receive(ack(1).sack(1, 21));
        message.complete(0, 20);
        script.expect(data(1, 20));
        script.receive(ack(41)).expectNothingUntil(seconds(100));
    }
}
