package io.doorbell.tcp;

/** RCV.WND: what is offered to the peer, and when it is worth telling (RFC 9293 section 3.8.6.2.2). */
final class ReceiveWindow {
    private final int windowBytes;
    private final int maxSegmentSize;
    private final byte scale;
    private final boolean scaling;

    /** @param mtu the link's largest IP packet, in bytes */
    ReceiveWindow(TcpConfig config, int mtu) {
        this.windowBytes = config.receiveWindowBytes();
        int fits = mtu - 40;
        this.maxSegmentSize = config.maxSegmentSize() == 0 ? fits : Math.min(fits, config.maxSegmentSize());
        this.scaling = config.windowScaling();
        int shift = 0;
        while (0xffffL << shift < windowBytes) {
            shift++;
        }
        this.scale = (byte) shift;
    }

    /** The MSS to announce (RFC 9293 section 3.7.1, RFC 6691: the MTU less fixed headers, whatever the options). */
    int maxSegmentSize() {
        return maxSegmentSize;
    }

    /** The shift count to offer, or -1 for none. */
    byte scaleToOffer() {
        return scaling ? scale : -1;
    }

    /** Bytes between the first one that the user has not taken and the last one that may ever be offered. */
    int span() {
        return windowBytes + (1 << scale);
    }

    void start(Tcb c) {
        c.rcvEdge = c.rcvNxt + Math.min(windowBytes, 0xffff);
    }

    private int rightEdge(Tcb c) {
        return c.rcvUser + windowBytes;
    }

    /**
     * The window field for a segment that leaves now; the right edge moves with it. It moves in steps of at least a
     * segment or half the buffer, so that the peer is not led to send small ones, and never to the left.
     */
    int advertise(Tcb c) {
        int edge = c.rcvEdge;
        if (rightEdge(c) - edge >= step()) {
            edge = rightEdge(c);
        }
        int shift = c.rcvScale;
        // Rounded up: rounding down would move the edge to the left by a fraction of the unit.
        int field = Math.min(0xffff, (edge - c.rcvNxt + (1 << shift) - 1) >>> shift);
        if (c.rcvNxt + (field << shift) - c.rcvUser > span()) {
            // Small segments that nobody reads would push the edge on by a fraction of the unit each. RFC 7323
            // section 2.4: the window told may then be a little less than the one that holds.
            field = (edge - c.rcvNxt) >>> shift;
        }
        int announced = c.rcvNxt + (field << shift);
        if (announced - c.rcvEdge > 0) {
            c.rcvEdge = announced;
        }
        return field;
    }

    private int step() {
        return Math.min(windowBytes / 2, maxSegmentSize);
    }

    /** Whether the user took so much that the peer, who may be waiting, must be told at once. */
    boolean updateDue(Tcb c) {
        // What the field can say: without scaling, a large buffer is never more than 64 KiB of window.
        int reach = Math.min(windowBytes, 0xffff << c.rcvScale);
        int gain = Math.min(rightEdge(c), c.rcvNxt + reach) - c.rcvEdge;
        return c.rcvWnd() < reach / 2 && gain >= Math.min(reach / 2, 2 * maxSegmentSize);
    }
}
