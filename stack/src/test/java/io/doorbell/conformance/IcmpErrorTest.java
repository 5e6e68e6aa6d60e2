package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;

import io.doorbell.counters.Counter;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What ICMP errors may do to a connection: RFC 9293 section 3.9.2.2, RFC 5927, RFC 1191. */
@ExtendWith(Scripts.class)
class IcmpErrorTest {
    private static final int UNREACHABLE = 3;
    private static final int FRAGMENTATION_NEEDED = 4;

    @Test
    void rfc5927_5_2_portUnreachableDoesNotEndAnEstablishedConnection(Script script) {
        script.establish();
        script.send("abc");
        Sent about = script.expect(data(1, "abc"));
        for (int code = 0; code <= 12; code++) {
            if (code != FRAGMENTATION_NEEDED) {
                script.receiveIcmp(UNREACHABLE, code, 0, about).expectNothing().expectState("ESTABLISHED");
            }
        }
        script.receive(ack(4)).expectNothing();
    }

    @Test
    void rfc5927_4_1_anErrorAboutASequenceNumberNotInFlightIsIgnored(Script script) {
        script.establish();
        script.send(1000);
        Sent about = script.expect(data(1, 1000));
        script.receive(ack(1001));
        script.receiveIcmp(UNREACHABLE, FRAGMENTATION_NEEDED, 600, about).expectNothing();
        script.send(1460);
        script.expect(data(1001, 1460));
        script.expectCounter(Counter.DROP_TCP_BLIND_ICMP, 1);
    }

    @Test
    void rfc5927_4_1_theSameInSynSent(Script script) {
        script.connect(80);
        Sent about = script.expect(syn(0));
        about.bytes[14 + 20 + 4] ^= 0x40;
        script.receiveIcmp(UNREACHABLE, 3, 0, about).expectNothing().expectOpen().expectState("SYN-SENT");
        script.expectCounter(Counter.DROP_TCP_BLIND_ICMP, 1);
    }

    @Test
    void rfc1191_3_fragmentationNeededShrinksSegmentsAndRetransmits(Script script) {
        script.establish();
        script.send(3000);
        Sent about = script.expectData(1, 1460, 2);
        script.expect(data(2921, 80));
        script.receiveIcmp(UNREACHABLE, FRAGMENTATION_NEEDED, 1000, about);
        retransmitted(script, 1, 960);
        script.receive(ack(3001)).expectNothing();
        script.send(2000);
        for (Sent sent : script.takeAll()) {
            script.require(sent.payload.length <= 960, "a segment has " + sent.payload.length + " bytes");
        }
        script.require(script.flow().sentUpTo() == 5001, "sent is only up to " + script.flow().sentUpTo());
    }

    /** What is sent now starts at {@code from}, and no segment is larger than {@code mss}. */
    private static void retransmitted(Script script, int from, int mss) {
        List<Sent> all = script.takeAll();
        script.require(!all.isEmpty(), "nothing was retransmitted");
        script.require(all.getFirst().seq == from, "the retransmission starts with " + all.getFirst());
        for (Sent sent : all) {
            script.require(sent.payload.length <= mss, "a segment has " + sent.payload.length + " bytes: " + sent);
        }
    }

    @Test
    void rfc1191_6_3_retransmissionAfterFragmentationNeededKeepsTheStream(Script script) {
        script.establish();
        script.send(14_600);
        Sent about = script.expectData(1, 1460, 10);
        script.receiveIcmp(UNREACHABLE, FRAGMENTATION_NEEDED, 576, about);
        int acknowledged = 1;
        for (int i = 0; i < 100 && acknowledged < 14_601; i++) {
            List<Sent> sent = script.takeAll();
            if (sent.isEmpty()) {
                sent = List.of(script.nextBy(script.time() + seconds(100)));
            }
            for (Sent segment : sent) {
                script.require(segment.payload.length <= 536, "too large for the path: " + segment);
                if (segment.seq - acknowledged <= 0) {
                    acknowledged = Math.max(acknowledged, segment.end());
                }
            }
            script.advance(millis(10)).receive(ack(acknowledged));
        }
        script.takeAll();
        script.require(acknowledged == 14_601, "the stream got stuck at " + acknowledged);
    }

    @Test
    void rfc1191_3_theMinimumIs68(Script script) {
        script.establish();
        script.send(1460);
        Sent about = script.expect(data(1, 1460));
        script.receiveIcmp(UNREACHABLE, FRAGMENTATION_NEEDED, 20, about);
        for (Sent sent : script.takeAll()) {
            script.require(sent.bytes.length - 14 >= 68 || sent.end() == 1461, "a packet below 68 bytes: " + sent);
        }
        script.expectState("ESTABLISHED");
    }

    @Test
    void rfc1191_3_aLargerMtuThanBeforeIsIgnored(Script script) {
        script.establish();
        script.send(1460);
        Sent about = script.expect(data(1, 1460));
        script.receiveIcmp(UNREACHABLE, FRAGMENTATION_NEEDED, 9000, about).expectNothing();
        script.receive(ack(1461)).send(3000);
        script.expect(data(1461, 1460), data(2921, 1460), data(4381, 80));
    }

    @Test
    void rfc1191_5_aRouterThatTellsNoMtuDoesNotStopTheConnection(Script script) {
        script.establish();
        script.send(1460);
        Sent about = script.expect(data(1, 1460));
        script.receiveIcmp(UNREACHABLE, FRAGMENTATION_NEEDED, 0, about).expectState("ESTABLISHED");
        script.takeAll();
        script.receive(ack(1461)).send("on");
        script.expect(data(1461, "on"));
    }

    @Test
    void rfc6633_4_sourceQuenchIsIgnored(Script script) {
        script.establish();
        script.send(40_000);
        Sent about = script.expectData(1, 1460, 10);
        script.receiveIcmp(4, 0, 0, about).expectNothing();
        script.receive(ack(1461));
        script.expectData(14_601, 1460, 2);
    }

    @Test
    void rfc5927_5_2_timeExceededIsASoftError(Script script) {
        script.establish();
        script.send("abc");
        Sent about = script.expect(data(1, "abc"));
        script.receiveIcmp(11, 0, 0, about).expectNothing();
        script.receiveIcmp(12, 0, 0, about).expectNothing().expectState("ESTABLISHED");
    }

    @Test
    void rfc1122_3_2_2_anErrorAboutAForeignConnectionIsIgnored(Script script) {
        script.establish();
        script.send("abc");
        Sent about = script.expect(data(1, "abc"));
        about.bytes[14 + 20 + 3] ^= 0x01;
        script.receiveIcmp(UNREACHABLE, FRAGMENTATION_NEEDED, 600, about).expectNothing().expectState("ESTABLISHED");
        script.receive(ack(4)).send(1460);
        script.expect(data(4, 1460));
    }

    @Test
    void rfc1122_3_2_2_aTruncatedQuoteIsIgnored(Script script) {
        script.establish();
        script.send("abc");
        Sent about = script.expect(data(1, "abc"));
        byte[] whole = script.icmpFrame(UNREACHABLE, 3, 0, about);
        for (int length = 14; length < whole.length; length++) {
            script.receiveFrame(RawFrame.truncatedIcmp(whole, length), "ICMP cut to " + length).expectNothing();
        }
        script.expectState("ESTABLISHED");
    }
}
