package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.bare;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.syn;
import static io.doorbell.script.Segments.synAck;

import io.doorbell.counters.Counter;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Segments for connections that do not exist. Nothing is known of the stack's numbers, so they are absolute here. */
@ExtendWith(Scripts.class)
class ClosedPortTest {
    @Test
    void rfc9293_3_10_7_1_aSynIsResetWithAnAckOfIt(Script script) {
        script.receive(syn(0).mss(1460));
        script.expect(rst(0).ack(1));
        script.expectCounter(Counter.TCP_RESETS_OUT, 1);
    }

    @Test
    void rfc9293_3_10_7_1_dataWithoutAckIsResetWithAnAckOfAllOfIt(Script script) {
        script.receive(data(50, 10).noAck());
        script.expect(rst(0).ack(60));
    }

    @Test
    void rfc9293_3_10_7_1_synDataAndFinAllCountInTheAck(Script script) {
        script.receive(syn(50).text("abcde").fin());
        if (!script.allow(rst(0).ack(57))) {
            script.expectNothing();
        }
    }

    @Test
    void rfc9293_3_10_7_1_aSegmentWithoutAnyFlagIsReset(Script script) {
        script.receive(bare(50));
        script.expect(rst(0).ack(50));
    }

    @Test
    void rfc9293_3_10_7_1_aFinWithoutAckIsReset(Script script) {
        script.receive(fin(50).noAck());
        script.expect(rst(0).ack(51));
    }

    @Test
    void rfc9293_3_10_7_1_anAckIsResetWithItsNumberAndNoAck(Script script) {
        script.receive(ack(123456).seq(7));
        script.expect(rst(123456).noOptions());
    }

    @Test
    void rfc9293_3_10_7_1_aSynAckIsResetWithItsNumber(Script script) {
        script.receive(synAck(0).ack(-5));
        script.expect(rst(-5));
    }

    @Test
    void rfc9293_3_10_7_1_dataWithAckIsResetWithItsNumber(Script script) {
        script.receive(data(5, 100).ack(1));
        script.expect(rst(1));
    }

    @Test
    void rfc9293_3_10_7_1_aResetIsNeverAnswered(Script script) {
        script.receive(rst(5)).expectNothing();
        script.receive(rst(5).ack(6)).expectNothing();
        script.receive(rst(5).ack(6).fin()).expectNothing();
    }

    @Test
    void rfc9293_3_5_2_group1_aResetFitsEvenWhenNumbersWrap(Script script) {
        script.peerIsn(-1);
        script.receive(syn(0));
        script.expect(rst(0).ack(1));
    }

    @Test
    void rfc9293_3_1_aBadChecksumIsNeverAnswered(Script script) {
        script.receive(syn(0).badChecksum()).expectNothing();
        script.expectCounter(Counter.DROP_TCP_CHECKSUM, 1);
    }

    @Test
    void rfc1122_4_2_3_10_aSegmentToAGroupAddressIsNeverAnswered(Script script) {
        for (int destination : new int[] {0xe0000001, 0xffffffff, 0x0a0000ff}) {
            byte[] frame = script.frame(syn(0));
            RawFrame.retarget(frame, destination);
            script.receiveFrame(frame, "SYN to a group address").expectNothing();
        }
    }

    @Test
    void rfc1122_3_2_1_3_aSegmentForAnotherHostIsIgnored(Script script) {
        byte[] frame = script.frame(syn(0));
        RawFrame.retarget(frame, 0x0a000003);
        script.receiveFrame(frame, "SYN to another address").expectNothing();
        script.expectCounter(Counter.DROP_IP_DESTINATION, 1);
    }

    @Test
    void rfc6335_6_portZeroIsNoPort(Script script) {
        script.use(script.flow(0, 80)).receive(syn(0)).expectNothing();
        script.use(script.flow(40000, 0)).receive(syn(0)).expectNothing();
        script.expectCounter(Counter.DROP_TCP_PORT_ZERO, 2);
    }
}
