package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;

import io.doorbell.counters.Counter;
import io.doorbell.script.PartialSend;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Holes and a window that closes behind them: somebody always asks again. */
@ExtendWith(Scripts.class)
class PartialWindowTest {
    /** Bytes 11 and 12 are not known, what lies around them has arrived, and what follows does not fit the window. */
    private static PartialSend closedBehindAHole(Script script) {
        script.establish(syn(0).mss(100).sackOk());
        PartialSend message = new PartialSend(script, 30);
        message.completeAll(0, 10, 12, 18);
        script.expect(data(1, 10), data(13, 18));
        script.advance(millis(10)).receive(ack(11).sack(13, 31).win(20)).send(100).expectNothing();
        return message;
    }

    @Test
    void rfc9293_3_8_6_1_anAckThatTellsNothingNewDoesNotEndTheProbing(Script script) {
        closedBehindAHole(script);
        script.advance(millis(10)).receive(ack(11).sack(13, 31).win(20)).expectNothing();
        script.expectBy(seconds(2), ack(1).seq(10));
        script.receive(ack(11).sack(13, 31).win(20)).expectBy(seconds(4), ack(1).seq(10));
        script.receive(ack(11).sack(13, 31).win(120)).expect(data(31, 100));
    }

    @Test
    void rfc6298_5_4_whatFillsAHoleIsSentAgainThoughTheWindowIsClosed(Script script) {
        PartialSend message = closedBehindAHole(script);
        message.complete(10, 2);
        script.expect(data(11, 2));
        script.expectBy(seconds(2), data(11, 2));
        script.expectBy(seconds(5), data(11, 2));
        script.expectBy(seconds(10), data(11, 2));
        script.expectBy(seconds(20), data(11, 2));
        script.expectCounter(Counter.TCP_TAIL_PROBES, 1);
        script.receive(ack(31).win(100)).expect(data(31, 100));
    }
}
