package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static io.doorbell.script.Segments.synAck;

import io.doorbell.Connection;
import io.doorbell.counters.Counter;
import io.doorbell.script.Flow;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Segment;
import io.doorbell.script.Sent;
import io.doorbell.tcp.EcnMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** RFC 4987 section 3.6: connections that nobody remembers until they are complete. */
@ExtendWith(Scripts.class)
class SynCookieTest {
    /** The only row is taken by somebody who will never answer; the current flow's SYN gets a cookie. */
    private static Sent cookie(Script script, Segment syn) {
        script.tcp().halfOpenLimit(1).synAckRetries(0).initialRtoNanos(seconds(3600)).maxRtoNanos(seconds(3600));
        script.listen(80);
        script.use(script.flow(40001, 80)).receive(syn(0));
        script.expect(synAck(0).ack(1));
        script.use(script.flow(40002, 80)).receive(syn);
        Sent answer = script.expect(synAck(0).ack(1));
        script.expectConnections(1).expectCounter(Counter.TCP_SYN_COOKIES_SENT, 1);
        return answer;
    }

    @Test
    void rfc4987_3_6_theAckOfACookieMakesTheConnection(Script script) {
        cookie(script, syn(0).mss(1460));
        script.at(millis(10)).receive(ack(1));
        script.expectNothing().expectConnected().expectCounter(Counter.TCP_SYN_COOKIES_ACCEPTED, 1)
                .expectCounter(Counter.TCP_PASSIVE_OPENS, 1).expectConnections(2);
        script.send(3000);
        script.expect(data(1, 1460), data(1461, 1460), data(2921, 80));
        script.receive(ack(3001)).receive(data(1, 10)).expectDelivered(10);
        script.expectBy(millis(600), ack(11));
    }

    @Test
    void rfc4987_3_6_theStacksSettingsHoldAfterACookieToo(Script script) {
        script.tcp().sendBufferBytes(1000);
        cookie(script, syn(0).mss(1460));
        script.at(millis(10)).receive(ack(1));
        script.sendRefused(1001, Connection.BACKPRESSURE).send(1000);
        script.expect(data(1, 1000));
    }

    @Test
    void rfc3168_6_1_1_ecnIsAgreedOnByACookieWithTimestamps(Script script) {
        script.tcp().ecn(EcnMode.PASSIVE);
        cookie(script, syn(0).mss(1460));
        script.use(script.flow(40003, 80)).receive(syn(0).mss(1460).timestamps(77, 0).ece().cwr());
        script.expect(synAck(0).ack(1).ece());
        script.at(millis(10)).receive(ack(1)).expectConnected().expectCounter(Counter.TCP_ECN_AGREED, 1);
    }

    @Test
    void rfc4987_3_6_dataInTheAckIsAccepted(Script script) {
        cookie(script, syn(0).mss(1460));
        script.at(millis(10)).receive(data(1, 100).ack(1));
        script.expectConnected().expectDelivered(100);
        script.expectBy(millis(600), ack(101).seq(1));
    }

    @Test
    void rfc4987_3_6_aFinInTheAckIsAccepted(Script script) {
        cookie(script, syn(0).mss(1460));
        script.at(millis(10)).receive(fin(1).ack(1));
        script.expect(ack(2).seq(1));
        script.expectState("CLOSE-WAIT").expectPeerClosed();
    }

    @Test
    void rfc4987_3_6_aCookieIsNotSentAgain(Script script) {
        cookie(script, syn(0).mss(1460));
        script.expectNothingUntil(seconds(60)).expectConnections(1);
    }

    @ParameterizedTest
    @CsvSource({"1460, 1460", "1459, 1440", "1300, 1220", "536, 536", "300, 256", "60, 48"})
    void rfc4987_3_6_theMssIsKeptOrRoundedDown(int announced, int used, Script script) {
        cookie(script, syn(0).mss(announced));
        script.at(millis(10)).receive(ack(1));
        script.send(2 * used);
        script.expect(data(1, used), data(1 + used, used));
    }

    @Test
    void rfc4987_3_6_withoutTimestampsThereIsNoScalingAndNoSack(Script script) {
        cookie(script, syn(0).mss(1460).wscale(7).sackOk());
        script.require(script.flow().stackPort() == 80, "the flow is another");
        script.receive(syn(0).mss(1460).wscale(7).sackOk());
        script.expect(synAck(0).ack(1).mss(1460).noWscale().noSackOk().noTimestamps());
    }

    @ParameterizedTest
    @CsvSource({"0", "2", "7", "14"})
    void rfc7323_5_4_scalingAndSackRideInTheTimestamp(int shift, Script script) {
        cookie(script, syn(0).mss(1460).wscale(shift).sackOk().timestamps(77, 0));
        script.receive(syn(0).mss(1460).wscale(shift).sackOk().timestamps(77, 0));
        Sent answer = script.expect(synAck(0).ack(1).mss(1460).echo(77));
        script.require(answer.windowScale >= 0 && answer.sackPermitted, "an option is missing");
        script.at(millis(10)).receive(ack(1).win(1).tsVal(87));
        script.expectConnected();
        // A window of 1 << shift bytes; less than that does not wait for more.
        script.send(1 << Math.min(10, shift));
        script.expectBytes(1, 1 + (1 << Math.min(10, shift)));
        script.receive(data(11, 10));
        script.expect(ack(1).sack(11, 21));
    }

    @Test
    void rfc7323_3_2_aCookieOfASynWithTimestampsAloneScalesNothing(Script script) {
        cookie(script, syn(0).mss(1460).timestamps(77, 0));
        script.receive(syn(0).mss(1460).timestamps(77, 0));
        script.expect(synAck(0).ack(1).noWscale().noSackOk().echo(77));
        script.receive(ack(1).win(100));
        script.send(101);
        script.expect(data(1, 100));
    }

    @Test
    void rfc7323_5_4_theClockDoesNotRunBackwardsAfterACookie(Script script) {
        cookie(script, syn(0).mss(1460).wscale(0).sackOk().timestamps(77, 0));
        for (int i = 1; i <= 8; i++) {
            script.receive(data(1, 5).ack(1)).expectConnected().expectDelivered(5);
            // The inspector compares every timestamp with the one before.
            script.expectBy(script.time() + millis(100), ack(6));
            script.at(script.time() + millis(37)).use(script.flow(41000 + i, 80));
            script.receive(syn(0).mss(1460).wscale(i + 6).sackOk().timestamps(77, 0));
            script.expect(synAck(0).ack(1));
        }
    }

    @ParameterizedTest
    @CsvSource({"1", "2", "8", "256", "-2147483648"})
    void rfc4987_3_6_aForgedCookieIsDropped(int error, Script script) {
        cookie(script, syn(0).mss(1460));
        script.receive(ack(1 + error));
        script.expectNothing();
        script.expectConnections(1).expectCounter(Counter.TCP_SYN_COOKIES_REJECTED, 1)
                .expectCounter(Counter.TCP_SYN_COOKIES_ACCEPTED, 0);
    }

    @Test
    void rfc4987_3_6_theCookieIsForThePeersInitialNumber(Script script) {
        cookie(script, syn(0).mss(1460));
        script.receive(ack(1).seq(2));
        script.expectNothing();
        script.expectConnections(1);
    }

    @Test
    void rfc4987_3_6_dataThatOvertakesTheCookieHarmsNothing(Script script) {
        cookie(script, syn(0).mss(1460));
        script.receive(data(101, 100).ack(1)).expectNothing();
        script.receive(data(1, 200).ack(1)).expectConnected().expectDelivered(200);
        script.expectBy(millis(500), ack(201));
    }

    @Test
    void rfc4987_3_6_theCookieIsForThePeersPort(Script script) {
        Sent answer = cookie(script, syn(0).mss(1460));
        script.use(script.flow(40003, 80)).receive(syn(0).mss(1460));
        Sent other = script.expect(synAck(0).ack(1));
        script.receive(ack(1 + answer.rawSeq - other.rawSeq));
        script.expectNothing();
        script.expectConnections(1);
    }

    @Test
    void rfc4987_3_6_theOptionsCannotBeChanged(Script script) {
        Sent answer = cookie(script, syn(0).mss(1460).wscale(2).timestamps(77, 0));
        script.receive(ack(1).timestamps(78, answer.tsVal ^ 1));
        script.expectNothing();
        script.receive(ack(1).noTimestamps().options());
        script.expectNothing();
        script.expectCounter(Counter.TCP_SYN_COOKIES_REJECTED, 2);
    }

    @Test
    void rfc4987_3_6_aCookieIsGoodForAtLeast64Seconds(Script script) {
        cookie(script, syn(0).mss(1460));
        script.at(seconds(63)).receive(ack(1)).expectConnected();
    }

    @Test
    void rfc4987_3_6_anOldCookieIsDropped(Script script) {
        cookie(script, syn(0).mss(1460));
        Flow old = script.flow();
        // Another one keeps the stack looking for cookies.
        script.at(seconds(100)).use(script.flow(40003, 80)).receive(syn(0));
        script.expect(synAck(0).ack(1));
        script.at(seconds(129)).use(old).receive(ack(1));
        script.expectNothing();
        script.expectConnections(1);
    }

    @Test
    void rfc9293_3_10_7_2_withoutCookiesOutAnAckIsResetUncounted(Script script) {
        script.listen(80);
        script.receive(ack(1));
        script.expect(rst(1));
        script.expectCounter(Counter.TCP_SYN_COOKIES_REJECTED, 0);
    }

    @Test
    void rfc4987_3_6_thereAreNoCookiesWhileThereIsRoom(Script script) {
        script.establish();
        script.expectCounter(Counter.TCP_SYN_COOKIES_SENT, 0);
    }
}
