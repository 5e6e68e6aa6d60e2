package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.doorbell.counters.Counter;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.tcp.MessageTemplate;
import io.doorbell.tcp.Tcb;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Sends and receives that do not happen: afterwards nothing differs, in no field and on no wire. */
@ExtendWith(Scripts.class)
class WarmTest {
    private static final MemorySegment MESSAGE = MemorySegment.ofArray(new byte[3000]);

    /** Every field of the connection, every counter, frames, deadlines, and what the link has seen. */
    private static Map<String, Object> everything(Script script) {
        Map<String, Object> all = new TreeMap<>();
        fields(Tcb.class, script.connection(), all);
        for (Counter counter : Counter.values()) {
            all.put(counter.label(), script.counter(counter));
        }
        all.put("frames", script.link().frames().available());
        all.put("lowest", script.link().frames().lowestAvailable());
        all.put("refused", script.link().frames().refused());
        all.put("deadline", script.stack().nextDeadlineNanos());
        all.put("posted", script.link().statistics().txFrames);
        all.put("doorbells", script.link().statistics().doorbells);
        return all;
    }

    private static void fields(Class<?> type, Object of, Map<String, Object> into) {
        try {
            for (Field field : type.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers())) {
                    field.setAccessible(true);
                    Object value = field.get(of);
                    into.put(type.getSimpleName() + "." + field.getName(), String.valueOf(value));
                    if (field.getName().equals("flight") && value != null) {
                        fields(value.getClass(), value, into);
                    }
                }
            }
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }

    /** Rehearses all three, as often as this; what each answers is said. */
    private static void rehearse(Script script, MessageTemplate template, int templateCode, int sent, int received) {
        Map<String, Object> before = everything(script);
        for (int i = 0; i < 3; i++) {
            assertEquals(templateCode, template.send(script.clockNanos() + i, MessageTemplate.WARM));
            assertEquals(before, everything(script), "a template");
            assertEquals(sent, script.connection().send(MESSAGE, 0, 100, MessageTemplate.WARM));
            assertEquals(before, everything(script), "a send");
            assertEquals(received, script.connection().warmReceive(MESSAGE, 0, 200));
            assertEquals(before, everything(script), "a receive");
        }
    }

    private static MessageTemplate withHoles(Script script) {
        MessageTemplate template = script.connection().template(10);
        template.known(0, "known ".getBytes(StandardCharsets.ISO_8859_1));
        return template;
    }

    @Test
    void rfc9293_3_8_withNothingInFlight(Script script) {
        script.establish(syn(0).mss(1000).sackOk().wscale(2).timestamps(5, 0));
        MessageTemplate template = withHoles(script);
        rehearse(script, template, MessageTemplate.FAST, 100, 200);
        script.expectNothing();
        script.send(100);
        script.expect(data(1, 100));
        script.receive(data(1, 200).ack(101));
        script.expectDelivered(200).expectBy(script.time() + seconds(1), ack(201));
        script.expectNothingUntil(seconds(70));
    }

    @Test
    void rfc6298_5_1_withDataInFlightTimersRunOnAsTheyWere(Script script) {
        script.establish(syn(0).mss(1000));
        MessageTemplate template = withHoles(script);
        script.send(1500);
        script.expect(data(1, 1000), data(1001, 500));
        script.advance(millis(150));
        rehearse(script, template, MessageTemplate.FAST, 100, 200);
        script.expectBy(millis(1100), data(1, 1000));
        script.receive(ack(1501)).expectNothingUntil(seconds(5));
    }

    @Test
    void rfc5681_4_1_afterALongIdleTime(Script script) {
        script.establish(syn(0).mss(1000));
        MessageTemplate template = withHoles(script);
        script.send(1000);
        script.expect(data(1, 1000));
        script.receive(ack(1001));
        script.advance(seconds(100));
        rehearse(script, template, MessageTemplate.FAST, 100, 200);
        script.expectNothingUntil(seconds(200));
    }

    @Test
    void rfc9293_3_8_6_3_aDelayedAckIsStillOwed(Script script) {
        script.establish(syn(0).mss(1000));
        MessageTemplate template = withHoles(script);
        script.receive(data(1, 10));
        script.expectDelivered(10);
        rehearse(script, template, MessageTemplate.FAST, 100, 200);
        script.expectBy(script.time() + millis(40), ack(11));
    }

    @Test
    void rfc9293_3_8_6_1_withAClosedWindowItIsRefused(Script script) {
        script.establish(syn(0).mss(1000));
        MessageTemplate template = withHoles(script);
        script.receive(ack(1).win(0));
        rehearse(script, template, MessageTemplate.QUEUED, 0, 200);
        script.expectNothingUntil(seconds(5));
    }

    @Test
    void rfc5681_3_2_duringLossRecoveryItIsRefusedOrHarmless(Script script) {
        script.establish(syn(0).mss(1000).sackOk());
        MessageTemplate template = withHoles(script);
        script.send(5000);
        script.expectData(1, 1000, 5);
        script.receive(ack(1).sack(1001, 2001), ack(1).sack(1001, 3001), ack(1).sack(1001, 4001));
        script.expect(data(1, 1000));
        rehearse(script, template, MessageTemplate.FAST, 100, 200);
        script.receive(ack(5001)).expectNothingUntil(seconds(5));
    }

    @Test
    void rfc2018_4_withDataOutOfOrder(Script script) {
        script.establish(syn(0).mss(1000).sackOk());
        MessageTemplate template = withHoles(script);
        script.receive(data(101, 100));
        script.expect(ack(1).sack(101, 201));
        rehearse(script, template, MessageTemplate.FAST, 0, 200);
        script.receive(data(1, 100));
        script.expect(ack(201));
        script.expectDelivered(200).expectNothingUntil(seconds(5));
    }

    @Test
    void rfc9293_3_10_4_onceThisSideHasClosed(Script script) {
        script.establish(syn(0).mss(1000));
        MessageTemplate template = withHoles(script);
        script.closeOutput();
        script.expect(io.doorbell.script.Segments.fin(1));
        rehearse(script, template, MessageTemplate.CLOSED, Tcb.CLOSED, 200);
        script.receive(ack(2));
        script.expectNothingUntil(seconds(5));
    }

    @Test
    void rfc826_aNeighbourDueForConfirmationIsNotAskedByARehearsal(Script script) {
        script.establish(syn(0).mss(1000));
        MessageTemplate template = withHoles(script);
        script.advance(seconds(40));
        rehearse(script, template, MessageTemplate.FAST, 100, 200);
    }
}
