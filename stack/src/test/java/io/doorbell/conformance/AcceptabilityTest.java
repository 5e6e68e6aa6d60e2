package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.bare;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.seconds;

import io.doorbell.counters.Counter;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.tcp.CloseReason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** RFC 9293 section 3.4, the table of what is acceptable, and section 3.10.7.4, what becomes of the rest. */
@ExtendWith(Scripts.class)
class AcceptabilityTest {
    private static final int WINDOW = 8192;

    /** A connection whose application takes nothing: the window is 8192 and shrinks with every byte. */
    private static void small(Script script) {
        // Every one of several at the same instant is to be answered here.
        script.tcp().receiveWindowBytes(WINDOW).invalidAckNanos(0);
        script.initialAppetite(0);
        script.establish();
    }

    /** As {@link #small}, with the window filled up. */
    private static void full(Script script) {
        small(script);
        for (int seq = 1; seq <= WINDOW; seq += 1024) {
            script.receive(data(seq, 1024));
            script.takeAll();
        }
        script.at(millis(500));
        script.takeAll();
        script.receive(ack(1).seq(WINDOW));
        script.expect(ack(WINDOW + 1).win(0));
    }

    @Test
    void rfc9293_3_4_emptySegmentIntoAnOpenWindow(Script script) {
        small(script);
        script.receive(ack(1).seq(1)).expectNothing();
        script.receive(ack(1).seq(2)).expectNothing();
        script.receive(ack(1).seq(WINDOW)).expectNothing();
    }

    @Test
    void rfc9293_3_10_7_4_emptySegmentLeftOfTheWindowIsAnsweredWithAnAck(Script script) {
        small(script);
        script.receive(ack(1).seq(0));
        script.expect(ack(1).seq(1));
        script.receive(ack(1).seq(-100_000));
        script.expect(ack(1).seq(1));
    }

    @Test
    void rfc9293_3_10_7_4_emptySegmentRightOfTheWindowIsAnsweredWithAnAck(Script script) {
        small(script);
        script.receive(ack(1).seq(WINDOW + 2));
        script.expect(ack(1).seq(1));
        script.receive(ack(1).seq(1_000_000_000));
        script.expect(ack(1).seq(1));
    }

    /** Who has filled the window puts its right edge, SND.NXT, into every ACK, and if the first byte was lost it is open. */
    @Test
    void rfc9293_3_10_7_4_anAckAtTheRightEdgeIsProcessed(Script script) {
        small(script);
        script.send(500);
        script.expect(data(1, 500));
        script.receive(ack(501).seq(WINDOW + 1)).expectNothing();
        script.expectNothingUntil(seconds(20)).expectOpen();
        script.receive(rst(WINDOW + 1)).expectNothing().expectOpen();
    }

    @Test
    void rfc9293_3_4_emptySegmentIntoAClosedWindow(Script script) {
        full(script);
        script.receive(ack(1).seq(WINDOW + 1)).expectNothing();
        script.receive(ack(1).seq(WINDOW + 2));
        script.expect(ack(WINDOW + 1).win(0));
        script.anyDelivery();
    }

    @Test
    void rfc9293_3_4_dataIntoAClosedWindowIsAnsweredWithAnAck(Script script) {
        full(script);
        script.receive(data(WINDOW + 1, 1));
        script.expect(ack(WINDOW + 1).win(0));
        script.receive(data(WINDOW + 1, 1000));
        script.expect(ack(WINDOW + 1).win(0));
        script.expectDelivered(0);
        script.resume().expectDelivered(WINDOW);
        script.expectBy(script.time() + millis(500), ack(WINDOW + 1).winAtLeast(1460));
    }

    @Test
    void rfc9293_3_10_7_4_anAckIsProcessedThoughTheWindowIsClosed(Script script) {
        full(script);
        script.send(500);
        script.expect(data(1, 500).ack(WINDOW + 1).win(0));
        script.receive(data(WINDOW + 1, 10).ack(501));
        script.expect(ack(WINDOW + 1).win(0));
        script.expectNothingUntil(seconds(20)).expectOpen();
    }

    @Test
    void rfc9293_3_8_6_aResetIsProcessedThoughTheWindowIsClosed(Script script) {
        full(script);
        script.receive(rst(WINDOW + 1)).expectNothing().expectClosed(CloseReason.RESET_BY_PEER);
        script.anyDelivery();
    }

    @Test
    void rfc9293_3_4_dataThatBeginsInTheWindow(Script script) {
        script.establish();
        script.receive(data(1, 100)).expectDelivered(100);
        script.expectBy(millis(500), ack(101));
    }

    @Test
    void rfc9293_3_10_7_4_oldDataIsAnsweredWithAnAckAtOnce(Script script) {
        script.establish();
        script.receive(data(1, 100)).expectDelivered(100);
        script.expectBy(millis(500), ack(101));
        script.receive(data(1, 100));
        script.expect(ack(101));
        script.receive(data(51, 50));
        script.expect(ack(101));
        script.expectDelivered(0).expectCounter(Counter.TCP_DUPLICATE_BYTES_IN, 150);
    }

    @Test
    void rfc9293_3_10_7_4_theOldPartOfASegmentIsTrimmed(Script script) {
        script.establish();
        script.receive(data(1, 100)).expectDelivered(100);
        script.expectBy(millis(500), ack(101));
        script.receive(data(51, 100)).expectDelivered(50);
        script.expectBy(millis(1000), ack(151));
    }

    @Test
    void rfc9293_3_10_7_4_dataFromBeforeTheConnectionIsTrimmed(Script script) {
        script.establish();
        script.receive(data(-3, 10)).expectDelivered(6);
        script.expectBy(millis(500), ack(7));
    }

    @Test
    void rfc9293_3_10_7_4_whatLiesRightOfTheWindowIsNotDelivered(Script script) {
        small(script);
        for (int seq = 1; seq <= 6 * 1024; seq += 1024) {
            script.receive(data(seq, 1024));
            script.takeAll();
        }
        script.at(millis(500));
        script.takeAll();
        // 2048 are left; the last 952 of these 3000 do not fit.
        script.receive(data(6 * 1024 + 1, 3000));
        script.expectBy(millis(1000), ack(WINDOW + 1).win(0));
        script.resume().expectDelivered(WINDOW);
        script.expectBy(script.time() + millis(500), ack(WINDOW + 1).winAtLeast(1460));
        script.receive(data(WINDOW + 1, 953)).expectDelivered(953);
        script.expectBy(millis(2000), ack(WINDOW + 954));
    }

    @Test
    void rfc9293_3_4_dataBeyondTheWindowIsDroppedAndAnswered(Script script) {
        small(script);
        script.receive(data(WINDOW + 1, 100));
        script.expect(ack(1).win(WINDOW));
        script.receive(data(WINDOW + 5000, 100));
        script.expect(ack(1).win(WINDOW));
        script.expectDelivered(0);
    }

    @Test
    void rfc9293_3_10_7_4_aSegmentWithoutAckIsDropped(Script script) {
        script.establish();
        script.receive(data(1, 10).noAck()).expectNothing();
        script.receive(fin(1).noAck()).expectNothing();
        script.receive(bare(1)).expectNothing();
        script.expectNothingUntil(seconds(1)).expectDelivered(0).expectPeerNotClosed().expectState("ESTABLISHED");
    }

    @Test
    void rfc9293_3_4_theWindowWrapsWithTheSequenceNumbers(Script script) {
        script.peerIsn(-600);
        script.establish();
        script.receive(data(1, 500)).receive(data(501, 500));
        script.expectBy(millis(500), ack(1001));
        script.expectDelivered(1000);
        script.receive(data(1, 500));
        script.expect(ack(1001));
        script.receive(ack(1).seq(-5));
        script.expect(ack(1001));
        script.receive(data(1001, 10)).expectDelivered(10);
        script.expectBy(millis(1500), ack(1011));
    }

    @Test
    void rfc9293_3_8_4_aKeepAliveProbeIsAnswered(Script script) {
        script.establish();
        script.receive(data(1, 100)).expectDelivered(100);
        script.expectBy(millis(500), ack(101));
        script.at(seconds(7200)).receive(ack(1).seq(100));
        script.expect(ack(101));
        script.at(seconds(7300)).receive(data(100, 1));
        script.expect(ack(101));
        script.expectDelivered(0);
    }

    @Test
    void rfc9293_3_8_5_urgentDataIsDeliveredInLine(Script script) {
        script.establish();
        script.receive(data(1, "abcdef").urg(3)).expectDelivered("abcdef");
        script.expectBy(millis(500), ack(7));
        script.receive(data(7, "gh").urg(60000)).expectDelivered("gh");
        script.expectBy(millis(1000), ack(9));
        script.receive(data(9, "i").urg(0)).expectDelivered("i");
        script.expectBy(millis(1500), ack(10));
    }

    @Test
    void rfc9293_3_8_5_urgWithoutDataHarmsNothing(Script script) {
        script.establish();
        script.receive(ack(1).urg(10)).expectNothing().expectState("ESTABLISHED");
        script.receive(data(1, "xyz")).expectDelivered("xyz");
        script.expectBy(millis(500), ack(4));
    }

    @Test
    void rfc9293_3_9_1_3_dataIsDeliveredWithoutPush(Script script) {
        script.establish();
        script.receive(data(1, 3)).expectDelivered(3);
        script.expectBy(millis(500), ack(4));
        script.receive(data(4, 3).psh()).expectDelivered(3);
        script.expectBy(millis(1000), ack(7));
    }
}
