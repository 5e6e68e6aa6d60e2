package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;

import io.doorbell.Connection;
import io.doorbell.counters.Counter;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import io.doorbell.tcp.CloseReason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** RFC 9293 section 3.6: the end of a connection, in every order. */
@ExtendWith(Scripts.class)
class ClosingTest {
    /** Closed by the stack, the FIN acknowledged. */
    private static void finWait2(Script script) {
        script.establish();
        script.close();
        script.expect(fin(1).ack(1));
        script.receive(ack(2)).expectState("FIN-WAIT-2");
    }

    /** Half closed by the stack: the peer may go on sending. */
    private static void halfClosed(Script script) {
        script.establish();
        script.closeOutput();
        script.expect(fin(1).ack(1));
        script.receive(ack(2)).expectState("FIN-WAIT-2");
    }

    private static void closeWait(Script script) {
        script.establish();
        script.receive(fin(1)).expectPeerClosed().expectState("CLOSE-WAIT");
        script.expectBy(millis(499), ack(2));
    }

    private static void lastAck(Script script) {
        closeWait(script);
        script.close();
        script.expect(fin(1).ack(2));
        script.expectState("LAST-ACK");
    }

    @Test
    void rfc9293_3_6_case1_activeClose(Script script) {
        script.establish();
        script.close();
        script.expect(fin(1).ack(1));
        script.expectState("FIN-WAIT-1").receive(ack(2)).expectNothing().expectState("FIN-WAIT-2");
        script.receive(fin(1));
        script.expectBy(millis(499), ack(2).seq(2));
        script.expectConnections(1).at(seconds(61));
        script.expectConnections(0).expectClosed(CloseReason.NORMAL);
    }

    @Test
    void rfc9293_3_6_case2_passiveClose(Script script) {
        script.establish();
        script.receive(fin(1)).expectPeerClosed().expectState("CLOSE-WAIT");
        script.expectBy(millis(499), ack(2).seq(1));
        script.close();
        script.expect(fin(1).ack(2));
        script.expectState("LAST-ACK").receive(ack(2)).expectNothing();
        script.expectClosed(CloseReason.NORMAL).expectConnections(0);
    }

    @Test
    void rfc9293_3_6_case3_simultaneousClose(Script script) {
        script.establish();
        script.close();
        script.expect(fin(1).ack(1));
        script.receive(fin(1).ack(1)).expectState("CLOSING");
        script.expectBy(millis(150), ack(2).seq(2));
        script.receive(ack(2).seq(2)).expectConnections(1);
        script.expectNothingUntil(seconds(59)).expectConnections(1);
        script.expectNothingUntil(seconds(61)).expectConnections(0).expectClosed(CloseReason.NORMAL);
    }

    @Test
    void rfc9293_3_10_7_4_finAndAckOfFinInOneSegment(Script script) {
        script.establish();
        script.close();
        script.expect(fin(1).ack(1));
        script.receive(fin(1).ack(2));
        script.expectBy(millis(150), ack(2).seq(2));
        script.expectNothingUntil(seconds(59)).expectConnections(1);
        script.expectNothingUntil(seconds(61)).expectConnections(0);
    }

    @Test
    void rfc9293_3_6_1_halfClosedTheStackGoesOnReceiving(Script script) {
        halfClosed(script);
        script.receive(data(1, 1460)).receive(data(1461, 1460)).expectDelivered(2920);
        script.expectBy(millis(499), ack(2921).seq(2));
        script.receive(data(2921, 10).fin()).expectDelivered(10).expectPeerClosed();
        script.expectBy(millis(999), ack(2932).seq(2));
        script.expectNothingUntil(seconds(61)).expectConnections(0).expectClosed(CloseReason.NORMAL);
    }

    @Test
    void rfc9293_3_6_1_halfClosedByThePeerTheStackGoesOnSending(Script script) {
        closeWait(script);
        script.send(3000);
        script.expect(data(1, 1460).ack(2), data(1461, 1460).ack(2), data(2921, 80).ack(2));
        script.receive(ack(3001)).close();
        script.expect(fin(3001).ack(2));
        script.receive(ack(3002)).expectClosed(CloseReason.NORMAL).expectConnections(0);
    }

    @Test
    void rfc9293_3_9_1_2_sendsAreRefusedAfterClose(Script script) {
        halfClosed(script);
        script.sendRefused(1, Connection.CLOSED);
        script.close().expectNothing().sendRefused(1, Connection.CLOSED);
    }

    @Test
    void rfc9293_3_10_4_closeIsIdempotent(Script script) {
        script.establish();
        script.close();
        script.expect(fin(1));
        script.close().expectNothing().closeOutput().expectNothing().close().expectNothing();
        script.receive(ack(2)).expectState("FIN-WAIT-2");
    }

    @Test
    void rfc9293_3_10_4_theFinStandsBehindWhatWasQueued(Script script) {
        script.establish(syn(0).mss(1000).win(2000));
        script.send(5000);
        script.expectData(1, 1000, 2);
        script.close().expectNothing();
        script.receive(ack(2001));
        script.expectData(2001, 1000, 2);
        script.receive(ack(4001));
        if (!script.allow(data(4001, 1000).fin())) {
            script.expect(data(4001, 1000), fin(5001));
        }
        script.receive(ack(5002)).expectState("FIN-WAIT-2");
    }

    @Test
    void rfc9293_3_8_1_theFinIsRetransmittedWithBackoff(Script script) {
        script.establish();
        script.close();
        script.expect(fin(1).ack(1));
        long first = script.expectBy(seconds(1), fin(1).ack(1)).timeNanos;
        script.expectAt(3 * first, fin(1).ack(1));
        script.expectAt(7 * first, fin(1).ack(1));
        script.receive(ack(2)).expectState("FIN-WAIT-2").expectNothingUntil(seconds(50));
    }

    @Test
    void rfc9293_3_8_1_theFinOfLastAckIsRetransmitted(Script script) {
        lastAck(script);
        script.expectBy(script.time() + seconds(2), fin(1).ack(2));
        script.receive(ack(2)).expectConnections(0);
    }

    @Test
    void rfc9293_3_8_3_aFinIsGivenUpInTheEnd(Script script) {
        script.tcp().retries(2);
        script.establish();
        script.close();
        script.expect(fin(1));
        script.expectBy(seconds(1), fin(1));
        script.expectBy(seconds(2), fin(1));
        script.at(seconds(30));
        script.takeAll().forEach(sent -> script.require(sent.isRst(), "this is no RST: " + sent));
        script.expectClosed(CloseReason.TIMED_OUT).expectConnections(0);
    }

    @Test
    void rfc9293_3_10_7_4_anAckThatDoesNotCoverTheFinLeavesFinWait1(Script script) {
        script.establish();
        script.send("abc");
        script.expect(data(1, "abc"));
        script.close();
        script.expect(fin(4));
        script.receive(ack(4)).expectState("FIN-WAIT-1");
        script.receive(ack(5)).expectState("FIN-WAIT-2");
    }

    @Test
    void rfc9293_3_10_7_4_aRepeatedFinInCloseWaitIsAcknowledged(Script script) {
        closeWait(script);
        script.receive(fin(1));
        script.expect(ack(2).seq(1));
        script.expectState("CLOSE-WAIT");
    }

    @Test
    void rfc9293_3_10_7_4_aRepeatedFinInLastAckIsAcknowledged(Script script) {
        lastAck(script);
        script.receive(fin(1).ack(1));
        script.expect(ack(2).seq(2));
        script.expectState("LAST-ACK");
    }

    @Test
    void rfc9293_3_10_7_4_aRepeatedFinInClosingIsAcknowledged(Script script) {
        script.establish();
        script.close();
        script.expect(fin(1));
        script.receive(fin(1).ack(1)).expectState("CLOSING");
        script.expectBy(millis(150), ack(2));
        script.receive(fin(1).ack(1));
        script.expect(ack(2));
        script.expectState("CLOSING");
    }

    @Test
    void rfc1122_4_2_2_13_dataAfterCloseIsReset(Script script) {
        finWait2(script);
        script.receive(data(1, 10));
        Sent reset = script.nextBy(script.time());
        script.require(reset.isRst() && reset.seq == 2, "instead of a RST there is " + reset);
        script.expectConnections(0).expectClosed();
    }

    @Test
    void rfc1122_4_2_2_13_dataAfterCloseIsResetInFinWait1(Script script) {
        script.establish();
        script.close();
        script.expect(fin(1).ack(1));
        script.receive(data(1, 10).ack(1));
        Sent reset = script.nextBy(script.time());
        script.require(reset.isRst(), "instead of a RST there is " + reset);
        script.expectConnections(0).expectClosed();
    }

    @Test
    void rfc1122_4_2_2_13_closeWithUnreadDataResets(Script script) {
        script.initialAppetite(0);
        script.establish();
        script.receive(data(1, 100)).expectDelivered(0);
        script.expectBy(millis(499), ack(101));
        script.close();
        Sent reset = script.nextBy(script.time());
        script.require(reset.isRst() && reset.seq == 1, "instead of a RST there is " + reset);
        script.expectConnections(0).expectClosed();
    }

    @Test
    void rfc9293_3_10_5_abortSendsAResetWithTheNextNumber(Script script) {
        script.establish();
        script.send("abc");
        script.expect(data(1, "abc"));
        script.abort();
        Sent reset = script.nextBy(script.time());
        script.require(reset.isRst() && reset.seq == 4, "instead of a RST at 4 there is " + reset);
        script.expectClosed(CloseReason.ABORTED).expectConnections(0).expectNothingUntil(seconds(100));
    }

    @Test
    void rfc9293_3_10_5_abortDiscardsWhatIsQueued(Script script) {
        script.establish(syn(0).mss(1000).win(1000));
        script.send(5000);
        script.expectData(1, 1000, 1);
        script.abort();
        Sent reset = script.nextBy(script.time());
        script.require(reset.isRst() && reset.seq == 1001, "instead of a RST at 1001 there is " + reset);
        script.expectClosed(CloseReason.ABORTED).expectNothingUntil(seconds(100));
    }

    @Test
    void rfc9293_3_10_5_abortInCloseWaitAndFinWait2Resets(Script script) {
        script.use(script.flow(50001, 80));
        closeWait(script);
        script.abort();
        script.require(script.nextBy(script.time()).isRst(), "abort in CLOSE-WAIT sent no RST");
        script.use(script.flow(50002, 80));
        halfClosed(script);
        script.abort();
        script.require(script.nextBy(script.time()).isRst(), "abort in FIN-WAIT-2 sent no RST");
        script.expectConnections(0);
    }

    @Test
    void rfc9293_3_10_5_abortInLastAckDeletesTheConnection(Script script) {
        lastAck(script);
        script.abort();
        script.takeAll().forEach(sent -> script.require(sent.isRst(), "this is no RST: " + sent));
        script.expectClosed().expectConnections(0);
    }

    @Test
    void rfc9293_3_10_7_4_aResetInEstablishedIsReported(Script script) {
        script.establish();
        script.send("abc");
        script.expect(data(1, "abc"));
        script.receive(rst(1)).expectNothing().expectClosed(CloseReason.RESET_BY_PEER).expectConnections(0);
        script.expectNothingUntil(seconds(100)).expectCounter(Counter.TCP_RESETS_IN, 1);
    }

    @Test
    void rfc9293_3_10_7_4_aResetInCloseWaitIsReported(Script script) {
        closeWait(script);
        script.receive(rst(2)).expectNothing().expectClosed(CloseReason.RESET_BY_PEER).expectConnections(0);
    }

    @Test
    void rfc9293_3_10_7_4_aResetInFinWait1AndFinWait2IsReported(Script script) {
        script.use(script.flow(50001, 80)).establish();
        script.close();
        script.expect(fin(1));
        script.receive(rst(1)).expectNothing().expectClosed(CloseReason.RESET_BY_PEER).expectConnections(0);
        script.use(script.flow(50002, 80));
        finWait2(script);
        script.receive(rst(1)).expectNothing().expectClosed().expectConnections(0);
    }

    @Test
    void rfc9293_3_10_7_4_aResetInLastAckAndClosingEnds(Script script) {
        script.use(script.flow(50001, 80));
        lastAck(script);
        script.receive(rst(2)).expectNothing().expectClosed().expectConnections(0);
        script.use(script.flow(50002, 80)).establish();
        script.close();
        script.expect(fin(1));
        script.receive(fin(1).ack(1));
        script.expectBy(script.time() + millis(150), ack(2));
        script.receive(rst(2)).expectNothing().expectClosed().expectConnections(0);
    }

    @Test
    void rfc9293_3_5_1_dataForAForgottenConnectionIsReset(Script script) {
        script.establish();
        script.abort();
        script.require(script.nextBy(script.time()).isRst(), "abort sent no RST");
        script.receive(data(1, 10).ack(1));
        script.expect(rst(1));
    }

    @Test
    void rfc9293_3_10_7_4_theFinIsToldOnlyWhenTheDataBeforeItIsTaken(Script script) {
        script.initialAppetite(0);
        script.establish();
        script.receive(data(1, 100).fin()).expectPeerNotClosed();
        script.expectBy(millis(499), ack(102));
        script.expectPeerNotClosed().resume().expectDelivered(100).expectPeerClosed();
        script.allow(ack(102));
    }

    @Test
    void rfc9293_3_10_7_4_dataWithTheFinIsDelivered(Script script) {
        script.establish();
        script.receive(data(1, "last words").fin()).expectDelivered("last words").expectPeerClosed();
        script.expectBy(millis(499), ack(12));
    }

    @Test
    void rfc9293_3_10_7_4_aFinInFinWait2WithDataIsTaken(Script script) {
        halfClosed(script);
        script.receive(data(1, 5).fin()).expectDelivered(5).expectPeerClosed();
        script.expectBy(millis(499), ack(7).seq(2));
        script.expectNothingUntil(seconds(62)).expectConnections(0);
    }

    @Test
    void rfc9293_3_6_theFinRidesOnDataOrFollowsIt(Script script) {
        script.establish();
        script.act("send and close", () -> {
            Connection connection = script.flow().application().connection();
            script.flow().application().write("bye");
            connection.close();
        });
        if (!script.allow(data(1, "bye").fin())) {
            script.expect(data(1, "bye"), fin(4));
        }
        script.receive(ack(5)).expectState("FIN-WAIT-2");
    }

    @Test
    void rfc9293_3_10_7_4_theWindowOfAHalfClosedConnectionStaysOpen(Script script) {
        halfClosed(script);
        int next = 1;
        for (int i = 0; i < 200; i++) {
            script.receive(data(next, 1460));
            next += 1460;
            for (Sent sent : script.takeAll()) {
                script.require(sent.window > 10_000, "the window is " + sent.window);
            }
        }
        script.expectDelivered(200 * 1460).advance(millis(500));
        script.allow(ack(next));
    }

    @Test
    void rfc9293_3_6_1_aHalfClosedConnectionMayLiveForHours(Script script) {
        halfClosed(script);
        script.expectNothingUntil(seconds(10_000)).expectConnections(1);
        script.receive(data(1, 10)).expectDelivered(10);
        script.expectBy(script.time() + millis(499), ack(11).seq(2));
    }

    @Test
    void rfc1122_4_2_2_13_closeAfterCloseOutputMeansThatNothingMoreIsRead(Script script) {
        halfClosed(script);
        script.receive(data(1, 10)).expectDelivered(10);
        script.expectBy(script.time() + millis(499), ack(11).seq(2));
        script.close().expectNothing().receive(data(11, 10));
        script.require(script.nextBy(script.time()).isRst(), "data after close was not reset");
        script.expectConnections(0).expectClosed();
    }

    @Test
    void rfc9293_3_8_1_aLostFinIsRetransmittedThoughTheDataIsAcknowledged(Script script) {
        script.establish();
        script.send(1000);
        script.expect(data(1, 1000));
        script.close();
        script.expect(fin(1001));
        script.advance(millis(10)).receive(ack(1001)).expectNothing();
        script.expectBy(seconds(2), fin(1001));
        script.receive(ack(1002)).expectState("FIN-WAIT-2");
    }

    @Test
    void rfc9293_3_10_4_anOrphanInFinWait2DoesNotLiveForEver(Script script) {
        script.tcp().finWait2Nanos(seconds(20));
        finWait2(script);
        script.expectNothingUntil(seconds(19)).expectConnections(1);
        script.at(seconds(200));
        script.takeAll().forEach(sent -> script.require(sent.isRst(), "this is no RST: " + sent));
        script.expectConnections(0).expectClosed();
    }

    /** As long as this side reads, the peer may send on for as long as it likes; then its FIN has a limit. */
    @Test
    void rfc9293_3_10_4_aCloseLongAfterAHalfCloseWaitsForTheFinAsLongAsConfigured(Script script) {
        script.tcp().finWait2Nanos(seconds(20));
        script.establish();
        script.closeOutput();
        script.expect(fin(1));
        script.receive(ack(2)).expectState("FIN-WAIT-2");
        script.expectNothingUntil(seconds(1000)).expectConnections(1);
        script.close();
        script.expectNothingUntil(seconds(1019)).expectConnections(1);
        script.at(seconds(1021)).takeAll().forEach(sent -> script.require(sent.isRst(), "this is no RST: " + sent));
        script.expectConnections(0).expectClosed();
    }
}
