package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.bare;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static io.doorbell.script.Segments.synAck;

import io.doorbell.Listener;
import io.doorbell.counters.Counter;
import io.doorbell.script.Flow;
import io.doorbell.script.MultiPeer;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** LISTEN and the SYN-RECEIVED that is a row and no connection yet: what completes it, what does not, what is counted. */
@ExtendWith(Scripts.class)
class SynReceivedTest {
    private static void halfOpen(Script script) {
        script.listen(80);
        script.at(0).receive(syn(0).mss(1460));
        script.expect(synAck(0).ack(1));
    }

    private static void expectHalfOpen(Script script, int count) {
        script.require(script.stack().halfOpen() == count, "half-open are " + script.stack().halfOpen());
    }

    @Test
    void rfc9293_3_10_7_2_whatDoesNotOpenIsCountedByItsReason(Script script) {
        script.listen(80);
        script.receive(rst(0)).expectNothing().expectCounter(Counter.DROP_TCP_STATE, 1);
        script.receive(bare(0)).expectNothing().expectCounter(Counter.DROP_TCP_FLAGS, 1);
        script.receive(ack(1));
        script.expect(rst(1));
        script.expectCounter(Counter.TCP_RESETS_OUT, 1).expectCounter(Counter.TCP_RESETS_OUT_NO_CONNECTION, 1)
                .expectCounter(Counter.TCP_SEGMENTS_OUT, 1);
    }

    @Test
    void rfc9293_3_10_7_4_whatDoesNotCompleteIsCountedByItsReason(Script script) {
        halfOpen(script);
        script.expectCounter(Counter.TCP_SEGMENTS_OUT, 1);
        script.receive(bare(1)).expectNothing().expectCounter(Counter.DROP_TCP_NO_ACK, 1);
        script.receive(data(-4, "old").ack(1));
        script.expect(ack(1).seq(1));
        script.expectCounter(Counter.DROP_TCP_WINDOW, 1).expectCounter(Counter.TCP_PURE_ACKS_OUT, 1);
        expectHalfOpen(script, 1);
        script.receive(ack(1)).expectConnected();
    }

    /** The first test of section 3.10.7.4: the first or the last byte lies in the window. */
    @Test
    void rfc9293_3_10_7_4_aSegmentThatBeginsBeforeTheWindowAndEndsInItCompletes(Script script) {
        halfOpen(script);
        script.receive(data(0, "+abc").ack(1)).expectConnected().expectDelivered("abc");
        script.expectBy(millis(499), ack(4));
    }

    @Test
    void rfc9293_3_10_7_4_aSegmentWhoseLastByteIsTheSynIsOld(Script script) {
        halfOpen(script);
        script.receive(data(-3, "old+").ack(1));
        script.expect(ack(1).seq(1));
        expectHalfOpen(script, 1);
    }

    /**
     * The old duplicate SYN of RFC 9293 section 3.5, whose connection is in TIME-WAIT at the peer: what it answers is reset,
     * which it ignores (RFC 1337). The row must stay: were it given up for an ACK that is in the window, then an old
     * segment, or one that somebody else made up, would end the handshake of a peer that does want the connection.
     */
    @Test
    void rfc9293_3_10_7_4_anUnacceptableAckIsResetAndTheRowWaitsForItsRetries(Script script) {
        script.tcp().halfOpenLimit(1).synCookies(false).synAckRetries(1);
        halfOpen(script);
        script.receive(ack(500).seq(300));
        script.expect(rst(500));
        expectHalfOpen(script, 1);
        script.expectAt(seconds(1), synAck(0).ack(1));
        script.receive(ack(500).seq(300));
        script.expect(rst(500));
        script.expectNothingUntil(seconds(4));
        expectHalfOpen(script, 0);
        script.use(script.flow(50_001, 80)).receive(syn(0));
        script.expect(synAck(0).ack(1));
        script.receive(ack(500).seq(300));
        script.expect(rst(500));
        script.receive(ack(1)).expectNothing().expectConnected();
    }

    @Test
    void rfc7323_5_3_anOlderTimestampDoesNotComplete(Script script) {
        script.listen(80);
        script.at(0).receive(syn(0).mss(1460).timestamps(77, 0));
        script.expect(synAck(0).ack(1).echo(77));
        script.receive(ack(1).tsVal(76));
        script.expect(ack(1).seq(1).echo(77));
        script.expectCounter(Counter.DROP_TCP_PAWS, 1);
        expectHalfOpen(script, 1);
        script.receive(ack(1).tsVal(77)).expectNothing().expectConnected();
    }

    @Test
    void rfc5961_3_2_onlyTheExactResetEndsIt(Script script) {
        halfOpen(script);
        script.receive(rst(0)).expectNothing().expectCounter(Counter.DROP_TCP_BLIND_RST, 1);
        expectHalfOpen(script, 1);
        script.receive(rst(2));
        script.expect(ack(1).seq(1));
        script.expectCounter(Counter.DROP_TCP_BLIND_RST, 2).expectCounter(Counter.TCP_CHALLENGE_ACKS, 1);
        expectHalfOpen(script, 1);
        script.receive(rst(1)).expectNothing().expectCounter(Counter.TCP_RESETS_IN, 1)
                .expectCounter(Counter.TCP_RESETS_IN_HALF_OPEN, 1);
        expectHalfOpen(script, 0);
    }

    @Test
    void rfc5961_7_theAnswersToBlindResetsAreLimited(Script script) {
        script.tcp().challengeAcksPerSecond(1);
        halfOpen(script);
        script.receive(rst(2));
        script.expect(ack(1).seq(1));
        script.receive(rst(2)).expectNothing().expectCounter(Counter.DROP_TCP_BLIND_RST, 2);
        expectHalfOpen(script, 1);
    }

    @Test
    void rfc9293_3_9_1_1_withAFullAcceptQueueTheHandshakeStaysIncomplete(Script script) {
        script.tcp().acceptQueueLimit(1);
        script.listen(80);
        Flow first = script.flow(50_001, 80);
        Flow second = script.flow(50_002, 80);
        script.receive(syn(0).mss(1460).on(first), syn(0).mss(1460).on(second));
        script.expect(synAck(0).on(first), synAck(0).on(second));
        script.receive(ack(1).on(first), ack(1).on(second)).expectNothing();
        script.expectCounter(Counter.TCP_ACCEPT_OVERFLOWS, 1).expectCounter(Counter.TCP_PASSIVE_OPENS, 1);
        expectHalfOpen(script, 1);
        script.use(second).receive(ack(1)).expectConnected();
    }

    @Test
    void rfc4987_3_6_withAFullAcceptQueueACookieWaits(Script script) {
        script.tcp().acceptQueueLimit(1).halfOpenLimit(1);
        Listener listener = script.listen(80);
        Flow row = script.flow(50_001, 80);
        Flow cookie = script.flow(50_002, 80);
        script.receive(syn(0).mss(1460).on(row), syn(0).mss(1460).on(cookie));
        script.expect(synAck(0).on(row), synAck(0).on(cookie));
        script.receive(ack(1).on(row), ack(1).on(cookie)).expectNothing();
        script.expectCounter(Counter.TCP_PASSIVE_OPENS, 1).expectConnections(1);
        script.require(listener.acceptOverflows() == 1 && listener.accepted() == 1, "the listener counts otherwise");
        script.use(cookie).receive(data(1, "later").ack(1)).expectConnected().expectDelivered("later");
        script.expectBy(millis(499), ack(6));
    }

    @Test
    void rfc6994_3_aSynAckThatIsLostTwiceGoesWithoutTheExperiment(Script script) {
        script.tcp().multiSegment(true);
        script.listen(80);
        script.at(0).receive(syn(0).options(MultiPeer.synOptions()));
        script.require(script.expect(synAck(0)).experiment != null, "not agreed on");
        script.require(script.expectBy(seconds(1), synAck(0)).experiment != null, "given up at once");
        script.require(script.expectBy(seconds(3), synAck(0)).experiment == null, "sent for ever");
        script.expectCounter(Counter.TCP_RETRANSMITTED_SEGMENTS, 2);
        script.receive(ack(1)).expectConnected();
    }

    /** RFC 1122 section 3.3.1.4: several SYN-ACKs in vain are a hint that the next hop's address is wrong. */
    @Test
    void rfc1122_3_3_1_4_synAcksInVainPutTheNextHopInDoubt(Script script) {
        script.tcp().pathRetries(2);
        halfOpen(script);
        script.expectAt(seconds(1), synAck(0).ack(1));
        script.expectCounter(Counter.ARP_DOUBTS, 0);
        script.expectAt(seconds(3), synAck(0).ack(1));
        script.expectCounter(Counter.ARP_DOUBTS, 1);
        script.receive(ack(1)).expectConnected();
    }

    /** A SYN that could take the place of a TIME-WAIT needs a row; without one TIME-WAIT goes on. */
    @Test
    void rfc9293_3_6_1_timeWaitIsNotGivenUpForASynThatFindsNoRow(Script script) {
        script.tcp().halfOpenLimit(1).synCookies(false);
        script.establish();
        Flow old = script.flow();
        script.close();
        script.expect(fin(1).ack(1));
        script.receive(ack(2)).receive(fin(1));
        script.expectBy(script.time() + millis(499), ack(2).seq(2));
        script.use(script.flow(50_001, 80)).receive(syn(0));
        script.expect(synAck(0).ack(1));
        script.use(old).receive(syn(500_000));
        script.expect(ack(2).seq(2));
        script.expectConnections(2).expectCounter(Counter.TCP_TIME_WAIT_REUSES, 0);
    }
}
