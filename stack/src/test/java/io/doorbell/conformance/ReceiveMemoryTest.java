package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.syn;

import io.doorbell.counters.Counter;
import io.doorbell.script.Flow;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Segment;
import io.doorbell.script.Sent;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What happens when the frames for received data run out: RFC 2018 section 8, RFC 9293 section 3.8.6. */
@ExtendWith(Scripts.class)
class ReceiveMemoryTest {
    private static final int SIZE = 1000;

    private static Flow open(Script script, int port) {
        Flow flow = script.flow(port, 80);
        script.use(flow);
        script.establish(syn(0).mss(1460).sackOk());
        return flow;
    }

    /** Out-of-order segments with a hole before each: {@code count} ranges. */
    private static void holes(Script script, int count) {
        for (int i = 0; i < count; i++) {
            script.receive(data(3001 + 3000 * i, SIZE));
            script.takeAll();
        }
    }

    @Test
    void rfc2018_8_theConnectionThatHoardsMostGivesWay(Script script) {
        script.frames(512);
        script.tcp().outOfOrderFrames(12);
        Flow hoarder = open(script, 5001);
        holes(script, 8);
        open(script, 5002);
        holes(script, 6);
        script.expectCounter(Counter.TCP_PRUNED_CONNECTIONS, 1);
        script.use(hoarder);
        script.receive(data(30_001, SIZE));
        Sent sent = script.expect(ack(1));
        script.require(sent.sackEdges.length == 2 && sent.sackEdges[0] == 30_001,
                "SACK tells of what is not here any more: " + sent);
        // All of it is sent again, and arrives.
        script.receive(data(1, SIZE), data(1001, SIZE), data(2001, SIZE), data(3001, SIZE), data(4001, SIZE));
        script.takeAll();
        script.expectDelivered(5 * SIZE);
    }

    @Test
    void rfc2018_8_whoHasLessThanTheOthersIsNotPruned(Script script) {
        script.frames(512);
        script.tcp().outOfOrderFrames(12);
        open(script, 5001);
        script.receive(data(3001, SIZE));
        script.takeAll();
        Flow hoarder = open(script, 5002);
        holes(script, 20);
        script.expectCounter(Counter.TCP_PRUNED_CONNECTIONS, 0);
        script.use(script.flow(5001, 80));
        script.require(script.stack().counters().get(Counter.DROP_TCP_NO_MEMORY) > 0, "nothing was refused");
        script.use(hoarder);
    }

    @Test
    void rfc2018_8_acknowledgedDataSurvivesPruning(Script script) {
        script.frames(512);
        script.tcp().outOfOrderFrames(12);
        script.initialAppetite(0);
        Flow first = open(script, 5001);
        script.receive(data(1, SIZE), data(1001, 700));
        script.takeAll();
        holes(script, 9);
        open(script, 5002);
        holes(script, 6);
        script.require(script.stack().counters().get(Counter.TCP_PRUNED_CONNECTIONS) >= 1, "nobody was pruned");
        script.use(first);
        script.resume().expectDelivered(1700);
        script.takeAll();
    }

    @Test
    void rfc9293_3_8_6_underPressureTheWindowDoesNotGrowAndItsEdgeStays(Script script) {
        script.frames(96);
        script.initialAppetite(0);
        open(script, 5001);
        int seq = 1;
        Sent last = null;
        for (int i = 0; i < 44; i++) {
            script.receive(data(seq, 1460));
            seq += 1460;
            List<Sent> sent = script.takeAll();
            last = sent.isEmpty() ? last : sent.getLast();
        }
        script.require(last.window <= 65_535 - 42 * 1460 + 1460, "the window is " + last.window);
        open(script, 5002);
        script.resume();
        script.takeAll();
        script.receive(data(1, 1460), data(1461, 1460));
        script.expectDelivered(2920);
        Sent other = script.takeAll().getLast();
        int edge = other.ack + other.window;
        script.require(edge <= 65_536, "under pressure the edge moved to " + edge);
        script.use(script.flow(5001, 80));
    }

    /** Received data takes all it may, sends take all they may: an ACK still leaves for each segment that comes. */
    @Test
    void rfc9293_3_10_7_4_anAckAlwaysFindsAFrame(Script script) {
        script.frames(64);
        script.initialAppetite(0);
        Flow[] flows = new Flow[8];
        for (int i = 0; i < flows.length; i++) {
            flows[i] = open(script, 5001 + i);
        }
        for (Flow flow : flows) {
            script.use(flow);
            for (int seq = 1; seq < 60_000; seq += 1460) {
                script.receive(data(seq, 1460));
                script.takeAll();
            }
            script.act("fills the pool", () -> {
                int room = script.flow().application().connection().sendSpace();
                byte[] bytes = new byte[Math.max(0, room)];
                script.flow().application().wroteZeros(bytes.length);
                script.flow().application().connection().send(bytes, 0, bytes.length);
            });
            script.takeAll();
        }
        script.require(script.stack().counters().get(Counter.DROP_TCP_NO_MEMORY) > 0, "the pool was never short");
        for (Flow flow : flows) {
            script.use(flow);
            Segment old = data(1, 1).on(flow);
            script.receive(old);
            script.require(!script.takeAll().isEmpty(), "no ACK left on " + flow);
        }
    }

    /** Tiny out-of-order segments, each on a page of its own, of many connections: others go on as if there were none. */
    @Test
    void rfc2018_8_aFloodOfTinyPiecesTakesNothingFromOthers(Script script) {
        script.frames(512);
        Flow reader = open(script, 4000);
        Flow[] flood = new Flow[40];
        for (int i = 0; i < flood.length; i++) {
            flood[i] = open(script, 5001 + i);
        }
        int seq = 1;
        for (int round = 0; round < 15; round++) {
            for (int i = round % 2; i < flood.length; i += 2) {
                Segment[] tiny = new Segment[20];
                for (int k = 0; k < tiny.length; k++) {
                    tiny[k] = data(2049 + 3000 * ((k + round) % 20), 1 + round % 3).on(flood[i]);
                }
                script.receive(tiny);
                script.takeAll();
            }
            script.use(reader);
            script.receive(data(seq, 1460), data(seq + 1460, 1460));
            script.expectDelivered(2920);
            seq += 2920;
            script.expect(ack(seq));
        }
        script.require(script.stack().link().frames().lowestAvailable() >= 512 / 2, "only "
                + script.stack().link().frames().lowestAvailable() + " frames were left");
        script.require(script.stack().counters().get(Counter.TCP_PRUNED_CONNECTIONS) > 0, "the bound was never reached");
    }
}
