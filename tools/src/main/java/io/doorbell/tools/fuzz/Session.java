package io.doorbell.tools.fuzz;

import io.doorbell.tcp.Audit;
import java.io.ByteArrayOutputStream;
import java.util.List;

/**
 * One input, played: a connection in some state, then frames, calls and time as the input's bytes choose, and then the
 * questions whether a sane peer can still end the connection, whether anything is left behind, and whether a new client
 * is served.
 */
final class Session {
    private static final int[] FLAGS = {Peer.ACK, Peer.ACK | Peer.PSH, Peer.ACK, Peer.FIN | Peer.ACK, Peer.ACK, 0,
        Peer.SYN, Peer.SYN | Peer.ACK, Peer.ACK, Peer.RST, Peer.ACK, Peer.RST | Peer.ACK, 0x30, 0xd0, 0x29, 0x3f};
    private static final int[] LENGTHS = {0, 0, 0, 1, 2, 100, 536, 700, 1_448, 1_460};
    private static final int RECENT = 8;

    private final Choices choices;
    private final Stage stage;
    private final Calls calls;
    private final byte[][] recent = new byte[RECENT][];
    private int frames;

    /** @param trace where to tell every frame, null for nowhere */
    Session(byte[] input, Trace trace) {
        choices = new Choices(input);
        int state = choices.below(Opening.STATES);
        int settings = choices.u8();
        int extras = choices.u8();
        stage = new Stage(settings, extras, choices.u8(), trace);
        int more = choices.u8();
        if ((more & 16) != 0) {
            stage.appetite = 900;
        }
        calls = new Calls(stage, choices);
        new Opening(stage, more, extras).reach(state);
    }

    /** Frames that the stack has been given, those of the opening and the end not counted. */
    int frames() {
        return frames;
    }

    /** Plays to the end; throws what must not be. */
    void play() {
        while (!choices.done()) {
            step(choices.u8());
        }
        stage.poll();
        stage.relax();
        FuzzUser user = stage.main();
        if (user != null) {
            stage.tell("a sane peer: " + Audit.describe(user.connection));
            new SanePeer(stage).end(user);
        }
        stage.settle();
        SanePeer.freshClient(stage);
        stage.settle();
        stage.close();
    }

    private void step(int what) {
        // The upper bit holds the frame back, so that it comes in one burst with the next.
        boolean burst = (what & 128) != 0;
        switch (what & 31) {
            case 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 -> inject(segment(), burst);
            case 10, 11 -> inject(changed(true), burst);
            case 12 -> inject(changed(false), burst);
            case 13, 14 -> stage.advance((long) choices.u8() * choices.u8() * Stage.MILLISECOND);
            case 15, 16, 17 -> calls.plain();
            case 18, 19, 20 -> calls.unusual();
            case 21 -> inject(icmp(), burst);
            case 22 -> inject(other(), burst);
            case 23 -> split(burst);
            case 24, 25 -> inject(recent[choices.below(RECENT)], burst);
            case 26 -> circumstances();
            case 27, 28 -> inject(severalParts(), burst);
            default -> inject(sane(), burst);
        }
    }

    private void inject(byte[] frame, boolean burst) {
        if (frame == null) {
            return;
        }
        recent[frames % RECENT] = frame.clone();
        frames++;
        stage.inject(frame);
        if (!burst) {
            stage.poll();
        }
    }

    /** A segment whose checksums are right and whose numbers are near those that matter. */
    private byte[] segment() {
        Peer peer = stage.peer;
        int kind = choices.u8();
        int flags = (kind & 15) == 15 ? choices.u8() : FLAGS[kind & 15];
        int seq = near(kind >> 4 & 3, peer.stackAck, peer.stackEdge, peer.iss);
        int ack = near(kind >> 6, peer.stackEnd, middle(peer), peer.stackIss);
        int form = choices.u8();
        int window = (form & 3) == 0 ? 0xffff : (form & 3) == 1 ? choices.u8() * 8 : (form & 3) == 2 ? 0 : choices.u16();
        peer.ecn = (form & 4) != 0 ? 3 : 0;
        int length = LENGTHS[(form >> 3 & 31) % LENGTHS.length];
        return peer.segment(flags, seq, ack, window, options(), length);
    }

    private int near(int base, int first, int second, int third) {
        return switch (base) {
            case 0 -> first;
            case 1 -> first + (byte) choices.u8() * (choices.oneIn(2) ? 100 : 1);
            case 2 -> second + (byte) choices.u8();
            default -> choices.oneIn(2) ? third + (byte) choices.u8() : choices.i32();
        };
    }

    private int middle(Peer peer) {
        return peer.stackIss + 1 + Math.max(0, peer.stackEnd - peer.stackIss - 1) / 4 * choices.below(4);
    }

    private byte[] options() {
        Peer peer = stage.peer;
        int kind = choices.u8();
        return switch (kind & 7) {
            case 0, 1, 2 -> peer.saneOptions();
            case 3 -> new byte[0];
            case 4 -> Peer.timestamps(peer.echoed + (byte) choices.u8() * 50, peer.stackTimestamp - choices.u8());
            case 5, 6 -> withSack(1 + (kind >> 3 & 3));
            default -> random(1 + (kind >> 3));
        };
    }

    private byte[] withSack(int blocks) {
        Peer peer = stage.peer;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(peer.saneOptions());
        int count = peer.timestamps ? Math.min(3, blocks) : blocks;
        byte[] sack = new byte[4 + 8 * count];
        sack[0] = 1;
        sack[1] = 1;
        sack[2] = 5;
        sack[3] = (byte) (2 + 8 * count);
        for (int i = 0; i < count; i++) {
            int where = choices.u8();
            int unit = (where & 128) != 0 ? 1 : Math.clamp(peer.maxSegmentSize - 12, 100, 1_448);
            int start = peer.stackIss + 1 + (where & 7) * unit;
            int end = start + (1 + (where >> 3 & 3)) * unit;
            if ((where & 96) == 96) {
                end = peer.stackEnd + (byte) choices.u8();
            }
            FrameBytes.put32(sack, 4 + 8 * i, start);
            FrameBytes.put32(sack, 8 + 8 * i, end);
        }
        out.writeBytes(sack);
        return out.toByteArray();
    }

    /** A segment of several parts with a check code that is right; their places, and now and then the layout, are not. */
    private byte[] severalParts() {
        Peer peer = stage.peer;
        int kind = choices.u8();
        int count = 1 + (kind & 3);
        ByteArrayOutputStream numbers = new ByteArrayOutputStream();
        int[] lengths = new int[count];
        int total = 0;
        for (int i = 0; i < count; i++) {
            lengths[i] = 1 + choices.u8();
            total += lengths[i];
        }
        int behind = (kind & 4) != 0 ? choices.u8() : 0;
        for (int i = 0; i < count; i++) {
            int gap = choices.u8() * ((kind & 8) != 0 ? 40 : 1);
            SeveralParts.number(numbers, i == 0 ? total + behind + gap : Math.max(1, gap));
            SeveralParts.number(numbers, lengths[i]);
        }
        byte[] layout = numbers.toByteArray();
        if ((kind & 48) == 48) {
            layout[choices.below(layout.length)] = (byte) choices.u8();
        }
        byte[] sane = (kind & 64) != 0 ? new byte[0] : peer.saneOptions();
        if (sane.length + SeveralParts.FIXED_LENGTH + layout.length > 40) {
            return sane();
        }
        byte[] option = SeveralParts.withLayout(layout);
        byte[] options = java.util.Arrays.copyOf(sane, sane.length + option.length);
        System.arraycopy(option, 0, options, sane.length, option.length);
        int flags = (kind & 128) != 0 ? choices.u8() : Peer.ACK | Peer.PSH;
        int seq = peer.stackAck - total - behind;
        byte[] frame = peer.segment(flags, seq, peer.stackNext(), 0xffff, options, total);
        finish(frame, FrameBytes.TCP + 20 + sane.length, option.length, total, seq);
        return frame;
    }

    /** Puts the bytes of each part where the layout says, as far as it says anything, and the check code. */
    private void finish(byte[] frame, int option, int length, int total, int seq) {
        Peer peer = stage.peer;
        int payload = frame.length - total;
        List<SeveralParts.Part> parts = SeveralParts.parts(frame, option + SeveralParts.FIXED_LENGTH,
                length - SeveralParts.FIXED_LENGTH, total);
        if (parts != null) {
            for (SeveralParts.Part part : parts) {
                for (int i = 0; i < part.length(); i++) {
                    frame[payload + part.payloadOffset() + i] = (byte) (seq + part.distance() + i);
                }
                peer.says(seq + part.distance(), seq + part.distance() + part.length());
            }
        }
        long key = SeveralParts.key(Peer.NONCE, peer.stackNonce);
        FrameBytes.put32(frame, option + 4, SeveralParts.check(key, seq - peer.iss, frame, option, length, payload, total));
        FrameBytes.mend(frame);
    }

    /** A segment as two fragments. */
    private void split(boolean burst) {
        byte[] frame = (choices.u8() & 1) == 0 ? sane() : segment();
        int how = choices.u8();
        int middle = 8 * (1 + how % 32);
        if (middle >= frame.length - FrameBytes.TCP) {
            inject(frame, burst);
            return;
        }
        frames += 2;
        stage.injectSplit(frame, middle, how + frames, (how & 128) != 0);
        if (!burst) {
            stage.poll();
        }
    }

    private byte[] random(int length) {
        byte[] options = new byte[Math.min(40, length)];
        for (int i = 0; i < options.length; i++) {
            options[i] = (byte) ((i & 1) == 0 ? choices.below(10) : choices.u8());
        }
        return options;
    }

    /** What the peer would send if it were in its senses: an ACK of all, perhaps with data or a FIN. */
    private byte[] sane() {
        Peer peer = stage.peer;
        int kind = choices.u8();
        int flags = Peer.ACK | (kind % 16 == 15 ? Peer.FIN : 0);
        return peer.segment(flags, peer.stackAck, peer.stackNext(), 0xffff, peer.saneOptions(),
                LENGTHS[(kind >> 4) % LENGTHS.length]);
    }

    /** A frame that was sent before, with some bytes changed, or cut. */
    private byte[] changed(boolean mended) {
        byte[] from = recent[choices.below(RECENT)];
        byte[] frame = from == null ? sane() : from.clone();
        int count = 1 + choices.below(4);
        for (int i = 0; i < count; i++) {
            int at = choices.u8();
            // Most changes hit the headers; 255 and above reach the payload.
            at = at < 192 ? 12 + at % 66 : at * 7;
            if (at < frame.length) {
                frame[at] = (byte) choices.u8();
            } else {
                frame = java.util.Arrays.copyOf(frame, Math.min(at, FrameBytes.TCP + 1_480));
            }
        }
        if (mended) {
            FrameBytes.mend(frame);
        }
        return frame;
    }

    /** An error about a segment that the stack may have sent, or an echo request. */
    private byte[] icmp() {
        Peer peer = stage.peer;
        int kind = choices.u8();
        byte[] frame = new byte[FrameBytes.TCP + 8 + 28];
        int router = (kind & 1) != 0 ? Peer.ADDRESS : 0x0a0000fe;
        Peer.ipHeader(frame, FrameBytes.PROTOCOL_ICMP, router, Peer.STACK_ADDRESS);
        int at = FrameBytes.TCP;
        int[] types = {3, 3, 3, 3, 11, 12, 4, 5, 8, 8, 0, choices.u8()};
        frame[at] = (byte) types[(kind >> 1) % types.length];
        frame[at + 1] = (byte) choices.below(16);
        FrameBytes.put16(frame, at + 6, choices.u16());
        int quote = at + 8;
        FrameBytes.put32(frame, quote, 0x4500_0028);
        FrameBytes.put32(frame, quote + 8, 0x4006_0000);
        FrameBytes.put32(frame, quote + 12, Peer.STACK_ADDRESS);
        FrameBytes.put32(frame, quote + 16, Peer.ADDRESS);
        FrameBytes.put16(frame, quote + 20, peer.stackPort);
        FrameBytes.put16(frame, quote + 22, peer.port);
        FrameBytes.put32(frame, quote + 24, near(choices.below(4), middle(peer), peer.stackEnd, peer.stackIss));
        FrameBytes.mend(frame);
        return frame;
    }

    /** ARP, fragments, UDP, other protocols, other clients. */
    private byte[] other() {
        int kind = choices.u8();
        switch (kind % 6) {
            case 0 -> {
                byte[] arp = Peer.arp(1 + choices.below(3), 0x0a000000 | choices.u8(), 0x0a000000 | choices.below(4));
                arp[27] = (byte) choices.u8();
                return arp;
            }
            case 1, 2 -> {
                byte[] frame = segment();
                if (kind % 6 == 2) {
                    frame[FrameBytes.TCP] = (byte) choices.u8();
                    frame[FrameBytes.TCP + 1] = (byte) choices.u8();
                } else {
                    FrameBytes.put16(frame, FrameBytes.IP + 4, choices.u8());
                    FrameBytes.put16(frame, FrameBytes.IP + 6, choices.u8() << 8 & 0x2000 | choices.u8());
                }
                FrameBytes.mend(frame);
                return frame;
            }
            default -> {
                byte[] frame = new byte[FrameBytes.TCP + choices.u8()];
                int protocol = kind % 6 == 3 ? 17 : choices.u8();
                Peer.ipHeader(frame, protocol, Peer.ADDRESS, Peer.STACK_ADDRESS);
                FrameBytes.mend(frame);
                return frame;
            }
        }
    }

    /** The link's ring full, frames that stay on the wire, a pool that others have emptied; and all well again. */
    private void circumstances() {
        int kind = choices.u8();
        stage.tell("circumstances: " + kind % 6);
        if (kind % 6 < 3) {
            stage.linkHadFailed = true;
            stage.peer.unheardWindow = Stage.LARGEST_WINDOW;
        }
        switch (kind % 6) {
            case 0 -> stage.link.room = choices.below(20);
            case 1 -> stage.link.keepsPosted = true;
            case 2 -> stage.link.takeAway(choices.u8());
            case 3 -> stage.appetite = choices.u8() * 40;
            default -> stage.relax();
        }
    }
}
