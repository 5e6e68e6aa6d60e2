package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.micros;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.doorbell.grant.GrantedSender;
import io.doorbell.grant.GrantedTemplate;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.tcp.MessageTemplate;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Templates and rehearsals of an engine that sends by grant. */
@ExtendWith(Scripts.class)
class GrantedTemplateTest extends GrantScript {
    @Test
    void aRehearsedSendChangesNothing(Script script) {
        script.establish(peer());
        grant(script, 1000);
        MemorySegment message = MemorySegment.ofArray(bytes("rehearsal"));
        int own = link.frames().available();
        for (int i = 0; i < 10; i++) {
            assertEquals(GrantedSender.FAST, engine.send(message, 0, 9, script.clockNanos(), GrantedSender.WARM));
        }
        script.expectNothingUntil(seconds(1));
        assertEquals(own, link.frames().available());
        assertEquals(1000, grant.granted());
        send(script, "for real", GrantedSender.FAST);
        script.advance(micros(1));
        script.expect(data(1, "for real"));
        script.receive(ack(9));
        engineIsDone(script);
    }

    private void sendTemplate(Script script, GrantedTemplate template, String content, int code) {
        if (code >= 0) {
            script.flow().application().wrote(bytes(content), content.length());
        }
        assertEquals(code, template.send(script.clockNanos()));
        script.advance(0);
    }

    @Test
    void rfc1624_3_aTemplateOfAnEngineIsPatchedAndStaysArmed(Script script) {
        script.establish(peer());
        grant(script, 1000);
        int own = link.frames().available();
        GrantedTemplate template = engine.template(21);
        assertEquals(13, template.known(0, bytes("BUY ")) - 4);
        assertEquals(8, template.known(12, bytes(" at once!")));
        for (int i = 0; i < 5; i++) {
            assertEquals(GrantedTemplate.HOLES, template.send(script.clockNanos()));
            assertEquals(0, template.update(4, bytes("price  " + i)));
            sendTemplate(script, template, "BUY price  " + i + " at once!", GrantedSender.FAST);
            script.expect(data(1 + 21 * i, "BUY price  " + i + " at once!").psh());
            assertEquals(8, template.missing());
        }
        assertEquals(GrantedTemplate.OUT_OF_RANGE, template.update(14, bytes("12345678")));
        assertEquals(GrantedSender.FAST, template.send(script.clockNanos(), GrantedSender.WARM));
        script.receive(ack(106)).expectNothingUntil(seconds(1));
        template.close();
        assertEquals(GrantedTemplate.CLOSED, template.send(script.clockNanos()));
        assertEquals(own, link.frames().available());
        engineIsDone(script);
    }

    @Test
    void rfc1191_6_3_aTemplateThatIsLongerThanASegmentIsSeveral(Script script) {
        script.establish(peer());
        grant(script, 8000);
        for (int length : new int[] {988, 989, 1700, 3001}) {
            GrantedTemplate template = engine.template(length);
            String content = text(length);
            assertEquals(0, template.known(0, bytes(content)));
            int from = (int) (1 + grant.sentBytes());
            sendTemplate(script, template, content, GrantedSender.FAST);
            script.expectBytes(from, from + length);
            script.receive(ack(from + length));
            template.close();
        }
        engineIsDone(script);
    }

    @Test
    void anEngineGetsTheTemplatesThatTheOwnerHasPrepared(Script script) {
        script.establish(peer());
        MessageTemplate shortOne = script.connection().template(10);
        shortOne.known(0, bytes("BUY  "));
        MessageTemplate longOne = script.connection().template(2500);
        longOne.known(0, bytes(text(1200)));
        longOne.known(1208, bytes(text(2500).substring(1208)));
        grant(script, 8000);
        engine = grant.sender(link, shortOne, longOne);
        shortOne.close();
        longOne.close();
        assertEquals(0, engine.prepared(0).update(5, bytes("00017")));
        sendTemplate(script, engine.prepared(0), "BUY  00017", GrantedSender.FAST);
        script.expect(data(1, "BUY  00017"));
        assertEquals(8, engine.prepared(1).missing());
        assertEquals(0, engine.prepared(1).update(1200, bytes(text(2500).substring(1200, 1208))));
        sendTemplate(script, engine.prepared(1), text(2500), GrantedSender.FAST);
        script.expectBytes(11, 2511);
        script.receive(ack(2511)).expectNothingUntil(seconds(1));
        engine.prepared(0).close();
        engine.prepared(1).close();
        engine.giveBack();
        script.advance(millis(1));
        assertEquals(freeBefore + 4, script.link().frames().available());
    }

    @Test
    void rfc6298_5_4_whatATemplateSentIsSentAgainAsItWas(Script script) {
        script.establish(peer());
        grant(script, 1000);
        GrantedTemplate template = engine.template(16);
        template.known(0, bytes("original "));
        template.update(9, bytes("message"));
        sendTemplate(script, template, "original message", GrantedSender.FAST);
        script.expect(data(1, "original message"));
        template.update(9, bytes("another"));
        script.expectBy(millis(300), data(1, "original message"));
        script.receive(ack(17));
        engineIsDone(script);
        assertEquals(GrantedSender.RETURNED, template.send(script.clockNanos()));
        template.close();
    }
}
