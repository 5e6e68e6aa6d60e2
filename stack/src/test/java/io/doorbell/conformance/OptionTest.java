package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static io.doorbell.script.Segments.synAck;

import io.doorbell.counters.Counter;
import io.doorbell.script.Flow;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import io.doorbell.tcp.CloseReason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Which options are sent, which are obeyed, and what becomes of broken ones. */
@ExtendWith(Scripts.class)
class OptionTest {
    private static final int NOP = 1;

    @Test
    void rfc9293_3_7_1_theMssSentIsTheMtuLess40(Script script) {
        script.mtu(576);
        script.listen(80);
        script.receive(syn(0).mss(1460));
        script.expect(synAck(0).mss(536));
        script.connect(81);
        script.expect(syn(0).mss(536));
    }

    @Test
    void rfc9293_3_7_1_theMssSentOnAJumboLink(Script script) {
        script.mtu(9000);
        script.connect(80);
        script.expect(syn(0).mss(8960));
    }

    @Test
    void rfc9293_3_7_1_theMssSentIsConfigurable(Script script) {
        script.tcp().maxSegmentSize(1000);
        script.connect(80);
        script.expect(syn(0).mss(1000));
    }

    @Test
    void rfc9293_3_7_1_theMssReceivedBoundsTheSegmentsSent(Script script) {
        script.establish(syn(0).mss(700));
        script.send(1500);
        script.expect(data(1, 700), data(701, 700), data(1401, 100));
    }

    @Test
    void rfc9293_3_7_1_withoutMssOptionTheDefaultIs536(Script script) {
        script.establish(syn(0));
        script.send(600);
        script.expect(data(1, 536), data(537, 64));
    }

    @Test
    void rfc9293_3_7_1_withoutMssOptionInTheSynAckTheDefaultIs536(Script script) {
        script.establishActively(synAck(0));
        script.send(600);
        script.expect(data(1, 536), data(537, 64));
    }

    @Test
    void rfc9293_3_7_1_thePeersMssIsBoundedByTheOwnMtu(Script script) {
        script.establish(syn(0).mss(9000));
        script.send(3000);
        script.expect(data(1, 1460), data(1461, 1460), data(2921, 80));
    }

    @Test
    void rfc9293_3_7_1_mssIsReducedByTheOptionsOfEachSegment(Script script) {
        script.establish(syn(0).mss(1460).timestamps(100, 0));
        script.send(3000);
        script.expect(data(1, 1448), data(1449, 1448), data(2897, 104));
    }

    @Test
    void rfc9293_3_7_1_aTinyMssNeitherStopsTheStackNorTheConnection(Script script) {
        for (int mss : new int[] {0, 1, 20}) {
            script.use(script.flow(50000 + mss, 80)).establish(syn(0).mss(mss));
            script.send(200);
            int sent = 0;
            for (Sent segment : script.takeAll()) {
                sent += segment.payload.length;
            }
            script.require(sent > 0 && sent <= 200, "sent are " + sent + " bytes");
            script.receive(rst(1)).expectClosed(CloseReason.RESET_BY_PEER);
        }
    }

    @Test
    void rfc9293_3_2_anMssOptionOutsideASynIsIgnored(Script script) {
        script.establish(syn(0).mss(1000));
        script.receive(ack(1).mss(100)).expectNothing();
        script.send(1500);
        script.expect(data(1, 1000), data(1001, 500));
    }

    @Test
    void rfc9293_3_2_endOfListEndsTheOptions(Script script) {
        script.listen(80);
        script.receive(syn(0).options(2, 4, 1000 >> 8, 1000 & 255, 0, 3, 3, 3));
        script.expect(synAck(0).noWscale());
        script.receive(ack(1)).expectConnected();
        script.send(1500);
        script.expect(data(1, 1000), data(1001, 500));
    }

    @Test
    void rfc9293_3_2_noOperationMayStandAnywhere(Script script) {
        script.listen(80);
        script.receive(syn(0).options(NOP, NOP, 2, 4, 1000 >> 8, 1000 & 255, NOP, NOP));
        script.expect(synAck(0));
        script.receive(ack(1)).expectConnected();
        script.send(1500);
        script.expect(data(1, 1000), data(1001, 500));
    }

    @Test
    void rfc9293_3_2_unknownOptionsAreSkippedByTheirLength(Script script) {
        script.listen(80);
        script.receive(syn(0).options(200, 6, 2, 4, 1, 1, 254, 2, 2, 4, 1000 >> 8, 1000 & 255));
        script.expect(synAck(0));
        script.receive(ack(1).options(77, 4, 0, 0)).expectConnected();
        script.send(1500);
        script.expect(data(1, 1000), data(1001, 500));
    }

    @Test
    void rfc9293_3_2_anOptionOfLengthZeroIsDroppedAndCounted(Script script) {
        script.listen(80);
        script.receive(syn(0).options(200, 0, 2, 4)).expectNothing().expectConnections(0);
        script.expectCounter(Counter.DROP_TCP_OPTION, 1);
    }

    @Test
    void rfc9293_3_2_anOptionOfLengthOneIsDroppedAndCounted(Script script) {
        script.listen(80);
        script.receive(syn(0).options(200, 1, NOP, NOP)).expectNothing().expectConnections(0);
        script.expectCounter(Counter.DROP_TCP_OPTION, 1);
    }

    @Test
    void rfc9293_3_2_anOptionBeyondTheHeaderIsDroppedAndCounted(Script script) {
        script.listen(80);
        script.receive(syn(0).options(NOP, NOP, 2, 4)).expectNothing();
        script.receive(syn(0).options(NOP, NOP, NOP, 2)).expectNothing().expectConnections(0);
        script.receive(syn(0).options(8, 10, 0, 0)).expectNothing().expectConnections(0);
        script.expectCounter(Counter.DROP_TCP_OPTION, 3);
    }

    @Test
    void rfc9293_3_2_brokenOptionsInAnOpenConnectionDeliverNothing(Script script) {
        script.establish();
        script.receive(data(1, 10).options(200, 0, 0, 0)).expectNothing();
        script.receive(data(1, 10).options(NOP, NOP, 5, 30)).expectNothing();
        script.expectDelivered(0).expectState("ESTABLISHED").expectCounter(Counter.DROP_TCP_OPTION, 2);
        script.receive(data(1, 10)).expectDelivered(10);
        script.expectBy(seconds(1), ack(11));
    }

    @Test
    void rfc7323_2_2_scalingNeedsTheOptionInBothSyns(Script script) {
        script.listen(80);
        script.receive(syn(0).mss(1460));
        script.expect(synAck(0).noWscale());
        Flow second = script.flow(50002, 80);
        script.use(second).receive(syn(0).mss(1460).wscale(0));
        Sent answer = script.expect(synAck(0));
        script.require(answer.windowScale >= 0, "the offer of window scaling was not answered");
    }

    @Test
    void rfc7323_2_2_theActiveOpenerOffersScaling(Script script) {
        script.connect(80);
        Sent sent = script.expect(syn(0));
        script.require(sent.windowScale >= 0 && sent.windowScale <= 14, "the SYN offers scale " + sent.windowScale);
    }

    @Test
    void rfc7323_2_2_scalingCanBeTurnedOff(Script script) {
        script.tcp().windowScaling(false);
        script.listen(80);
        script.receive(syn(0).mss(1460).wscale(7).win(1000));
        script.expect(synAck(0).noWscale());
        script.receive(ack(1)).expectConnected();
        script.send(2000);
        script.expect(data(1, 1000));
        script.connect(81);
        script.expect(syn(0).noWscale());
    }

    @Test
    void rfc7323_2_2_aScaleInTheSynAckHoldsOnlyIfOffered(Script script) {
        script.tcp().windowScaling(false);
        script.establishActively(synAck(0).mss(1460).wscale(10).win(1000));
        script.receive(ack(1)).send(2000);
        script.expect(data(1, 1000));
    }

    @Test
    void rfc7323_2_2_theWindowOfASynIsNeverScaled(Script script) {
        script.establishActively(synAck(0).mss(1460).wscale(7).win(100));
        script.send(1000);
        script.expect(data(1, 100));
        script.receive(ack(101).win(50));
        script.expect(data(101, 900));
    }

    @Test
    void rfc7323_2_2_theWindowOfAScaledConnectionIsScaled(Script script) {
        script.establish(syn(0).mss(1460).wscale(3));
        script.receive(ack(1).win(200)).send(5000);
        script.expect(data(1, 1460));
        script.receive(ack(1461).win(425));
        script.expect(data(1461, 1460), data(2921, 1460));
    }

    @Test
    void rfc7323_2_3_aScaleAbove14CountsAs14(Script script) {
        script.establish(syn(0).mss(1460).wscale(15));
        script.receive(ack(1).win(1)).send(20_000);
        script.takeAll();
        script.receive(ack(14601).win(1));
        script.expect(data(14601, 1460), data(16061, 1460), data(17521, 1460), data(18981, 1020));
        script.receive(ack(20001).win(0)).receive(ack(20001).win(1)).send(20_000);
        int sent = 0;
        for (Sent segment : script.takeAll()) {
            sent += segment.payload.length;
        }
        script.require(sent > 8192 && sent <= 16384, "a window of 1 with scale 14 let " + sent + " bytes out");
    }

    @Test
    void rfc7323_2_4_theOwnWindowIsScaledExceptInTheSyn(Script script) {
        script.tcp().receiveWindowBytes(1 << 20);
        script.listen(80);
        script.receive(syn(0).mss(1460).wscale(0));
        Sent answer = script.expect(synAck(0));
        script.require(answer.window > 1460, "the SYN-ACK's window is " + answer.window);
        script.receive(ack(1)).receive(data(1, 1460), data(1461, 1460)).expectDelivered(2920);
        Sent sent = script.expectBy(seconds(1), ack(2921));
        long window = (long) sent.window << answer.windowScale;
        script.require(window <= 1 << 20 && window >= 60_000, "the scaled window is " + window);
    }

    @Test
    void rfc7323_2_2_aScaleOptionOutsideASynIsIgnored(Script script) {
        script.establish(syn(0).mss(1460).wscale(2).win(100));
        script.receive(ack(1).options(NOP, 3, 3, 10)).send(1000);
        script.expect(data(1, 400));
    }
}
