package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static io.doorbell.script.Segments.synAck;

import io.doorbell.Listener;
import io.doorbell.counters.Counter;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import io.doorbell.tcp.CloseReason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** TIME-WAIT: how long, what is answered, and who may take its place. */
@ExtendWith(Scripts.class)
class TimeWaitTest {
    /** In TIME-WAIT; returns since when. */
    private static long timeWait(Script script) {
        script.establish();
        script.close();
        script.expect(fin(1).ack(1));
        script.receive(ack(2)).expectState("FIN-WAIT-2");
        script.receive(fin(1));
        script.expectBy(script.time() + millis(499), ack(2).seq(2));
        script.expectConnections(1);
        return script.time();
    }

    @Test
    void rfc9293_3_10_7_4_aRepeatedFinInTimeWaitRestartsTheTimer(Script script) {
        long since = timeWait(script);
        script.expectNothingUntil(since + seconds(30)).receive(fin(1));
        script.expect(ack(2).seq(2));
        script.expectNothingUntil(since + seconds(85)).expectConnections(1);
        script.expectNothingUntil(since + seconds(91)).expectConnections(0);
    }

    @Test
    void rfc9293_3_4_2_timeWaitLastsAsLongAsConfigured(Script script) {
        script.tcp().timeWaitNanos(seconds(7));
        long since = timeWait(script);
        script.expectNothingUntil(since + millis(6990)).expectConnections(1);
        script.expectNothingUntil(since + millis(7010)).expectConnections(0);
    }

    @Test
    void rfc9293_3_10_7_4_anOldSynInTimeWaitIsAnsweredWithAnAck(Script script) {
        timeWait(script);
        script.receive(syn(-50_000));
        script.expect(ack(2).seq(2));
        script.expectConnections(1);
    }

    @Test
    void rfc9293_3_6_1_aNewSynInTimeWaitMayOpenAgain(Script script) {
        timeWait(script);
        int oldIsn = script.flow().stackIsn();
        script.peerIsn(1_000_000 + 500_000);
        script.use(script.flow(40000, 80)).receive(syn(0).mss(1460));
        Sent answer = script.nextBy(script.time());
        if (answer.isSyn()) {
            script.require(answer.rawSeq - (oldIsn + 2) > 0, "the new ISN lies in the old connection's space");
            script.receive(ack(1)).expectConnected();
        } else {
            script.require(!answer.isRst(), "the SYN was reset");
        }
    }

    @Test
    void rfc1337_aResetInTimeWaitHarmsNothing(Script script) {
        timeWait(script);
        script.receive(rst(2)).expectNothing().expectConnections(1).expectCounter(Counter.DROP_TCP_TIME_WAIT_RST, 1);
        script.expectNothingUntil(seconds(100)).expectConnections(0);
    }

    @Test
    void rfc6191_2_aSynWithALaterTimestampReopensTimeWait(Script script) {
        script.establish(syn(0).mss(1460).timestamps(100, 0));
        script.close();
        script.expect(fin(1));
        script.receive(fin(1).ack(2).tsVal(150));
        script.expectBy(millis(499), ack(2).seq(2));
        script.at(seconds(2)).peerIsn(999_000);
        script.use(script.flow(40000, 80)).receive(syn(0).mss(1460).timestamps(2000, 0));
        script.expect(synAck(0).echo(2000));
        script.receive(ack(1)).expectConnected().expectConnections(1);
    }

    @Test
    void rfc6191_2_aSynWithAnOlderTimestampDoesNot(Script script) {
        script.establish(syn(0).mss(1460).timestamps(1000, 0));
        script.close();
        script.expect(fin(1));
        script.receive(fin(1).ack(2).tsVal(1500));
        script.expectBy(millis(499), ack(2).seq(2));
        script.at(seconds(2)).receive(syn(-5000).mss(1460).timestamps(900, 0));
        script.expect(ack(2).seq(2));
        script.expectConnections(1);
    }

    @Test
    void rfc9293_3_10_7_4_dataInTimeWaitIsNotDelivered(Script script) {
        timeWait(script);
        script.receive(data(2, 100).ack(2));
        script.takeAll().forEach(sent -> script.require(sent.payload.length == 0, "it sent data: " + sent));
        script.expectDelivered(0);
    }

    @Test
    void rfc9293_3_4_2_manyConnectionsInTimeWaitAllEnd(Script script) {
        for (int i = 0; i < 100; i++) {
            script.use(script.flow(50_000 + i, 80)).establish();
            script.close();
            script.expect(fin(1));
            script.receive(fin(1).ack(2));
            script.takeAll();
            script.advance(millis(100));
            script.takeAll();
        }
        script.expectConnections(100);
        script.advance(seconds(61)).expectConnections(0);
    }

    @Test
    void rfc6191_2_aSynWithTimestampsReopensWhatHadNone(Script script) {
        timeWait(script);
        script.peerIsn(-700_000_000);
        script.use(script.flow(40000, 80)).receive(syn(0).mss(1460).timestamps(5, 0));
        script.expect(synAck(0).ack(1).echo(5));
        script.receive(ack(1)).expectConnected().expectCounter(Counter.TCP_TIME_WAIT_REUSES, 1);
    }

    @Test
    void rfc9293_3_6_1_aSynBehindTheLastNumberReopens(Script script) {
        timeWait(script);
        script.peerIsn(1_000_000 + 3);
        script.use(script.flow(40000, 80)).receive(syn(0).mss(1460));
        script.expect(synAck(0).ack(1));
        script.receive(ack(1)).expectConnected().expectConnections(1).expectCounter(Counter.TCP_TIME_WAIT_REUSES, 1);
    }

    @Test
    void rfc9293_3_10_7_4_aNewSynReopensNothingWhereNobodyListensAnyMore(Script script) {
        Listener listener = script.listen(80);
        timeWait(script);
        listener.close();
        script.receive(syn(100_000));
        script.expect(ack(2).seq(2));
        script.expectConnections(1);
    }

    @Test
    void rfc9293_3_10_7_4_aFinElsewhereDoesNotProlongTimeWait(Script script) {
        long since = timeWait(script);
        script.at(since + seconds(30)).receive(fin(500));
        script.expect(ack(2).seq(2));
        script.expectNothingUntil(since + seconds(59)).expectConnections(1);
        script.expectNothingUntil(since + seconds(61)).expectConnections(0);
    }

    @Test
    void rfc1337_2_anAckInTimeWaitIsNotAnswered(Script script) {
        timeWait(script);
        script.receive(ack(2).seq(1)).expectNothing();
        script.receive(ack(2).seq(2)).expectNothing();
        script.expectConnections(1);
    }

    @Test
    void rfc5961_7_theAnswersToForgedSegmentsInTimeWaitAreLimited(Script script) {
        script.tcp().challengeAcksPerSecond(2);
        timeWait(script);
        script.receive(data(1000, 1));
        script.expect(ack(2).seq(2));
        script.receive(data(2000, 1));
        script.expect(ack(2).seq(2));
        script.receive(data(3000, 1)).expectNothing().expectCounter(Counter.TCP_CHALLENGE_ACKS_LIMITED, 1);
        // The peer's own FIN is no forgery.
        script.receive(fin(1));
        script.expect(ack(2).seq(2));
    }

    @Test
    void rfc7323_5_3_anOldFinInTimeWaitIsRefusedByItsTimestamp(Script script) {
        script.establish(syn(0).mss(1460).timestamps(1000, 0));
        script.close();
        script.expect(fin(1));
        script.receive(fin(1).ack(2).tsVal(1500));
        script.expectBy(millis(499), ack(2).seq(2));
        long since = script.time();
        script.at(since + seconds(30)).receive(fin(1).ack(2).tsVal(1400));
        script.expect(ack(2).seq(2).echo(1500));
        script.expectCounter(Counter.DROP_TCP_PAWS, 1);
        script.expectNothingUntil(since + seconds(61)).expectConnections(0);
    }

    @Test
    void rfc9293_3_4_2_whenTimeWaitIsFullTheOldestGoes(Script script) {
        script.tcp().timeWaitLimit(2);
        for (int i = 0; i < 3; i++) {
            script.use(script.flow(50_000 + i, 80)).establish();
            script.close();
            script.expect(fin(1));
            script.receive(fin(1).ack(2));
            script.expect(ack(2).seq(2));
            script.advance(seconds(1));
        }
        script.expectConnections(2).expectCounter(Counter.TCP_TIME_WAIT_OVERFLOWS, 1);
        script.receive(fin(1));
        script.expect(ack(2).seq(2));
    }

    @Test
    void rfc9293_3_10_7_4_theUserIsDoneWhenTimeWaitBegins(Script script) {
        timeWait(script);
        script.expectClosed(CloseReason.NORMAL).expectState("CLOSED");
        script.require(script.stack().timeWait() == 1, "no row waits in the connection's place");
        script.abort().expectNothing().expectConnections(1);
    }
}
