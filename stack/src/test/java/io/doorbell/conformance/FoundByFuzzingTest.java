package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;

import io.doorbell.counters.Counter;
import io.doorbell.script.PartialSend;
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

    @Test
    void rfc9293_3_10_7_4_whatCameFromBeyondTheFinIsGivenBack(Script script) {
        script.establish(syn(0).mss(1460).sackOk());
        script.receive(data(2, 100));
        script.expect(ack(1).sack(2, 102));
        int free = script.stack().link().frames().available();
        script.receive(fin(1)).expectPeerClosed();
        // A SACK block that begins at the ACK's own number would be malformed (RFC 2018 section 4).
        script.expect(ack(2).sack());
        script.require(script.stack().link().frames().available() > free, "what nobody will read is still kept");
    }

    @Test
    void rfc9293_3_8_6_1_anAckThatSaysNothingNewDoesNotEndTheProbingPastAHole(Script script) {
        script.establish().send(10);
        script.expect(data(1, 10));
        script.receive(ack(11).seq(1).win(0));
        PartialSend message = new PartialSend(script, 20);
        message.complete(0, 20);
        script.receive(ack(11).seq(1).win(0));
        script.expectBy(script.time() + seconds(3), ack(1).seq(10));
    }

    @Test
    void rfc9293_3_8_6_1_must37_anyAckOfAProbeKeepsTheConnectionOpen(Script script) {
        script.tcp().retries(3);
        script.establish();
        // The window was closed by a segment from beyond a gap: what the peer says from before it changes no window.
        script.receive(data(1001, 10).win(0));
        script.expect(ack(1));
        script.send(10).expectNothing();
        for (int i = 0; i < 8; i++) {
            script.expectBy(script.time() + seconds(120), data(1, 1));
            script.receive(ack(1).seq(1).win(0));
        }
        script.expectOpen();
    }

    @Test
    void rfc6298_5_4_aTimeoutSendsTheFirstSegmentAgainThoughOthersMayBeOnTheirWay(Script script) {
        script.tcp().minRtoNanos(seconds(5)).peerAckDelayNanos(seconds(4));
        script.establish(syn(0).mss(1460).sackOk()).send(1460);
        script.expect(data(1, 1460));
        script.at(seconds(4)).receive(ack(1461).seq(1));
        script.send(1460);
        script.expect(data(1461, 1460));
        // The tail loss probe (RFC 8985 section 7.3); then the timeout, RTO later.
        script.expectBy(seconds(9) + millis(10), data(1461, 1460));
        script.at(seconds(13) + millis(900)).send(3 * 1460);
        script.expectData(2921, 1460, 3);
        // RACK (RFC 8985 section 6.3) deems those three lost when their round trip of 4 s is over, and no earlier.
        script.expectBy(seconds(14) + millis(20), data(1461, 1460));
        script.receive(ack(7301).seq(1));
    }
}
