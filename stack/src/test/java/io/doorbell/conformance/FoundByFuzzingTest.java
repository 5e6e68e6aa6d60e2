package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;

import io.doorbell.counters.Counter;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.tcp.CloseReason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What random frames have found, as short scripts. */
@ExtendWith(Scripts.class)
class FoundByFuzzingTest {
    @Test
    void rfc9293_3_10_7_4_aWindowFromBeyondThePeersFinIsNotBelieved(Script script) {
        script.establish().receive(fin(1));
        script.expectPeerClosed().expect(ack(2));
        script.send(5000);
        script.expectData(1, 1460, 3);
        script.expect(data(4381, 620));
        script.receive(data(102, 14).ack(5001).win(0));
        script.expect(ack(2));
        // The peer itself goes on from the end of its FIN, and its window is open.
        script.receive(ack(5001).seq(2).win(60_000));
        script.send(3000);
        script.expectBytes(5001, 8001);
        script.receive(ack(8001).seq(2));
    }

    @Test
    void rfc9293_3_10_5_abortBeforeTheSynCouldLeave(Script script) {
        script.linkRoomFor(0);
        script.connect(80);
        script.abort().linkRoomFor(Integer.MAX_VALUE);
        script.expectClosed(CloseReason.ABORTED).expectConnections(0);
        script.expectNothingUntil(seconds(5));
    }

    @Test
    void rfc9293_3_8_3_anOpenTimesOutThoughTheSynNeverLeft(Script script) {
        script.tcp().synRetries(1);
        script.connect(80);
        script.takeAll();
        script.linkRoomFor(0).at(seconds(20));
        script.linkRoomFor(Integer.MAX_VALUE).at(seconds(20) + millis(1));
        script.takeAll();
        script.at(seconds(60));
        script.takeAll();
        script.expectClosed(CloseReason.TIMED_OUT).expectConnections(0);
    }

    @Test
    void rfc9293_3_8_6_1_aProbesFrameIsNotUsedAgainWhileItIsPosted(Script script) {
        script.establish().receive(ack(1).seq(1).win(0));
        script.send(1000).expectNothing();
        script.link().keepPosted(true);
        script.expectBy(seconds(2), data(1, 1));
        script.receive(ack(2).seq(1).win(60_000)).expectNothing();
        script.link().keepPosted(false);
        script.expectBy(script.time() + millis(1), data(2, 999));
        script.receive(ack(1001).seq(1));
    }

    @Test
    void rfc1122_2_3_2_2_aSegmentThatWaitsForArpKeepsNobodyBusy(Script script) {
        script.tcp().maxRtoNanos(millis(500)).retries(100);
        script.establish();
        script.mutePeerArp(true);
        script.at(seconds(60)).send(1000).takeAll();
        for (int i = 0; i < 100; i++) {
            // Fails if the stack wants to be polled again and again at the same time.
            script.advance(millis(100)).takeAll();
        }
        script.mutePeerArp(false);
        script.advance(seconds(30)).takeAll();
        script.receive(ack(1001).seq(1)).expectState("ESTABLISHED");
    }

    @Test
    void rfc9293_3_4_aSegmentFromTheOtherHalfOfTheSequenceSpaceIsNotAcceptable(Script script) {
        script.establish().send(500);
        script.expect(data(1, 500));
        // Neither behind RCV.NXT nor ahead of it; and so far behind that its end wraps past the window's.
        for (int distance : new int[] {0, 100, 5000}) {
            script.receive(data(1 + Integer.MIN_VALUE + distance, 22).ack(501));
            script.expect(ack(1).seq(501));
        }
        script.expectDelivered(0).expectCounter(Counter.DROP_TCP_WINDOW, 3);
        // Its acknowledgement was not believed either.
        script.expectBy(seconds(2), data(1, 500));
        script.receive(ack(501).seq(1));
    }
}
