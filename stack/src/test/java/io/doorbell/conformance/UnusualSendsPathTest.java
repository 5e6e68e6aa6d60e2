package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.counters.Counter;
import io.doorbell.script.PartialSend;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import io.doorbell.tcp.LinkBuffer;
import io.doorbell.tcp.MessageTemplate;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The path narrows and the neighbour changes while messages of several frames are half known. */
@ExtendWith(Scripts.class)
class UnusualSendsPathTest {
    private static final String LONG = "0123456789abcdefghijklmno".repeat(100);

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static void update(MessageTemplate template, int from, int to, int missing) {
        assertEquals(missing, template.update(from, bytes(LONG.substring(from, to))));
    }

    private static void send(Script script, MessageTemplate template, String content) {
        script.act("template", () -> {
            script.flow().application().wrote(bytes(content), content.length());
            assertEquals(MessageTemplate.FAST, template.send(script.clockNanos()));
        });
    }

    /** A router says that the path carries segments of 600 bytes, about one of 1000. */
    private static void narrow(Script script) {
        script.send(1000);
        Sent sent = script.expect(data(1, 1000));
        script.receiveIcmp(3, 4, 640, sent);
        script.expect(data(1, 600), data(601, 400));
        script.receive(ack(1001));
    }

    private static void anotherMac(Script script) {
        byte[] arp = {-1, -1, -1, -1, -1, -1, 2, 0, 0, 0, 0, 9, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9,
            10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1};
        // What was heard of a neighbour just now is not believed to have changed already.
        script.advance(seconds(2)).receiveFrame(arp, "an announcement of another MAC");
    }

    @Test
    void rfc1191_3_aTemplateOfSeveralFramesFollowsThePathAndTheNeighbourInMidArming(Script script) {
        script.establish(syn(0).mss(1000));
        MessageTemplate template = script.connection().template(2500);
        assertEquals(1301, template.known(0, bytes(LONG.substring(0, 1199))));
        update(template, 1990, 2011, 1280);
        narrow(script);
        update(template, 1199, 1300, 1179);
        anotherMac(script);
        update(template, 1300, 1990, 489);
        update(template, 2011, 2500, 0);
        send(script, template, LONG);
        Sent first = script.expect(data(1001, LONG.substring(0, 600)), data(1601, LONG.substring(600, 1200)),
                data(2201, LONG.substring(1200, 1800)), data(2801, LONG.substring(1800, 2400)),
                data(3401, LONG.substring(2400)).psh());
        assertEquals(9, first.bytes[5]);
        script.receive(ack(3501));
        update(template, 1199, 2500, 0);
        send(script, template, LONG);
        script.expect(data(3501, LONG.substring(0, 600)), data(4101, LONG.substring(600, 1200)),
                data(4701, LONG.substring(1200, 1800)), data(5301, LONG.substring(1800, 2400)),
                data(5901, LONG.substring(2400)).psh());
        script.receive(ack(6001)).expectNothingUntil(seconds(5));
        script.expectCounter(Counter.TEMPLATES_FORMED_AGAIN, 1);
    }

    @Test
    void rfc1191_3_aLastPartByReferenceIsCopiedIfThePathNarrowsBeforeItLeaves(Script script) {
        script.scatter();
        script.tcp().referenceBytes(100);
        script.establish(syn(0).mss(1000));
        String content = LONG.substring(0, 901);
        MessageTemplate template = script.connection().template(901);
        assertEquals(700, template.known(0, bytes(content.substring(0, 201))));
        LinkBuffer buffer = script.stack().buffer();
        MemorySegment.copy(MemorySegment.ofArray(bytes(content)), 201, buffer.memory(), buffer.address(), 700);
        assertEquals(0, template.last(buffer, 700));
        assertFalse(buffer.isFree());
        narrow(script);
        send(script, template, content);
        script.expect(data(1001, content.substring(0, 600)), data(1601, content.substring(600)).psh());
        assertTrue(buffer.isFree());
        script.receive(ack(1902)).expectNothingUntil(seconds(5));
        script.expectCounter(Counter.TEMPLATE_SENDS_BY_REFERENCE, 0);
        buffer.close();
    }

    @Test
    void rfc1191_3_aPartialMessageOfSeveralFramesFollowsThePathAndTheNeighbour(Script script) {
        script.establish(syn(0).mss(1000).sackOk());
        PartialSend message = new PartialSend(script, 2500);
        message.complete(0, 950);
        Sent sent = script.expect(data(1, 950));
        script.receiveIcmp(3, 4, 640, sent);
        script.expect(data(1, 600), data(601, 350));
        script.receive(ack(951));
        anotherMac(script);
        message.complete(1050, 1450);
        assertEquals(9, script.expect(data(1051, 600), data(1651, 350), data(2001, 500)).bytes[5]);
        message.complete(950, 100);
        script.expect(data(951, 50), data(1001, 50));
        script.receive(ack(2501)).expectNothingUntil(seconds(5));
    }
}
