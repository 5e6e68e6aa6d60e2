package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static io.doorbell.script.Segments.synAck;

import io.doorbell.Connection;
import io.doorbell.script.Flow;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import io.doorbell.tcp.CongestionAlgorithm;
import io.doorbell.tcp.ConnectionOptions;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What can be chosen for one connection holds for that one, from the moment it is chosen, and for no other. */
@ExtendWith(Scripts.class)
class ConnectionOptionsTest {
    private static final int MSS = 1000;

    private static void choose(Script script, UnaryOperator<ConnectionOptions> choice) {
        Connection connection = script.flow().application().connection();
        script.act("options", () -> connection.options(choice.apply(connection.options())));
    }

    @Test
    void rfc9293_3_7_4_nagle(Script script) {
        script.establish(syn(0).mss(MSS));
        Flow first = script.flow();
        script.use(script.flow(40_001, 80)).establish(syn(0).mss(MSS));
        choose(script, o -> o.withNagle(true));
        script.send(100);
        script.expect(data(1, 100));
        script.send(100).expectNothing();
        choose(script, o -> o.withNagle(false));
        script.expect(data(101, 100));
        script.use(first).send(100);
        script.expect(data(1, 100));
        script.send(100);
        script.expect(data(101, 100));
    }

    @Test
    void rfc9293_3_9_1_2_sendBuffer(Script script) {
        script.establish(syn(0).mss(MSS));
        choose(script, o -> o.withSendBufferBytes(2000));
        script.sendRefused(2001, Connection.BACKPRESSURE);
        script.send(2000);
        script.expectData(1, MSS, 2);
        script.receive(ack(1001)).expectWritable();
        choose(script, o -> o.withSendBufferBytes(100_000));
        script.send(50_000);
        script.takeAll();
    }

    @Test
    void rfc9293_3_8_6_3_delayedAck(Script script) {
        script.establish(syn(0).mss(MSS));
        choose(script, o -> o.withDelayedAckNanos(0));
        script.receive(data(1, 10)).expectDelivered(10);
        script.expect(ack(11));
        choose(script, o -> o.withDelayedAckNanos(millis(300)));
        script.receive(data(11, 10)).expectDelivered(10);
        script.expectAt(script.time() + millis(300), ack(21));
    }

    /** The window after the first of ten segments was lost and repaired. */
    private static void lossLeaves(Script script, int segments) {
        script.send(10 * MSS);
        script.expectData(1, MSS, 10);
        script.advance(millis(10)).receive(ack(1).sack(1001, 10_001));
        script.expect(data(1, MSS));
        script.advance(millis(10)).receive(ack(10_001));
        int window = script.flow().application().connection().congestionWindow();
        script.require(window == segments * MSS, "the window is " + window);
    }

    @Test
    void rfc9438_4_6_congestionControl(Script script) {
        script.tcp().congestionControl(CongestionAlgorithm.NEW_RENO);
        script.establish(syn(0).mss(MSS).sackOk());
        choose(script, o -> o.withCongestionControl(CongestionAlgorithm.CUBIC));
        lossLeaves(script, 7);
        script.use(script.flow(40_001, 80)).establish(syn(0).mss(MSS).sackOk());
        lossLeaves(script, 5);
    }

    @Test
    void rfc5681_3_1_congestionControlIsTheStacksUnlessChosen(Script script) {
        script.tcp().congestionControl(CongestionAlgorithm.NEW_RENO);
        script.establish(syn(0).mss(MSS));
        script.require(script.flow().application().connection().options().congestionControl()
                == CongestionAlgorithm.NEW_RENO, "the stack's algorithm is not the connection's");
    }

    @Test
    void rfc9293_3_9_1_allConnectionsShareTheStacksOptions(Script script) {
        script.establish(syn(0).mss(MSS));
        ConnectionOptions first = script.flow().application().connection().options();
        script.use(script.flow(40_001, 80)).establish(syn(0).mss(MSS));
        script.require(script.flow().application().connection().options() == first, "there are two of them");
    }

    @Test
    void rfc9293_3_9_1_optionsOfAnEndedConnectionChangeNothing(Script script) {
        script.establish(syn(0).mss(MSS));
        script.abort();
        script.takeAll();
        Connection connection = script.flow().application().connection();
        script.act("options", () -> connection.options(connection.options().withUserTimeoutNanos(1)));
        script.act("cork", connection::cork);
        script.act("uncork", connection::uncork);
        script.expectNothingUntil(seconds(10));
    }

    @Test
    void rfc7323_5_4_theTickOfTheTimestampClock(Script script) {
        script.tcp().timestampTickNanos(millis(100));
        script.establish(syn(0).mss(1460).timestamps(100, 0));
        script.send(10);
        long first = script.expect(data(1, 10)).tsVal;
        script.advance(millis(50)).receive(ack(11).timestamps(101, first));
        script.at(seconds(10)).send(10);
        Sent later = script.expect(data(11, 10));
        script.require(later.tsVal - first == 100, "in 10 s the clock went on by " + (later.tsVal - first));
    }

    @Test
    void rfc7323_4_1_aRoundTripIsMeasuredInTicks(Script script) {
        script.tcp().timestampTickNanos(millis(100));
        script.establish(syn(0).mss(1460).timestamps(100, 0));
        script.send(10);
        script.expect(data(1, 10));
        Sent again = script.expectBy(seconds(1), data(1, 10));
        // Sent twice, so the echo alone tells: 3 ticks, taken into an SRTT of 10 ms by an eighth.
        script.advance(millis(300)).receive(ack(11).timestamps(101, again.tsVal));
        script.takeAll();
        long srtt = script.flow().application().connection().smoothedRttNanos();
        script.require(srtt == millis(10) + (millis(300) - millis(10)) / 8, "the smoothed round trip is " + srtt);
    }

    @Test
    void rfc5681_4_1_theWindowAfterIdlingIsASetting(Script script) {
        script.tcp().slowStartAfterIdle(false);
        script.establish(syn(0).mss(MSS));
        script.send(30 * MSS);
        script.expectData(1, MSS, 10);
        for (int i = 1; i <= 30; i++) {
            script.receive(ack(1 + i * MSS));
            script.takeAll();
        }
        int window = script.flow().application().connection().congestionWindow();
        script.at(seconds(60)).send(60 * MSS);
        int burst = script.takeAll().size();
        script.require(window > 15 * MSS && burst == window / MSS, "the window is " + window + ", the burst " + burst);
    }

    @Test
    void rfc9293_3_9_2_theDifferentiatedServicesField(Script script) {
        script.tcp().dscp(10);
        script.listen(80);
        script.receive(syn(0).mss(MSS).ece().cwr());
        requireDscp(script, script.expect(synAck(0).ack(1).ece()), 10);
        script.receive(ack(1)).send(10);
        requireDscp(script, script.expect(data(1, 10).ect0()), 10);
        choose(script, o -> o.withDscp(46));
        script.send(10);
        requireDscp(script, script.expect(data(11, 10).ect0()), 46);
        script.use(script.flow(40_001, 80)).establish(syn(0).mss(MSS));
        script.send(10);
        requireDscp(script, script.expect(data(1, 10)), 10);
    }

    private static void requireDscp(Script script, Sent sent, int dscp) {
        script.require(sent.dscp == dscp, "the DSCP is " + sent.dscp + ", not " + dscp);
    }

    @Test
    void rfc9293_3_9_2_theTimeToLive(Script script) {
        script.tcp().timeToLive(255);
        script.establish(syn(0).mss(MSS));
        script.send(10);
        Sent sent = script.expect(data(1, 10));
        script.require(sent.ttl == 255, "the TTL is " + sent.ttl);
    }

    @Test
    void rfc9293_3_9_1_chosenBeforeTheSynLeaves(Script script) {
        script.connect(80);
        script.expect(syn(0));
        choose(script, o -> o.withNagle(true));
        script.receive(synAck(0).mss(MSS));
        script.expect(ack(1).seq(1));
        script.send(10);
        script.expect(data(1, 10));
        script.send(10).expectNothing();
    }
}
