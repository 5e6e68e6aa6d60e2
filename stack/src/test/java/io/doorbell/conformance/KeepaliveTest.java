package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.seconds;

import io.doorbell.Connection;
import io.doorbell.counters.Counter;
import io.doorbell.link.Link;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.Keepalive;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** RFC 9293 section 3.8.4 and RFC 1122 section 4.2.3.6. The connection is established at the script's time 0. */
@ExtendWith(Scripts.class)
class KeepaliveTest {
    private static final long IDLE = seconds(60);
    private static final long INTERVAL = seconds(10);

    private static void establish(Script script) {
        script.tcp().keepalive(Keepalive.after(IDLE, INTERVAL, 3));
        script.establish();
    }

    private static Connection connection(Script script) {
        return script.flow().application().connection();
    }

    @Test
    void rfc1122_4_2_3_6_offByDefault(Script script) {
        script.establish();
        script.expectNothingUntil(seconds(100_000));
        script.require(script.stack().nextDeadlineNanos() == Link.NEVER, "an idle connection has a deadline");
    }

    @Test
    void rfc1122_4_2_3_6_twoHoursByDefault(Script script) {
        script.tcp().keepalive(Keepalive.ON);
        script.establish();
        script.expectAt(seconds(7200), ack(1).seq(0));
        script.receive(ack(1)).expectNothingUntil(seconds(14_399));
        script.expectAt(seconds(14_400), ack(1).seq(0));
    }

    @Test
    void rfc9293_3_8_4_theProbeLiesBeforeTheWindowAndHasNoData(Script script) {
        establish(script);
        script.expectAt(IDLE, ack(1).seq(0));
        script.expectCounter(Counter.TCP_KEEPALIVE_PROBES, 1);
    }

    @Test
    void rfc1122_4_2_3_6_noSingleUnansweredProbeEndsTheConnection(Script script) {
        establish(script);
        script.expectAt(IDLE, ack(1).seq(0));
        script.expectAt(IDLE + INTERVAL, ack(1).seq(0));
        script.expectAt(IDLE + 2 * INTERVAL, ack(1).seq(0));
        script.receive(ack(1)).expectNothingUntil(2 * IDLE + 2 * INTERVAL - 1).expectOpen();
        script.expectAt(2 * IDLE + 2 * INTERVAL, ack(1).seq(0));
    }

    @Test
    void rfc9293_3_8_4_aPeerThatNeverAnswersIsGivenUpAfterAllProbes(Script script) {
        establish(script);
        for (int i = 0; i < 3; i++) {
            script.expectAt(IDLE + i * INTERVAL, ack(1).seq(0));
        }
        script.at(IDLE + 3 * INTERVAL);
        Sent reset = script.nextBy(script.time());
        script.require(reset.isRst() && reset.seq == 1, "instead of a reset there is " + reset);
        script.expectClosed(CloseReason.TIMED_OUT).expectConnections(0);
        script.expectCounter(Counter.TCP_KEEPALIVE_TIMEOUTS, 1);
    }

    @Test
    void rfc9293_3_8_4_aPeerThatHasForgottenTheConnectionEndsIt(Script script) {
        establish(script);
        script.expectAt(IDLE, ack(1).seq(0));
        script.receive(rst(1)).expectClosed(CloseReason.RESET_BY_PEER);
    }

    @Test
    void rfc1122_4_2_3_6_whateverTheConnectionReceivesPutsTheProbeOff(Script script) {
        establish(script);
        script.at(seconds(50));
        script.receive(data(1, 10)).expectDelivered(10);
        script.expectBy(script.time() + millis(499), ack(11));
        script.expectNothingUntil(seconds(110) - 1);
        script.expectAt(seconds(110), ack(11).seq(0));
        script.receive(ack(1)).expectNothingUntil(seconds(169));
    }

    @Test
    void rfc1122_4_2_3_6_whatIsForgedDoesNot(Script script) {
        establish(script);
        script.at(seconds(50));
        script.receive(ack(1).seq(5_000_000));
        script.expect(ack(1));
        script.expectAt(IDLE, ack(1).seq(0));
    }

    @Test
    void rfc9293_3_8_4_noProbeWhileDataIsUnacknowledged(Script script) {
        script.tcp().keepalive(Keepalive.after(seconds(5), seconds(1), 1));
        script.establish();
        script.at(seconds(4)).send(100);
        script.expect(data(1, 100));
        while (script.time() < seconds(30)) {
            Sent sent = script.nextBy(seconds(100));
            script.require(sent.payload.length == 100, "instead of a retransmission there is " + sent);
        }
        script.expectOpen();
    }

    @Test
    void rfc9293_3_8_4_aHalfClosedConnectionIsProbedToo(Script script) {
        establish(script);
        script.receive(fin(1)).expectPeerClosed();
        script.expect(ack(2));
        script.expectState("CLOSE-WAIT");
        script.expectAt(IDLE, ack(2).seq(0));
    }

    @Test
    void rfc9293_3_8_4_chosenForOneConnection(Script script) {
        script.establish();
        script.at(seconds(100));
        script.act("keepalive", () -> connection(script).options(
                connection(script).options().withKeepalive(Keepalive.after(IDLE, INTERVAL, 3))));
        script.expectAt(seconds(160), ack(1).seq(0));
        script.act("no keepalive", () -> connection(script).options(
                connection(script).options().withKeepalive(Keepalive.OFF)));
        script.expectNothingUntil(seconds(100_000)).expectOpen();
        script.require(script.stack().nextDeadlineNanos() == Link.NEVER, "an idle connection has a deadline");
    }

    @Test
    void rfc9293_3_8_4_withAUserTimeoutSilenceDecidesAndNotTheNumberOfProbes(Script script) {
        script.tcp().keepalive(Keepalive.after(IDLE, INTERVAL, 1)).userTimeoutNanos(seconds(95));
        script.establish();
        for (int i = 0; i < 4; i++) {
            script.expectAt(IDLE + i * INTERVAL, ack(1).seq(0));
        }
        script.at(IDLE + 4 * INTERVAL);
        script.require(script.nextBy(script.time()).isRst(), "no reset");
        script.expectClosed(CloseReason.TIMED_OUT);
    }

    @Test
    void rfc9293_3_8_4_aUserTimeoutShorterThanTheIdleTimeLeavesOneProbeItsTime(Script script) {
        script.tcp().keepalive(Keepalive.after(IDLE, INTERVAL, 9)).userTimeoutNanos(seconds(5));
        script.establish();
        script.expectAt(IDLE, ack(1).seq(0));
        script.advance(seconds(9)).receive(ack(1)).expectNothingUntil(2 * IDLE).expectOpen();
        script.advance(seconds(9) - 1).expectOpen();
        script.expectAt(IDLE + seconds(9) + IDLE, ack(1).seq(0));
        script.advance(INTERVAL);
        script.require(script.nextBy(script.time()).isRst(), "no reset");
        script.expectClosed(CloseReason.TIMED_OUT);
    }

    @Test
    void rfc9293_3_8_4_aProbeThatFindsTheLinkFullIsSentSoonAfter(Script script) {
        establish(script);
        script.at(IDLE - 1);
        script.linkRoomFor(0);
        script.at(IDLE);
        script.linkRoomFor(100);
        script.expectBy(IDLE + millis(500), ack(1).seq(0));
    }

    @Test
    void rfc9293_3_8_4_theProbeOfThePeerIsAnswered(Script script) {
        script.establish();
        script.at(seconds(100));
        script.receive(ack(1).seq(0));
        script.expect(ack(1));
    }
}
