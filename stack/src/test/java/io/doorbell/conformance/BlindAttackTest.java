package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static io.doorbell.script.Segments.synAck;

import io.doorbell.counters.Counter;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.tcp.CloseReason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** RFC 5961: segments that an attacker who sees nothing might guess. */
@ExtendWith(Scripts.class)
class BlindAttackTest {
    @Test
    void rfc5961_3_2_aResetAtTheNextNumberResets(Script script) {
        script.establish();
        script.receive(data(1, 10)).expectDelivered(10);
        script.expectBy(millis(499), ack(11));
        script.receive(rst(11)).expectNothing().expectClosed(CloseReason.RESET_BY_PEER);
    }

    @Test
    void rfc5961_3_2_aResetElsewhereInTheWindowIsChallenged(Script script) {
        script.establish();
        script.receive(rst(2));
        script.expect(ack(1).seq(1));
        script.receive(rst(30_000));
        script.expect(ack(1).seq(1));
        script.expectState("ESTABLISHED").expectCounter(Counter.DROP_TCP_BLIND_RST, 2)
                .expectCounter(Counter.TCP_CHALLENGE_ACKS, 2);
    }

    @Test
    void rfc5961_3_2_aResetOutsideTheWindowIsDroppedSilently(Script script) {
        script.establish();
        script.receive(rst(0)).expectNothing();
        script.receive(rst(-1)).expectNothing();
        script.receive(rst(1_000_000_000)).expectNothing();
        script.expectNothingUntil(seconds(1)).expectState("ESTABLISHED");
    }

    @Test
    void rfc5961_3_2_theAnswerToAChallengeResets(Script script) {
        script.establish();
        script.receive(rst(100));
        script.expect(ack(1).seq(1));
        script.receive(rst(1)).expectNothing().expectClosed(CloseReason.RESET_BY_PEER);
    }

    @Test
    void rfc5961_3_2_theSameWithAckSet(Script script) {
        script.establish();
        script.receive(rst(100).ack(1));
        script.expect(ack(1).seq(1));
        script.expectState("ESTABLISHED").receive(rst(1).ack(1)).expectNothing().expectClosed(CloseReason.RESET_BY_PEER);
    }

    @Test
    void rfc5961_3_2_aResetInTheWindowIsChallengedWhileClosing(Script script) {
        script.establish();
        script.closeOutput();
        script.expect(fin(1));
        script.receive(ack(2)).receive(rst(50));
        script.expect(ack(1).seq(2));
        script.expectState("FIN-WAIT-2");
    }

    @Test
    void rfc5961_3_2_aResetInTheWindowIsChallengedInSynReceived(Script script) {
        script.listen(80);
        script.receive(syn(0).mss(1460));
        script.expect(synAck(0));
        script.receive(rst(20));
        script.allow(ack(1).seq(1));
        script.expectNothing().expectConnections(1).receive(ack(1)).expectConnected();
    }

    @Test
    void rfc5961_4_2_aSynInEstablishedIsChallenged(Script script) {
        script.establish();
        for (int seq : new int[] {1, 500, 0, -77, 900_000_000}) {
            script.receive(syn(seq));
            script.expect(ack(1).seq(1));
        }
        script.expectState("ESTABLISHED");
        script.receive(data(1, 5)).expectDelivered(5);
        script.expectBy(millis(499), ack(6));
    }

    @Test
    void rfc5961_4_2_aSynWithoutTheTimestampsAgreedOnIsChallengedToo(Script script) {
        script.establish(syn(0).mss(1460).timestamps(100, 0));
        script.receive(syn(70_000).mss(1460).noTimestamps());
        script.expect(ack(1).seq(1).echo(100));
        script.receive(syn(500_000).mss(1460).timestamps(7, 0));
        script.expect(ack(1).seq(1).echo(100));
        script.expectState("ESTABLISHED");
    }

    @Test
    void rfc9293_3_5_1_aPeerThatLostItsMemoryIsTold(Script script) {
        script.establish();
        script.receive(syn(-300_000));
        script.expect(ack(1).seq(1));
        // Its TCP knows nothing of this ACK and resets with its number.
        script.receive(rst(1)).expectNothing().expectClosed(CloseReason.RESET_BY_PEER).expectConnections(0);
    }

    @Test
    void rfc5961_4_2_aSynAckInEstablishedIsChallenged(Script script) {
        script.establish();
        script.receive(synAck(700));
        script.expect(ack(1).seq(1));
        script.expectState("ESTABLISHED");
    }

    @Test
    void rfc5961_4_2_aSynInCloseWaitIsChallenged(Script script) {
        script.establish();
        script.receive(fin(1));
        script.expectBy(millis(499), ack(2));
        script.receive(syn(50));
        script.expect(ack(2).seq(1));
        script.expectState("CLOSE-WAIT");
    }

    @Test
    void rfc5961_5_2_anAckOfWhatWasNeverSentIsAnsweredAndDropped(Script script) {
        script.establish();
        script.receive(data(1, 10).ack(2));
        script.expect(ack(1).seq(1));
        script.receive(data(1, 10).ack(1_000_000));
        script.expect(ack(1).seq(1));
        script.expectDelivered(0).expectState("ESTABLISHED").expectCounter(Counter.DROP_TCP_ACK, 2);
    }

    @Test
    void rfc5961_5_2_anAckOlderThanTheLargestWindowIsAnsweredAndDropped(Script script) {
        script.establish(syn(0).mss(1460).win(5000));
        script.receive(data(1, 10).ack(-4999 - 1));
        script.expect(ack(1).seq(1));
        script.receive(data(1, 10).ack(-1_000_000));
        script.expect(ack(1).seq(1));
        script.expectDelivered(0).expectState("ESTABLISHED");
    }

    @Test
    void rfc5961_5_2_anOldAckWithinTheLargestWindowIsTaken(Script script) {
        script.establish(syn(0).mss(1460).win(5000));
        script.send(2000);
        script.expectBytes(1, 2001);
        script.receive(ack(2001));
        script.receive(data(1, 10).ack(1001)).expectDelivered(10);
        script.expectBy(millis(499), ack(11));
    }

    @Test
    void rfc5961_7_challengeAcksAreLimited(Script script) {
        script.tcp().challengeAcksPerSecond(5);
        script.establish();
        int answers = 0;
        for (int i = 0; i < 20; i++) {
            script.receive(rst(1000 + i));
            answers += script.takeAll().size();
        }
        script.require(answers > 0 && answers <= 5, answers + " challenge ACKs were sent within one instant");
        script.require(script.counter(Counter.TCP_CHALLENGE_ACKS_LIMITED) == 20 - answers, "the others are not counted");
        script.advance(seconds(2)).receive(rst(1000));
        script.expect(ack(1));
        script.expectState("ESTABLISHED");
    }

    @Test
    void rfc5961_7_theLimitDoesNotKeepAValidResetOut(Script script) {
        script.tcp().challengeAcksPerSecond(1);
        script.establish();
        for (int i = 0; i < 5; i++) {
            script.receive(syn(1000 + i));
            script.takeAll();
        }
        script.receive(rst(1)).expectNothing().expectClosed(CloseReason.RESET_BY_PEER);
    }

    @Test
    void rfc5961_7_theLimitDoesNotKeepDataOut(Script script) {
        script.tcp().challengeAcksPerSecond(1);
        script.establish();
        for (int i = 0; i < 5; i++) {
            script.receive(rst(1000 + i));
            script.takeAll();
        }
        script.receive(data(101, 10));
        script.expect(ack(1));
        script.receive(data(1, 100)).expectDelivered(110);
        script.expect(ack(111));
    }

    @Test
    void rfc9293_3_10_7_4_twoConfusedEndsDoNotAnswerEachOtherForEver(Script script) {
        script.establish();
        int answers = 0;
        for (int i = 0; i < 100; i++) {
            script.receive(ack(1_000_000).seq(5_000_000));
            answers += script.takeAll().size();
        }
        script.require(answers <= 100, "100 bad ACKs were answered by " + answers);
        script.expectState("ESTABLISHED");
    }

    @Test
    void rfc5961_8_dataFromAForeignAddressIsNotTheConnections(Script script) {
        script.establish();
        script.receive(data(1, 10).on(script.flow(0x0a000063, 40000, 80)).ack(1));
        script.require(script.takeAll().getFirst().isRst(), "a foreign segment was not reset");
        script.expectDelivered(0).expectState("ESTABLISHED");
    }

    @Test
    void rfc9293_3_9_2_3_aSegmentFromTheOwnAddressIsDropped(Script script) {
        script.listen(80);
        script.receive(syn(0).on(script.flow(0x0a000002, 80, 80))).expectNothing().expectConnections(0);
    }

    @Test
    void rfc9293_3_10_7_4_unacceptableAcksAreAnsweredOnceInAWhile(Script script) {
        script.establish();
        script.receive(ack(1).seq(900_000)).expect(ack(1).seq(1));
        for (int i = 0; i < 5; i++) {
            script.advance(millis(90)).receive(ack(1).seq(900_000)).expectNothing();
        }
        script.expectCounter(Counter.TCP_INVALID_ACKS_LIMITED, 5);
        script.advance(millis(50)).receive(ack(1).seq(900_000)).expect(ack(1).seq(1));
    }

    @Test
    void rfc9293_3_10_7_4_unacceptableDataIsAnsweredEachTime(Script script) {
        script.establish();
        for (int i = 0; i < 5; i++) {
            script.receive(data(900_000, 10)).expect(ack(1).seq(1));
        }
        script.expectCounter(Counter.TCP_INVALID_ACKS_LIMITED, 0);
    }

    @Test
    void rfc9293_3_10_7_4_theLimitOnAnswersMayBeSwitchedOff(Script script) {
        script.tcp().invalidAckNanos(0);
        script.establish();
        for (int i = 0; i < 5; i++) {
            script.receive(ack(1).seq(900_000)).expect(ack(1).seq(1));
        }
    }
}
