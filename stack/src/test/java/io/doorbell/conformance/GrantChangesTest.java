package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.counters.Counter;
import io.doorbell.grant.GrantedSender;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import io.doorbell.tcp.GrantLimit;
import io.doorbell.tcp.GrantOptions;
import io.doorbell.tcp.MessageTemplate;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Delegated sends, when windows, paths and neighbours change under a lease. */
@ExtendWith(Scripts.class)
class GrantChangesTest extends GrantScript {
    @Test
    void rfc1191_6_3_segmentsFollowThePath(Script script) {
        script.establish(peer());
        grant(script, 8000);
        send(script, text(900), GrantedSender.FAST);
        script.advance(0);
        Sent big = script.expect(data(1, text(900)));
        script.receiveIcmp(3, 4, 600, big);
        script.expectBytes(1, 901);
        script.receive(ack(901));
        String second = text(900);
        send(script, second, GrantedSender.FAST);
        script.advance(0);
        script.expect(data(901, second.substring(0, 548)), data(1449, second.substring(548)));
        script.receive(ack(1801));
        engineIsDone(script);
    }

    @Test
    void rfc7323_5_3_theStacksTimestampsAreNeverOlderThanTheEngines(Script script) {
        script.establish(peer());
        grant(script, GrantOptions.of(4).once());
        script.flow().application().wrote(bytes("fast"), 4);
        // The engine's time is 20 ms ahead of the time of the stack's poll.
        assertEquals(0, engine.send(MemorySegment.ofArray(bytes("fast")), 0, 4, script.clockNanos() + millis(20)));
        script.advance(0);
        Sent first = script.expect(data(1, "fast"));
        MessageTemplate template = script.connection().template(4);
        template.known(0, bytes("slow"));
        script.flow().application().wrote(bytes("slow"), 4);
        script.act("template", () -> assertEquals(MessageTemplate.FAST, template.send(script.clockNanos())));
        assertEquals(first.tsVal, script.expect(data(5, "slow")).tsVal);
        script.send("more");
        assertEquals(first.tsVal, script.expect(data(9, "more")).tsVal);
        script.receive(ack(13));
        template.close();
        engineIsDone(script);
    }

    @Test
    void rfc6298_4_aTimeBeforeTheStackLastLookedMakesNoRoundTrip(Script script) {
        script.establish(peer());
        grant(script, 1000);
        script.advance(millis(50));
        script.flow().application().wrote(bytes("odd"), 3);
        assertEquals(0, engine.send(MemorySegment.ofArray(bytes("odd")), 0, 3, script.clockNanos() - millis(30)));
        script.advance(0);
        script.expect(data(1, "odd"));
        script.advance(millis(10));
        script.receive(ack(4));
        assertTrue(script.connection().smoothedRttNanos() < millis(20), "" + script.connection().smoothedRttNanos());
        engineIsDone(script);
    }

    @Test
    void rfc826_packetsFollowTheNeighboursNewMac(Script script) {
        script.establish(peer());
        grant(script, 1000);
        send(script, "old", GrantedSender.FAST);
        script.advance(0);
        assertEquals(1, script.expect(data(1, "old")).bytes[5]);
        script.receive(ack(4));
        script.advance(seconds(2));
        byte[] arp = {-1, -1, -1, -1, -1, -1, 2, 0, 0, 0, 0, 9, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9,
            10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1};
        script.receiveFrame(arp, "an announcement of another MAC");
        send(script, "new", GrantedSender.FAST);
        script.advance(0);
        assertEquals(9, script.expect(data(4, "new")).bytes[5]);
        script.receive(ack(7));
        script.expectCounter(Counter.GRANT_LEASES, 2);
        engineIsDone(script);
    }

    @Test
    void rfc9293_3_8_6_aWindowThatThePeerTakesBackTakesTheGrantBack(Script script) {
        script.establish(peer());
        grant(script, 8000);
        assertEquals(8000, grant.granted());
        script.receive(ack(1).win(500));
        assertEquals(500, grant.granted());
        send(script, text(501), GrantedSender.BACKPRESSURE);
        send(script, text(500), GrantedSender.FAST);
        script.advance(0);
        script.expectBytes(1, 501);
        script.receive(ack(501).win(9000));
        assertEquals(8000, grant.granted());
        engineIsDone(script);
    }

    @Test
    void rfc9293_3_10_2_whatWaitsBehindAGrantGoesFirstWhenTheRestIsTooLittleForTheEngine(Script script) {
        script.establish(peer());
        grant(script, 1000);
        send(script, text(400), GrantedSender.FAST);
        script.advance(0);
        script.expect(data(1, text(400)));
        script.send("owner");
        script.receive(ack(401)).expectNothing();
        send(script, text(700), GrantedSender.BACKPRESSURE);
        script.advance(millis(1));
        script.expect(data(401, "owner"));
        script.receive(ack(406));
        send(script, text(700), GrantedSender.FAST);
        script.advance(0);
        script.expect(data(406, text(700)));
        script.receive(ack(1106));
        engineIsDone(script);
    }

    @Test
    void rfc5681_4_1_aMessageLongerThanTheCongestionWindowDoesNotWaitForEver(Script script) {
        script.establish(peer());
        grant(script, 8000);
        send(script, text(900), GrantedSender.FAST);
        script.advance(0);
        script.expect(data(1, text(900)));
        script.advance(millis(500));
        script.takeAll();
        script.receive(ack(901));
        assertTrue(grant.granted() < 3000, () -> "granted " + grant.granted());
        assertEquals(GrantLimit.CONGESTION_WINDOW, grant.limitedBy());
        send(script, text(3000), GrantedSender.BACKPRESSURE);
        script.advance(millis(1));
        send(script, text(3000), GrantedSender.FAST);
        script.advance(0);
        script.expectBytes(901, 3901);
        script.receive(ack(3901));
        engineIsDone(script);
    }

    @Test
    void rfc5681_4_1_anEngineThatAsksWithNothingOutGetsNoMoreThanTheCongestionWindow(Script script) {
        script.establish(peer());
        grant(script, 20_000);
        send(script, text(900), GrantedSender.FAST);
        script.advance(0);
        script.expect(data(1, text(900)));
        script.advance(millis(500));
        script.takeAll();
        script.receive(ack(901));
        int window = script.connection().congestionWindow();
        assertTrue(window < 3 * 988, () -> "the loss window is " + window);
        engine.request(20_000);
        script.advance(millis(2));
        assertEquals(window, engine.allowance());
        send(script, text(window), GrantedSender.FAST);
        script.advance(0);
        script.expectBytes(901, 901 + window);
        script.receive(ack(901 + window));
        engineIsDone(script);
    }
}
