package io.doorbell.sim;

import io.doorbell.link.FramePool;
import io.doorbell.link.Link;
import io.doorbell.link.LinkDecorator;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A middlebox in front of a stack that sends: it strips or changes the multi-segment option, splits segments and copies
 * the option to both halves, or merges segments under the first one's header. Checksums are put right afterwards, as
 * such boxes do.
 */
final class Mangler extends LinkDecorator {
    /** What it does to frames, as bits. */
    static final int STRIP_SYN = 1;
    static final int STRIP_SYN_ACK = 2;
    static final int STRIP_DATA = 4;
    static final int CHANGE = 8;
    static final int SPLIT = 16;
    static final int MERGE = 32;

    private static final int TCP = 34;

    private final SplittableRandom random;
    private final double often;
    private int deeds;
    private byte[] held;
    long touched;

    /** @param often the probability with which each frame that qualifies is treated */
    Mangler(Link link, int deeds, double often, long seed) {
        super(link);
        this.deeds = deeds;
        this.often = often;
        this.random = new SplittableRandom(seed);
    }

    @Override
    public boolean transmit(long address, int length, long nowNanos) {
        byte[] frame = link.frames().memory().asSlice(address, length).toArray(ValueLayout.JAVA_BYTE);
        List<byte[]> out = new ArrayList<>();
        if (isTcp(frame)) {
            treat(frame, out);
        } else {
            out.add(frame);
        }
        for (byte[] each : out) {
            post(each, nowNanos);
        }
        return true;
    }

    /** What finds no room is lost, as in any network. */
    private void post(byte[] frame, long nowNanos) {
        long copy = link.frames().allocate();
        if (copy != FramePool.NONE) {
            MemorySegment.copy(frame, 0, link.frames().memory(), ValueLayout.JAVA_BYTE, copy, frame.length);
            link.transmit(copy, frame.length, nowNanos);
            link.frames().release(copy);
        }
    }

    private static boolean isTcp(byte[] frame) {
        return frame.length >= TCP + 20 && frame[12] == 8 && frame[13] == 0 && frame[23] == 6;
    }

    private boolean does(int deed) {
        return (deeds & deed) != 0 && random.nextDouble() < often;
    }

    private void treat(byte[] frame, List<byte[]> out) {
        boolean syn = (frame[TCP + 13] & 2) != 0;
        boolean ack = (frame[TCP + 13] & 16) != 0;
        int option = option(frame);
        if (option > 0 && does(syn ? ack ? STRIP_SYN_ACK : STRIP_SYN : STRIP_DATA)) {
            touched++;
            java.util.Arrays.fill(frame, option, option + frame[option + 1], (byte) 1);
            finish(frame);
        } else if (option > 0 && !syn && does(CHANGE)) {
            touched++;
            frame[option + 2 + random.nextInt(frame[option + 1] - 2)] ^= (byte) (1 << random.nextInt(8));
            finish(frame);
        }
        if (held != null) {
            merge(frame, out);
        } else if (payload(frame) > 0 && does(MERGE)) {
            held = frame;
        } else if (payload(frame) > 1 && does(SPLIT)) {
            touched++;
            split(frame, out);
        } else {
            out.add(frame);
        }
    }

    /**
     * The first one's header before both payloads. Where the receiver sees the option they need not belong together. To
     * one that does not, such a segment would be wrong bytes in any TCP, with the option or without: no box does that.
     */
    private void merge(byte[] frame, List<byte[]> out) {
        byte[] first = held;
        held = null;
        boolean same = ByteBuffer.wrap(first).getInt(TCP) == ByteBuffer.wrap(frame).getInt(TCP);
        boolean plain = (frame[TCP + 13] & 7) == 0 && (first[TCP + 13] & 7) == 0;
        int more = payload(frame);
        boolean option = option(first) > 0 || option(frame) > 0;
        boolean adjoin = seq(first) + payload(first) == seq(frame);
        boolean seen = option(first) != 0 && (deeds & (STRIP_SYN | STRIP_SYN_ACK | CHANGE)) == 0;
        if (!same || !plain || more == 0 || !(option || adjoin) || !seen && !adjoin
                || first.length + more > 1514) {
            out.add(first);
            out.add(frame);
            return;
        }
        touched++;
        byte[] both = java.util.Arrays.copyOf(first, first.length + more);
        System.arraycopy(frame, frame.length - more, both, first.length, more);
        finish(both);
        out.add(both);
    }

    private void split(byte[] frame, List<byte[]> out) {
        int length = payload(frame);
        int head = frame.length - length;
        int cut = 1 + random.nextInt(length - 1);
        byte[] first = java.util.Arrays.copyOf(frame, head + cut);
        byte[] second = java.util.Arrays.copyOf(frame, head + length - cut);
        System.arraycopy(frame, head + cut, second, head, length - cut);
        first[TCP + 13] &= ~1;
        ByteBuffer.wrap(second).putInt(TCP + 4, seq(frame) + cut);
        finish(first);
        finish(second);
        out.add(first);
        out.add(second);
    }

    private static int seq(byte[] frame) {
        return ByteBuffer.wrap(frame).getInt(TCP + 4);
    }

    private static int header(byte[] frame) {
        return (frame[TCP + 12] & 0xf0) >>> 2;
    }

    private static int payload(byte[] frame) {
        return frame.length - TCP - header(frame);
    }

    /** Where the option of kind 253 begins, 0 if there is none. */
    private static int option(byte[] frame) {
        int at = TCP + 20;
        int end = TCP + header(frame);
        while (at < end && frame[at] != 0) {
            if ((frame[at] & 0xff) == 253) {
                return at;
            }
            at += frame[at] == 1 ? 1 : frame[at + 1];
        }
        return 0;
    }

    private static void finish(byte[] frame) {
        ByteBuffer bytes = ByteBuffer.wrap(frame);
        bytes.putShort(16, (short) (frame.length - 14)).putShort(24, (short) 0).putShort(TCP + 16, (short) 0);
        bytes.putShort(24, (short) sum(frame, 14, TCP, 0));
        long pseudo = 6 + frame.length - TCP;
        for (int i = 26; i < 34; i += 2) {
            pseudo += bytes.getShort(i) & 0xffff;
        }
        bytes.putShort(TCP + 16, (short) sum(frame, TCP, frame.length, pseudo));
    }

    private static int sum(byte[] bytes, int from, int to, long start) {
        long sum = start;
        for (int i = from; i < to; i++) {
            sum += (i - from) % 2 == 0 ? (bytes[i] & 0xff) << 8 : bytes[i] & 0xff;
        }
        while (sum >> 16 != 0) {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        return (int) ~sum & 0xffff;
    }

    @Override
    public void flush(long nowNanos) {
        if (held != null) {
            post(held, nowNanos);
            held = null;
        }
        link.flush(nowNanos);
    }
}
