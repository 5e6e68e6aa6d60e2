package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.tcp.MessageTemplate;
import io.doorbell.tcp.PartialMessage;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A template whose known parts leave before the rest is known: it goes on as a partial message, and stays armed. */
@ExtendWith(Scripts.class)
class TemplateBeginTest {
    private final PartialMessage message = new PartialMessage();

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Everything but what is a dot is known. */
    private static MessageTemplate template(Script script, String known) {
        MessageTemplate template = script.connection().template(known.length());
        for (int i = 0; i < known.length(); i++) {
            if (known.charAt(i) != '.') {
                template.known(i, bytes(known.substring(i, i + 1)));
            }
        }
        return template;
    }

    private void begin(Script script, MessageTemplate template, String content) {
        script.act("begin", () -> {
            script.flow().application().wrote(bytes(content), content.length());
            script.flow().allowHoles();
            assertEquals(0, template.begin(message));
        });
    }

    private void complete(Script script, int at, String text, int missing) {
        script.act("complete", () -> assertEquals(missing, message.complete(at, bytes(text), 0, text.length())));
    }

    @Test
    void rfc9293_3_4_whatATemplateKnowsLeavesPastItsHolesAndItStaysArmed(Script script) {
        script.establish(syn(0).mss(1000).sackOk());
        MessageTemplate template = template(script, "0123456789..cdefghijklmnopqrst");
        for (int i = 0; i < 3; i++) {
            int from = 1 + 30 * i;
            begin(script, template, "0123456789abcdefghijklmnopqrst");
            script.expect(data(from, "0123456789"), data(from + 12, "cdefghijklmnopqrst"));
            assertEquals(2, message.missing());
            assertEquals(2, template.missing());
            complete(script, 10, "ab", 0);
            script.expect(data(from + 10, "ab"));
            assertFalse(message.isOpen());
            script.receive(ack(from + 30));
        }
        script.expectNothingUntil(seconds(5));
    }

    @Test
    void rfc9293_3_7_1_aTemplateOfSeveralSegmentsIsBegunInParts(Script script) {
        script.establish(syn(0).mss(100).sackOk());
        String text = "0123456789".repeat(25);
        MessageTemplate template = template(script, text.substring(0, 95) + ".".repeat(10) + text.substring(105));
        begin(script, template, text);
        script.expect(data(1, text.substring(0, 95)), data(106, text.substring(105, 200)), data(201, text.substring(200)));
        complete(script, 95, text.substring(95, 105), 0);
        script.expect(data(96, text.substring(95, 100)), data(101, text.substring(100, 105)));
        script.receive(ack(251)).expectNothingUntil(seconds(5));
    }

    @Test
    void rfc9293_3_10_2_whatWasSuppliedForOneSendIsMissingAfterIt(Script script) {
        script.establish(syn(0).mss(1000).sackOk());
        MessageTemplate template = template(script, "known     ..........");
        assertEquals(2, template.update(10, bytes("12345678")));
        begin(script, template, "known     1234567890");
        script.expect(data(1, "known     12345678"));
        assertEquals(10, template.missing());
        complete(script, 18, "90", 0);
        script.expect(data(19, "90"));
        template.update(10, bytes("abcdefghij"));
        begin(script, template, "known     abcdefghij");
        script.expect(data(21, "known     abcdefghij"));
        assertFalse(message.isOpen());
        script.receive(ack(41)).expectNothingUntil(seconds(5));
    }

    @Test
    void rfc9293_3_10_2_nothingHasChangedIfItIsRefused(Script script) {
        script.establish(syn(0).mss(1000).sackOk());
        MessageTemplate template = template(script, "a.".repeat(33));
        assertEquals(PartialMessage.TOO_MANY_RUNS, template.begin(message));
        assertFalse(message.isOpen());
        template.update(1, bytes("b"));
        begin(script, template, "ab" + "a.".repeat(32));
        script.expectNothing();
        assertTrue(message.isOpen());
        assertEquals(33, template.missing());
        template.update(1, bytes("b"));
        assertEquals(PartialMessage.OPEN, template.begin(message));
        assertEquals(32, template.missing());
        template.close();
        assertEquals(MessageTemplate.CLOSED, template.begin(new PartialMessage()));
        script.abort().expect(rst(1).ack(1));
    }
}
