package io.doorbell.script;

/**
 * One connection as the peer sees it: what it has said and heard so far. Sequence numbers are relative, see
 * {@link Segments}.
 */
public final class Flow {
    /** The pattern's period must not divide a segment length, or misplaced data would look right. */
    private static final int PERIOD = 251;

    final int peerAddress;
    final int peerPort;
    int stackPort;
    final int peerIsn;
    /** Opened by the stack. */
    boolean active;
    boolean stackIsnKnown;
    int stackIsn;
    /** Behind the last byte that the peer ever sent. */
    int peerNext;
    int peerAck;
    int peerWindow = 65535;
    int peerMss = 536;
    /** -1 until both SYNs had the option. */
    int peerScale = -1;
    int stackScale = -1;
    private int peerOfferedScale = -1;
    private int stackOfferedScale = -1;
    private boolean peerOfferedTimestamps;
    private boolean stackOfferedTimestamps;
    boolean timestamps;
    long peerTsVal;
    long stackTsVal;
    /** When it was heard. */
    long stackTsNanos;
    /** Behind the last byte that the stack ever sent. */
    int stackNext;
    int stackAck;
    boolean stackAcked;
    /** The farthest that the peer ever allowed. */
    int peerRightEdge;
    /** The farthest that the stack ever allowed. */
    int stackRightEdge;
    boolean stackAllowed;
    Application application;
    /** The script sends partial messages: sequence numbers may be skipped for a while. */
    boolean holes;

    Flow(int peerAddress, int peerPort, int stackPort, int peerIsn) {
        this.peerAddress = peerAddress;
        this.peerPort = peerPort;
        this.stackPort = stackPort;
        this.peerIsn = peerIsn;
    }

    /** The application's side of the connection; null until the stack has made one. */
    public Application application() {
        return application;
    }

    public int stackPort() {
        return stackPort;
    }

    /** Behind the last byte that the stack ever sent, as a relative sequence number. */
    public int sentUpTo() {
        return stackNext;
    }

    /** The stack's initial sequence number as it stood on the wire. */
    public int stackIsn() {
        return stackIsn;
    }

    /** The byte of the peer's stream at a relative sequence number. */
    static byte peerByte(int relative) {
        return (byte) (Math.floorMod(relative, PERIOD) + 3);
    }

    /** The byte of the stack's stream at a position that starts with 0, when the script does not say a text. */
    static byte stackByte(int position) {
        return (byte) (Math.floorMod(position, PERIOD) ^ 0x55);
    }

    void peerSends(Segment segment) {
        int end = segment.seq + segment.sequenceLength();
        boolean bogus = (segment.flags & Segment.RST) != 0 || (segment.flags & Segment.SYN) != 0 && segment.seq != 0;
        if (!bogus && segment.sequenceLength() > 0 && end - peerNext > 0) {
            peerNext = end;
        }
        if ((segment.flags & Segment.SYN) != 0 && (segment.flags & Segment.RST) == 0 && segment.seq == 0) {
            // An MSS of 0 is none; option bytes that the script wrote by hand are not looked at.
            peerMss = segment.rawOptions != null ? 65535 : segment.mss == null || segment.mss == 0 ? 536 : segment.mss;
            peerOfferedScale = segment.windowScale == null ? -1 : Math.min(14, segment.windowScale);
            peerOfferedTimestamps = segment.timestamps != null && segment.timestamps;
            agree();
        }
        boolean syn = (segment.flags & Segment.SYN) != 0;
        if ((segment.flags & Segment.ACK) != 0 && segment.ack - stackNext <= 0) {
            peerAck = segment.ack;
        }
        int edge = peerAck + (syn || peerScale < 0 ? peerWindow : peerWindow << peerScale);
        if (edge - peerRightEdge > 0) {
            peerRightEdge = edge;
        }
    }

    void stackSendsSyn(Sent sent) {
        if (!stackIsnKnown) {
            stackIsnKnown = true;
            stackIsn = sent.rawSeq;
        }
        stackOfferedScale = sent.windowScale;
        stackOfferedTimestamps = sent.hasTimestamps;
        agree();
    }

    /** RFC 7323 sections 2.2 and 3.2: either option holds only if both SYNs had it. */
    private void agree() {
        boolean both = peerOfferedScale >= 0 && stackOfferedScale >= 0;
        peerScale = both ? peerOfferedScale : -1;
        stackScale = both ? stackOfferedScale : -1;
        timestamps = peerOfferedTimestamps && stackOfferedTimestamps;
    }

    @Override
    public String toString() {
        return peerPort + "-" + stackPort;
    }

    /** What leaves need not be in order from now on. */
    public void allowHoles() {
        holes = true;
    }
}
