package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static io.doorbell.script.Segments.synAck;

import io.doorbell.Connection;
import io.doorbell.counters.Counter;
import io.doorbell.link.Link;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import io.doorbell.tcp.CloseReason;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What the stack owes its caller and its link, whatever the network does. */
@ExtendWith(Scripts.class)
class DutyCycleTest {
    @Test
    void rfc9293_3_8_anIdleConnectionNeedsNoCall(Script script) {
        script.establish();
        script.at(seconds(1));
        script.require(script.stack().nextDeadlineNanos() == Link.NEVER, "an idle connection has a deadline");
        script.require(script.stack().poll(script.now()) == 0, "an idle poll did something");
    }

    @Test
    void rfc9293_3_8_1_aFullLinkDelaysDataAndLosesNothing(Script script) {
        script.establish();
        script.linkRoomFor(3);
        script.send(10 * 1460);
        script.expectData(1, 1460, 3);
        script.linkRoomFor(100);
        int next = 4381;
        for (int i = 0; i < 40 && next < 14_601; i++) {
            script.advance(millis(100));
            for (Sent sent : script.takeAll()) {
                script.require(sent.seq - next <= 0, "there is a gap before " + sent);
                next = Math.max(next, sent.end());
            }
        }
        script.require(next == 14_601, "sent is only up to " + next);
        script.receive(ack(14_601)).expectNothingUntil(script.time() + seconds(60));
    }

    @Test
    void rfc6298_5_4_whatAFullLinkHeldBackIsRetransmittedWhenItGetsLost(Script script) {
        script.establish();
        script.linkRoomFor(0);
        script.send(100).expectNothing();
        script.linkRoomFor(100);
        script.advanceWaiting(millis(1));
        script.require(script.takeAll().size() == 1, "the data has not left");
        script.expectBy(script.time() + seconds(2), data(1, 100));
        script.receive(ack(101)).expectNothingUntil(script.time() + seconds(60));
    }

    @Test
    void rfc9293_3_10_7_4_aFullLinkDelaysAcksAndLosesNothing(Script script) {
        script.establish();
        script.linkRoomFor(0);
        script.receive(data(1, 1460)).receive(data(1461, 1460)).expectNothing().expectDelivered(2920);
        script.advanceHostile(millis(600));
        script.linkRoomFor(100);
        script.receive(data(2921, 1460)).expectDelivered(1460);
        Sent last = script.nextBy(script.time() + millis(499));
        script.require(last.ack == 4381 || script.nextBy(script.time() + millis(499)).ack == 4381, "no ACK came");
    }

    @Test
    void rfc9293_3_5_aFullLinkDelaysTheHandshake(Script script) {
        script.listen(80);
        script.linkRoomFor(0);
        script.receive(syn(0).mss(1460)).expectNothing();
        script.linkRoomFor(100);
        script.expectBy(seconds(2), synAck(0).ack(1));
        script.receive(ack(1)).expectConnected();
    }

    @Test
    void rfc9293_3_10_5_aResetIsSentOrForgottenWhenTheLinkIsFull(Script script) {
        script.establish();
        script.linkRoomFor(0);
        script.abort().expectNothing().expectClosed(CloseReason.ABORTED).expectConnections(0);
        script.linkRoomFor(100).advanceHostile(seconds(10));
    }

    @Test
    void rfc9293_3_9_1_2_anEmptyFramePoolIsBackpressure(Script script) {
        script.frames(64);
        script.establish(syn(0).mss(1000));
        int queued = 0;
        int result = 0;
        Connection connection = script.flow().application().connection();
        while (result >= 0 && queued < 1000) {
            result = connection.send(new byte[1000], 0, 1000);
            queued += result > 0 ? 1 : 0;
        }
        script.require(result == Connection.BACKPRESSURE, "with 64 frames, " + queued + " sends of 1000 bytes gave " + result);
        script.require(queued > 10, "only " + queued + " sends were taken");
        script.flow().application().wroteZeros(queued * 1000);
        script.act("flush", () -> { });
        int acknowledged = 1;
        for (int i = 0; i < 1000 && acknowledged < 1 + queued * 1000; i++) {
            for (Sent sent : script.takeAll()) {
                acknowledged = Math.max(acknowledged, sent.end());
            }
            script.advance(millis(1)).receive(ack(acknowledged));
        }
        script.takeAll();
        script.require(acknowledged == 1 + queued * 1000, "the stream got stuck at " + acknowledged);
        script.expectWritable();
    }

    @Test
    void rfc9293_3_10_7_4_receivingGoesOnWithAnEmptyFramePool(Script script) {
        script.frames(32);
        script.establish(syn(0).mss(1000).win(0));
        Connection connection = script.flow().application().connection();
        int queued = 0;
        while (queued < 1000 && connection.send(new byte[1000], 0, 1000) > 0) {
            queued++;
        }
        script.flow().application().wroteZeros(queued * 1000);
        script.receive(data(1, 1000)).receive(data(1001, 1000)).expectDelivered(2000);
        script.expectBy(millis(499), ack(2001).seq(1));
    }

    @Test
    void rfc9293_3_9_1_1_aPortIsListenedOnOnce(Script script) {
        script.listen(80);
        try {
            script.listen(80);
        } catch (IllegalStateException expected) {
            script.require(expected.getMessage().contains("80"), "the message does not name the port: " + expected);
            return;
        }
        script.require(false, "port 80 was listened on twice");
    }

    @Test
    void rfc9293_3_9_1_1_theConnectionLimitHolds(Script script) {
        script.tcp().maxConnections(4);
        script.listen(80);
        int established = 0;
        for (int i = 0; i < 8; i++) {
            script.use(script.flow(50_000 + i, 80)).receive(syn(0).mss(1460));
            if (script.allow(synAck(0))) {
                script.receive(ack(1));
            }
            script.takeAll();
            established += script.flow().application() == null ? 0 : 1;
        }
        script.require(established == 4, established + " of 8 connections were let in though the limit is 4");
        script.require(script.stack().connections() == 4, "there are " + script.stack().connections() + " connections");
        script.require(script.counter(Counter.TCP_CONNECTION_LIMIT) > 0, "the refusals are not counted");
    }

    @Test
    void rfc9293_3_10_7_theSameScriptGivesTheSameFrames(Script script) {
        List<byte[]> first = story(new Script());
        List<byte[]> second = story(new Script());
        script.require(first.size() == second.size(), first.size() + " and " + second.size() + " frames were sent");
        for (int i = 0; i < first.size(); i++) {
            script.require(Arrays.equals(first.get(i), second.get(i)), "frame " + i + " differs");
        }
    }

    private static List<byte[]> story(Script script) {
        List<Sent> all = new ArrayList<>();
        script.establish(syn(0).mss(1460).wscale(7).timestamps(100, 0));
        script.send(20_000);
        all.addAll(script.takeAll());
        script.advance(millis(3)).receive(ack(5000));
        all.addAll(script.takeAll());
        script.receive(data(500, 100), data(1, 100));
        all.addAll(script.takeAll());
        script.at(seconds(3));
        all.addAll(script.takeAll());
        script.connect(81);
        all.addAll(script.takeAll());
        script.at(seconds(100));
        all.addAll(script.takeAll());
        script.anyDelivery();
        script.finish();
        List<byte[]> frames = new ArrayList<>();
        all.forEach(sent -> frames.add(sent.bytes));
        return frames;
    }

    @Test
    void rfc9293_3_10_5_closingTheStackResetsWhatIsOpen(Script script) {
        script.use(script.flow(50_001, 80)).establish();
        script.act("stack.close()", () -> script.stack().close());
        script.require(script.takeAll().getFirst().isRst(), "the connection was not reset");
        script.expectClosed(CloseReason.STACK_CLOSED);
    }

    @Test
    void rfc826_anUnresolvedPeerHoldsTheSynUntilItAnswers(Script script) {
        script.mutePeerArp(true);
        script.connect("10.0.0.77", 80);
        script.expectNothing();
        script.expectNothingUntil(millis(500));
        script.mutePeerArp(false);
        script.expectBy(seconds(4), syn(0));
        // What was retransmitted meanwhile may have been held, too.
        script.takeAll();
        script.receive(synAck(0).mss(1460)).expectConnected();
        script.expect(ack(1).seq(1));
    }

    @Test
    void rfc1122_2_3_2_2_aPeerThatNeverAnswersArpIsUnreachable(Script script) {
        script.mutePeerArp(true);
        script.connect("10.0.0.78", 80);
        script.expectNothingUntil(seconds(200));
        script.expectClosed(CloseReason.UNREACHABLE, CloseReason.TIMED_OUT).expectConnections(0);
    }
}
