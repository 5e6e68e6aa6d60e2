package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static io.doorbell.script.Segments.synAck;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.counters.Counter;
import io.doorbell.script.MultiPeer;
import io.doorbell.script.PartialSend;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Segment;
import io.doorbell.script.Sent;
import io.doorbell.tcp.MessageTemplate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** ECN and DSCP on what leaves by template, in parts, and several parts at once. */
@ExtendWith(Scripts.class)
class UnusualSendsMarksTest {
    private static final int MSS = 1000;
    /** Of the frame: behind the Ethernet header and the version. */
    private static final int DSCP_ECN = 15;

    private static void establish(Script script) {
        script.listen(80);
        script.receive(syn(0).mss(MSS).sackOk().ece().cwr());
        script.expect(synAck(0).ack(1).ece());
        script.advance(millis(10)).receive(ack(1)).expectConnected();
    }

    private static MessageTemplate template(Script script) {
        MessageTemplate template = script.connection().template(100);
        assertEquals(0, template.known(0, new byte[100]));
        return template;
    }

    private static void send(Script script, MessageTemplate template, int code) {
        script.act("template", () -> {
            script.flow().application().wrote(new byte[100], 100);
            assertEquals(code, template.send(script.clockNanos()));
        });
    }

    /** CWR, the highest of the TCP header's flags. */
    private static boolean saysReduced(Sent sent) {
        return sent.bytes[47] < 0;
    }

    private static Segment hundred(int seq) {
        return data(seq, "\0".repeat(100));
    }

    @Test
    void rfc3168_6_1_5_aTemplateIsEcnCapableAndItsRetransmissionIsNot(Script script) {
        establish(script);
        MessageTemplate template = template(script);
        send(script, template, MessageTemplate.FAST);
        script.expect(hundred(1).ect0());
        script.expectBy(seconds(1), hundred(1).notEct());
        script.expectBy(seconds(2), hundred(1).notEct());
        script.receive(ack(101)).expectNothing();
    }

    @Test
    void rfc3168_6_1_2_theNextTemplateTellsThatTheWindowWasReduced(Script script) {
        establish(script);
        MessageTemplate template = template(script);
        send(script, template, MessageTemplate.FAST);
        script.expect(hundred(1).ect0());
        script.advance(millis(10)).receive(ack(101).ece());
        send(script, template, MessageTemplate.QUEUED);
        script.expect(hundred(101).ect0().cwr());
        send(script, template, MessageTemplate.FAST);
        script.expect(hundred(201).ect0());
        script.receive(ack(301)).expectNothing();
    }

    @Test
    void rfc3168_6_1_3_aTemplateCarriesTheEchoUntilThePeerHasReducedItsWindow(Script script) {
        establish(script);
        MessageTemplate template = template(script);
        script.receive(data(1, 10).ce()).expect(ack(11).seq(1).ece());
        script.expectDelivered(10);
        send(script, template, MessageTemplate.QUEUED);
        script.expect(hundred(1).ect0().ece());
        script.receive(data(11, 10).ack(101).cwr());
        script.expectDelivered(10);
        send(script, template, MessageTemplate.FAST);
        script.expect(hundred(101).ect0().ack(21));
        script.receive(ack(201).seq(21)).expectNothing();
    }

    @Test
    void rfc9293_3_9_2_aTemplateHasTheDscpThatIsChosenWhenItLeaves(Script script) {
        establish(script);
        MessageTemplate template = template(script);
        script.connection().options(script.connection().options().withDscp(46));
        send(script, template, MessageTemplate.FAST);
        assertEquals(46 << 2 | 2, script.expect(hundred(1)).bytes[DSCP_ECN] & 0xff);
        script.connection().options(script.connection().options().withDscp(10));
        send(script, template, MessageTemplate.FAST);
        assertEquals(10 << 2 | 2, script.expect(hundred(101)).bytes[DSCP_ECN] & 0xff);
        script.receive(ack(201)).expectNothing();
    }

    @Test
    void rfc3168_6_1_5_whatFillsAHoleIsNewData(Script script) {
        establish(script);
        PartialSend message = new PartialSend(script, 30);
        message.completeAll(0, 10, 12, 18);
        script.expect(data(1, 10).ect0(), data(13, 18).ect0());
        script.receive(ack(11).sack(13, 31));
        message.complete(10, 2);
        script.expect(data(11, 2).ect0());
        script.expectBy(seconds(1), data(11, 2).notEct());
        script.expectBy(seconds(2), data(11, 2).notEct());
        script.receive(ack(31)).expectNothing();
    }

    @Test
    void rfc3168_6_1_2_whatFillsAHoleTellsThatTheWindowWasReduced(Script script) {
        establish(script);
        PartialSend message = new PartialSend(script, 30);
        message.completeAll(0, 10, 12, 18);
        script.expect(data(1, 10).ect0(), data(13, 18).ect0());
        script.advance(millis(10)).receive(ack(11).sack(13, 31).ece());
        message.complete(10, 2);
        script.expect(data(11, 2).ect0().cwr());
        script.receive(ack(31)).expectNothing();
    }

    @Test
    void rfc3168_6_1_5_severalPartsInOneSegmentAreNewDataAndWhatIsSentAgainIsNot(Script script) {
        MultiPeer peer = MultiPeer.establishWithEcn(script);
        PartialSend message = new PartialSend(script, 30);
        message.completeAll(0, 10, 12, 18);
        Sent parts = peer.expectParts(1, 10, 13, 18);
        assertEquals(2, parts.bytes[DSCP_ECN]);
        script.advance(millis(10)).receive(ack(1));
        script.expectBy(seconds(2), data(13, 18).notEct());
        script.receive(ack(11).sack(13, 31)).expectNothing();
        message.complete(10, 2);
        script.expect(data(11, 2).ect0());
        script.receive(ack(31)).expectNothing();
    }

    @Test
    void rfc3168_6_1_2_severalPartsInOneSegmentTellThatTheWindowWasReduced(Script script) {
        MultiPeer peer = MultiPeer.establishWithEcn(script);
        PartialSend message = new PartialSend(script, 60);
        message.completeAll(0, 10, 20, 10, 40, 20);
        assertFalse(saysReduced(peer.expectParts(1, 10, 21, 10, 41, 20)));
        script.advance(millis(10)).receive(ack(11).sack(21, 31, 41, 61).ece());
        message.completeAll(10, 10, 30, 10);
        Sent last = peer.expectParts(11, 10, 31, 10);
        assertTrue(saysReduced(last));
        assertEquals(2, last.bytes[DSCP_ECN]);
        script.receive(ack(61)).expectNothing();
    }

    @Test
    void rfc3168_6_1_3_aMarkOnSeveralPartsIsEchoed(Script script) {
        MultiPeer peer = MultiPeer.establishWithEcn(script);
        script.receive(peer.several(1, 10, 21, 10).ce()).expect(ack(11).ece());
        script.expectDelivered(10);
        script.expectCounter(Counter.TCP_ECN_CE_IN, 1);
    }
}
