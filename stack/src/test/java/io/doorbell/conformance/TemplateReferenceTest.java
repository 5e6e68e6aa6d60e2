package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static io.doorbell.tcp.MessageTemplate.BUSY;
import static io.doorbell.tcp.MessageTemplate.FAST;
import static io.doorbell.tcp.MessageTemplate.OUT_OF_RANGE;
import static io.doorbell.tcp.MessageTemplate.QUEUED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.counters.Counter;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.tcp.LinkBuffer;
import io.doorbell.tcp.MessageTemplate;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A template whose last part lies in a buffer of the link: one packet of two pieces, sent again from where they lie. */
@ExtendWith(Scripts.class)
class TemplateReferenceTest {
    private static final String HEAD = "the first part, of an odd length: ".substring(1);
    private static final String REST = "the last part, which nobody copies. ".repeat(10);

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static LinkBuffer buffer(Script script, String content) {
        LinkBuffer buffer = script.stack().buffer();
        write(buffer, content);
        return buffer;
    }

    private static void write(LinkBuffer buffer, String content) {
        MemorySegment.copy(MemorySegment.ofArray(bytes(content)), 0, buffer.memory(), buffer.address(), content.length());
    }

    private static MessageTemplate template(Script script) {
        MessageTemplate template = script.connection().template(HEAD.length() + REST.length());
        assertEquals(REST.length(), template.known(0, bytes(HEAD)));
        return template;
    }

    private static void establish(Script script, boolean scatter) {
        if (scatter) {
            script.scatter();
        }
        script.tcp().referenceBytes(100);
        script.establish(syn(0).mss(1000).sackOk());
    }

    private static void send(Script script, MessageTemplate template, String content, int code) {
        script.act("template", () -> {
            script.flow().application().wrote(bytes(content), content.length());
            assertEquals(code, template.send(script.clockNanos()));
        });
    }

    @Test
    void rfc9293_3_7_theTwoPiecesAreOneSegmentAndTheBufferIsFreeOnceItIsAcknowledged(Script script) {
        establish(script, true);
        MessageTemplate template = template(script);
        LinkBuffer buffer = buffer(script, REST);
        for (int i = 0; i < 3; i++) {
            int from = 1 + i * (HEAD.length() + REST.length());
            assertEquals(0, template.last(buffer, REST.length()));
            assertFalse(buffer.isFree());
            assertEquals(BUSY, template.last(buffer, 10));
            send(script, template, HEAD + REST, FAST);
            script.expect(data(from, HEAD + REST).psh());
            assertFalse(buffer.isFree());
            assertEquals(REST.length(), template.missing());
            script.advance(millis(1)).receive(ack(from + HEAD.length() + REST.length()));
            assertTrue(buffer.isFree());
        }
        script.expectCounter(Counter.TEMPLATE_SENDS_BY_REFERENCE, 3).expectCounter(Counter.TCP_SEGMENTS_OUT, 4);
        buffer.close();
        script.expectNothingUntil(seconds(5));
    }

    @Test
    void rfc6298_5_4_itIsSentAgainFromTheSameMemory(Script script) {
        establish(script, true);
        MessageTemplate template = template(script);
        LinkBuffer buffer = buffer(script, REST);
        template.last(buffer, REST.length());
        send(script, template, HEAD + REST, FAST);
        int split = 1 + HEAD.length();
        script.expect(data(1, HEAD + REST));
        script.expectBy(seconds(1), data(split, REST));
        script.receive(ack(split).sack(split, split)).expectBy(seconds(3), data(split, REST));
        assertFalse(buffer.isFree());
        script.receive(ack(split + 100)).expectBy(seconds(9), data(split + 100, REST.substring(100)));
        script.receive(ack(split + REST.length())).expectNothing();
        assertTrue(buffer.isFree());
        buffer.close();
    }

    @Test
    void rfc9293_3_9_1_updatesBehindItAreCopiedAndUpdatesBeforeItAreSummed(Script script) {
        establish(script, true);
        MessageTemplate template = template(script);
        LinkBuffer buffer = buffer(script, REST);
        template.last(buffer, REST.length());
        assertEquals(0, template.update(3, bytes("FIRST")));
        assertEquals(0, template.update64(9, 0x4142434445464748L));
        String head = HEAD.substring(0, 3) + "FIRST" + HEAD.charAt(8) + "ABCDEFGH" + HEAD.substring(17);
        send(script, template, head + REST, FAST);
        script.expect(data(1, head + REST));
        script.receive(ack(1 + head.length() + REST.length()));
        template.last(buffer, REST.length());
        assertEquals(0, template.update(HEAD.length() + 5, bytes("XYZ")));
        assertTrue(buffer.isFree());
        send(script, template, head + REST.substring(0, 5) + "XYZ" + REST.substring(8), FAST);
        script.expect(data(1 + head.length() + REST.length(), head + REST.substring(0, 5) + "XYZ" + REST.substring(8)));
        script.expectCounter(Counter.TEMPLATE_SENDS_BY_REFERENCE, 1);
        script.receive(ack(1 + 2 * (head.length() + REST.length()))).expectNothing();
        buffer.close();
    }

    @Test
    void rfc9293_3_9_1_itIsCopiedWhereTheLinkTakesNoTwoPiecesOrThePartIsShort(Script script) {
        establish(script, false);
        MessageTemplate template = template(script);
        LinkBuffer buffer = buffer(script, REST);
        assertEquals(0, template.last(buffer, REST.length()));
        assertTrue(buffer.isFree());
        write(buffer, REST.toUpperCase());
        send(script, template, HEAD + REST, FAST);
        script.expect(data(1, HEAD + REST));
        assertEquals(REST.length(), template.missing());
        assertEquals(OUT_OF_RANGE, template.last(buffer, HEAD.length() + REST.length() + 1));
        assertEquals(OUT_OF_RANGE, template.last(buffer, 0));
        script.expectCounter(Counter.TEMPLATE_SENDS_BY_REFERENCE, 0);
        script.receive(ack(1 + HEAD.length() + REST.length())).expectNothing();
        buffer.close();
    }

    @Test
    void rfc9293_3_8_6_itIsQueuedAsACopyWhereTheWindowIsTooSmall(Script script) {
        establish(script, true);
        MessageTemplate template = template(script);
        LinkBuffer buffer = buffer(script, REST);
        script.receive(ack(1).win(0));
        template.last(buffer, REST.length());
        send(script, template, HEAD + REST, QUEUED);
        script.expectNothing();
        assertTrue(buffer.isFree());
        write(buffer, REST.toUpperCase());
        script.receive(ack(1).win(1000)).expect(data(1, HEAD + REST));
        script.receive(ack(1 + HEAD.length() + REST.length())).expectNothing();
        buffer.close();
    }

    @Test
    void rfc9293_3_10_5_allFramesComeBackWhateverEndsFirst(Script script) {
        establish(script, true);
        int available = script.link().frames().available();
        MessageTemplate template = template(script);
        LinkBuffer armed = buffer(script, REST);
        LinkBuffer sent = buffer(script, REST);
        LinkBuffer closedEarly = buffer(script, REST);
        template.last(sent, REST.length());
        send(script, template, HEAD + REST, FAST);
        script.expect(data(1, HEAD + REST));
        template.last(closedEarly, REST.length());
        send(script, template, HEAD + REST, FAST);
        int end = 1 + 2 * (HEAD.length() + REST.length());
        script.expect(data(1 + HEAD.length() + REST.length(), HEAD + REST));
        closedEarly.close();
        assertFalse(closedEarly.isFree());
        template.last(armed, REST.length());
        script.advance(millis(1)).abort().expect(rst(end).ack(1));
        script.advance(millis(1));
        assertTrue(armed.isFree());
        assertTrue(sent.isFree());
        armed.close();
        sent.close();
        sent.close();
        assertEquals(available, script.link().frames().available());
    }
}
