package io.doorbell.conformance;

import static io.doorbell.conformance.MessageTemplateTest.bytes;
import static io.doorbell.conformance.MessageTemplateTest.send;
import static io.doorbell.conformance.MessageTemplateTest.template;
import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static io.doorbell.tcp.MessageTemplate.FAST;
import static io.doorbell.tcp.MessageTemplate.QUEUED;
import static io.doorbell.tcp.MessageTemplate.WARM;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.doorbell.counters.Counter;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import io.doorbell.tcp.MessageTemplate;
import io.doorbell.tcp.PartialMessage;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a connection has found out ahead of a template's send, and what happens between that and the send. */
@ExtendWith(Scripts.class)
class TemplateAheadTest {
    /** A connection that has sent a template and had it acknowledged: the next one's header lies ready. */
    private static MessageTemplate ready(Script script) {
        script.establish(syn(0).mss(1000));
        MessageTemplate template = template(script, "ready");
        send(script, template, "ready", FAST);
        script.expect(data(1, "ready"));
        script.receive(ack(6));
        return template;
    }

    @Test
    void rfc9293_3_8_6_2_2_theWindowThatATemplateTellsHolds(Script script) {
        MessageTemplate template = ready(script);
        for (int i = 0; i < 3; i++) {
            script.receive(data(1 + 1460 * i, 1460));
            script.takeAll();
        }
        script.expectDelivered(4380);
        send(script, template, "ready", FAST);
        Sent sent = script.expect(data(6, "ready").ack(4381));
        int last = 4381 + sent.window - 100;
        script.receive(data(last, 100));
        script.expectCounter(Counter.DROP_TCP_WINDOW, 0);
        script.expect(ack(11).ack(4381));
    }

    @Test
    void rfc9293_3_10_2_whatIsSentAndNotFlushedGoesFirst(Script script) {
        MessageTemplate template = ready(script);
        script.act("send and template", () -> {
            script.flow().application().wrote(bytes("first"), 5);
            script.connection().send(bytes("first"), 0, 5);
            script.flow().application().wrote(bytes("ready"), 5);
            assertEquals(QUEUED, template.send(script.clockNanos()));
        });
        assertEquals("firstready", text(script.takeAll().getFirst()));
    }

    private static String text(Sent sent) {
        return new String(sent.payload, StandardCharsets.ISO_8859_1);
    }

    @Test
    void rfc9293_3_10_2_aPartialMessageThatWasBegunKeepsItsPlace(Script script) {
        MessageTemplate template = ready(script);
        PartialMessage message = new PartialMessage();
        script.act("begin and template", () -> {
            assertEquals(0, script.connection().begin(message, 4));
            assertEquals(QUEUED, template.send(script.clockNanos()));
            script.flow().application().wrote(bytes("holeready"), 9);
            assertEquals(0, message.complete(0, bytes("hole"), 0, 4));
        });
        script.expect(data(6, "hole"), data(10, "ready"));
    }

    @Test
    void rfc9293_3_7_4_optionsThatWereChosenSinceHold(Script script) {
        MessageTemplate template = ready(script);
        send(script, template, "ready", FAST);
        script.expect(data(6, "ready"));
        script.connection().options(script.connection().options().withNagle(true));
        send(script, template, "ready", QUEUED);
        script.expectNothing();
        script.receive(ack(11));
        script.expect(data(11, "ready"));
    }

    @Test
    void rfc9293_3_7_4_aCorkHoldsATemplateToo(Script script) {
        MessageTemplate template = ready(script);
        script.connection().cork();
        send(script, template, "ready", QUEUED);
        script.expectNothing();
        script.act("uncork", () -> script.connection().uncork());
        script.expect(data(6, "ready"));
    }

    @Test
    void rfc5681_3_1_rehearsingFindsOutAheadAndChangesNothing(Script script) {
        script.establish(syn(0).mss(1000));
        MessageTemplate template = template(script, "ready");
        script.act("rehearse", () -> assertEquals(FAST, template.send(script.clockNanos(), WARM)));
        script.expectNothingUntil(seconds(1));
        send(script, template, "ready", FAST);
        script.expect(data(1, "ready"));
        script.receive(ack(6)).expectNothingUntil(seconds(5));
    }

    @Test
    void rfc1122_2_3_2_2_aTemplateMadeWhileTheNeighbourIsSilentWaitsForIt(Script script) {
        ready(script);
        script.mutePeerArp(true);
        script.advance(seconds(31));
        send(script, template(script, "asking"), "asking", FAST);
        for (int i = 0; i < 4; i++) {
            script.takeAll();
            script.advance(seconds(1));
        }
        script.takeAll();
        MessageTemplate template = template(script, "made meanwhile");
        send(script, template, "made meanwhile", QUEUED);
        for (Sent sent : script.takeAll()) {
            assertNotEquals(-1, sent.bytes[0], "sent to everybody: " + sent);
        }
    }
}
