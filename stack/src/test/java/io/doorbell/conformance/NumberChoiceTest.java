package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static io.doorbell.script.Segments.synAck;

import io.doorbell.script.Flow;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** RFC 6528, initial sequence numbers, and RFC 6056, ephemeral ports. */
@ExtendWith(Scripts.class)
class NumberChoiceTest {
    /** Lets a peer knock at port 80 and resets the attempt; returns the ISN of the answer. */
    private static int isn(Script script, int peerAddress, int peerPort) {
        Flow flow = script.flow(peerAddress, peerPort, 80);
        script.use(flow).receive(syn(0).mss(1460));
        int isn = script.expect(synAck(0)).rawSeq;
        script.receive(rst(1)).expectNothing();
        return isn;
    }

    @Test
    void rfc6528_3_initialSequenceNumbersDifferByTuple(Script script) {
        script.listen(80);
        Set<Integer> seen = new HashSet<>();
        for (int i = 0; i < 64; i++) {
            seen.add(isn(script, 0x0a000001 + i % 2 * 16, 50_000 + i / 2));
        }
        script.require(seen.size() == 64, "64 tuples got only " + seen.size() + " initial sequence numbers");
    }

    @Test
    void rfc6528_3_initialSequenceNumbersOfNeighbouringTuplesAreUnrelated(Script script) {
        script.listen(80);
        Set<Integer> steps = new HashSet<>();
        int last = isn(script, 0x0a000001, 50_000);
        for (int i = 1; i < 64; i++) {
            int next = isn(script, 0x0a000001, 50_000 + i);
            steps.add(next - last);
            last = next;
        }
        script.require(steps.size() == 63, "the steps from port to port repeat: " + steps.size());
    }

    @Test
    void rfc6528_3_theInitialSequenceNumberOfATupleGrowsWithTime(Script script) {
        script.listen(80);
        int first = isn(script, 0x0a000001, 50_000);
        script.at(seconds(1));
        int second = isn(script, 0x0a000001, 50_000);
        script.at(seconds(11));
        int third = isn(script, 0x0a000001, 50_000);
        // One step about every 4 microseconds (RFC 9293 section 3.4.1).
        int perSecond = second - first;
        script.require(perSecond > 200_000 && perSecond < 300_000, "in a second it grew by " + perSecond);
        int perTenSeconds = third - second;
        script.require(perTenSeconds > 2_000_000 && perTenSeconds < 3_000_000, "in 10 s it grew by " + perTenSeconds);
    }

    @Test
    void rfc6528_3_theSecretDecides(Script one) {
        Set<Integer> seen = new HashSet<>();
        for (long seed = 1; seed <= 16; seed++) {
            Script script = new Script();
            script.seed(seed);
            script.listen(80);
            seen.add(isn(script, 0x0a000001, 50_000));
            script.finish();
        }
        one.require(seen.size() == 16, "16 seeds gave only " + seen.size() + " initial sequence numbers");
    }

    @Test
    void rfc6528_3_activeAndPassiveOpensUseTheSameGenerator(Script script) {
        Set<Integer> seen = new HashSet<>();
        for (int port = 1; port <= 32; port++) {
            script.connect(port);
            seen.add(script.expect(syn(0)).rawSeq);
        }
        script.require(seen.size() == 32, "32 connections got only " + seen.size() + " initial sequence numbers");
    }

    @Test
    void rfc6056_3_2_ephemeralPortsLieInTheirRangeAndDiffer(Script script) {
        Set<Integer> seen = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            script.connect(80);
            int port = script.expect(syn(0)).sourcePort;
            script.require(port >= 1024 && port <= 65535, "the port is " + port);
            script.require(seen.add(port), "port " + port + " was chosen twice for one destination");
        }
    }

    @Test
    void rfc6056_3_3_portsForOneDestinationDoNotTellThoseForAnother(Script script) {
        Set<Integer> distances = new HashSet<>();
        for (int i = 1; i <= 32; i++) {
            script.connect("10.0.0." + (2 + i), 80);
            int first = script.expect(syn(0)).sourcePort;
            script.connect("10.0.0." + (2 + i), 81);
            distances.add(script.expect(syn(0)).sourcePort - first);
        }
        script.require(distances.size() > 24, "the distances between ports repeat: " + distances.size() + " of 32");
    }

    @Test
    void rfc6056_3_3_theSecretDecidesWhereThePortsBegin(Script one) {
        Set<Integer> seen = new HashSet<>();
        for (long seed = 1; seed <= 32; seed++) {
            Script script = new Script();
            script.seed(seed);
            script.connect(80);
            seen.add(script.expect(syn(0)).sourcePort);
            script.finish();
        }
        one.require(seen.size() > 24, "32 seeds gave only " + seen.size() + " ports");
    }

    @Test
    void rfc6056_3_1_aPortInUseIsNotChosenForTheSameDestination(Script script) {
        script.establishActively();
        int taken = script.flow().stackPort();
        for (int i = 0; i < 50; i++) {
            script.connect(80);
            script.require(script.expect(syn(0)).sourcePort != taken, "the port of an open connection was chosen");
        }
    }

    /** A script whose stack picks an ISN less than {@code before} below the wrap for the first connection. */
    private static Script nearTheWrap(int before) {
        Script probe = new Script();
        probe.listen(80);
        int isn = isn(probe, 0x0a000001, 40_000);
        probe.finish();
        Script script = new Script();
        // The ISN grows by one every 4 microseconds: begin as much later as it takes.
        long steps = -before - isn & 0xffff_ffffL;
        script.epoch(-2_500_000_000L + steps * 4_000);
        return script;
    }

    @Test
    void rfc9293_3_4_theOwnSequenceNumbersWrapInTheMiddleOfATransfer(Script outer) {
        Script script = nearTheWrap(10_000);
        script.establish();
        int isn = script.flow().stackIsn();
        outer.require(isn < 0 && isn > -20_000, "the ISN is " + isn + ", not near the wrap");
        int acknowledged = 1;
        script.send(100_000);
        while (acknowledged < 100_001) {
            for (Sent sent : script.takeAll()) {
                outer.require(sent.seq == acknowledged, "after " + acknowledged + " there is " + sent);
                acknowledged = sent.end();
            }
            script.advance(millis(10)).receive(ack(acknowledged));
        }
        script.close();
        script.expect(fin(100_001));
        script.receive(ack(100_002)).expectState("FIN-WAIT-2");
        script.finish();
    }

    @Test
    void rfc9293_3_4_retransmissionsAndFastRecoveryWorkAcrossTheWrap(Script outer) {
        Script script = nearTheWrap(5000);
        script.establish(syn(0).mss(1000));
        script.send(10_000);
        script.expectData(1, 1000, 10);
        script.receive(ack(3001)).expectNothing();
        script.receive(ack(3001)).receive(ack(3001)).receive(ack(3001));
        script.expect(data(3001, 1000));
        script.receive(ack(6001));
        script.expect(data(6001, 1000));
        script.receive(ack(10_001)).send(2000);
        script.expectData(10_001, 1000, 2);
        script.expectBy(script.time() + seconds(2), data(10_001, 1000));
        script.receive(ack(12_001)).expectNothingUntil(script.time() + seconds(60));
        script.finish();
    }

    @Test
    void rfc9293_3_4_theWindowWorksAcrossTheWrap(Script outer) {
        Script script = nearTheWrap(1500);
        script.establish(syn(0).mss(1000).win(2000));
        script.send(6000);
        script.expectData(1, 1000, 2);
        script.receive(ack(1001)).expectBytes(2001, 3001);
        script.receive(ack(3001).win(0)).expectNothing();
        Sent probe = script.nextBy(script.time() + seconds(10));
        outer.require(probe.seq == 3001 || probe.seq == 3000, "this is no probe: " + probe);
        script.receive(ack(3001).win(4000));
        script.expectBytes(3001, 6001);
        script.finish();
    }
}
