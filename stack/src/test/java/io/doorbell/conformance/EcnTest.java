package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static io.doorbell.script.Segments.synAck;

import io.doorbell.counters.Counter;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Segment;
import io.doorbell.script.Sent;
import io.doorbell.tcp.CongestionAlgorithm;
import io.doorbell.tcp.EcnMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** RFC 3168 section 6: Explicit Congestion Notification. That nothing but new data is ECN-capable holds in every script. */
@ExtendWith(Scripts.class)
class EcnTest {
    private static final int MSS = 1000;

    private static Segment setupSyn() {
        return syn(0).mss(MSS).ece().cwr();
    }

    /** A peer connects and asks for ECN; the window is ten segments, and a loss or mark halves it. */
    private static void establish(Script script) {
        script.tcp().congestionControl(CongestionAlgorithm.NEW_RENO);
        script.listen(80);
        script.receive(setupSyn());
        script.expect(synAck(0).ack(1).ece());
        script.advance(millis(10));
        script.receive(ack(1)).expectConnected();
    }

    private static void expectEct(Script script, int seq, int count) {
        for (int i = 0; i < count; i++) {
            script.expect(data(seq + i * MSS, MSS).ect0());
        }
    }

    // --- negotiation

    @Test
    void rfc3168_6_1_1_aPeerThatAsksGetsEcn(Script script) {
        establish(script);
        script.expectCounter(Counter.TCP_ECN_AGREED, 1);
        script.send(MSS);
        expectEct(script, 1, 1);
    }

    @Test
    void rfc3168_6_1_1_noEcnForAPeerThatDoesNotAsk(Script script) {
        script.establish(syn(0).mss(MSS));
        script.send(MSS);
        script.expect(data(1, MSS).notEct());
        script.expectCounter(Counter.TCP_ECN_AGREED, 0);
    }

    @Test
    void rfc3168_6_1_1_aSynWithOneFlagOnlyDoesNotAsk(Script script) {
        script.listen(80);
        script.receive(syn(0).mss(MSS).ece());
        script.expect(synAck(0).ack(1));
        script.use(script.flow(40_001, 80)).receive(syn(0).mss(MSS).cwr());
        script.expect(synAck(0).ack(1));
    }

    @Test
    void rfc3168_6_1_1_aStackThatIsNotToUseEcnDoesNotGrantIt(Script script) {
        script.tcp().ecn(EcnMode.OFF);
        script.listen(80);
        script.receive(setupSyn());
        script.expect(synAck(0).ack(1));
        script.receive(ack(1)).send(MSS);
        script.expect(data(1, MSS).notEct());
    }

    @Test
    void rfc3168_6_1_1_aSynThatIsItselfEcnCapableIsNotBelieved(Script script) {
        script.listen(80);
        script.receive(setupSyn().ce());
        script.expect(synAck(0).ack(1));
        script.use(script.flow(40_001, 80)).receive(setupSyn().ect0());
        script.expect(synAck(0).ack(1));
    }

    @Test
    void rfc3168_6_1_1_aPeerThatRepeatsItsSynWithoutTheFlagsGetsNoEcn(Script script) {
        script.listen(80);
        script.receive(setupSyn());
        script.expect(synAck(0).ack(1).ece());
        script.receive(syn(0).mss(MSS));
        script.expect(synAck(0).ack(1));
        script.receive(ack(1)).send(MSS);
        script.expect(data(1, MSS).notEct());
    }

    @Test
    void rfc3168_6_1_1_theAnswerIsTheSameWhenItIsRepeated(Script script) {
        script.listen(80);
        script.receive(setupSyn());
        script.expect(synAck(0).ack(1).ece());
        script.expectAt(seconds(1), synAck(0).ack(1).ece());
    }

    @Test
    void rfc3168_6_1_1_theDefaultDoesNotAsk(Script script) {
        script.connect(80);
        script.expect(syn(0));
        // And an answer to what was never asked is no agreement.
        script.receive(synAck(0).mss(MSS).ece());
        script.expect(ack(1).seq(1));
        script.send(MSS);
        script.expect(data(1, MSS).notEct());
    }

    /** The stack asks; the round trip takes 10 ms. */
    private static void ask(Script script, Segment answer) {
        script.tcp().ecn(EcnMode.ON);
        script.connect(80);
        script.expect(syn(0).ece().cwr().notEct());
        script.advance(millis(10)).receive(answer);
        script.expect(ack(1).seq(1));
    }

    @Test
    void rfc3168_6_1_1_askedForInTheSynAndGrantedInTheSynAck(Script script) {
        ask(script, synAck(0).mss(MSS).ece());
        script.expectCounter(Counter.TCP_ECN_AGREED, 1);
        script.send(MSS);
        expectEct(script, 1, 1);
    }

    @Test
    void rfc3168_6_1_1_aSynAckWithoutTheFlagIsARefusal(Script script) {
        ask(script, synAck(0).mss(MSS));
        script.send(MSS);
        script.expect(data(1, MSS).notEct());
    }

    @Test
    void rfc3168_6_1_1_aSynAckThatSendsAllFlagsBackIsARefusal(Script script) {
        ask(script, synAck(0).mss(MSS).ece().cwr());
        script.send(MSS);
        script.expect(data(1, MSS).notEct());
    }

    @Test
    void rfc3168_6_1_1_1_aSynThatGetsNoAnswerIsRepeatedWithoutTheFlags(Script script) {
        script.tcp().ecn(EcnMode.ON);
        script.connect(80);
        script.expect(syn(0).ece().cwr());
        script.expectAt(seconds(1), syn(0));
        script.expectAt(seconds(3), syn(0));
        script.expectCounter(Counter.TCP_ECN_FALLBACKS, 1);
        // Section 6.1.1: having sent a SYN without the flags, it must not use ECN whatever the answer says.
        script.receive(synAck(0).mss(MSS).ece());
        script.expect(ack(1).seq(1));
        script.send(MSS);
        script.expect(data(1, MSS).notEct());
    }

    @Test
    void rfc3168_6_1_1_simultaneousOpen(Script script) {
        script.tcp().ecn(EcnMode.ON);
        script.connect(80);
        script.expect(syn(0).ece().cwr());
        script.receive(setupSyn());
        script.expect(synAck(0).ack(1).ece());
        script.receive(synAck(0).mss(MSS).ece());
        script.takeAll();
        script.expectState("ESTABLISHED").send(MSS);
        expectEct(script, 1, 1);
    }

    // --- the sender

    @Test
    void rfc3168_6_1_2_anEchoHalvesTheWindowAndTheNextNewDataSaysSo(Script script) {
        establish(script);
        script.send(12 * MSS);
        expectEct(script, 1, 10);
        script.advance(millis(10)).receive(ack(1001).ece()).expectNothing();
        script.expectCounter(Counter.TCP_ECN_REDUCTIONS, 1);
        script.require(script.flow().application().connection().congestionWindow() == 9 * MSS / 2,
                "the window is " + script.flow().application().connection().congestionWindow());
        script.receive(ack(6001).ece()).expectNothing();
        script.receive(ack(7001).ece());
        script.expect(data(10_001, MSS).ect0().cwr());
        script.receive(ack(8001));
        script.expect(data(11_001, MSS).ect0());
        script.expectCounter(Counter.TCP_RETRANSMITTED_SEGMENTS, 0);
    }

    @Test
    void rfc3168_6_1_2_oneReactionForEachWindowOfData(Script script) {
        establish(script);
        script.send(40 * MSS);
        expectEct(script, 1, 10);
        script.advance(millis(10));
        for (int i = 1; i <= 6; i++) {
            script.receive(ack(1 + i * MSS).ece());
        }
        // In flight were 9, the window is 4.5: with 4 out nothing new may leave, with less it may.
        script.expectNothing().expectCounter(Counter.TCP_ECN_REDUCTIONS, 1);
        script.receive(ack(7001).ece());
        script.expect(data(10_001, MSS).ect0().cwr());
        script.receive(ack(10_001).ece());
        expectEct(script, 11_001, 3);
        // All of the window that was marked has been acknowledged, but not yet the data that says CWR.
        script.expectCounter(Counter.TCP_ECN_REDUCTIONS, 1);
        script.advance(millis(10)).receive(ack(11_001).ece());
        script.expectCounter(Counter.TCP_ECN_REDUCTIONS, 2);
        script.takeAll();
    }

    @Test
    void rfc3168_6_1_2_anAckWithAnEchoDoesNotOpenTheWindow(Script script) {
        establish(script);
        script.send(40 * MSS);
        expectEct(script, 1, 10);
        script.advance(millis(10)).receive(ack(1001).ece());
        int window = script.flow().application().connection().congestionWindow();
        script.receive(ack(5001).ece()).receive(ack(6001).ece()).expectNothing();
        script.require(script.flow().application().connection().congestionWindow() == window, "the window has grown");
    }

    @Test
    void rfc3168_6_1_2_theWindowIsToldReducedAfterALossToo(Script script) {
        establish(script);
        script.send(10 * MSS);
        expectEct(script, 1, 10);
        script.advance(millis(10));
        script.receive(ack(1)).receive(ack(1)).receive(ack(1));
        // Section 6.1.5: what is sent again is not ECN-capable and says nothing.
        script.expect(data(1, MSS).notEct());
        script.advance(millis(10)).receive(ack(10_001));
        script.send(MSS);
        script.expect(data(10_001, MSS).ect0().cwr());
    }

    @Test
    void rfc3168_6_1_2_aLossInAWindowThatWasMarkedReducesNoFurther(Script script) {
        establish(script);
        script.send(10 * MSS);
        expectEct(script, 1, 10);
        script.advance(millis(10)).receive(ack(1001).ece());
        script.receive(ack(1001)).receive(ack(1001)).expectNothing().receive(ack(1001));
        script.expect(data(1001, MSS).notEct());
        script.expectCounter(Counter.TCP_FAST_RETRANSMITS, 1);
        script.advance(millis(10)).receive(ack(10_001));
        int window = script.flow().application().connection().congestionWindow();
        script.require(window <= 9 * MSS / 2 && window >= 2 * MSS, "the window is " + window);
        // A second halving would have set the threshold to 2 segments; it is 4.5, and slow start goes up to there.
        script.send(20 * MSS);
        for (int i = 0; i < 3; i++) {
            script.takeAll();
            script.advance(millis(10)).receive(ack(script.flow().sentUpTo()));
        }
        int later = script.flow().application().connection().congestionWindow();
        script.require(later >= 4 * MSS, "the window is " + later);
        script.takeAll();
    }

    @Test
    void rfc3168_6_1_2_anEchoDuringRecoveryDoesNotReduceAgain(Script script) {
        establish(script);
        script.send(10 * MSS);
        expectEct(script, 1, 10);
        script.advance(millis(10));
        for (int i = 0; i < 3; i++) {
            script.receive(ack(1).ece());
        }
        script.takeAll();
        script.expectCounter(Counter.TCP_ECN_REDUCTIONS, 1).expectCounter(Counter.TCP_RETRANSMITTED_SEGMENTS, 1);
        script.receive(ack(1).ece());
        script.takeAll();
        script.expectCounter(Counter.TCP_ECN_REDUCTIONS, 1);
    }

    @Test
    void rfc3168_6_1_2_anEchoWithoutAnAgreementMeansNothing(Script script) {
        script.establish(syn(0).mss(MSS));
        script.send(20 * MSS);
        script.expectData(1, MSS, 10);
        script.receive(ack(2001).ece());
        script.expectData(10_001, MSS, 4);
        script.expectCounter(Counter.TCP_ECN_REDUCTIONS, 0);
    }

    @Test
    void rfc3168_6_1_2_theEchoOfAnOldAckMeansNothing(Script script) {
        establish(script);
        script.send(10 * MSS);
        expectEct(script, 1, 10);
        script.receive(ack(5001)).receive(ack(1001).ece()).expectNothing();
        script.expectCounter(Counter.TCP_ECN_REDUCTIONS, 0);
    }

    // --- the receiver

    @Test
    void rfc3168_6_1_3_aMarkIsEchoedAtOnceAndUntilCwr(Script script) {
        establish(script);
        script.receive(data(1, MSS).ce()).expectDelivered(MSS);
        script.expect(ack(1001).ece());
        script.receive(data(1001, MSS).ect0(), data(2001, MSS).ect0()).expectDelivered(2 * MSS);
        script.expect(ack(3001).ece());
        script.receive(data(3001, MSS).ect0().cwr(), data(4001, MSS).ect0()).expectDelivered(2 * MSS);
        script.expect(ack(5001));
        script.expectCounter(Counter.TCP_ECN_CE_IN, 1);
    }

    @Test
    void rfc3168_6_1_3_dataEchoesTheMarkToo(Script script) {
        establish(script);
        script.receive(data(1, MSS).ce()).expectDelivered(MSS);
        script.expect(ack(1001).ece());
        script.send(MSS);
        script.expect(data(1, MSS).ack(1001).ect0().ece());
    }

    @Test
    void rfc3168_6_1_3_aSegmentMayTakeTheEchoAwayAndAskForItAgain(Script script) {
        establish(script);
        script.receive(data(1, MSS).ce()).expectDelivered(MSS);
        script.expect(ack(1001).ece());
        script.receive(data(1001, MSS).ce().cwr()).expectDelivered(MSS);
        script.expect(ack(2001).ece());
    }

    @Test
    void rfc3168_6_1_3_outOfOrderDataIsEchoedToo(Script script) {
        establish(script);
        script.receive(data(1001, MSS).ce());
        script.expect(ack(1).ece());
        script.receive(data(1, MSS)).expectDelivered(2 * MSS);
        script.expect(ack(2001).ece());
    }

    @Test
    void rfc3168_6_1_3_withoutAnAgreementAMarkIsNotEchoed(Script script) {
        script.establish(syn(0).mss(MSS));
        script.receive(data(1, MSS).ce(), data(1001, MSS).ce()).expectDelivered(2 * MSS);
        script.expect(ack(2001));
    }

    @Test
    void rfc3168_6_1_4_theMarkOfAPureAckMeansNothing(Script script) {
        establish(script);
        script.send(MSS);
        expectEct(script, 1, 1);
        script.receive(ack(1001).ce()).expectNothing();
        script.receive(data(1, MSS), data(1001, MSS)).expectDelivered(2 * MSS);
        script.expect(ack(2001));
        script.expectCounter(Counter.TCP_ECN_CE_IN, 0);
    }

    @Test
    void rfc3168_6_1_5_theMarkOfDataOutsideTheWindowMeansNothing(Script script) {
        establish(script);
        script.receive(data(1, MSS), data(1001, MSS)).expectDelivered(2 * MSS);
        script.expect(ack(2001));
        // A repeat of old data, and data far ahead.
        script.receive(data(1, MSS).ce());
        script.expect(ack(2001));
        script.receive(data(100_000_000, 10).ce());
        script.expect(ack(2001));
        script.expectCounter(Counter.TCP_ECN_CE_IN, 0);
        script.anyDelivery();
    }

    @Test
    void rfc3168_6_1_5_whatIsSentAgainAfterATimeoutIsNotEcnCapable(Script script) {
        establish(script);
        script.send(MSS);
        Sent first = script.expect(data(1, MSS).ect0());
        script.expectBy(first.timeNanos + seconds(2), data(1, MSS).notEct());
        script.receive(ack(1001));
        script.send(MSS);
        script.expect(data(1001, MSS).ect0().cwr());
    }

    @Test
    void rfc3168_6_1_6_aProbeOfAClosedWindowIsNotEcnCapable(Script script) {
        establish(script);
        script.receive(ack(1).win(0)).send(MSS).expectNothing();
        Sent probe = script.nextBy(seconds(2));
        script.require(probe.payload.length == 1 && probe.ecn == 0, "the probe is " + probe);
        script.receive(ack(1).win(5000));
        script.expectBytes(1, 1001);
    }

    @Test
    void rfc3168_6_1_4_aFinAloneAndAResetAreNotEcnCapable(Script script) {
        establish(script);
        script.receive(data(1, MSS).ce()).expectDelivered(MSS);
        script.expect(ack(1001).ece());
        script.closeOutput();
        Sent fin = script.nextBy(script.time());
        script.require(fin.ecn == 0 && fin.ack == 1001, "the FIN is " + fin);
        script.abort();
        Sent reset = script.nextBy(script.time());
        script.require(reset.isRst() && reset.ecn == 0 && !reset.toString().contains("ECE"), "the reset is " + reset);
    }
}
