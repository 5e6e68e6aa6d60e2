package io.doorbell.tcp;

/**
 * RCV.WND: what is offered to the peer, and when it is worth telling (RFC 9293 section 3.8.6.2.2).
 *
 * <p>It grows up to the bound by dynamic right-sizing, as in Linux's {@code tcp_rcv_space_adjust}: a sender that fills
 * a window per round trip may double what it sends in the next one, so twice what the user took in the last is offered,
 * and more as long as that grows. Under memory pressure no more than a few segments are offered beyond what the user
 * has taken; what was offered before stays offered.
 */
final class ReceiveWindow {
    /** Segments that are offered under memory pressure, as by Linux. */
    private static final int PRESSURE_SEGMENTS = 4;
    /** Segments that are offered on top of what was measured, as by Linux. */
    private static final int SPARE_SEGMENTS = 16;

    /** Segments that a peer is expected to send in its first round trip (RFC 6928). */
    private static final int FIRST_SEGMENTS = 10;

    private final ReceiveMemory memory;
    private final int windowBytes;
    private final int initialBytes;
    private final int maxSegmentSize;
    private final byte scale;
    private final boolean scaling;

    /** @param mtu the link's largest IP packet, in bytes */
    ReceiveWindow(TcpConfig config, int mtu, ReceiveMemory memory) {
        this.memory = memory;
        this.windowBytes = config.receiveWindowBytes();
        this.initialBytes = Math.min(windowBytes, config.initialReceiveWindowBytes());
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
        c.rcvEdge = c.rcvNxt + announcedAtFirst();
    }

    /** The window of a SYN, which is never scaled (RFC 7323 section 2.2). */
    int announcedAtFirst() {
        return Math.min(initialBytes, 0xffff);
    }

    private int windowBytes(Tcb c) {
        return c.windowTuning == null ? initialBytes : c.windowTuning.windowBytes;
    }

    private int offeredBytes(Tcb c) {
        int bytes = windowBytes(c);
        return memory.pressure() ? Math.min(bytes, PRESSURE_SEGMENTS * maxSegmentSize) : bytes;
    }

    /** The user has taken bytes up to RCV.USER: whether more is to be offered from now on. */
    void taken(Tcb c, long now) {
        WindowTuning tuning = c.windowTuning;
        if (tuning == null) {
            if (initialBytes < windowBytes && c.rcvUser - c.irs > initialBytes / 4) {
                c.windowTuning = new WindowTuning(initialBytes,
                        Math.min(initialBytes, FIRST_SEGMENTS * maxSegmentSize), c.rcvUser, now);
            }
            return;
        }
        long roundTrip = c.srttNanos > 0 ? c.srttNanos : c.rtoNanos;
        if (tuning.windowBytes == windowBytes || now - tuning.sinceNanos < roundTrip) {
            return;
        }
        int taken = c.rcvUser - tuning.fromSeq;
        if (taken > tuning.takenBytes && !memory.pressure()) {
            long wanted = 2L * taken + (long) SPARE_SEGMENTS * maxSegmentSize;
            wanted += 2 * wanted * (taken - tuning.takenBytes) / tuning.takenBytes;
            tuning.windowBytes = (int) Math.max(tuning.windowBytes, Math.min(windowBytes, wanted));
            tuning.takenBytes = taken;
        }
        tuning.fromSeq = c.rcvUser;
        tuning.sinceNanos = now;
    }

    /**
     * The window field for a segment that leaves now; the right edge moves with it. It moves in steps of at least a
     * segment or half the buffer, so that the peer is not led to send small ones, and never to the left.
     */
    int advertise(Tcb c) {
        int edge = c.rcvEdge;
        int offered = offeredBytes(c);
        if (c.rcvUser + offered - edge >= Math.min(offered / 2, maxSegmentSize)) {
            edge = c.rcvUser + offered;
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

    /** Whether the user took so much that the peer, who may be waiting, must be told at once. */
    boolean updateDue(Tcb c) {
        // What the field can say: without scaling, a large buffer is never more than 64 KiB of window.
        int offered = offeredBytes(c);
        int reach = Math.min(offered, 0xffff << c.rcvScale);
        int gain = Math.min(c.rcvUser + offered, c.rcvNxt + reach) - c.rcvEdge;
        return c.rcvWnd() < reach / 2 && gain >= Math.min(reach / 2, 2 * maxSegmentSize);
    }
}
