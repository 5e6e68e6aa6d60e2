package io.doorbell.tcp;

import io.doorbell.wire.Seq;

/**
 * SYN cookies (RFC 4987 section 3.6): while the half-open table is full, all that a row would hold is sent along in the
 * SYN-ACK and comes back in the ACK.
 *
 * <pre>
 *   initial sequence number:  | hash: 29 bits                                 | MSS: 3 |
 *   timestamp, if there is one:  | clock in ticks, its upper 26 bits | ECN | SACK | shift: 4 |
 * </pre>
 * The hash is a keyed one over addresses, ports, the peer's initial sequence number, the minute (of 64 s), and all that
 * the other bits say. A cookie is good in its own minute and in the next. A shift of 15 stands for no window scaling;
 * without timestamps there is no window scaling, no SACK and no ECN. One object, reused: the fields hold what the last cookie
 * said that was asked about.
 */
final class SynCookies {
    static final int NO_SCALE = -1;

    private static final long MINUTE_NANOS = 64_000_000_000L;
    private static final long NEVER = Long.MIN_VALUE;
    private static final int MSS_BITS = 3;
    private static final int MSS_MASK = (1 << MSS_BITS) - 1;
    /** Rounded down to one of these: what Ethernet, tunnels, DSL and jumbo frames make of an MTU, and the RFCs' least. */
    private static final int[] SEGMENT_SIZES = {48, 256, 536, 1220, 1400, 1440, 1460, 8960};
    private static final int OPTIONS_MASK = 0x3f;
    private static final int SCALE_MASK = 0xf;
    private static final int SACK = 0x10;
    private static final int ECN = 0x20;
    private static final int TIMESTAMPS = 0x40;

    private final KeyedHash hash;
    private long lastMinute = NEVER;

    int maxSegmentSize;
    int scale;
    boolean sack;
    boolean ecn;

    SynCookies(KeyedHash hash) {
        this.hash = hash;
    }

    /** What a SYN's options become in the low bits of our timestamp. */
    static int options(int scale, boolean sack, boolean ecn) {
        return (scale == NO_SCALE ? SCALE_MASK : scale) | (sack ? SACK : 0) | (ecn ? ECN : 0);
    }

    /** The clock, set back as little as it takes to say {@code options}: what follows on the connection is later. */
    static int timestamp(int clock, int options) {
        int stamp = clock & ~OPTIONS_MASK | options;
        return Seq.gt(stamp, clock) ? stamp - (OPTIONS_MASK + 1) : stamp;
    }

    /**
     * The initial sequence number for a SYN-ACK.
     *
     * @param announced the peer's MSS option, 0 if it sent none
     * @param options   {@link #options} if the SYN had timestamps, {@link #NO_SCALE} if not
     */
    int bake(int local, int remote, int ports, int irs, int announced, int options, long now) {
        lastMinute = Math.floorDiv(now, MINUTE_NANOS);
        int size = announced == 0 ? 536 : announced;
        int index = SEGMENT_SIZES.length - 1;
        while (index > 0 && SEGMENT_SIZES[index] > size) {
            index--;
        }
        return cookie(peer(local, remote, ports, irs), index, options, lastMinute);
    }

    /** Whether a cookie that is still good can be on its way. */
    boolean areOut(long now) {
        return lastMinute != NEVER && Math.floorDiv(now, MINUTE_NANOS) - lastMinute <= 1;
    }

    /**
     * Whether a segment to a listener acknowledges a cookie of this minute or the one before; if so, the fields tell
     * what is in it.
     *
     * @param echoed the timestamp that is echoed less the connection's offset, meaningless if there is none
     */
    boolean isGood(InboundSegment segment, boolean timestamps, int echoed, long now) {
        long minute = Math.floorDiv(now, MINUTE_NANOS);
        int cookie = segment.ack - 1;
        int index = cookie & MSS_MASK;
        int options = timestamps ? echoed & OPTIONS_MASK : NO_SCALE;
        long peer = peer(segment.destination, segment.source, segment.ports, segment.seq - 1);
        boolean good = cookie == cookie(peer, index, options, minute) || cookie == cookie(peer, index, options, minute - 1);
        maxSegmentSize = SEGMENT_SIZES[index];
        scale = timestamps && (options & SCALE_MASK) <= 14 ? options & SCALE_MASK : NO_SCALE;
        sack = timestamps && (options & SACK) != 0;
        ecn = timestamps && (options & ECN) != 0;
        return good;
    }

    private long peer(int local, int remote, int ports, int irs) {
        return hash.hash((long) local << 32 | remote & 0xffff_ffffL, (long) ports << 32 | irs & 0xffff_ffffL);
    }

    private int cookie(long peer, int index, int options, long minute) {
        int said = options == NO_SCALE ? index << 8 : index << 8 | TIMESTAMPS | options;
        return (int) hash.hash(peer, minute << 16 | said) << MSS_BITS | index;
    }
}
