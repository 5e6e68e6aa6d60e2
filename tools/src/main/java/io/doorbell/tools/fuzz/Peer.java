package io.doorbell.tools.fuzz;

import java.util.BitSet;
import java.util.List;

/**
 * The other end of one connection: what it has seen the stack say, and the frames that it can send. Sequence numbers
 * are raw. The byte with sequence number {@code s} is always {@code (byte) s}.
 */
final class Peer {
    static final int STACK_ADDRESS = 0x0a000002;
    static final int ADDRESS = 0x0a000001;
    static final long MAC = 0x02_00_00_00_00_01L;
    static final int FIN = 1;
    static final int SYN = 2;
    static final int RST = 4;
    static final int PSH = 8;
    static final int ACK = 16;
    /** This peer's, for the multi-segment option. */
    static final int NONCE = 0x01020304;
    private static final int SEGMENT_WITHOUT_OPTIONS = 536;

    final int port;
    int stackPort;
    int iss;
    /** Whether a SYN of the stack was seen, and what it said. */
    boolean known;
    /** It was not: {@link #stackIss} is what the first segment looks like, and contents can't be compared. */
    private boolean guessed;
    int stackIss;
    int stackScale;
    int maxSegmentSize = SEGMENT_WITHOUT_OPTIONS;
    boolean timestamps;
    /** The stack has shown its nonce: it may be sent segments of several parts. */
    boolean severalParts;
    int stackNonce;
    /** TS.Recent, as the stack last echoed it. */
    int echoed;
    int stackTimestamp;
    /** What the stack acknowledged last: its RCV.NXT; and the right edge of the window it offers. */
    int stackAck;
    int stackEdge;
    /** Behind the last sequence number that the stack has sent. */
    int stackEnd;
    /** Whose bytes the stack sends; null as long as nobody's. */
    private FuzzUser user;
    /** The bytes that have come, or that a frame has claimed to have come, counted from the first one. */
    private final BitSet arrived = new BitSet();
    /** Ends of what was acknowledged, truly or not. */
    private final BitSet claims = new BitSet();
    /** Behind the SYN of this peer's that the stack's last SYN acknowledged. */
    private int synAnswered;
    private boolean agreed;
    private boolean synSeen;
    /** Behind the last sequence number that this peer has sent within the stack's window. */
    int furthest;
    /** How far the stack's window may reach beyond what was heard: an ACK that the link refused has moved it too. */
    int unheardWindow;
    int ecn;
    private int fin = -1;
    /** Segments that take sequence space, which a peer has to acknowledge, since the last {@link #takeOwed}. */
    private int owed;

    Peer(int port, int stackPort, int iss) {
        this.port = port;
        this.stackPort = stackPort;
        this.iss = iss;
        this.stackAck = iss;
        this.stackEdge = iss + 1;
        this.furthest = iss;
    }

    /** Waits for a new connection of the stack's, from whatever port. */
    void awaitSyn() {
        known = false;
        stackPort = 0;
    }

    /** A connection was accepted. If its SYN-ACK never left, for want of frames, its numbers are not known. */
    void accepted() {
        known &= synSeen;
        agreed &= synSeen;
        synSeen = false;
        // Two connections that begin within a tick of the ISN's clock have the same one: nothing was sent on this one.
        nothingCame(stackIss + 1);
    }

    private void nothingCame(int next) {
        arrived.clear();
        fin = -1;
        claims.clear();
        stackEnd = next;
    }

    int takeOwed() {
        int before = owed;
        owed = 0;
        return before;
    }

    /** What an honest peer acknowledges: everything up to the first byte that has not come. */
    int stackNext() {
        int claim = claims.previousSetBit(Math.max(0, stackEnd - stackIss - 1));
        if (claim > 0) {
            arrived.set(0, fin >= 0 ? Math.min(claim, fin) : claim);
        }
        int come = arrived.nextClearBit(0);
        return stackIss + 1 + come + (come == fin ? 1 : 0);
    }

    /**
     * An acknowledgement was sent, true or not: what it names will not be sent again. It may even name what the stack has
     * sent and the wire has not seen, since it waits for ARP.
     */
    void claims(int ack) {
        int claim = ack - stackIss - 1;
        if (claim > 0 && claim <= SentStream.MOST) {
            claims.set(claim);
        }
    }

    /** Something was sent. Of what begins in the window and goes on beyond it the stack takes the first part. */
    void says(int start, int end) {
        int edge = stackEdge + unheardWindow;
        int taken = end - edge > 0 ? edge : end;
        if (start - edge <= 0 && taken - furthest > 0) {
            furthest = taken;
        }
    }

    /**
     * Looks at a frame that the stack has sent.
     *
     * @param users the last of these with the frame's ports has sent it
     * @return what is wrong with it, null if nothing is
     */
    String sees(byte[] frame, List<FuzzUser> users) {
        int tcp = FrameBytes.TCP;
        boolean ours = FrameBytes.u16(frame, 12) == FrameBytes.TYPE_IPV4
                && FrameBytes.u8(frame, FrameBytes.IP + 9) == FrameBytes.PROTOCOL_TCP
                && FrameBytes.i32(frame, FrameBytes.IP + 16) == ADDRESS && FrameBytes.u16(frame, tcp + 2) == port;
        if (!ours || stackPort != 0 && FrameBytes.u16(frame, tcp) != stackPort) {
            return null;
        }
        int flags = FrameBytes.u8(frame, tcp + 13);
        if ((flags & RST) != 0 || stackPort == 0 && (flags & SYN) == 0) {
            return null;
        }
        stackPort = FrameBytes.u16(frame, tcp);
        int header = (frame[tcp + 12] >>> 4 & 15) * 4;
        int seq = FrameBytes.i32(frame, tcp + 4);
        boolean syn = (flags & SYN) != 0;
        String wrong = null;
        if (syn) {
            synSeen = true;
            int answered = (flags & ACK) != 0 ? FrameBytes.i32(frame, tcp + 8) : iss + 1;
            if (!known || stackIss != seq || synAnswered != answered) {
                known = true;
                guessed = false;
                synAnswered = answered;
                stackIss = seq;
                nothingCame(seq + 1);
                agreed = false;
                severalParts = false;
            }
        }
        int experiment = readOptions(frame, tcp + 20, tcp + header, syn);
        if (syn && experiment > 0) {
            wrong = agrees(frame, experiment);
        }
        if ((flags & ACK) != 0) {
            acknowledged(frame, syn);
        }
        int length = frame.length - tcp - header;
        owed += length > 0 || (flags & (SYN | FIN)) != 0 ? 1 : 0;
        if (syn) {
            return wrong;
        }
        user = null;
        for (FuzzUser one : users) {
            user = one.connection.remotePort() == port && one.connection.localPort() == stackPort ? one : user;
        }
        // What is old, like a probe, is answered with an ACK (RFC 9293 section 3.10.7.4).
        owed += seq - stackNext() < 0 ? 1 : 0;
        // One of several parts begins before all that it brings, and only a connection whose SYN was seen sends it.
        if (!known || experiment == 0 && isAnothers(seq, length)) {
            known = true;
            guessed = true;
            stackIss = seq - 1;
            nothingCame(seq);
        }
        return experiment > 0 ? partsCome(frame, experiment, tcp + header, seq)
                : comes(frame, tcp + header, length, seq, (flags & FIN) != 0);
    }

    /**
     * Whether a number belongs to a connection whose SYN-ACK never left, for want of frames. Or to one whose number was
     * guessed wrong: the first segment may have been a keepalive probe.
     */
    private boolean isAnothers(int seq, int length) {
        int at = seq - stackIss - 1;
        boolean over = user == null || user.closed != null;
        boolean impossible = at < -1 || !over && at > user.sent.length() + 1;
        return guessed && arrived.isEmpty() || impossible && (over || length == 0 && arrived.isEmpty());
    }

    private void acknowledged(byte[] frame, boolean syn) {
        stackAck = FrameBytes.i32(frame, FrameBytes.TCP + 8);
        if (!agreed) {
            // Whatever was sent before the stack knew a sequence number of ours was not taken. But if the link refused
            // what it said, it may have known one for long.
            agreed = true;
            boolean taken = furthest - stackAck > 0 && furthest - stackAck <= unheardWindow;
            furthest = taken ? furthest : stackAck;
        }
        stackEdge = stackAck + (FrameBytes.u16(frame, FrameBytes.TCP + 14) << (syn ? 0 : stackScale));
    }

    private String comes(byte[] frame, int from, int length, int seq, boolean last) {
        int at = seq - stackIss - 1;
        if (length > 0) {
            int wrong = user == null ? 0 : user.sent.mismatch(frame, from, length, at);
            if (wrong >= 0 && !guessed) {
                return "the stack sent a byte that its user did not give it, or has not yet, at ISS+" + (at + 1 + wrong);
            }
            arrived.set(Math.max(0, at), Math.max(0, at + length));
        }
        if (last) {
            if (!guessed && fin >= 0 && fin != at + length) {
                return "the stack sent FINs with different sequence numbers";
            }
            fin = at + length;
        }
        int end = seq + length + (last ? 1 : 0);
        if (end - stackEnd > 0) {
            stackEnd = end;
        }
        return null;
    }

    private String agrees(byte[] frame, int option) {
        int length = frame[option + 1];
        stackNonce = FrameBytes.i32(frame, option + 4);
        severalParts = true;
        boolean answer = (frame[FrameBytes.TCP + 13] & ACK) != 0;
        if (length != (answer ? 12 : 8)
                || answer && FrameBytes.i32(frame, option + 8) != SeveralParts.proof(stackNonce, NONCE)) {
            return "the option in the stack's SYN is wrong";
        }
        return null;
    }

    private String partsCome(byte[] frame, int option, int payload, int seq) {
        int length = frame.length - payload;
        int optionLength = frame[option + 1];
        int check = SeveralParts.check(SeveralParts.key(stackNonce, NONCE), seq - stackIss, frame, option, optionLength,
                payload, length);
        List<SeveralParts.Part> parts = SeveralParts.parts(frame, option + SeveralParts.FIXED_LENGTH,
                optionLength - SeveralParts.FIXED_LENGTH, length);
        if (!severalParts || check != FrameBytes.i32(frame, option + 4) || parts == null) {
            return "the stack sent a segment of several parts that it may not, or whose layout or check code is wrong";
        }
        if (seq + length - stackIss - 1 > Math.max(0, claims.length() - 1)) {
            return "the payload of a segment of several parts would be news to a peer that does not know the option";
        }
        for (SeveralParts.Part part : parts) {
            String wrong = comes(frame, payload + part.payloadOffset(), part.length(), seq + part.distance(), false);
            if (wrong != null) {
                return wrong;
            }
        }
        return null;
    }

    /** @return where the multi-segment option is, 0 if it is not there */
    private int readOptions(byte[] frame, int from, int end, boolean syn) {
        timestamps = false;
        int experiment = 0;
        int at = from;
        while (at < end) {
            int kind = frame[at] & 0xff;
            if (kind <= 1) {
                at++;
                continue;
            }
            if (kind == 8) {
                timestamps = true;
                stackTimestamp = FrameBytes.i32(frame, at + 2);
                echoed = FrameBytes.i32(frame, at + 6);
            } else if (kind == 3 && syn) {
                stackScale = frame[at + 2];
            } else if (kind == 2 && syn) {
                maxSegmentSize = FrameBytes.u16(frame, at + 2);
            } else if (kind == SeveralParts.KIND) {
                experiment = at;
            }
            at += frame[at + 1];
        }
        return experiment;
    }

    /** NOP, NOP and the timestamps option. */
    static byte[] timestamps(int value, int echo) {
        byte[] option = {1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0};
        FrameBytes.put32(option, 4, value);
        FrameBytes.put32(option, 8, echo);
        return option;
    }

    /** What a sane peer puts into each segment: a timestamp that is later than any before, if they were agreed on. */
    byte[] saneOptions() {
        return timestamps ? timestamps(echoed + 1, stackTimestamp) : new byte[0];
    }

    /** A segment with valid checksums; {@code length} payload bytes. */
    byte[] segment(int flags, int seq, int ack, int window, byte[] options, int length) {
        int padded = options.length + 3 & ~3;
        byte[] frame = new byte[FrameBytes.TCP + 20 + padded + length];
        int tcp = FrameBytes.TCP;
        ipHeader(frame, FrameBytes.PROTOCOL_TCP, ADDRESS, STACK_ADDRESS);
        frame[FrameBytes.IP + 1] = (byte) ecn;
        FrameBytes.put16(frame, tcp, port);
        FrameBytes.put16(frame, tcp + 2, stackPort);
        FrameBytes.put32(frame, tcp + 4, seq);
        FrameBytes.put32(frame, tcp + 8, ack);
        FrameBytes.put16(frame, tcp + 12, (20 + padded) / 4 << 12 | flags);
        FrameBytes.put16(frame, tcp + 14, window);
        System.arraycopy(options, 0, frame, tcp + 20, options.length);
        int first = seq + ((flags & SYN) != 0 ? 1 : 0);
        for (int i = 0; i < length; i++) {
            frame[tcp + 20 + padded + i] = (byte) (first + i);
        }
        FrameBytes.mend(frame);
        return frame;
    }

    /** A frame from this peer's station with an IP header for all that is behind it; the header's sum is not set. */
    static void ipHeader(byte[] frame, int protocol, int source, int destination) {
        FrameBytes.putMac(frame, 0, FuzzLink.MAC);
        FrameBytes.putMac(frame, 6, MAC);
        FrameBytes.put16(frame, 12, FrameBytes.TYPE_IPV4);
        FrameBytes.put16(frame, FrameBytes.IP, 0x4500);
        FrameBytes.put16(frame, FrameBytes.IP + 2, frame.length - FrameBytes.IP);
        FrameBytes.put16(frame, FrameBytes.IP + 6, 0x4000);
        FrameBytes.put16(frame, FrameBytes.IP + 8, 0x4000 | protocol);
        FrameBytes.put32(frame, FrameBytes.IP + 12, source);
        FrameBytes.put32(frame, FrameBytes.IP + 16, destination);
    }

    /** An ARP packet from this peer. */
    static byte[] arp(int operation, int sender, int target) {
        byte[] frame = new byte[60];
        FrameBytes.putMac(frame, 0, operation == 1 ? 0xffff_ffff_ffffL : FuzzLink.MAC);
        FrameBytes.putMac(frame, 6, MAC);
        FrameBytes.put16(frame, 12, FrameBytes.TYPE_ARP);
        FrameBytes.put32(frame, 14, 0x0001_0800);
        FrameBytes.put32(frame, 18, 0x0604_0000 | operation);
        FrameBytes.putMac(frame, 22, MAC);
        FrameBytes.put32(frame, 28, sender);
        FrameBytes.putMac(frame, 32, operation == 1 ? 0 : FuzzLink.MAC);
        FrameBytes.put32(frame, 38, target);
        return frame;
    }
}
