package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.syn;

import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.tcp.CongestionAlgorithm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** How far a recovery by SACK lowers the window: RFC 5681, with what else may be sent meanwhile by RFC 3042. */
@ExtendWith(Scripts.class)
class RecoveryWindowTest {
    private static final int MSS = 1000;

    /** Ten segments are out, the first is lost, and the next three are reported one by one. */
    private static void loseTheFirstOfTen(Script script) {
        script.establish(syn(0).mss(MSS).sackOk());
        script.send(60 * MSS);
        script.expectData(1, MSS, 10);
        script.advance(millis(10));
        for (int arrived = 2; arrived <= 4; arrived++) {
            script.receive(ack(1).sack(1 + MSS, 1 + arrived * MSS));
            script.takeAll();
        }
    }

    /** Acknowledges all that was sent, and says how many segments leave at once: the window. */
    private static int windowBehind(Script script) {
        script.advance(millis(10)).receive(ack(script.flow().sentUpTo()));
        return script.takeAll().size();
    }

    @Test
    void rfc5681_3_2_whatLimitedTransmitAddedDoesNotCountWhenTheWindowIsHalved(Script script) {
        script.tcp().congestionControl(CongestionAlgorithm.NEW_RENO);
        loseTheFirstOfTen(script);
        int window = windowBehind(script);
        script.require(window == 5, "of a window of 10 segments " + window + " are left");
    }

    @Test
    void rfc9438_4_6_whatLimitedTransmitAddedDoesNotCountForCubicEither(Script script) {
        loseTheFirstOfTen(script);
        int window = windowBehind(script);
        script.require(window == 7, "of a window of 10 segments " + window + " are left");
    }
}
