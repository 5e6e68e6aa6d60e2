package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.millis;

import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.tcp.CloseReason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Both sides have ended in order, and the user, who has not read all, has not been told: data comes before its end. */
@ExtendWith(Scripts.class)
class HeldEndTest {
    private static void endWithDataLeft(Script script) {
        script.initialAppetite(0);
        script.establish();
        script.receive(data(1, 100)).expectBy(millis(499), ack(101));
        script.closeOutput().expect(fin(1).ack(101));
        script.receive(fin(101).ack(2)).expect(ack(102));
        script.expectState("CLOSED").expectPeerNotClosed().expectOpen();
    }

    @Test
    void rfc9293_3_10_3_whoReadsTheRestIsToldOfTheEndThen(Script script) {
        endWithDataLeft(script);
        script.read(100).advance(0).expectDelivered(100).expectPeerClosed().expectClosed(CloseReason.NORMAL);
    }

    @Test
    void rfc9293_3_10_4_whoClosesWithoutReadingIsToldOfTheEndThen(Script script) {
        endWithDataLeft(script);
        script.close().advance(0).expectNothing().expectDelivered(0).expectClosed(CloseReason.NORMAL);
    }

    @Test
    void rfc9293_3_10_5_whoAbortsWithoutReadingIsToldOfTheEndThen(Script script) {
        endWithDataLeft(script);
        script.abort().advance(0).expectNothing().expectDelivered(0).expectClosed(CloseReason.NORMAL);
    }
}
