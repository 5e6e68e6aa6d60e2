package io.doorbell.conformance;

import static io.doorbell.script.Segments.ack;
import static io.doorbell.script.Segments.data;
import static io.doorbell.script.Segments.millis;
import static io.doorbell.script.Segments.rst;
import static io.doorbell.script.Segments.seconds;
import static io.doorbell.script.Segments.syn;

import io.doorbell.counters.Counter;
import io.doorbell.script.Script;
import io.doorbell.script.Scripts;
import io.doorbell.script.Segment;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Frames that no honest sender makes, into an open connection: counted by reason, never delivered, nothing leaked. */
@ExtendWith(Scripts.class)
class MalformedFrameTest {
    private static final int IP = RawFrame.IP;
    private static final int TCP = RawFrame.TCP;

    /** A frame with 40 bytes of data that the connection would take. */
    private static byte[] good(Script script) {
        return script.frame(data(1, 40));
    }

    /** The frame must be dropped with a count of its own reason and no answer. */
    private static void dropped(Script script, byte[] frame, Counter reason, String what) {
        long before = script.counter(reason);
        long drops = script.stack().counters().drops();
        script.receiveFrame(frame, what).expectNothing();
        script.require(script.counter(reason) == before + 1, what + " is not counted as " + reason.label());
        script.require(script.stack().counters().drops() == drops + 1, what + " is counted more than once");
    }

    /** The connection is as it was: the good frame is still taken. */
    private static void unharmed(Script script) {
        script.expectNothingUntil(script.time() + seconds(1)).expectDelivered(0).expectState("ESTABLISHED");
        script.receive(data(1, 40)).expectDelivered(40);
        script.expectBy(script.time() + millis(499), ack(41));
    }

    @Test
    void rfc791_3_1_aFrameCutAtEveryLengthIsDropped(Script script) {
        script.establish();
        byte[] whole = good(script);
        for (int length = 0; length < whole.length; length++) {
            Counter reason = length < 14 ? Counter.DROP_ETHERNET_SHORT
                    : length < 34 ? Counter.DROP_IP_SHORT : Counter.DROP_IP_TOTAL_LENGTH;
            dropped(script, Arrays.copyOf(whole, length), reason, "a frame cut to " + length);
        }
        unharmed(script);
    }

    @Test
    void rfc9293_3_1_aTcpHeaderCutAtEveryLengthIsDropped(Script script) {
        script.establish();
        byte[] whole = good(script);
        for (int length = TCP; length < TCP + 20; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            ByteBuffer.wrap(cut).putShort(IP + 2, (short) (length - IP));
            RawFrame.mendIp(cut);
            dropped(script, cut, Counter.DROP_TCP_SHORT, "a TCP header of " + (length - TCP) + " bytes");
        }
        unharmed(script);
    }

    @Test
    void rfc9293_3_1_impossibleDataOffsetsAreDropped(Script script) {
        script.establish();
        for (int words = 0; words < 5; words++) {
            dropped(script, script.frame(data(1, 40).dataOffset(words)), Counter.DROP_TCP_OFFSET, "offset " + words);
        }
        byte[] noData = script.frame(ack(1).seq(1).dataOffset(6));
        dropped(script, noData, Counter.DROP_TCP_OFFSET, "an offset behind the end");
        dropped(script, script.frame(data(1, 10).dataOffset(15)), Counter.DROP_TCP_OFFSET, "offset 15");
        unharmed(script);
    }

    @Test
    void rfc9293_3_1_aWrongTcpChecksumIsDropped(Script script) {
        script.establish();
        dropped(script, script.frame(data(1, 40).badChecksum()), Counter.DROP_TCP_CHECKSUM, "a bad checksum");
        dropped(script, script.frame(rst(1).badChecksum()), Counter.DROP_TCP_CHECKSUM, "a bad checksum on a RST");
        dropped(script, script.frame(syn(5).badChecksum()), Counter.DROP_TCP_CHECKSUM, "a bad checksum on a SYN");
        unharmed(script);
    }

    @Test
    void rfc9293_3_1_anySingleFlippedBitIsDropped(Script script) {
        script.establish();
        byte[] whole = good(script);
        for (int bit = IP * 8; bit < whole.length * 8; bit++) {
            byte[] flipped = whole.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            long drops = script.stack().counters().drops();
            script.receiveFrame(flipped, "bit " + bit + " flipped").expectNothing();
            script.require(script.stack().counters().drops() == drops + 1, "bit " + bit + ": not counted as dropped");
        }
        unharmed(script);
    }

    @Test
    void rfc9293_3_1_aZeroChecksumIsNoChecksum(Script script) {
        script.establish();
        byte[] frame = good(script);
        ByteBuffer.wrap(frame).putShort(TCP + 16, (short) 0);
        dropped(script, frame, Counter.DROP_TCP_CHECKSUM, "a zero checksum");
        unharmed(script);
    }

    @Test
    void rfc791_3_1_aWrongHeaderChecksumIsDropped(Script script) {
        script.establish();
        byte[] frame = good(script);
        frame[IP + 10] ^= 0x11;
        dropped(script, frame, Counter.DROP_IP_CHECKSUM, "a bad IP checksum");
        unharmed(script);
    }

    @Test
    void rfc791_3_1_anImpossibleVersionOrHeaderLengthIsDropped(Script script) {
        script.establish();
        for (int version : new int[] {0, 1, 5, 6, 15}) {
            byte[] frame = good(script);
            frame[IP] = (byte) (version << 4 | 5);
            RawFrame.mendIp(frame);
            dropped(script, frame, Counter.DROP_IP_VERSION, "IP version " + version);
        }
        for (int words = 0; words < 5; words++) {
            byte[] frame = good(script);
            frame[IP] = (byte) (0x40 | words);
            RawFrame.mendIp(frame);
            dropped(script, frame, Counter.DROP_IP_HEADER_LENGTH, "an IP header of " + words + " words");
        }
        unharmed(script);
    }

    @Test
    void rfc791_3_1_aHeaderLengthBehindTheEndIsDropped(Script script) {
        script.establish();
        byte[] frame = script.frame(ack(1).seq(1));
        frame[IP] = 0x4f;
        RawFrame.mendIp(frame);
        long drops = script.stack().counters().drops();
        script.receiveFrame(frame, "an IP header longer than the packet").expectNothing();
        script.require(script.stack().counters().drops() == drops + 1, "it is not counted");
        unharmed(script);
    }

    @Test
    void rfc791_3_1_anImpossibleTotalLengthIsDropped(Script script) {
        script.establish();
        for (int total : new int[] {0, 1, 19, 81, 1000, 65535}) {
            byte[] frame = good(script);
            ByteBuffer.wrap(frame).putShort(IP + 2, (short) total);
            RawFrame.mendIp(frame);
            dropped(script, frame, Counter.DROP_IP_TOTAL_LENGTH, "total length " + total);
        }
        unharmed(script);
    }

    @Test
    void rfc894_paddingBehindThePacketIsIgnored(Script script) {
        script.establish();
        byte[] padded = Arrays.copyOf(script.frame(data(1, "x")), 60);
        Arrays.fill(padded, 55, 60, (byte) 0x77);
        script.receiveFrame(padded, "a padded frame").expectDelivered("x");
        script.expectBy(millis(499), ack(2));
    }

    @Test
    void rfc791_3_1_ipOptionsAreSkipped(Script script) {
        script.establish();
        byte[] plain = script.frame(data(1, "skipped"));
        byte[] frame = new byte[plain.length + 8];
        System.arraycopy(plain, 0, frame, 0, TCP);
        Arrays.fill(frame, TCP, TCP + 8, (byte) 1);
        System.arraycopy(plain, TCP, frame, TCP + 8, plain.length - TCP);
        frame[IP] = 0x47;
        ByteBuffer bytes = ByteBuffer.wrap(frame).putShort(IP + 2, (short) (frame.length - IP));
        bytes.putShort(IP + 10, (short) 0).putShort(IP + 10, (short) RawFrame.checksum(frame, IP, 28));
        script.receiveFrame(frame, "a packet with IP options").expectDelivered("skipped");
        script.expectBy(millis(499), ack(8));
    }

    @Test
    void rfc9293_3_2_optionsCutAtEveryLengthNeverReachTheApplication(Script script) {
        script.establish();
        int[] options = {2, 4, 5, 180, 1, 3, 3, 7, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2};
        for (int kind : new int[] {2, 3, 4, 5, 8, 30, 255}) {
            for (int length = 0; length < 256; length += 1 + length / 8) {
                int[] broken = options.clone();
                broken[8] = kind;
                broken[9] = length;
                script.receive(data(1000, 10).options(broken));
                script.takeAll();
            }
        }
        script.expectDelivered(0).expectState("ESTABLISHED").receive(rst(1)).expectClosed();
    }

    @Test
    void rfc9293_3_1_portZeroIsDropped(Script script) {
        script.establish();
        byte[] frame = good(script);
        ByteBuffer.wrap(frame).putShort(TCP, (short) 0);
        RawFrame.mend(frame);
        dropped(script, frame, Counter.DROP_TCP_PORT_ZERO, "source port 0");
        unharmed(script);
    }

    @Test
    void rfc894_aFrameForAnotherStationIsDropped(Script script) {
        script.establish();
        byte[] frame = good(script);
        frame[5] ^= 0x40;
        dropped(script, frame, Counter.DROP_ETHERNET_DESTINATION, "another station's frame");
        unharmed(script);
    }

    @Test
    void rfc9293_3_10_7_4_randomSegmentsInEveryStateBreakNothing(Script script) {
        long seed = 20_260_101L;
        Random random = new Random(seed);
        script.tcp().halfOpenLimit(16);
        script.establish();
        script.anyDelivery();
        for (int i = 0; i < 20_000; i++) {
            int seq = random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(2000) - 500;
            int ack = random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(20) - 10;
            Segment segment = data(seq, random.nextInt(3) == 0 ? 0 : random.nextInt(1400)).ack(ack);
            segment = random.nextInt(5) == 0 ? segment.noAck() : segment;
            segment = random.nextInt(9) == 0 ? segment.fin() : segment;
            segment = random.nextInt(9) == 0 ? segment.syn() : segment;
            segment = random.nextInt(29) == 0 ? segment.rst() : segment;
            segment = random.nextInt(19) == 0 ? segment.urg(random.nextInt(65536)) : segment;
            byte[] frame = script.frame(segment.win(random.nextInt(65536)));
            if (random.nextInt(3) == 0) {
                frame[TCP + 12 + random.nextInt(frame.length - TCP - 12)] = (byte) random.nextInt();
                RawFrame.mend(frame);
            }
            script.receiveHostile(frame, "random segment " + i + " of seed " + seed);
            if (random.nextInt(50) == 0) {
                script.advanceHostile(millis(random.nextInt(3000)));
            }
        }
    }

    @Test
    void rfc791_3_1_randomBytesBreakNothing(Script script) {
        long seed = 20_260_102L;
        Random random = new Random(seed);
        script.establish();
        for (int i = 0; i < 20_000; i++) {
            byte[] frame = new byte[random.nextInt(120)];
            random.nextBytes(frame);
            byte[] start = script.frame(ack(1).seq(1));
            System.arraycopy(start, 0, frame, 0, Math.min(frame.length, random.nextInt(40)));
            script.receiveHostile(frame, "random bytes " + i + " of seed " + seed);
        }
        script.receive(data(1, 40)).expectDelivered(40);
        script.takeAll();
    }
}
