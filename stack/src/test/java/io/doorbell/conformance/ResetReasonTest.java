package io.doorbell.conformance;

import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.seconds;

import io.doorbell.counters.Counter;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.Keepalive;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Every RST that ends a connection is counted by its reason, and by no other. */
@ExtendWith(Scripts.class)
class ResetReasonTest {
    private static void expectReason(Script script, Counter reason) {
        for (Counter each : new Counter[] {Counter.TCP_RESETS_OUT_ABORTED, Counter.TCP_RESETS_OUT_UNREAD,
            Counter.TCP_RESETS_OUT_TIMED_OUT, Counter.TCP_RESETS_OUT_STACK_CLOSED, Counter.TCP_RESETS_OUT_NO_CONNECTION}) {
            script.expectCounter(each, each == reason ? 1 : 0);
        }
        script.expectCounter(Counter.TCP_RESETS_OUT, 1);
    }

    @Test
    void rfc9293_3_10_5_anAbortIsCounted(Script script) {
        script.establish();
        script.abort();
        script.expect(rst(1).ack(1));
        expectReason(script, Counter.TCP_RESETS_OUT_ABORTED);
    }

    @Test
    void rfc2525_2_17_anAbortWithDataUnreadIsOfItsOwnKind(Script script) {
        script.initialAppetite(0);
        script.establish();
        script.receive(data(1, 1)).abort();
        script.expect(rst(1).ack(2));
        expectReason(script, Counter.TCP_RESETS_OUT_UNREAD);
    }

    @Test
    void rfc9293_3_8_4_aPeerThatAnswersNoProbeIsResetAndCounted(Script script) {
        script.tcp().keepalive(Keepalive.after(seconds(1), seconds(1), 2));
        script.establish();
        script.advanceHostile(seconds(60)).expectClosed(CloseReason.TIMED_OUT);
        expectReason(script, Counter.TCP_RESETS_OUT_TIMED_OUT);
    }
}
