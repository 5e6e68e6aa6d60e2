package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.micros;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static io.doorbell.script.Segments.synAck;

import io.doorbell.Connection;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What an ACK does besides letting data go: windows, timers, room for the user, and news of the neighbour. */
@ExtendWith(Scripts.class)
class AckEffectTest {
    private static final int MSS = 1000;

    @Test
    void rfc7323_2_2_theWindowOfTheAckThatEndsTheHandshakeIsScaled(Script script) {
        script.listen(80);
        script.receive(syn(0).mss(MSS).wscale(2).win(60_000));
        script.expect(synAck(0).ack(1));
        script.receive(ack(1).win(500)).expectConnected();
        script.send(3000);
        script.expectData(1, MSS, 2);
        script.receive(ack(2001).win(500));
        script.expectBytes(2001, 3001);
    }

    @Test
    void rfc9293_3_9_1_theUserIsToldOfRoomWhenHalfOfTheBufferIsFree(Script script) {
        script.tcp().sendBufferBytes(8000);
        script.establish(syn(0).mss(MSS));
        script.send(8000);
        script.expectData(1, MSS, 8);
        script.sendRefused(1000, Connection.BACKPRESSURE);
        script.receive(ack(3001)).expectNothing();
        script.require(script.writableCalls() == 0, "told of room with less than half of the buffer free");
        script.receive(ack(4001)).expectNothing().expectWritable();
        script.receive(ack(5001)).expectNothing();
        script.require(script.writableCalls() == 1, "told twice");
    }

    @Test
    void rfc9293_3_9_1_withLittleOutTheUserIsToldWhenMoreIsFreeThanIsTaken(Script script) {
        script.tcp().sendBufferBytes(8000);
        script.establish(syn(0).mss(MSS));
        script.send(4000);
        script.expectData(1, MSS, 4);
        script.sendRefused(7000, Connection.BACKPRESSURE);
        script.receive(ack(1001)).expectNothing().expectWritable();
    }

    @Test
    void rfc6582_3_2_onlyTheFirstPartialAckRestartsTheTimer(Script script) {
        script.establish(syn(0).mss(MSS));
        script.send(10 * MSS);
        script.expectData(1, MSS, 10);
        script.at(millis(10)).receive(ack(1), ack(1), ack(1));
        script.expect(data(1, MSS));
        script.at(millis(30)).receive(ack(2001));
        script.expect(data(2001, MSS));
        script.at(millis(60)).receive(ack(4001));
        script.expect(data(4001, MSS));
        // The minimum of 200 ms after the first partial ACK; nothing before.
        Sent timeout = script.nextBy(millis(500));
        script.require(timeout.timeNanos == millis(230), "the timer expired at " + timeout.timeNanos);
        script.takeAll();
    }

    @Test
    void rfc9293_3_8_6_1_afterProbesTheTimerIsThatOfTheRoundTrip(Script script) {
        script.establish(syn(0).mss(MSS));
        script.receive(ack(1).win(0)).send(MSS).expectNothing();
        for (int i = 0; i < 4; i++) {
            script.nextBy(script.time() + seconds(100));
            script.receive(ack(1).win(0)).expectNothing();
        }
        script.receive(ack(1).win(8000));
        Sent sent = script.expect(data(1, MSS));
        script.expectAt(sent.timeNanos + millis(200), data(1, MSS));
    }

    @Test
    void rfc1122_2_3_2_1_anAckOfNewDataTellsThatTheNeighbourIsThere(Script script) {
        script.establish(syn(0).mss(MSS));
        script.mutePeerArp(true);
        int next = 1;
        for (int i = 0; i < 200; i++) {
            script.advance(seconds(20)).send(10);
            script.expect(data(next, 10));
            next += 10;
            script.advance(micros(100)).receive(ack(next)).expectNothing();
        }
    }
}
