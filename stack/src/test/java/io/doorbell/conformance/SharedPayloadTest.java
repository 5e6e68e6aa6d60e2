package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.micros;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Batch;
import io.doorbell.BatchConfig;
import io.doorbell.Connection;
import io.doorbell.counters.Counter;
import io.doorbell.script.Flow;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Sent;
import io.doorbell.tcp.CloseReason;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A message that several connections send from one place: each has its own windows, losses, paths and end. */
@ExtendWith(Scripts.class)
class SharedPayloadTest {
    private static final int SHARED_FROM = 500;
    private static final int MSS = 1448;
    private static final String MESSAGE = text(1000);

    private Script script;
    private Flow one;
    private Flow two;
    private Batch batch;
    private int free;

    private static String text(int length) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; text.length() < length; i++) {
            text.append("price ").append(i).append(';');
        }
        return text.substring(0, length);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private void connect(Script with, boolean scatter, int mssOfOne, int mssOfTwo) {
        script = with;
        if (scatter) {
            script.scatter();
        }
        script.establish(syn(0).mss(mssOfOne).sackOk());
        one = script.flow();
        two = script.flow(50_001, 80);
        script.use(two).establish(syn(0).mss(mssOfTwo).sackOk());
        batch = script.stack().batch(BatchConfig.defaults().withMessageBytes(8192).withShareBytes(SHARED_FROM)
                .withPeriodNanos(0));
        free = script.link().frames().available();
    }

    private void connect(Script with) {
        connect(with, true, MSS, MSS);
    }

    /** Both get the messages, in one batch. */
    private void sendToBoth(String... messages) {
        Connection first = one.application().connection();
        Connection second = two.application().connection();
        for (String message : messages) {
            one.application().wrote(bytes(message), message.length());
            two.application().wrote(bytes(message), message.length());
        }
        script.act("batch", () -> {
            for (String message : messages) {
                int number = batch.put(MemorySegment.ofArray(bytes(message)), 0, message.length());
                batch.add(number, first);
                batch.add(number, second);
            }
        });
    }

    private void expectTaken(int frames) {
        assertEquals(frames, free - script.link().frames().available(), "frames taken");
    }

    @Test
    void rfc9293_3_7_theMessageLiesInOneFrameUntilTheLastHasAcknowledgedIt(Script with) {
        connect(with);
        sendToBoth(MESSAGE);
        script.expect(data(1, MESSAGE).psh().on(one), data(1, MESSAGE).psh().on(two));
        script.expectCounter(Counter.BATCH_SHARED, 2);
        script.advance(millis(1));
        expectTaken(3);
        script.receive(ack(1001).on(one));
        expectTaken(2);
        script.receive(ack(1001).on(two));
        expectTaken(0);
    }

    @Test
    void rfc9293_3_7_aMessageOfSeveralSegmentsIsSharedInPieces(Script with) {
        connect(with);
        String message = text(2 * MSS + 501);
        sendToBoth(message);
        for (Flow flow : new Flow[] {one, two}) {
            script.expect(data(1, message.substring(0, MSS)).on(flow), data(1 + MSS, message.substring(MSS, 2 * MSS)).on(flow),
                    data(1 + 2 * MSS, message.substring(2 * MSS)).psh().on(flow));
        }
        script.advance(millis(1));
        expectTaken(9);
        script.receive(ack(1 + 2 * MSS).on(one), ack(1 + MSS).on(two));
        expectTaken(1 + 2 + 2);
        script.receive(ack(1 + message.length()).on(one), ack(1 + message.length()).on(two));
        expectTaken(0);
    }

    @Test
    void rfc6298_5_4_itIsSentAgainFromTheSameMemoryToWhomeverLacksIt(Script with) {
        connect(with);
        sendToBoth(MESSAGE, MESSAGE);
        script.expect(data(1, MESSAGE).on(one), data(1001, MESSAGE).on(one), data(1, MESSAGE).on(two),
                data(1001, MESSAGE).on(two));
        script.advance(millis(1)).receive(ack(2001).on(one), ack(1).sack(1001, 2001).on(two));
        expectTaken(4);
        script.expectBy(seconds(1), data(1, MESSAGE).on(two));
        script.receive(ack(301).sack(1001, 2001).on(two));
        script.expectBy(seconds(3), data(301, MESSAGE.substring(300)).on(two));
        expectTaken(4);
        script.receive(ack(2001).on(two)).expectNothing();
        expectTaken(0);
    }

    @Test
    void rfc9293_3_7_1_whoTakesSmallerSegmentsGetsACopy(Script with) {
        connect(with, true, 536, MSS);
        sendToBoth(MESSAGE);
        script.expect(data(1, MESSAGE.substring(0, 536)).on(one), data(537, MESSAGE.substring(536)).on(one),
                data(1, MESSAGE).on(two));
        script.expectCounter(Counter.BATCH_SHARED, 1);
        script.receive(ack(1001).on(two));
        expectTaken(2);
        script.receive(ack(1001).on(one));
        expectTaken(0);
    }

    @Test
    void rfc1191_3_whatIsTooLongForAPathIsCutForThatOneAlone(Script with) {
        connect(with);
        sendToBoth(MESSAGE);
        Sent sent = script.expect(data(1, MESSAGE).on(one), data(1, MESSAGE).on(two));
        script.receiveIcmp(3, 4, 640, sent);
        script.expect(data(1, MESSAGE.substring(0, 600)).on(two), data(601, MESSAGE.substring(600)).psh().on(two));
        script.expectBy(seconds(1), data(1, MESSAGE).on(one), data(601, MESSAGE.substring(600)).on(two));
        script.receive(ack(1001).on(one), ack(601).on(two));
        script.expectBy(seconds(3), data(601, MESSAGE.substring(600)).on(two));
        script.receive(ack(1001).on(two));
        expectTaken(0);
    }

    @Test
    void rfc9293_3_8_6_aWindowCutsItAndAClosedOneIsProbedWithItsFirstByte(Script with) {
        connect(with);
        script.receive(ack(1).win(700).on(one), ack(1).win(0).on(two));
        sendToBoth(MESSAGE);
        script.expectNothing();
        script.expectBy(seconds(2), data(1, MESSAGE.substring(0, 700)).on(one), data(1, MESSAGE.substring(0, 1)).on(two));
        script.receive(ack(701).win(60_000).on(one)).expect(data(701, MESSAGE.substring(700)).psh().on(one));
        script.receive(ack(2).win(60_000).on(two)).expect(data(2, MESSAGE.substring(1)).psh().on(two));
        script.receive(ack(1001).on(one), ack(1001).on(two));
        expectTaken(0);
    }

    @Test
    void rfc9293_3_9_1_whatFitsBehindItJoinsItsSegment(Script with) {
        connect(with);
        script.receive(ack(1).win(0).on(one), ack(1).win(0).on(two));
        sendToBoth(MESSAGE);
        sendToBoth("and more");
        script.receive(ack(1).win(60_000).on(one)).expect(data(1, MESSAGE + "and more").psh().on(one));
        expectTaken(2);
        script.receive(ack(1009).on(one)).receive(ack(1).win(60_000).on(two));
        script.expect(data(1, MESSAGE + "and more").psh().on(two));
        expectTaken(1);
        script.receive(ack(1009).on(two));
        expectTaken(0);
    }

    @Test
    void rfc9293_3_9_1_messagesThatFitIntoOneSegmentAreCopiedIntoIt(Script with) {
        connect(with);
        String half = MESSAGE.substring(0, 600);
        script.receive(ack(1).win(0).on(one), ack(1).win(0).on(two));
        sendToBoth(half, half);
        script.expectCounter(Counter.BATCH_SHARED, 2);
        script.receive(ack(1).win(60_000).on(one)).expect(data(1, half + half).psh().on(one));
        script.receive(ack(1201).on(one));
        script.receive(ack(1).win(60_000).on(two)).expect(data(1, half + half).psh().on(two));
        script.receive(ack(1201).on(two));
        expectTaken(0);
    }

    @Test
    void rfc9293_3_10_5_whoEndsInTheMiddleTakesNothingFromTheOthers(Script with) {
        connect(with);
        sendToBoth(MESSAGE);
        script.expect(data(1, MESSAGE).on(one), data(1, MESSAGE).on(two));
        script.advance(millis(1)).use(one).abort().expect(rst(1001).ack(1).on(one));
        script.advance(micros(1));
        expectTaken(2);
        script.expectBy(seconds(2), data(1, MESSAGE).on(two));
        script.receive(rst(1).on(two)).use(two).expectClosed(CloseReason.RESET_BY_PEER);
        script.advance(micros(1));
        expectTaken(0);
    }

    @Test
    void rfc1122_2_3_2_2_itIsHeldAsOnePacketUntilTheNeighbourHasAnswered(Script with) {
        connect(with);
        script.mutePeerArp(true);
        sendToBoth(MESSAGE);
        script.expect(data(1, MESSAGE).on(one), data(1, MESSAGE).on(two));
        for (int i = 0; script.stack().counters().get(Counter.DROP_HELD_UNREACHABLE) == 0; i++) {
            assertTrue(i < 100, "the neighbour is never given up");
            script.advance(seconds(1)).takeAll();
        }
        script.mutePeerArp(false);
        Sent again = script.nextBy(script.time() + seconds(100));
        assertArrayEquals(bytes(MESSAGE), again.payload);
        script.takeAll();
        script.receive(ack(1001).on(one), ack(1001).on(two));
        expectTaken(0);
    }

    @Test
    void rfc9293_3_9_1_itIsCopiedWhereTheLinkTakesNoTwoPieces(Script with) {
        connect(with, false, MSS, MSS);
        sendToBoth(MESSAGE);
        script.expect(data(1, MESSAGE).on(one), data(1, MESSAGE).on(two));
        script.expectCounter(Counter.BATCH_SHARED, 0);
        script.advance(millis(1));
        expectTaken(2);
        script.receive(ack(1001).on(one), ack(1001).on(two));
    }

    @Test
    void rfc9293_3_9_1_shortOnesAndThoseOfOneReceiverAreCopied(Script with) {
        connect(with);
        String shorter = MESSAGE.substring(0, SHARED_FROM - 1);
        sendToBoth(shorter);
        script.expect(data(1, shorter).on(one), data(1, shorter).on(two));
        script.receive(ack(SHARED_FROM).on(one), ack(SHARED_FROM).on(two));
        one.application().wrote(bytes(MESSAGE), MESSAGE.length());
        script.act("batch", () ->
                batch.add(batch.put(MemorySegment.ofArray(bytes(MESSAGE)), 0, MESSAGE.length()),
                        one.application().connection()));
        script.expect(data(SHARED_FROM, MESSAGE).on(one));
        script.expectCounter(Counter.BATCH_SHARED, 0);
        script.receive(ack(SHARED_FROM + MESSAGE.length()).on(one));
        expectTaken(0);
    }
}
