package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;

import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Where a window ends: what the simulation found where probes, retransmissions, scaling and small segments meet. */
@ExtendWith(Scripts.class)
class WindowEdgeTest {
    @Test
    void rfc9293_3_7_4_nagleDoesNotHoldASegmentThatWasOnlyProbedWith(Script script) {
        script.tcp().nagle(true);
        script.establish();
        script.receive(ack(1).win(0)).send(500).expectNothing();
        Sent probe = script.nextBy(seconds(1));
        script.require(probe.payload.length == 1, "instead of a probe there is " + probe);
        script.receive(ack(1).win(0)).expectNothing();
        script.advance(millis(10)).receive(ack(1).win(5000));
        script.expect(data(1, 500));
    }

    @Test
    void rfc9293_3_8_6_1_aWindowThatOpensTooLittleAfterAProbeIsProbedOn(Script script) {
        script.tcp().retries(4);
        script.establish(syn(0).mss(1000).win(10_000));
        script.receive(ack(1).win(0)).send(1000).expectNothing();
        script.nextBy(seconds(1));
        // Not worth a segment, and no reason to wait for the ACK of a byte that nobody sends again.
        script.receive(ack(1).win(300)).expectNothing();
        Sent late = script.nextBy(script.time() + seconds(5));
        script.require(late.seq == 1 && late.payload.length > 0, "into the window of 300 goes " + late);
    }

    @Test
    void rfc9293_3_10_7_4_anAckOfNewDataOnARetransmissionBringsItsWindow(Script script) {
        script.establish(syn(0).mss(1000).win(4000));
        script.send(10_000);
        script.expectData(1, 1000, 4);
        script.receive(data(101, 100).ack(1).win(4000));
        script.expect(ack(1));
        // The gap is filled, 2000 bytes were taken in, and nobody read them: the window still ends at 4001.
        script.receive(data(1, 100).ack(2001).win(2000)).expectDelivered(200);
        script.expect(ack(201));
        script.expectNothing();
    }

    @Test
    void rfc7323_2_4_smallSegmentsThatNobodyReadsDoNotPushTheWindowOn(Script script) {
        script.tcp().receiveWindowBytes(1 << 20).initialReceiveWindowBytes(1 << 20);
        script.initialAppetite(0);
        script.establish(syn(0).mss(1000).win(60_000).wscale(0));
        int unit = 1 << 5;
        int highest = 0;
        for (int seq = 1; seq <= 2_000; seq++) {
            script.receive(data(seq, 1));
            for (Sent sent : script.takeAll()) {
                highest = Math.max(highest, sent.ack + sent.window * unit);
            }
            script.advance(millis(50));
            for (Sent sent : script.takeAll()) {
                highest = Math.max(highest, sent.ack + sent.window * unit);
            }
        }
        script.require(highest > 1 << 20, "the window never opened: " + highest);
        script.require(highest <= 1 + (1 << 20) + unit, "nothing was read, and the window reaches to " + highest);
        script.expectDelivered(0).anyDelivery();
    }

    /** A window of 1000 bytes, and nobody reads. */
    private static void narrow(Script script) {
        script.tcp().receiveWindowBytes(1000).initialReceiveWindowBytes(1000).windowScaling(false);
        script.initialAppetite(0);
        script.establish(syn(0).mss(1000));
    }

    @Test
    void rfc9293_3_10_7_4_aFinOnTheWindowsLastNumberIsTaken(Script script) {
        narrow(script);
        script.receive(data(1, 999).fin());
        script.expect(ack(1001).win(0));
        script.read(999).expectDelivered(999).expectPeerClosed();
        script.takeAll();
    }

    @Test
    void rfc9293_3_10_7_4_aFinJustBeyondTheWindowIsCutOff(Script script) {
        narrow(script);
        script.receive(data(1, 1000).fin());
        script.expectBy(script.time() + millis(499), ack(1001).win(0));
        script.read(1000).expectDelivered(1000);
        script.expect(ack(1001).win(1000));
        script.receive(fin(1001));
        script.expect(ack(1002));
        script.expectPeerClosed();
    }

    @Test
    void rfc9293_3_10_7_4_aFinBeyondAGapAndJustBeyondTheWindowIsCutOff(Script script) {
        narrow(script);
        script.receive(data(501, 500).fin());
        script.expect(ack(1));
        script.receive(data(1, 500));
        script.expect(ack(1001).win(0));
        script.expectDelivered(0).anyDelivery();
    }

    @Test
    void rfc9293_3_10_7_4_aFinAloneJustBeyondTheWindowIsAnsweredOnly(Script script) {
        narrow(script);
        script.receive(fin(1001));
        script.expect(ack(1).win(1000));
        script.receive(data(1, 1000));
        script.expectBy(script.time() + millis(499), ack(1001).win(0));
        script.expectDelivered(0).anyDelivery();
    }
}
