package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.micros;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;

import io.doorbell.Connection;
import io.doorbell.link.Link;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import io.doorbell.tcp.Pacing;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Pacing: the rate of Linux, a percentage of the window for each round trip. The handshake takes 10 ms. */
@ExtendWith(Scripts.class)
class PacingTest {
    private static final int MSS = 1000;

    private static void establish(Script script) {
        script.tcp().pacing(Pacing.ON);
        script.establish(syn(0).mss(MSS));
    }

    @Test
    void rfc5681_3_1_withoutPacingTheWindowLeavesAtOnce(Script script) {
        script.establish(syn(0).mss(MSS));
        script.send(10 * MSS);
        script.expectData(1, MSS, 10);
    }

    @Test
    void rfc5681_3_1_inSlowStartTwoWindowsInARoundTrip(Script script) {
        establish(script);
        script.send(20 * MSS);
        script.expectData(1, MSS, 2);
        // 10 segments in 5 ms: 2 for each millisecond.
        for (int i = 1; i < 5; i++) {
            script.expectAt(millis(i), data(1 + 2 * i * MSS, MSS), data(1 + (2 * i + 1) * MSS, MSS));
        }
        script.expectNothingUntil(millis(10));
    }

    @Test
    void rfc5681_3_1_theRateIsASetting(Script script) {
        script.tcp().pacing(new Pacing(true, 100, 100));
        script.establish(syn(0).mss(MSS));
        script.send(10 * MSS);
        script.expectData(1, MSS, 2);
        for (int i = 1; i < 5; i++) {
            script.expectAt(millis(2 * i), data(1 + 2 * i * MSS, MSS), data(1 + (2 * i + 1) * MSS, MSS));
        }
    }

    @Test
    void rfc5681_3_1_laterAFifthMoreThanTheWindow(Script script) {
        script.tcp().pacing(new Pacing(true, 200, 120)).congestionControl(
                io.doorbell.tcp.CongestionAlgorithm.NEW_RENO);
        script.establish(syn(0).mss(MSS));
        script.send(MSS);
        script.expect(data(1, MSS));
        // A timeout: the threshold is two segments, so that the window is soon above it.
        script.expectBy(seconds(1), data(1, MSS));
        script.receive(ack(1001));
        grow(script);
        Connection connection = script.flow().application().connection();
        int window = connection.congestionWindow();
        long roundTrip = connection.smoothedRttNanos();
        script.send(window);
        long begin = script.time();
        long last = begin;
        int sent = 0;
        while (sent + 3 * MSS <= window) {
            Sent next = script.nextBy(begin + roundTrip);
            sent += next.payload.length;
            last = next.timeNanos;
        }
        // What has left, the last burst of two apart, took its share of the round trip at 1.2 windows for each.
        long expected = (sent - 2L * MSS) * roundTrip / (window * 12L / 10);
        long off = Math.abs(last - begin - expected);
        script.require(off <= 2L * MSS * roundTrip / window, sent + " bytes took " + (last - begin) + " ns, not " + expected);
        script.takeAll();
    }

    /** One window after the other, until it is more than 8 segments. */
    private static void grow(Script script) {
        Connection connection = script.flow().application().connection();
        for (int i = 0; i < 40 && connection.congestionWindow() < 8 * MSS; i++) {
            int window = connection.congestionWindow() / MSS * MSS;
            int from = script.flow().sentUpTo();
            script.send(window);
            while (script.flow().sentUpTo() < from + window) {
                script.nextBy(script.time() + seconds(1));
            }
            script.takeAll();
            script.advance(millis(10)).receive(ack(from + window));
        }
        script.require(connection.congestionWindow() >= 8 * MSS, "the window is " + connection.congestionWindow());
    }

    @Test
    void rfc9293_3_8_pacingWakesOnlyWhenThereIsSomethingToSend(Script script) {
        establish(script);
        script.send(4 * MSS);
        script.expectData(1, MSS, 2);
        script.require(script.stack().nextDeadlineNanos() == script.now() + millis(1), "it is not due in 1 ms");
        script.expectAt(millis(1), data(2001, MSS), data(3001, MSS));
        script.advance(millis(10)).receive(ack(4001)).expectNothingUntil(seconds(10));
        script.require(script.stack().nextDeadlineNanos() == Link.NEVER, "an idle connection has a deadline");
    }

    @Test
    void rfc9293_3_8_6_1_whatIsPacedIsNoReasonToProbeTheWindow(Script script) {
        establish(script);
        script.send(4 * MSS);
        script.expectData(1, MSS, 2);
        // Everything is acknowledged before the next burst is due.
        script.at(micros(500)).receive(ack(2001)).expectNothing();
        script.expectAt(millis(1), data(2001, MSS), data(3001, MSS));
        // What is not acknowledged is sent again, whole.
        script.expectBy(seconds(1), data(2001, MSS));
    }

    @Test
    void rfc6298_5_4_aRetransmissionAfterATimeoutIsNotHeldBack(Script script) {
        establish(script);
        script.send(2 * MSS);
        script.expectData(1, MSS, 2);
        script.expectBy(seconds(1), data(1, MSS));
    }

    @Test
    void rfc5681_3_1_aSlowConnectionIsNotCutIntoSingleSegments(Script script) {
        establish(script);
        script.at(seconds(1)).send(2 * MSS);
        script.expectData(1, MSS, 2);
    }

    @Test
    void rfc5681_3_1_chosenForOneConnection(Script script) {
        script.establish(syn(0).mss(MSS));
        Connection connection = script.flow().application().connection();
        script.act("pacing", () -> connection.options(connection.options().withPacing(Pacing.ON)));
        script.send(4 * MSS);
        script.expectData(1, MSS, 2);
        script.act("no pacing", () -> connection.options(connection.options().withPacing(Pacing.OFF)));
        script.expectData(2001, MSS, 2);
    }
}
