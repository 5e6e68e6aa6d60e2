package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static io.doorbell.script.Segments.synAck;

import io.doorbell.Connection;
import io.doorbell.Listener;
import io.doorbell.script.Application;
import io.doorbell.script.Flow;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Segment;
import io.doorbell.tcp.CloseReason;
import java.lang.foreign.Arena;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What the application may do from within the calls that tell it something: everything. */
@ExtendWith(Scripts.class)
class HandlerTest {
    private static void program(Script script, Consumer<Application> reactions) {
        script.program(reactions);
    }

    @Test
    void rfc9293_3_9_1_2_anAnswerFromWithinDataCarriesTheAck(Script script) {
        program(script, app -> app.onData(c -> app.write("pong")));
        script.establish();
        script.receive(data(1, "ping")).expectDelivered("ping");
        script.expect(data(1, "pong").ack(5).psh());
        script.receive(ack(5)).expectNothingUntil(seconds(5));
    }

    @Test
    void rfc9293_3_9_1_2_aGreetingFromWithinConnected(Script script) {
        program(script, app -> app.onConnected(c -> app.write("220 ready")));
        script.listen(80);
        script.receive(syn(0).mss(1460));
        script.expect(synAck(0));
        script.receive(ack(1));
        script.expect(data(1, "220 ready").ack(1));
    }

    @Test
    void rfc9293_3_9_1_2_anActiveOpenersFirstWordsCarryTheAckOfTheSyn(Script script) {
        program(script, app -> app.onConnected(c -> app.write("hello")));
        script.connect(80);
        script.expect(syn(0));
        script.receive(synAck(0).mss(1460));
        script.allow(ack(1).seq(1));
        script.expect(data(1, "hello").ack(1));
    }

    @Test
    void rfc9293_3_10_4_closeFromWithinConnected(Script script) {
        program(script, app -> app.onConnected(c -> c.close()));
        script.listen(80);
        script.receive(syn(0).mss(1460));
        script.expect(synAck(0));
        script.receive(ack(1));
        script.expect(fin(1).ack(1));
        script.receive(fin(1).ack(2));
        script.expectBy(millis(499), ack(2).seq(2));
    }

    @Test
    void rfc9293_3_10_4_answerAndCloseFromWithinData(Script script) {
        program(script, app -> app.onData(c -> {
            app.write("bye");
            c.close();
        }));
        script.establish();
        script.receive(data(1, 10)).expectDelivered(10);
        if (!script.allow(data(1, "bye").ack(11).fin())) {
            script.expect(data(1, "bye").ack(11), fin(4).ack(11));
        }
        script.receive(fin(11).ack(5));
        script.expectBy(millis(499), ack(12).seq(5));
        script.expectNothingUntil(seconds(62)).expectClosed(CloseReason.NORMAL).expectConnections(0);
    }

    @Test
    void rfc9293_3_10_5_abortFromWithinData(Script script) {
        program(script, app -> app.onData(c -> c.abort()));
        script.anyDelivery();
        script.establish();
        script.receive(data(1, 10), data(11, 10));
        script.require(script.nextBy(script.time()).isRst(), "abort sent no RST");
        script.expectClosed(CloseReason.ABORTED).expectConnections(0);
    }

    @Test
    void rfc9293_3_10_5_abortFromWithinPeerClosed(Script script) {
        program(script, app -> app.onPeerClosed(c -> c.abort()));
        script.establish();
        script.receive(fin(1));
        script.require(script.takeAll().getLast().isRst(), "abort sent no RST");
        script.expectClosed(CloseReason.ABORTED).expectConnections(0);
    }

    @Test
    void rfc9293_3_10_4_closeFromWithinPeerClosed(Script script) {
        program(script, app -> app.onPeerClosed(c -> c.close()));
        script.establish();
        script.receive(fin(1));
        script.allow(ack(2).seq(1));
        script.expect(fin(1).ack(2));
        script.receive(ack(2)).expectClosed(CloseReason.NORMAL).expectConnections(0);
    }

    @Test
    void rfc9293_3_10_1_connectAgainFromWithinClosed(Script script) {
        script.connect(80);
        script.flow().application().onClosed(c -> script.stack().connect("10.0.0.1", 81, new Application()));
        script.expect(syn(0));
        Flow again = script.flow(81, 0);
        script.receive(rst(0).ack(1)).expectClosed(CloseReason.REFUSED);
        script.expect(syn(0).on(again));
        script.receive(rst(0).ack(1).on(again)).expectConnections(0);
    }

    @Test
    void rfc9293_3_10_5_whatIsCalledAfterTheEndHarmsNothing(Script script) {
        program(script, app -> app.onClosed(c -> {
            c.close();
            c.closeOutput();
            c.abort();
            c.resume();
        }));
        script.establish();
        script.receive(rst(1)).expectNothing().expectClosed(CloseReason.RESET_BY_PEER);
        script.sendRefused(5, Connection.CLOSED).abort().close().expectNothing().expectConnections(0);
    }

    @Test
    void rfc9293_3_10_7_4_oneBurstTellsEverythingInItsOrder(Script script) {
        script.listen(80);
        script.receive(syn(0).mss(1460));
        script.expect(synAck(0));
        script.receive(ack(1), data(1, 100).ack(1), data(101, 100).ack(1).fin());
        script.expectDelivered(200).expectPeerClosed();
        String heard = script.flow().application().heard();
        script.require(heard.equals("connected data peerClosed"), "the application heard: " + heard);
        script.expectBy(millis(499), ack(202).seq(1));
    }

    @Test
    void rfc9293_3_10_7_4_dataBeforeAResetInOneBurstIsDelivered(Script script) {
        script.establish();
        script.receive(data(1, 10), rst(11)).expectDelivered(10).expectClosed(CloseReason.RESET_BY_PEER);
        String heard = script.flow().application().heard();
        script.require(heard.equals("connected data closed"), "the application heard: " + heard);
        script.takeAll();
    }

    @Test
    void rfc9293_3_10_7_4_aBurstLargerThanOneCycleIsTakenInOrder(Script script) {
        script.establish();
        Segment[] burst = new Segment[150];
        for (int i = 0; i < burst.length; i++) {
            burst[i] = data(1 + 400 * i, 400);
        }
        script.receive(burst).expectDelivered(60_000);
        script.require(script.takeAll().getLast().ack > 50_000, "the burst is not acknowledged");
        script.advance(millis(499));
        script.takeAll();
    }

    @Test
    void rfc9293_3_8_6_anApplicationThatTakesOneByteAtATimeGetsAll(Script script) {
        script.initialAppetite(0);
        script.establish();
        script.receive(data(1, 5)).expectDelivered(0);
        script.expectBy(millis(499), ack(6));
        for (int i = 0; i < 5; i++) {
            script.appetite(1);
            script.act("resume()", script.flow().application().connection()::resume).expectDelivered(1);
        }
        script.expectNothingUntil(seconds(1));
    }

    @Test
    void rfc9293_3_8_6_whatWasLeftIsOfferedAgainWithLaterData(Script script) {
        script.initialAppetite(3);
        script.establish();
        script.receive(data(1, 10)).expectDelivered(3);
        script.expectBy(millis(499), ack(11));
        script.appetite(100).receive(data(11, 10)).expectDelivered(17);
        script.expectBy(millis(999), ack(21));
    }

    @Test
    void rfc9293_3_10_3_leftDataIsLostToAReset(Script script) {
        script.initialAppetite(0);
        script.establish();
        script.receive(data(1, 100));
        script.expectBy(millis(499), ack(101));
        script.receive(rst(101)).expectNothing().expectDelivered(0).expectClosed(CloseReason.RESET_BY_PEER);
    }

    @Test
    void rfc9293_3_10_5_aDeclinedConnectionIsReset(Script script) {
        script.listen(80, connection -> null);
        script.receive(syn(0).mss(1460));
        script.expect(synAck(0));
        script.receive(ack(1));
        script.require(script.nextBy(script.time()).isRst(), "the declined connection was not reset");
        script.expectConnections(0);
    }

    @Test
    void rfc9293_3_9_1_1_theAcceptQueueIsBoundedAndLosesNobody(Script script) {
        script.tcp().acceptQueueLimit(1);
        Listener listener = script.listen(80);
        Flow first = script.flow(50_001, 80);
        Flow second = script.flow(50_002, 80);
        script.receive(syn(0).mss(1460).on(first), syn(0).mss(1460).on(second));
        script.expect(synAck(0).on(first), synAck(0).on(second));
        script.receive(ack(1).on(first), ack(1).on(second)).expectNothing();
        script.require(listener.acceptOverflows() == 1, "the overflow is not counted");
        script.use(first).expectConnected();
        script.use(second).receive(data(1, "still here").ack(1)).expectConnected().expectDelivered("still here");
        script.expectBy(millis(499), ack(11));
    }

    @Test
    void rfc9293_3_9_1_2_anEmptySendSendsNothing(Script script) {
        script.establish();
        script.send(0).expectNothing();
        script.send("x");
        script.expect(data(1, "x"));
    }

    @Test
    void rfc9293_3_9_1_2_writeTakesWhatFitsAndTellsWhenThereIsRoom(Script script) {
        script.tcp().sendBufferBytes(5000);
        script.establish(syn(0).mss(1000));
        Connection connection = script.flow().application().connection();
        script.require(connection.sendSpace() == 5000, "the send space is " + connection.sendSpace());
        int taken = connection.write(Arena.ofAuto().allocate(8000), 0, 8000);
        script.require(taken == 5000, taken + " of 8000 bytes were taken into 5000");
        script.flow().application().wroteZeros(taken);
        script.require(connection.sendSpace() == 0, "the send space is " + connection.sendSpace());
        script.act("flush", () -> { });
        script.takeAll();
        script.receive(ack(5001)).expectNothing().expectWritable();
        script.require(connection.sendSpace() == 5000, "the send space is " + connection.sendSpace());
    }
}
