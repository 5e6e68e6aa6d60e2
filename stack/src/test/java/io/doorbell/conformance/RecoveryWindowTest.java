package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;

import io.doorbell.counters.Counter;
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

    /** All of the ten but the first arrive, and all that the recovery itself sent but what is between the two numbers. */
    private static int afterFurtherLoss(Script script, int lostFrom, int lostTo) {
        script.tcp().congestionControl(CongestionAlgorithm.NEW_RENO);
        loseTheFirstOfTen(script);
        script.advance(millis(1)).receive(ack(1).sack(1 + MSS, 10 * MSS + 1));
        script.takeAll();
        int fresh = script.flow().sentUpTo();
        script.require(fresh > 13 * MSS, "only up to " + fresh + " was sent in recovery");
        script.advance(millis(15));
        if (lostFrom == 1) {
            script.receive(ack(1).sack(1 + MSS, fresh));
        } else {
            script.receive(ack(lostFrom).sack(lostTo, fresh));
        }
        script.takeAll();
        return windowBehind(script);
    }

    @Test
    void rfc5681_4_3_theLossOfARetransmissionLowersTheWindowASecondTime(Script script) {
        int window = afterFurtherLoss(script, 1, 1 + MSS);
        script.require(window == 2, "of a window of 10 segments, halved twice, " + window + " are left");
    }

    @Test
    void rfc5681_4_3_lossInTheNextWindowLowersItASecondTimeAlthoughTheRecoveryGoesOn(Script script) {
        int window = afterFurtherLoss(script, 12 * MSS + 1, 13 * MSS + 1);
        script.require(window == 2, "of a window of 10 segments, halved twice, " + window + " are left");
    }

    /** Without SACK: of ten segments all but the second and the last are lost, and a partial ACK comes or doesn't. */
    private static int afterTimeoutInRecovery(Script script, int partialAcks) {
        script.tcp().congestionControl(CongestionAlgorithm.NEW_RENO);
        script.establish(syn(0).mss(MSS));
        script.send(60 * MSS);
        script.expectData(1, MSS, 10);
        script.advance(millis(10)).receive(ack(1), ack(1), ack(1));
        script.takeAll();
        int acknowledged = 1;
        for (int i = 0; i < partialAcks; i++) {
            acknowledged += (i == 0 ? 2 : 1) * MSS;
            script.advance(millis(10)).receive(ack(acknowledged));
            script.takeAll();
        }
        script.nextBy(script.time() + seconds(1));
        script.takeAll();
        script.expectCounter(Counter.TCP_TIMEOUTS, 1);
        // Slow start up to the threshold: one segment more for each that is acknowledged; beyond it, hardly any.
        for (int i = 0; i < 5; i++) {
            acknowledged += MSS;
            script.advance(millis(10)).receive(ack(acknowledged));
            script.takeAll();
        }
        return script.connection().congestionWindow() / MSS;
    }

    @Test
    void rfc6582_3_2_theTimeoutThatEndsALongRecoveryLowersTheThresholdNoFurther(Script script) {
        int window = afterTimeoutInRecovery(script, 3);
        script.require(window >= 5, "of a window of 10 segments, halved once, " + window + " are left");
    }

    @Test
    void rfc5681_4_3_aTimeoutBeforeTheFirstPartialAckIsASecondLoss(Script script) {
        int window = afterTimeoutInRecovery(script, 0);
        script.require(window <= 4, "of a window of 10 segments, halved twice, " + window + " are left");
    }

    @Test
    void rfc3708_3_aDuplicateOfAnEarlierRecoveryExcusesNoLaterOne(Script script) {
        loseTheFirstOfTen(script);
        int second = script.flow().sentUpTo();
        script.advance(millis(10)).receive(ack(second));
        script.takeAll();
        script.advance(millis(10));
        for (int arrived = 2; arrived <= 4; arrived++) {
            script.receive(ack(second).sack(second + MSS, second + arrived * MSS));
            script.takeAll();
        }
        script.expectCounter(Counter.TCP_FAST_RETRANSMITS, 2);
        // The first segment came twice: its report took another way, and comes in the second recovery.
        script.receive(ack(second).sack(1, 1 + MSS, second + MSS, second + 4 * MSS));
        script.takeAll();
        script.expectCounter(Counter.TCP_SPURIOUS_RECOVERIES, 0);
    }
}
