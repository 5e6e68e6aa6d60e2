package io.doorbell.tcp;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** When what a template's send has to know is found out: before it, whatever came in between. */
@ExtendWith(Scripts.class)
class ReadyHeadersTest {
    private static int room(Script script) {
        Tcb c = script.connection();
        return c.ready.room;
    }

    @Test
    void itIsKnownFromTheFirstTemplateOn(Script script) {
        script.establish(syn(0).mss(1000));
        script.connection().template(5);
        assertEquals(1000, room(script));
    }

    @Test
    void itIsKnownAfterASendAndAfterItsAckAndAfterARest(Script script) {
        script.establish(syn(0).mss(1000));
        MessageTemplate template = script.connection().template(5);
        template.known(0, "ready".getBytes());
        script.act("send", () -> {
            script.flow().application().wrote("ready".getBytes(), 5);
            assertEquals(MessageTemplate.FAST, template.send(script.clockNanos()));
            assertEquals(1000, room(script));
        });
        script.expect(data(1, "ready"));
        script.receive(ack(6));
        assertEquals(1000, room(script));
        // RFC 5681 section 4.1: after one RTO a timer gives back what is known of the path.
        script.expectNothingUntil(seconds(5));
        assertEquals(1000, room(script));
    }

    @Test
    void nobodyLooksForItWhenNoTemplateIsLeft(Script script) {
        script.establish(syn(0).mss(1000));
        script.connection().template(5).close();
        script.receive(data(1, 10));
        script.expectDelivered(10);
        assertEquals(ReadyHeader.UNKNOWN, room(script));
        script.takeAll();
    }
}
