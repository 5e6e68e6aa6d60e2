package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;

import io.doorbell.counters.Counter;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What the path carries: RFC 1191, and RFC 4821 and RFC 8899 for paths that swallow without a word. */
@ExtendWith(Scripts.class)
class PathMtuTest {
    private static final int UNREACHABLE = 3;
    private static final int FRAGMENTATION_NEEDED = 4;

    /** Acknowledges whatever is sent of {@code from} to {@code to}, if it has no more than {@code most} bytes. */
    private static void transfer(Script script, int from, int to, int most) {
        int acknowledged = from;
        for (int i = 0; i < 200 && acknowledged < to; i++) {
            List<Sent> sent = script.takeAll();
            if (sent.isEmpty()) {
                sent = List.of(script.nextBy(script.time() + seconds(100)));
            }
            for (Sent segment : sent) {
                boolean through = segment.payload.length <= most;
                if (through && segment.seq - acknowledged <= 0) {
                    acknowledged = Math.max(acknowledged, segment.end());
                }
            }
            script.advance(millis(10));
            script.receive(ack(acknowledged));
        }
        script.takeAll();
        script.require(acknowledged == to, "the stream got stuck at " + acknowledged);
    }

    private static Sent tellMtu(Script script, int mtu) {
        script.send(1460);
        Sent about = script.expect(data(1, 1460));
        script.receiveIcmp(UNREACHABLE, FRAGMENTATION_NEEDED, mtu, about);
        return about;
    }

    @Test
    void rfc1191_7_1_aRouterThatTellsNothingMeansTheNextPlateau(Script script) {
        script.establish();
        tellMtu(script, 0);
        Sent again = script.takeAll().getFirst();
        script.require(again.payload.length == 1492 - 40, "it is sent again with " + again.payload.length + " bytes");
    }

    @Test
    void rfc1191_3_noRouterIsBelievedThatSaysLessThanTheBound(Script script) {
        script.tcp().minPathMtu(552);
        script.establish();
        tellMtu(script, 100);
        for (Sent sent : script.takeAll()) {
            script.require(sent.payload.length == 512 || sent.end() == 1461, "too short: " + sent);
        }
    }

    @Test
    void rfc1191_6_3_fullSegmentsAreTriedAgainAfterTenMinutes(Script script) {
        script.establish();
        tellMtu(script, 1000);
        transfer(script, 1, 1461, 960);
        script.at(seconds(599)).send(1460);
        script.expect(data(1461, 960), data(2421, 500));
        script.receive(ack(2921)).at(seconds(601)).send(1460);
        script.expect(data(2921, 1460));
    }

    @Test
    void rfc1191_6_2_theNextConnectionToTheDestinationKnowsToo(Script script) {
        script.establish();
        tellMtu(script, 1000);
        transfer(script, 1, 1461, 960);
        script.use(script.flow(5555, 80));
        script.establish(syn(0).mss(1460));
        script.send(1460);
        script.expect(data(1, 960), data(961, 500));
        script.receive(ack(1461)).at(seconds(700)).send(1460);
        script.expect(data(1461, 1460));
    }

    @Test
    void rfc8899_4_3_aBlackHoleIsFoundByRepeatedTimeouts(Script script) {
        script.establish();
        script.send(20_000);
        transfer(script, 1, 20_001, 1100);
        script.expectCounter(Counter.TCP_BLACK_HOLES, 1);
        script.send(5000);
        for (Sent sent : script.takeAll()) {
            script.require(sent.payload.length <= 1024, "too large for the hole: " + sent);
        }
    }

    @Test
    void rfc8899_4_3_aNarrowerHoleIsFoundToo(Script script) {
        script.establish(syn(0).mss(1460).sackOk());
        script.send(20_000);
        transfer(script, 1, 20_001, 600);
        script.expectCounter(Counter.TCP_BLACK_HOLES, 2);
    }

    @Test
    void rfc4821_7_7_twoTimeoutsAreNoBlackHole(Script script) {
        script.establish();
        script.send(1460);
        script.expect(data(1, 1460));
        script.expectBy(seconds(2), data(1, 1460));
        script.expectBy(seconds(4), data(1, 1460));
        script.receive(ack(1461)).send(1460);
        script.expect(data(1461, 1460));
        script.expectCounter(Counter.TCP_BLACK_HOLES, 0);
    }

    @Test
    void rfc4821_7_7_smallSegmentsThatAreLostSayNothingOfTheSize(Script script) {
        script.establish();
        script.send(500);
        script.expect(data(1, 500));
        for (int i = 0; i < 6; i++) {
            script.nextBy(script.time() + seconds(60));
        }
        script.receive(ack(501)).expectCounter(Counter.TCP_BLACK_HOLES, 0);
        script.send(1460);
        script.expect(data(501, 1460));
    }

    @Test
    void rfc4821_7_7_fullSegmentsReturnWhenTheyGetThroughAgain(Script script) {
        script.establish();
        script.send(5000);
        transfer(script, 1, 5001, 1100);
        script.advance(seconds(11)).send(1460);
        script.expect(data(5001, 1460));
        script.receive(ack(6461)).send(2920);
        script.expect(data(6461, 1460), data(7921, 1460));
        script.receive(ack(9381)).expectCounter(Counter.TCP_BLACK_HOLES, 1);
        // Proven for a while: a single timeout says nothing of the size any more.
        script.advance(seconds(11)).send(1460);
        script.expect(data(9381, 1460));
        script.expectBy(script.time() + seconds(10), data(9381, 1460));
        script.expectBy(script.time() + seconds(10), data(9381, 1460));
        script.receive(ack(10_841));
    }

    @Test
    void rfc4821_7_7_aTrialThatFailsIsTakenBackByTheFirstTimeout(Script script) {
        script.establish();
        script.send(5000);
        transfer(script, 1, 5001, 1100);
        script.advance(seconds(11)).send(1460);
        script.expect(data(5001, 1460));
        Sent again = script.nextBy(script.time() + seconds(10));
        while (again.payload.length == 1460) {
            again = script.nextBy(script.time() + seconds(10));
        }
        script.require(again.payload.length == 1024 && again.seq == 5001, "instead of 1024 bytes there is " + again);
        transfer(script, 6025, 6461, 1100);
        script.advance(seconds(11)).send(1460);
        Sent next = script.takeAll().getFirst();
        script.require(next.payload.length == 1024, "the next trial came too early: " + next);
    }

    @Test
    void rfc8899_detectionCanBeTurnedOff(Script script) {
        script.tcp().blackHoleDetection(false);
        script.establish();
        script.send(1460);
        script.expect(data(1, 1460));
        for (int i = 0; i < 6; i++) {
            Sent again = script.nextBy(script.time() + seconds(60));
            script.require(again.payload.length == 1460, "it was cut: " + again);
        }
        script.receive(ack(1461));
    }
}
