package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static io.doorbell.script.Segments.synAck;

import io.doorbell.counters.Counter;
import io.doorbell.script.MultiPeer;
import io.doorbell.script.PartialSend;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Segment;
import io.doorbell.script.Sent;
import io.doorbell.tcp.PartialMessage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The multi-segment option as docs/multi-segment.md words it: agreed on, sent, received, refused, given up. */
@ExtendWith(Scripts.class)
class MultiSegmentTest {
    @Test
    void rfc6994_2_itIsAgreedOnOnlyIfTheSynHasIt(Script script) {
        script.tcp().multiSegment(true);
        script.listen(80);
        script.receive(syn(0).mss(1000).sackOk());
        script.require(script.expect(synAck(0)).experiment == null, "the option answers nothing");
    }

    @Test
    void rfc6994_2_itIsOffUnlessAskedFor(Script script) {
        script.listen(80);
        script.receive(syn(0).options(MultiPeer.synOptions()));
        script.require(script.expect(synAck(0)).experiment == null, "the option is on");
        script.connect(81);
        script.require(script.expect(syn(0)).experiment == null, "the option is offered");
    }

    @Test
    void rfc6994_2_anotherExperimentIsNoneOfOurs(Script script) {
        script.tcp().multiSegment(true);
        script.listen(80);
        script.receive(syn(0).options(2, 4, 3, 232, 4, 2, 253, 8, 0xdb, 0x0f, 1, 2, 3, 4));
        script.require(script.expect(synAck(0)).experiment == null, "another's ExID was taken for ours");
    }

    @Test
    void withoutSackItIsNotAgreedOn(Script script) {
        script.tcp().multiSegment(true);
        script.listen(80);
        script.receive(syn(0).options(2, 4, 3, 232, 253, 8, 0xdb, 0x0e, 1, 2, 3, 4));
        script.require(script.expect(synAck(0)).experiment == null, "agreed on without SACK");
    }

    @Test
    void aSynThatIsLostTwiceGoesWithoutIt(Script script) {
        script.tcp().multiSegment(true);
        script.connect(81);
        script.require(script.expect(syn(0)).experiment.length == 8, "not offered");
        script.require(script.expectBy(seconds(1), syn(0)).experiment != null, "not offered again");
        script.require(script.expectBy(seconds(4), syn(0)).experiment == null, "offered for ever");
    }

    @Test
    void rfc9293_3_10_7_4_theHandshakesLastAckGoesBeforeParts(Script script) {
        script.tcp().multiSegment(true);
        PartialMessage message = new PartialMessage();
        script.program(application -> application.onConnected(c -> {
            c.begin(message, 30);
            message.complete(0, new byte[30], 0, 10);
            message.complete(12, new byte[30], 12, 18);
        }));
        script.connect(80);
        int[] options = MultiPeer.synAckOptions(script.expect(syn(0)));
        script.receive(synAck(0).options(options));
        script.expect(ack(1).seq(1));
        script.require(script.nextBy(script.time()).experiment != null, "the parts were not put together");
    }

    private static void connect(Script script, boolean honest) {
        script.tcp().multiSegment(true);
        script.connect(80);
        int[] options = MultiPeer.synAckOptions(script.expect(syn(0)));
        options[options.length - 1] ^= honest ? 0 : 1;
        script.receive(synAck(0).options(options));
        script.expect(ack(1).seq(1));
        new PartialSend(script, 30).completeAll(0, 10, 12, 18);
    }

    @Test
    void theActiveOpenerSendsItOnceTheAnswerProvesThatItWasUnderstood(Script script) {
        connect(script, true);
        script.require(script.nextBy(script.time()).experiment != null, "the parts were not put together");
    }

    @Test
    void anAnswerThatOnlySendsSomethingBackAgreesToNothing(Script script) {
        connect(script, false);
        script.expect(data(1, 10), data(13, 18));
    }

    @Test
    void knownPartsLeaveInOneSegmentAndTheLastOneAlone(Script script) {
        MultiPeer peer = MultiPeer.establish(script);
        PartialSend message = new PartialSend(script, 30);
        message.completeAll(0, 10, 12, 18);
        peer.expectParts(1, 10, 13, 18);
        script.receive(ack(11).sack(13, 31)).expectNothingUntil(seconds(100));
        message.complete(10, 2);
        script.expect(data(11, 2));
        script.receive(ack(31)).expectNothingUntil(seconds(200));
    }

    @Test
    void lastPartsLeaveInOneSegmentToo(Script script) {
        MultiPeer peer = MultiPeer.establish(script);
        PartialSend message = new PartialSend(script, 100);
        message.completeAll(10, 20, 40, 20, 70, 30);
        peer.expectParts(11, 20, 41, 20, 71, 30);
        script.receive(ack(1).sack(11, 31, 41, 61, 71, 101));
        message.completeAll(0, 10, 30, 10, 60, 10);
        peer.expectParts(1, 10, 31, 10, 61, 10);
        script.receive(ack(101)).expectNothingUntil(seconds(100));
    }

    @Test
    void adjoiningPiecesAreOnePart(Script script) {
        MultiPeer peer = MultiPeer.establish(script);
        PartialSend message = new PartialSend(script, 60);
        message.completeAll(0, 10, 20, 10, 30, 10);
        peer.expectParts(1, 10, 21, 20);
    }

    @Test
    void morePartsThanTheOptionHoldsTakeMoreSegments(Script script) {
        MultiPeer peer = MultiPeer.establish(script);
        PartialSend message = new PartialSend(script, 600);
        int[] parts = new int[60];
        for (int i = 0; i < 30; i++) {
            parts[2 * i] = 20 * i;
            parts[2 * i + 1] = 10;
        }
        script.require(message.message.length() == 600, "begun");
        message.completeAll(parts);
        int segments = script.takeAll().stream().mapToInt(sent -> sent.experiment == null ? 0 : 1).sum();
        script.require(segments == 2 || segments == 3, segments + " segments with the option");
        script.require(peer != null, "no peer");
    }

    @Test
    void rfc9293_3_7_1_optionAndPartsStayWithinThePeersSegmentSize(Script script) {
        MultiPeer peer = MultiPeer.establish(script);
        PartialSend message = new PartialSend(script, 3000);
        message.completeAll(0, 900, 1000, 80, 2000, 700);
        Sent first = script.nextBy(script.time());
        script.require(first.payload.length + first.optionBytes <= 1000, "too large: " + first);
        for (Sent sent : script.takeAll()) {
            script.require(sent.payload.length + sent.optionBytes <= 1000, "too large: " + sent);
        }
        script.require(peer != null, "no peer");
    }

    @Test
    void receivedPartsAreDeliveredAndReported(Script script) {
        MultiPeer peer = MultiPeer.establish(script);
        script.receive(peer.several(1, 10, 13, 18)).expectDelivered(10);
        script.expect(ack(11).sack(13, 31));
        script.receive(data(11, 2)).expectDelivered(20);
        script.expect(ack(31).noOptions());
        script.expectCounter(Counter.TCP_MULTI_SEGMENTS_IN, 1);
    }

    @Test
    void rfc5681_4_2_oneDuplicateAckForASegmentHoweverManyParts(Script script) {
        MultiPeer peer = MultiPeer.establish(script);
        script.receive(peer.several(11, 10, 31, 10, 51, 10));
        Sent told = script.expect(ack(1));
        script.require(told.sackEdges.length == 6, "the blocks are " + java.util.Arrays.toString(told.sackEdges));
        script.expectNothing();
        script.receive(peer.several(1, 10, 21, 10, 41, 10)).expectDelivered(60);
        script.expect(ack(61).noOptions());
    }

    @Test
    void rfc2883_4_partsThatCameBeforeAreReportedAsDuplicates(Script script) {
        MultiPeer peer = MultiPeer.establish(script);
        Segment segment = peer.several(1, 10, 21, 10);
        script.receive(segment).expectDelivered(10);
        script.expect(ack(11).sack(21, 31));
        script.receive(segment);
        for (Sent sent : script.takeAll()) {
            script.require(sent.ack == 11, "a copy moved the ACK: " + sent);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "parts that touch       | 20 | 20 10 0 10",
        "an empty part          | 20 | 20 0 5 20",
        "less than the payload  | 20 | 20 10 5 9",
        "more than the payload  | 20 | 20 10 5 11",
        "beyond the payload     | 20 | 20 200",
        "among the old bytes    | 20 | 19 10 5 10",
        "no length              | 20 | 20",
        "no length of the last  | 20 | 20 10 5 10 5",
        "too far                | 20 | 1073741823 10 5 10",
        "far beyond             | 20 | 20 10 2000000000 10",
        "nothing                | 20 | ''",
    })
    void malformedLayoutsAreDroppedAndCounted(String what, int payload, String numbers, Script script) {
        MultiPeer peer = MultiPeer.establish(script);
        int[] layout = numbers.isBlank() ? new int[0]
                : java.util.Arrays.stream(numbers.trim().split(" ")).mapToInt(Integer::parseInt).toArray();
        script.receive(peer.layout(payload, layout));
        script.expectNothing();
        script.require(script.counter(Counter.DROP_TCP_LAYOUT) == 1, what + " was not counted");
        script.receive(data(1, 10)).expectDelivered(10);
        script.takeAll();
    }

    @Test
    void aNumberWithoutAnEndIsDroppedAndCounted(Script script) {
        MultiPeer peer = MultiPeer.establish(script);
        script.receive(peer.rawLayout(20, new byte[] {20, 10, 5, (byte) 0x8a}));
        script.receive(peer.rawLayout(20, new byte[] {-1, -1, -1, -1, -1, -1, 20, 10, 5, 10}));
        script.expectNothing().expectCounter(Counter.DROP_TCP_LAYOUT, 2);
    }

    @Test
    void partsBeyondTheWindowAreDroppedAndCounted(Script script) {
        script.tcp().receiveWindowBytes(4096);
        MultiPeer peer = MultiPeer.establish(script);
        script.receive(peer.several(1, 10, 4090, 20));
        script.expect(ack(1));
        script.expectCounter(Counter.DROP_TCP_LAYOUT_WINDOW, 1);
    }

    @Test
    void anOptionThatWasChangedIsDroppedAndCounted(Script script) {
        MultiPeer peer = MultiPeer.establish(script);
        script.receive(peer.several(1, 10, 13, 18).text("!".repeat(28)));
        script.receive(peer.several(1, 10, 13, 18).seq(-40));
        script.expectNothing().expectCounter(Counter.DROP_TCP_LAYOUT_CHECK, 2);
    }

    @Test
    void withoutItsOptionASegmentIsOldData(Script script) {
        MultiPeer peer = MultiPeer.establish(script);
        script.receive(peer.several(1, 10, 13, 18).options(1, 1, 1, 1));
        script.expect(ack(1));
        script.expectCounter(Counter.TCP_MULTI_SEGMENTS_IN, 0);
    }

    @Test
    void aReportOfOldDataTellsThatTheOptionWasLost(Script script) {
        MultiPeer peer = MultiPeer.establish(script);
        PartialSend first = new PartialSend(script, 1000);
        first.complete(0, 1000);
        script.expect(data(1, 1000));
        script.receive(ack(1001));
        int before = script.flow().application().connection().congestionWindow();
        PartialSend message = new PartialSend(script, 30);
        message.completeAll(0, 10, 12, 18);
        peer.expectParts(1001, 10, 1013, 18);
        script.receive(ack(1001).sack(973, 1001));
        script.expect(data(1001, 10), data(1013, 18));
        script.expectCounter(Counter.TCP_MULTI_FALLBACKS, 1).expectCounter(Counter.TCP_FAST_RETRANSMITS, 0);
        script.receive(ack(1011).sack(1013, 1031));
        script.require(script.flow().application().connection().congestionWindow() >= before, "the window shrank");
        new PartialSend(script, 30).completeAll(0, 10, 12, 18);
        script.expect(data(1031, 10), data(1043, 18));
    }

    @Test
    void partsThatNeverArriveTellItInTheEnd(Script script) {
        MultiPeer peer = MultiPeer.establish(script);
        for (int i = 0; i < 3; i++) {
            int at = script.flow().sentUpTo();
            PartialSend message = new PartialSend(script, 50);
            message.completeAll(0, 10, 20, 10, 40, 10);
            peer.expectParts(at, 10, at + 20, 10, at + 40, 10);
            script.advance(seconds(200));
            script.require(script.takeAll().stream().allMatch(sent -> sent.experiment == null), "sent again with it");
            message.complete(10, 10);
            script.expect(data(at + 10, 10));
            message.complete(30, 10);
            script.expect(data(at + 30, 10));
            script.receive(ack(at + 50)).advance(millis(1));
        }
        script.expectCounter(Counter.TCP_MULTI_FALLBACKS, 1);
        int at = script.flow().sentUpTo();
        new PartialSend(script, 50).completeAll(0, 10, 20, 10);
        script.expect(data(at, 10), data(at + 20, 10));
    }

    @Test
    void rfc8985_6_2_aLostPartIsSentAgainByItself(Script script) {
        MultiPeer peer = MultiPeer.establish(script);
        PartialSend message = new PartialSend(script, 30);
        message.completeAll(0, 10, 12, 18);
        peer.expectParts(1, 10, 13, 18);
        script.expectBy(seconds(1), data(13, 18));
        script.receive(ack(1).sack(13, 31));
        script.expectBy(seconds(2), data(1, 10));
        script.receive(ack(11));
        message.complete(10, 2);
        script.expect(data(11, 2));
    }
}
