package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.bare;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.syn;
import static io.doorbell.script.Segments.synAck;

import io.doorbell.counters.Counter;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What is refused is counted by its reason, and nothing of it is processed any further. */
@ExtendWith(Scripts.class)
class DropReasonTest {
    private static final int IP = RawFrame.IP;
    private static final int TCP = RawFrame.TCP;

    /** The last segment carried data: whoever took it for the bad one would acknowledge it again. */
    private static void afterData(Script script, int seq, byte[] bad, Counter reason) {
        script.receive(data(seq, 10)).expectDelivered(10);
        script.expectBy(script.time() + millis(499), ack(seq + 10));
        script.receiveFrame(bad, reason.label()).expectNothing().expectCounter(reason, 1);
    }

    @Test
    void rfc9293_3_1_nothingOfTheSegmentBeforeIsTakenForABadOne(Script script) {
        script.establish();
        byte[] cut = Arrays.copyOf(script.frame(ack(1)), TCP + 12);
        ByteBuffer.wrap(cut).putShort(IP + 2, (short) (cut.length - IP));
        RawFrame.mendIp(cut);
        afterData(script, 1, cut, Counter.DROP_TCP_SHORT);
        afterData(script, 11, script.frame(data(21, 10).dataOffset(15)), Counter.DROP_TCP_OFFSET);
        afterData(script, 21, script.frame(data(31, 10).badChecksum()), Counter.DROP_TCP_CHECKSUM);
        byte[] portZero = script.frame(ack(1));
        ByteBuffer.wrap(portZero).putShort(TCP, (short) 0);
        RawFrame.mend(portZero);
        afterData(script, 31, portZero, Counter.DROP_TCP_PORT_ZERO);
        afterData(script, 41, script.frame(data(51, 10).options(2, 1)), Counter.DROP_TCP_OPTION);
    }

    @Test
    void rfc9293_3_10_7_3_inSynSentEveryReasonIsCounted(Script script) {
        script.at(0).connect(80);
        script.expect(syn(0));
        script.receive(ack(5).seq(0));
        script.expect(rst(5));
        script.receive(rst(0).ack(2)).expectNothing().expectCounter(Counter.DROP_TCP_ACK, 2);
        script.receive(rst(0)).expectNothing().expectCounter(Counter.DROP_TCP_BLIND_RST, 1);
        script.receive(ack(1).seq(0)).expectNothing().expectCounter(Counter.DROP_TCP_FLAGS, 1);
        script.expectCounter(Counter.TCP_RESETS_IN, 0);
        script.receive(rst(0).ack(1)).expectNothing().expectCounter(Counter.TCP_RESETS_IN, 1).expectClosed();
    }

    @Test
    void rfc9293_3_10_7_4_aWrongAckInSynReceivedIsResetAndItsDataIsNotTaken(Script script) {
        script.at(0).connect(80);
        script.expect(syn(0));
        script.receive(syn(0).mss(1000));
        script.expect(synAck(0).ack(1));
        script.receive(data(1, 20).ack(2));
        script.expect(rst(2));
        script.receive(data(1, 20).ack(0));
        script.expect(rst(0));
        script.expectState("SYN-RECEIVED").expectCounter(Counter.DROP_TCP_ACK, 2).expectDelivered(0);
        script.receive(ack(1).seq(1)).expectConnected();
    }

    @Test
    void rfc9293_3_10_7_4_theDataOfTheAckThatEndsASimultaneousOpenIsTaken(Script script) {
        script.at(0).connect(80);
        script.expect(syn(0));
        script.receive(syn(0).mss(1000));
        script.expect(synAck(0).ack(1));
        script.receive(data(1, 20).ack(1)).expectConnected().expectDelivered(20);
        script.expectBy(millis(499), ack(21));
    }

    @Test
    void rfc5961_3_2_nothingElseOfAChallengedResetIsProcessed(Script script) {
        script.establish();
        script.send(100);
        script.expectData(1, 100, 1);
        script.receive(data(11, 20).rst().ack(101));
        script.expect(ack(1).seq(101));
        script.expectDelivered(0).expectCounter(Counter.DROP_TCP_BLIND_RST, 1);
        script.require(script.nextBy(script.time() + millis(300)).seq == 1, "its ACK was taken");
        script.receive(ack(101)).expectNothing();
    }

    @Test
    void rfc5961_4_2_nothingElseOfASynIsProcessed(Script script) {
        script.establish();
        script.send(100);
        script.expectData(1, 100, 1);
        script.receive(data(1, 20).syn().ack(101));
        script.expect(ack(1).seq(101));
        script.expectDelivered(0).expectCounter(Counter.DROP_TCP_BLIND_SYN, 1);
        script.require(script.nextBy(script.time() + millis(300)).seq == 1, "its ACK was taken");
        script.receive(ack(101)).expectNothing();
    }

    @Test
    void rfc9293_3_10_7_4_everyReasonIsCountedInEstablished(Script script) {
        script.establish();
        script.receive(bare(1)).expectNothing().expectCounter(Counter.DROP_TCP_NO_ACK, 1);
        script.receive(data(100_001, 10));
        script.expect(ack(1));
        script.expectCounter(Counter.DROP_TCP_WINDOW, 1);
        script.receive(rst(-5)).expectNothing().expectCounter(Counter.DROP_TCP_BLIND_RST, 1);
        script.receive(ack(7).seq(1));
        script.expect(ack(1));
        script.expectCounter(Counter.DROP_TCP_ACK, 1);
    }

    @Test
    void rfc9293_3_8_6_1_aProbeOfAClosedWindowIsCounted(Script script) {
        script.tcp().receiveWindowBytes(4096);
        script.initialAppetite(0);
        script.establish();
        script.receive(data(1, 1024), data(1025, 1024), data(2049, 1024), data(3073, 1024));
        script.takeAll();
        script.receive(data(4097, 1));
        script.expect(ack(4097).win(0).noOptions());
        script.expectCounter(Counter.DROP_TCP_WINDOW, 1);
        script.resume().expectDelivered(4096);
        script.takeAll();
    }

    @Test
    void rfc7323_3_2_aSegmentWithoutTheTimestampsAgreedOnIsCounted(Script script) {
        script.establish(syn(0).mss(1000).timestamps(5, 0));
        script.receive(data(1, 10).noTimestamps()).expectNothing().expectDelivered(0)
                .expectCounter(Counter.DROP_TCP_NO_TIMESTAMP, 1);
    }

    @Test
    void rfc9293_3_10_7_4_dataBehindTheFinIsCountedAndAnswered(Script script) {
        script.establish();
        script.receive(fin(1));
        script.expect(ack(2));
        script.receive(data(2, 10).fin());
        script.expect(ack(2));
        script.expectState("CLOSE-WAIT").expectCounter(Counter.DROP_TCP_STATE, 1).expectDelivered(0);
    }

    @Test
    void rfc9293_3_10_7_4_theLastAckTakesNothingWithIt(Script script) {
        script.establish();
        script.receive(fin(1));
        script.expect(ack(2));
        script.close();
        script.expect(fin(1).ack(2));
        script.receive(data(2, 10).ack(2)).expectNothing().expectClosed().expectConnections(0);
        script.expectCounter(Counter.DROP_TCP_STATE, 0);
    }

    @Test
    void rfc9293_3_10_7_4_payloadIsCountedOnceAndDuplicatesApart(Script script) {
        script.establish(syn(0).mss(1000).sackOk());
        script.receive(data(1, 100)).expectDelivered(100);
        script.expectBy(millis(499), ack(101));
        script.receive(data(51, 100)).expectDelivered(50);
        script.expectBy(script.time() + millis(499), ack(151).sack(51, 101));
        script.expectCounter(Counter.TCP_DUPLICATE_BYTES_IN, 50).expectCounter(Counter.TCP_PAYLOAD_BYTES_IN, 150);
        script.receive(data(301, 100));
        script.expect(ack(151).sack(301, 401));
        script.receive(data(301, 100));
        script.expect(ack(151).sack(301, 401, 301, 401));
        script.expectCounter(Counter.TCP_DUPLICATE_BYTES_IN, 150);
    }

    @Test
    void rfc2883_4_1_aProbeBehindAFullWindowIsNoDuplicate(Script script) {
        script.tcp().receiveWindowBytes(4096);
        script.initialAppetite(0);
        script.establish(syn(0).mss(1024).sackOk());
        script.receive(data(1, 1024), data(1025, 1024), data(2049, 1024), data(3073, 1024));
        script.takeAll();
        script.receive(data(4098, 10));
        script.expect(ack(4097).noOptions());
        script.receive(data(0, 1));
        script.expect(ack(4097).noOptions());
        script.receive(data(1, 1));
        script.expect(ack(4097).sack(1, 2));
        script.resume().expectDelivered(4096);
        script.takeAll();
    }
}
