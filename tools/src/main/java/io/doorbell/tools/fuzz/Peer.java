package io.doorbell.tools.fuzz;

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
    private static final int SEGMENT_WITHOUT_OPTIONS = 536;
    private static final int FARTHEST = 1 << 17;

    final int port;
    int stackPort;
    int iss;
    /** Whether a SYN of the stack was seen, and what it said. */
    boolean known;
    int stackIss;
    int stackScale;
    int maxSegmentSize = SEGMENT_WITHOUT_OPTIONS;
    boolean timestamps;
    /** TS.Recent, as the stack last echoed it. */
    int echoed;
    int stackTimestamp;
    /** What the stack acknowledged last: its RCV.NXT; and the right edge of the window it offers. */
    int stackAck;
    int stackEdge;
    /** Behind the last sequence number that the stack has sent. */
    int stackEnd;
    boolean stackFin;
    boolean resetSeen;
    private boolean agreed;
    private boolean synSeen;
    /** Behind the last sequence number that this peer has sent within the stack's window. */
    int furthest;
    int ecn;
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
        resetSeen = false;
        stackPort = 0;
    }

    /** A connection was accepted. If its SYN-ACK never left, for want of frames, its numbers are not known. */
    void accepted() {
        known &= synSeen;
        agreed &= synSeen;
        synSeen = false;
    }

    int takeOwed() {
        int before = owed;
        owed = 0;
        return before;
    }

    /**
     * Looks at a frame that the stack has sent.
     *
     * @return what is wrong with it, null if nothing is
     */
    String sees(byte[] frame) {
        int tcp = FrameBytes.TCP;
        boolean ours = FrameBytes.u16(frame, 12) == FrameBytes.TYPE_IPV4
                && FrameBytes.u8(frame, FrameBytes.IP + 9) == FrameBytes.PROTOCOL_TCP
                && FrameBytes.i32(frame, FrameBytes.IP + 16) == ADDRESS && FrameBytes.u16(frame, tcp + 2) == port;
        if (!ours || stackPort != 0 && FrameBytes.u16(frame, tcp) != stackPort) {
            return null;
        }
        int flags = FrameBytes.u8(frame, tcp + 13);
        if (stackPort == 0 && (flags & SYN) == 0) {
            return null;
        }
        if ((flags & RST) != 0) {
            resetSeen = true;
            return null;
        }
        stackPort = FrameBytes.u16(frame, tcp);
        int header = (frame[tcp + 12] >>> 4 & 15) * 4;
        int seq = FrameBytes.i32(frame, tcp + 4);
        boolean syn = (flags & SYN) != 0;
        readOptions(frame, tcp + 20, tcp + header, syn);
        synSeen |= syn;
        if (syn && (!known || stackIss != seq)) {
            known = true;
            stackIss = seq;
            stackEnd = seq;
            stackFin = false;
            agreed = false;
        }
        int length = frame.length - tcp - header;
        int end = seq + length + (syn ? 1 : 0) + flags % 2;
        owed += end != seq ? 1 : 0;
        stackFin |= (flags & FIN) != 0;
        if (end - stackEnd > 0) {
            stackEnd = end;
        }
        if ((flags & ACK) != 0) {
            stackAck = FrameBytes.i32(frame, tcp + 8);
            if (!agreed) {
                // Whatever was sent before the stack knew a sequence number of ours was not taken.
                agreed = true;
                furthest = stackAck;
            }
            stackEdge = stackAck + (FrameBytes.u16(frame, tcp + 14) << (syn ? 0 : stackScale));
        }
        // Numbers this far on are another connection's, whose SYN-ACK never left for want of frames.
        known &= syn || end - stackIss >= 0 && end - stackIss < FARTHEST;
        return known ? wrongContent(frame, tcp + header, length, seq) : null;
    }

    private String wrongContent(byte[] frame, int from, int length, int seq) {
        for (int i = 0; i < length; i++) {
            if (frame[from + i] != (byte) (seq - stackIss - 1 + i)) {
                return "the stack sent a wrong byte at sequence number ISS+" + (seq - stackIss + i);
            }
        }
        return null;
    }

    private void readOptions(byte[] frame, int from, int end, boolean syn) {
        timestamps = false;
        int at = from;
        while (at < end) {
            int kind = frame[at];
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
            }
            at += frame[at + 1];
        }
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
        int end = first + length + (flags & FIN);
        if (end - furthest > 0 && end - stackEdge <= 0) {
            furthest = end;
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
