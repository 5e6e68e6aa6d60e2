package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;

import io.doorbell.Connection;
import io.doorbell.counters.Counter;
import io.doorbell.link.Link;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import io.doorbell.tcp.CloseReason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The user timeout: RFC 9293 sections 3.8.3 and 3.10.8, RFC 5482, without its option. */
@ExtendWith(Scripts.class)
class UserTimeoutTest {
    private static Connection connection(Script script) {
        return script.flow().application().connection();
    }

    private static void look(Script script, int seq, int length) {
        for (Sent sent : script.takeAll()) {
            script.require(sent.seq == seq && sent.payload.length == length, "there is " + sent);
        }
    }

    /** Time passes up to {@code nanos}, and whatever is sent meanwhile must be this. */
    private static void passing(Script script, long nanos, int seq, int length) {
        look(script, seq, length);
        while (script.time() < nanos) {
            script.advance(Math.min(millis(10), nanos - script.time()));
            look(script, seq, length);
        }
    }

    @Test
    void rfc9293_3_10_8_dataThatStaysUnacknowledgedEndsTheConnection(Script script) {
        script.tcp().userTimeoutNanos(seconds(5));
        script.establish();
        script.at(seconds(1)).send(100);
        passing(script, seconds(6) - 1, 1, 100);
        script.expectOpen();
        script.at(seconds(6)).expectClosed(CloseReason.TIMED_OUT).expectConnections(0);
        script.expectCounter(Counter.TCP_USER_TIMEOUTS, 1);
    }

    @Test
    void rfc9293_3_8_3_itTakesThePlaceOfTheNumberOfRetries(Script script) {
        script.tcp().userTimeoutNanos(seconds(100)).retries(2);
        script.establish();
        script.send(100);
        passing(script, seconds(100) - 1, 1, 100);
        script.expectOpen();
        script.at(seconds(100)).expectClosed(CloseReason.TIMED_OUT);
    }

    @Test
    void rfc9293_3_8_3_withoutItTheNumberOfRetriesDecides(Script script) {
        script.tcp().retries(2);
        script.establish();
        script.send(100);
        passing(script, seconds(10), 1, 100);
        script.expectClosed(CloseReason.TIMED_OUT).expectCounter(Counter.TCP_USER_TIMEOUTS, 0);
    }

    @Test
    void rfc5482_3_everyProgressBeginsItAnew(Script script) {
        script.tcp().userTimeoutNanos(seconds(5));
        script.establish(syn(0).mss(1000));
        script.send(3000);
        script.expectData(1, 1000, 3);
        passing(script, seconds(4), 1, 1000);
        script.receive(ack(1001));
        script.takeAll();
        passing(script, seconds(8), 1001, 1000);
        script.receive(ack(2001));
        script.takeAll();
        passing(script, seconds(13) - 1, 2001, 1000);
        script.expectOpen();
        script.at(seconds(13)).expectClosed(CloseReason.TIMED_OUT);
    }

    @Test
    void rfc5482_3_anAckOfNothingNewDoesNot(Script script) {
        script.tcp().userTimeoutNanos(seconds(5));
        script.establish();
        script.send(100);
        passing(script, seconds(4), 1, 100);
        script.receive(ack(1));
        passing(script, seconds(5) - 1, 1, 100);
        script.at(seconds(5)).expectClosed(CloseReason.TIMED_OUT);
    }

    @Test
    void rfc5482_3_anIdleConnectionHasNone(Script script) {
        script.tcp().userTimeoutNanos(seconds(5));
        script.establish();
        script.send(100);
        script.expect(data(1, 100));
        script.advance(millis(10)).receive(ack(101)).expectNothingUntil(seconds(10_000)).expectOpen();
        script.require(script.stack().nextDeadlineNanos() == Link.NEVER, "an idle connection has a deadline");
    }

    @Test
    void rfc9293_3_8_3_itCoversAClosedWindowAlthoughThePeerAnswers(Script script) {
        script.tcp().userTimeoutNanos(seconds(20));
        script.establish();
        script.at(seconds(1)).receive(ack(1).win(0)).send(1000).expectNothing();
        while (script.time() < seconds(13)) {
            Sent probe = script.nextBy(seconds(20));
            script.require(probe.payload.length == 1, "instead of a probe there is " + probe);
            script.receive(ack(1).win(0));
        }
        passing(script, seconds(21) - 1, 1, 1);
        script.expectOpen();
        script.at(seconds(21)).expectClosed(CloseReason.TIMED_OUT);
    }

    @Test
    void rfc9293_3_8_3_aWindowThatOpensEndsIt(Script script) {
        script.tcp().userTimeoutNanos(seconds(20));
        script.establish();
        script.receive(ack(1).win(0)).send(1000).expectNothing();
        passing(script, seconds(19), 1, 1);
        script.receive(ack(1).win(5000));
        script.expectBytes(1, 1001);
        script.receive(ack(1001)).expectNothingUntil(seconds(1000)).expectOpen();
    }

    @Test
    void rfc9293_3_10_8_inAnyStateAnUnansweredSynIncluded(Script script) {
        script.tcp().userTimeoutNanos(seconds(5));
        script.connect(80);
        script.expect(syn(0));
        script.expectAt(seconds(1), syn(0));
        script.expectAt(seconds(3), syn(0));
        script.expectNothingUntil(seconds(5) - 1).expectOpen();
        script.at(seconds(5)).expectClosed(CloseReason.TIMED_OUT).expectConnections(0);
    }

    @Test
    void rfc9293_3_10_8_anUnacknowledgedFinIncluded(Script script) {
        script.tcp().userTimeoutNanos(seconds(5));
        script.establish();
        script.closeOutput();
        script.takeAll();
        while (script.time() < seconds(5) - 1) {
            script.advance(Math.min(millis(100), seconds(5) - 1 - script.time()));
            script.takeAll();
        }
        script.expectOpen().expectState("FIN-WAIT-1");
        script.at(seconds(5)).expectClosed(CloseReason.TIMED_OUT);
    }

    @Test
    void rfc5482_3_chosenForOneConnection(Script script) {
        script.establish();
        script.at(seconds(1));
        script.act("user timeout", () -> connection(script).options(
                connection(script).options().withUserTimeoutNanos(seconds(3))));
        script.send(100);
        passing(script, seconds(4) - 1, 1, 100);
        script.expectOpen();
        script.at(seconds(4)).expectClosed(CloseReason.TIMED_OUT);
    }

    @Test
    void rfc5482_3_chosenBeforeTheSynLeaves(Script script) {
        script.connect(80);
        script.expect(syn(0));
        script.act("user timeout", () -> connection(script).options(
                connection(script).options().withUserTimeoutNanos(seconds(2))));
        script.expectAt(seconds(1), syn(0));
        script.at(seconds(2)).expectClosed(CloseReason.TIMED_OUT);
    }
}
