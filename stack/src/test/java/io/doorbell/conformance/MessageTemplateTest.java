package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.fin;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;
import static io.doorbell.script.Segments.synAck;
import static io.doorbell.tcp.MessageTemplate.BACKPRESSURE;
import static io.doorbell.tcp.MessageTemplate.CLOSED;
import static io.doorbell.tcp.MessageTemplate.FAST;
import static io.doorbell.tcp.MessageTemplate.HOLES;
import static io.doorbell.tcp.MessageTemplate.NOT_CONNECTED;
import static io.doorbell.tcp.MessageTemplate.OUT_OF_RANGE;
import static io.doorbell.tcp.MessageTemplate.QUEUED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.counters.Counter;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Segment;
import io.doorbell.script.Sent;
import io.doorbell.tcp.MessageTemplate;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Message templates, seen from the wire: what they send is what an ordinary send would have sent. */
@ExtendWith(Scripts.class)
class MessageTemplateTest {
    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    static MessageTemplate template(Script script, String known) {
        MessageTemplate template = script.connection().template(known.length());
        assertNotNull(template, "no template");
        assertEquals(0, template.known(0, bytes(known)));
        return template;
    }

    /** Sends it; if it is to be accepted, these are the bytes that it consists of. */
    private static void send(Script script, MessageTemplate template, String content, int code, int flags) {
        script.act("template", () -> {
            if (code >= 0) {
                script.flow().application().wrote(bytes(content), content.length());
            }
            assertEquals(code, template.send(script.clockNanos(), flags));
        });
    }

    static void send(Script script, MessageTemplate template, String content, int code) {
        send(script, template, content, code, 0);
    }

    private static Segment peer(boolean options) {
        return options ? syn(0).mss(1000).sackOk().wscale(3).timestamps(77, 0) : syn(0).mss(1000);
    }

    private static int framesOut(Script script) {
        return script.link().frames().capacity() - script.link().frames().available();
    }

    // ---- what leaves

    @Test
    void rfc9293_3_10_2_aTemplateLeavesAtOnceAndStaysArmed(Script script) {
        script.establish(peer(false));
        MessageTemplate template = script.connection().template(12);
        assertEquals(8, template.known(0, bytes("BUY ")));
        for (int i = 0; i < 3; i++) {
            String price = "price  " + i;
            assertEquals(HOLES, template.send(script.clockNanos()));
            assertEquals(0, template.update(4, bytes(price)));
            long doorbells = script.link().statistics().doorbells;
            script.act("send", () -> {
                script.flow().application().wrote(bytes("BUY " + price), 12);
                assertEquals(FAST, template.send(script.clockNanos()));
                assertEquals(doorbells + 1, script.link().statistics().doorbells);
            });
            script.expect(data(1 + 12 * i, "BUY " + price).psh());
        }
        script.receive(ack(37)).expectNothingUntil(seconds(5));
        script.expectCounter(Counter.TEMPLATE_SENDS_FAST, 3).expectCounter(Counter.TEMPLATE_SENDS_WITH_HOLES, 3);
    }

    @Test
    void rfc7323_3_2_timestampsAreThoseOfTheMomentItLeaves(Script script) {
        script.establish(peer(true));
        MessageTemplate template = template(script, "twenty bytes, all of them known.");
        script.receive(data(1, 100).tsVal(99));
        script.expectDelivered(100);
        script.advance(millis(7));
        send(script, template, "twenty bytes, all of them known.", FAST);
        Sent sent = script.expect(data(1, "twenty bytes, all of them known.").ack(101).psh().echo(99));
        script.advance(millis(25));
        script.receive(ack(33));
        send(script, template, "twenty bytes, all of them known.", FAST);
        Sent second = script.expect(data(33, "twenty bytes, all of them known.").ack(101));
        assertEquals(25, second.tsVal - sent.tsVal);
        script.receive(ack(65)).expectNothingUntil(seconds(5));
    }

    @Test
    void rfc9293_3_7_1_aLongMessageIsSeveralSegments(Script script) {
        script.establish(peer(true));
        StringBuilder text = new StringBuilder();
        for (int i = 0; text.length() < 3501; i++) {
            text.append(i).append(' ');
        }
        String content = text.substring(0, 3501);
        MessageTemplate template = template(script, content);
        // Across the border of two segments, at an odd offset of each.
        String changed = content.substring(0, 983) + "0123456789" + content.substring(993);
        assertEquals(0, template.update64(983, 0x3031323334353637L));
        assertEquals(0, template.update(991, bytes("89")));
        for (int i = 0; i < 2; i++) {
            send(script, template, changed, FAST);
            int from = 1 + i * 3501;
            script.expect(data(from, changed.substring(0, 988)).noPsh(), data(from + 988, changed.substring(988, 1976)).noPsh(),
                    data(from + 1976, changed.substring(1976, 2964)).noPsh(), data(from + 2964, changed.substring(2964)).psh());
            script.receive(ack(from + 3501));
        }
        script.expectNothingUntil(seconds(5));
    }

    @Test
    void rfc9293_3_8_6_3_itCarriesTheAckThatWasBeingDelayed(Script script) {
        script.establish(peer(false));
        MessageTemplate template = template(script, "answer");
        script.receive(data(1, 10));
        script.expectDelivered(10);
        send(script, template, "answer", FAST);
        script.expect(data(1, "answer").ack(11));
        script.receive(ack(7)).expectNothingUntil(seconds(1));
    }

    @Test
    void rfc2018_4_theSackThatItHasNoRoomForStillLeaves(Script script) {
        script.establish(peer(true));
        MessageTemplate template = template(script, "answer");
        script.flow().application().onData(c -> {
            script.flow().application().wrote(bytes("answer"), 6);
            assertEquals(FAST, template.send(script.clockNanos()));
        });
        script.receive(data(1, 100), data(201, 100));
        script.expect(data(1, "answer").ack(101), ack(101).sack(201, 301));
        script.expectDelivered(100);
        script.flow().application().onData(c -> { });
        script.receive(data(101, 100).ack(7));
        script.expect(ack(301));
        script.expectDelivered(200).expectNothingUntil(seconds(1));
    }

    @Test
    void rfc9293_3_9_1_2_ordinarySendsBetweenKeepTheirPlace(Script script) {
        script.establish(peer(false));
        MessageTemplate template = template(script, "two");
        script.send("one");
        script.expect(data(1, "one"));
        send(script, template, "two", FAST);
        script.expect(data(4, "two"));
        script.send("three");
        script.expect(data(7, "three"));
        script.receive(ack(12)).expectNothingUntil(seconds(5));
    }

    @Test
    void rfc9293_3_10_2_severalPostedOnesLeaveWithOneDoorbell(Script script) {
        script.establish(peer(false));
        MessageTemplate one = template(script, "one");
        MessageTemplate two = template(script, "two");
        long doorbells = script.link().statistics().doorbells;
        script.act("posted", () -> {
            script.flow().application().wrote(bytes("twoone"), 6);
            assertEquals(FAST, two.send(script.clockNanos(), MessageTemplate.POST_ONLY));
            assertEquals(FAST, one.send(script.clockNanos(), MessageTemplate.POST_ONLY));
            assertEquals(doorbells, script.link().statistics().doorbells);
        });
        assertEquals(doorbells + 1, script.link().statistics().doorbells);
        script.expect(data(1, "two"), data(4, "one"));
        script.receive(ack(7)).expectNothingUntil(seconds(5));
    }

    // ---- losses, and frames that are still out

    @Test
    void rfc6298_5_4_aRetransmissionIsWhatWasSentAndNotWhatTheTemplateIsNow(Script script) {
        script.establish(peer(false));
        MessageTemplate template = template(script, "before");
        script.link().keepPosted(true);
        send(script, template, "before", FAST);
        script.expect(data(1, "before"));
        assertEquals(0, template.update(0, bytes("behind")));
        script.link().keepPosted(false);
        script.expectBy(script.time() + seconds(2), data(1, "before"));
        script.receive(ack(7));
        send(script, template, "behind", FAST);
        script.expect(data(7, "behind"));
        script.receive(ack(13)).expectNothingUntil(seconds(5));
    }

    @Test
    void rfc5681_3_2_aLostTemplateIsFastRetransmitted(Script script) {
        script.establish(peer(false));
        MessageTemplate template = template(script, "x".repeat(1000));
        for (int i = 0; i < 4; i++) {
            send(script, template, "x".repeat(1000), FAST);
            script.expect(data(1 + i * 1000, "x".repeat(1000)));
        }
        script.receive(ack(1), ack(1), ack(1));
        script.expect(data(1, "x".repeat(1000)));
        send(script, template, "x".repeat(1000), FAST);
        script.expect(data(4001, "x".repeat(1000)));
        script.receive(ack(5001)).expectNothingUntil(seconds(5));
    }

    // ---- in the way

    @Test
    void rfc9293_3_8_6_1_aClosedWindowQueuesTheMessageAndTheTemplateSurvives(Script script) {
        script.establish(peer(false));
        MessageTemplate template = template(script, "wait for it");
        script.receive(ack(1).win(0));
        send(script, template, "wait for it", QUEUED);
        script.expectNothing();
        script.receive(ack(1).win(5000));
        script.expect(data(1, "wait for it"));
        send(script, template, "wait for it", FAST);
        script.expect(data(12, "wait for it"));
        script.receive(ack(23)).expectNothingUntil(seconds(5));
    }

    @Test
    void rfc5681_3_1_theCongestionWindowHoldsForTemplates(Script script) {
        script.establish(peer(false));
        MessageTemplate template = template(script, "y".repeat(1000));
        for (int i = 0; i < 10; i++) {
            send(script, template, "y".repeat(1000), FAST);
            script.expect(data(1 + i * 1000, "y".repeat(1000)));
        }
        send(script, template, "y".repeat(1000), QUEUED);
        script.expectNothing();
        script.receive(ack(2001));
        script.expect(data(10_001, "y".repeat(1000)));
        script.receive(ack(11_001)).expectNothingUntil(seconds(5));
    }

    @Test
    void rfc9293_3_7_4_nagleHoldsForTemplates(Script script) {
        script.tcp().nagle(true);
        script.establish(peer(false));
        MessageTemplate template = template(script, "small");
        send(script, template, "small", FAST);
        script.expect(data(1, "small"));
        send(script, template, "small", QUEUED);
        script.expectNothing();
        script.receive(ack(6));
        script.expect(data(6, "small"));
        script.receive(ack(11)).expectNothingUntil(seconds(5));
    }

    @Test
    void rfc9293_3_8_aFullLinkQueuesAndNothingIsSentTwice(Script script) {
        script.establish(peer(false));
        MessageTemplate two = template(script, "a".repeat(1000) + "b".repeat(500));
        String content = "a".repeat(1000) + "b".repeat(500);
        script.linkRoomFor(0);
        script.act("full", () -> {
            script.flow().application().wrote(bytes(content + content), 3000);
            assertEquals(QUEUED, two.send(script.clockNanos()));
            script.linkRoomFor(Integer.MAX_VALUE);
        });
        script.expect(data(1, "a".repeat(1000)), data(1001, "b".repeat(500)));
        script.receive(ack(1501));
        script.act("half full", () -> {
            script.linkRoomFor(1);
            assertEquals(QUEUED, two.send(script.clockNanos()));
            script.linkRoomFor(Integer.MAX_VALUE);
        });
        script.expect(data(1501, "a".repeat(1000)), data(2501, "b".repeat(500)));
        script.receive(ack(3001));
        send(script, two, content, FAST);
        script.expect(data(3001, "a".repeat(1000)), data(4001, "b".repeat(500)));
        script.receive(ack(4501)).expectNothingUntil(seconds(5));
    }

    @Test
    void rfc9293_3_10_2_aFullSendBufferRefusesAndTellsWhenThereIsRoom(Script script) {
        script.tcp().sendBufferBytes(1500);
        script.establish(peer(false));
        MessageTemplate template = script.connection().template(1000);
        assertEquals(1, template.known(0, new byte[999]));
        assertEquals(0, template.update(999, new byte[1]));
        send(script, template, "\0".repeat(1000), FAST);
        script.expect(data(1, "\0".repeat(1000)));
        assertEquals(0, template.update(999, bytes("!")));
        send(script, template, "", BACKPRESSURE);
        assertEquals(0, template.missing(), "a refused send keeps what was supplied");
        script.receive(ack(1001)).expectWritable();
        send(script, template, "\0".repeat(999) + "!", FAST);
        script.expect(data(1001, "\0".repeat(999) + "!"));
        script.receive(ack(2001)).expectNothingUntil(seconds(5));
    }

    // ---- changes around it

    @Test
    void rfc1191_3_aSmallerPathMtuDividesTheTemplateAnew(Script script) {
        script.establish(peer(false));
        String content = "0123456789".repeat(100);
        MessageTemplate template = template(script, content);
        send(script, template, content, FAST);
        Sent sent = script.expect(data(1, content));
        script.receiveIcmp(3, 4, 640, sent);
        script.expect(data(1, content.substring(0, 600)), data(601, content.substring(600)));
        script.receive(ack(1001));
        assertEquals(0, template.update(599, bytes("AB")));
        String changed = content.substring(0, 599) + "AB" + content.substring(601);
        send(script, template, changed, FAST);
        script.expect(data(1001, changed.substring(0, 600)), data(1601, changed.substring(600)));
        script.receive(ack(2001)).expectNothingUntil(seconds(5));
        script.expectCounter(Counter.TEMPLATES_FORMED_AGAIN, 1);
    }

    @Test
    void rfc826_aNeighboursNewMacIsUsedAtOnce(Script script) {
        script.establish(peer(false));
        MessageTemplate template = template(script, "where to");
        send(script, template, "where to", FAST);
        byte[] before = script.expect(data(1, "where to")).bytes;
        script.receive(ack(9));
        script.advance(seconds(2));
        byte[] arp = {-1, -1, -1, -1, -1, -1, 2, 0, 0, 0, 0, 9, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9,
            10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1};
        script.receiveFrame(arp, "an announcement of another MAC");
        send(script, template, "where to", FAST);
        byte[] after = script.expect(data(9, "where to")).bytes;
        assertEquals(1, before[5]);
        assertEquals(9, after[5]);
        script.receive(ack(17)).expectNothingUntil(seconds(5));
    }

    @Test
    void rfc5681_4_1_afterALongIdleTimeTheWindowRestarts(Script script) {
        script.establish(peer(false));
        MessageTemplate template = template(script, "z".repeat(1000));
        for (int i = 0; i < 20; i++) {
            send(script, template, "z".repeat(1000), FAST);
            script.expect(data(1 + i * 1000, "z".repeat(1000)));
            send(script, template, "z".repeat(1000), FAST);
            script.expect(data(1001 + i++ * 1000, "z".repeat(1000)));
            script.receive(ack(1 + (i + 1) * 1000));
        }
        int initial = 10 * 1000;
        script.advance(seconds(60));
        send(script, template, "z".repeat(1000), FAST);
        script.expect(data(20_001, "z".repeat(1000)));
        assertTrue(script.connection().congestionWindow() <= initial, "window " + script.connection().congestionWindow());
        script.receive(ack(21_001)).expectNothingUntil(seconds(90));
    }

    @Test
    void rfc9293_3_10_1_aTemplateMayBeMadeBeforeTheConnectionIsThere(Script script) {
        script.connect(80);
        script.expect(syn(0));
        MessageTemplate template = template(script, "early bird");
        send(script, template, "", NOT_CONNECTED);
        script.receive(synAck(0).mss(500));
        script.expect(ack(1));
        script.expectConnected();
        send(script, template, "early bird", FAST);
        script.expect(data(1, "early bird"));
        script.receive(ack(11)).expectNothingUntil(seconds(5));
    }

    // ---- ends

    @Test
    void rfc9293_3_10_7_4_afterAResetItSaysClosedAndItsFramesAreBack(Script script) {
        script.establish(peer(false));
        int before = framesOut(script);
        MessageTemplate template = template(script, "q".repeat(2500));
        assertEquals(before + 3, framesOut(script));
        script.receive(rst(1)).expectClosed(io.doorbell.tcp.CloseReason.RESET_BY_PEER);
        assertEquals(before, framesOut(script));
        assertTrue(template.isClosed());
        assertEquals(CLOSED, template.send(script.clockNanos()));
        assertEquals(CLOSED, template.send(script.clockNanos(), MessageTemplate.WARM));
        assertEquals(CLOSED, template.update(0, bytes("x")));
        assertEquals(CLOSED, template.update64(0, 1));
        assertEquals(CLOSED, template.known(0, bytes("x")));
        assertNull(script.connection().template(10));
        template.close();
    }

    @Test
    void rfc9293_3_6_aPeerThatHasClosedStillGetsTemplatesUntilThisSideCloses(Script script) {
        script.program(application -> application.onPeerClosed(c -> { }));
        script.establish(peer(false));
        MessageTemplate first = template(script, "last words");
        MessageTemplate second = template(script, "never said");
        MessageTemplate third = template(script, "given back");
        third.close();
        script.receive(fin(1));
        script.expect(ack(2));
        script.expectPeerClosed();
        send(script, first, "last words", FAST);
        script.expect(data(1, "last words").ack(2));
        int out = framesOut(script);
        script.close();
        script.expect(fin(11));
        assertEquals(out - 2, framesOut(script));
        send(script, first, "", CLOSED);
        send(script, second, "", CLOSED);
        script.receive(ack(12)).expectClosed();
    }

    @Test
    void boundedByFrames_aTemplateThatFindsNoneIsRefusedAndCounted(Script script) {
        script.frames(64);
        script.establish(peer(false));
        int made = 0;
        while (script.connection().template(1500) != null) {
            made++;
        }
        assertTrue(made >= 20 && made <= 28, made + " templates of two frames from 64");
        script.expectCounter(Counter.TEMPLATES_REFUSED, 1).expectCounter(Counter.TEMPLATES_OPENED, made);
        script.receive(data(1, 10));
        script.expectDelivered(10).expectBy(script.time() + seconds(1), ack(11));
    }

    // ---- updates

    @Test
    void allOrNone_outOfRangeChangesNothing(Script script) {
        script.establish(peer(false));
        MessageTemplate template = template(script, "unchanged");
        byte[] source = bytes("XXXXXXXXXX");
        MemorySegment memory = MemorySegment.ofArray(source);
        assertEquals(OUT_OF_RANGE, template.update(-1, source));
        assertEquals(OUT_OF_RANGE, template.update(0, source));
        assertEquals(OUT_OF_RANGE, template.update(9, memory, 0, 1));
        assertEquals(OUT_OF_RANGE, template.update(0, memory, 8, 3));
        assertEquals(OUT_OF_RANGE, template.update(0, memory, -1, 3));
        assertEquals(OUT_OF_RANGE, template.update(0, memory, 0, -1));
        assertEquals(OUT_OF_RANGE, template.update(Integer.MAX_VALUE, memory, 0, 1));
        assertEquals(OUT_OF_RANGE, template.update64(2, 7));
        assertEquals(OUT_OF_RANGE, template.update64(-1, 7));
        assertEquals(OUT_OF_RANGE, template.known(8, memory, 0, 2));
        assertEquals(OUT_OF_RANGE, template.update(new int[] {0, 3, 8}, new int[] {2, 2, 2}, 3, memory, 0));
        assertEquals(OUT_OF_RANGE, template.update(new int[] {0, 3}, new int[] {5, 6}, 2, memory, 0));
        assertEquals(OUT_OF_RANGE, template.update(new int[] {0}, new int[] {5}, 2, memory, 0));
        send(script, template, "unchanged", FAST);
        script.expect(data(1, "unchanged"));
        assertEquals(0, template.update(new int[] {0, 7}, new int[] {2, 2}, 2, MemorySegment.ofArray(bytes("abcd")), 0));
        send(script, template, "abchangcd", FAST);
        script.expect(data(10, "abchangcd"));
        script.receive(ack(19)).expectNothingUntil(seconds(5));
    }
}
