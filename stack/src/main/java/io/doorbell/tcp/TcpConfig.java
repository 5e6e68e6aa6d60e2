package io.doorbell.tcp;

import java.util.Objects;

/**
 * The bounds and times of TCP, each with the standard's (or Linux's) default. Immutable.
 *
 * @param sendBufferBytes      bytes a connection may hold unacknowledged before a send is refused
 * @param receiveWindowBytes   the largest window offered to a peer, at most 1 GiB (RFC 7323 section 2.3)
 * @param initialRtoNanos      RTO before the first sample (RFC 6298 section 2.1: 1 s)
 * @param minRtoNanos          lower bound of the RTO (RFC 6298 section 2.4 says 1 s; 200 ms as in Linux)
 * @param maxRtoNanos          upper bound of the RTO (RFC 6298 section 2.5: at least 60 s; 120 s as in Linux)
 * @param delayedAckNanos      longest wait for an ACK to ride on data (RFC 9293 section 3.8.6.3: below 500 ms; 40 ms as in Linux)
 * @param timeWaitNanos        2 MSL (RFC 9293 section 3.4.2 says 4 minutes; 60 s as in Linux)
 * @param finWait2Nanos        how long a closed connection waits for the peer's FIN (60 s as in Linux)
 * @param synRetries           retransmissions of a SYN before giving up (6 as in Linux)
 * @param retries              retransmissions of data before giving up (RFC 9293 section 3.8.3 R2; 15 as in Linux)
 * @param nagle                whether small segments wait for the ACK of earlier ones (RFC 9293 section 3.7.4); off by default
 * @param timestamps           whether to offer timestamps (RFC 7323 section 3)
 * @param windowScaling        whether to offer window scaling (RFC 7323 section 2)
 * @param sack                 whether to offer selective acknowledgements (RFC 2018)
 * @param congestionControl    the algorithm of new connections; CUBIC by default, as in Linux
 * @param invalidAckNanos      least time between two ACKs of a connection for segments that are not acceptable and take no
 *                             sequence number (500 ms as in Linux, tcp_invalid_ratelimit); 0: no limit
 * @param promptAcks           so many segments are acknowledged one by one after one that came out of order or twice (RFC 5681
 *                             section 4.2 allows it; 16 as in Linux); 0: none
 * @param peerAckDelayNanos    how long a peer may delay an ACK, as far as tail loss probes are concerned (RFC 8985 section 7.2)
 * @param initialWindowSegments initial congestion window in segments (RFC 6928: 10)
 * @param maxSegmentSize       the MSS to announce, 0 for the link's MTU less 40
 * @param maxConnections       rows in the connection table, which are neither half-open nor in TIME-WAIT
 * @param timeWaitLimit        connections in TIME-WAIT; beyond it, the one that has waited longest goes
 * @param halfOpenLimit        half-open connections of all listeners together
 * @param synCookies           whether SYNs beyond that limit are answered with cookies (RFC 4987 section 3.6), or dropped
 * @param acceptQueueLimit     established connections of one listener that wait for the acceptor
 * @param challengeAcksPerSecond limit of RFC 5961 section 7
 * @param ecn                  Explicit Congestion Notification (RFC 3168); when the peer asks for it, as in Linux
 * @param keepalive            probes of idle connections (RFC 9293 section 3.8.4); off by default
 * @param userTimeoutNanos     how long sent data may stay unacknowledged, or waiting data behind a closed window, before
 *                             the connection ends (RFC 9293 section 3.10.8, RFC 5482; Linux's TCP_USER_TIMEOUT); it takes
 *                             the place of {@code retries}. 0 for none, by default
 * @param pacing               segments spread over the round trip; off by default
 * @param corkNanos            how long a corked connection holds an incomplete segment at the most (200 ms as in Linux)
 * @param timestampTickNanos   one tick of the timestamp clock (RFC 7323 section 5.4: 1 ms to 1 s; 1 ms as in Linux)
 * @param slowStartAfterIdle   whether a congestion window that was not used for an RTO begins anew (RFC 5681 section 4.1;
 *                             yes, as in Linux)
 * @param initialReceiveWindowBytes window offered at first; it grows up to {@code receiveWindowBytes} with what the
 *                             application takes (64 KiB less one byte as in Linux, the most that a SYN can say)
 * @param outOfOrderFrames     frames that out-of-order data of all connections may occupy; 0 for a quarter of the pool
 * @param pathRetries          timeouts in a row after which the path is in doubt: the next hop is checked, and a black
 *                             hole is suspected (RFC 9293 section 3.8.3 R1; 3 as in Linux)
 * @param blackHoleDetection   whether repeated timeouts of full segments make them smaller (RFC 4821, RFC 8899; as
 *                             Linux's {@code tcp_mtu_probing} 1)
 * @param baseSegmentSize      payload bytes that a path is first tried with when a black hole is suspected (1024 as in
 *                             Linux's {@code tcp_base_mss})
 * @param minPathMtu           no router is believed that says less (RFC 1191 section 3: 68; Linux: 552)
 * @param pathMtuAgeNanos      after how long a path that carried little is tried with full segments again (RFC 1191
 *                             section 6.3: 10 minutes)
 * @param synAckRetries        retransmissions of a SYN-ACK before giving up (as many as of a SYN; 5 in Linux)
 * @param dscp                 the Differentiated Services field of what is sent (RFC 9293 section 3.9.2, MUST-48); 0 to 63
 * @param timeToLive           of IP packets (RFC 9293 section 3.9.2, MUST-49; 64 as RFC 1700 recommends); 1 to 255
 * @param leastPartBytes       known bytes of a partial message that are worth a segment of their own while others are missing
 * @param multiSegment         whether to offer the multi-segment option (docs/multi-segment.md; needs SACK); off by default
 * @param referenceBytes       a template's last part that is at least so long, and lies in a {@link LinkBuffer}, is posted from
 *                             there, where the link takes a frame in two pieces; a shorter one is copied
 */
public record TcpConfig(
        int sendBufferBytes,
        int receiveWindowBytes,
        long initialRtoNanos,
        long minRtoNanos,
        long maxRtoNanos,
        long delayedAckNanos,
        long timeWaitNanos,
        long finWait2Nanos,
        int synRetries,
        int retries,
        boolean nagle,
        boolean timestamps,
        boolean windowScaling,
        boolean sack,
        CongestionAlgorithm congestionControl,
        long invalidAckNanos,
        int promptAcks,
        long peerAckDelayNanos,
        int initialWindowSegments,
        int maxSegmentSize,
        int maxConnections,
        int timeWaitLimit,
        int halfOpenLimit,
        boolean synCookies,
        int acceptQueueLimit,
        int challengeAcksPerSecond,
        EcnMode ecn,
        Keepalive keepalive,
        long userTimeoutNanos,
        Pacing pacing,
        long corkNanos,
        long timestampTickNanos,
        boolean slowStartAfterIdle,
        int initialReceiveWindowBytes,
        int outOfOrderFrames,
        int pathRetries,
        boolean blackHoleDetection,
        int baseSegmentSize,
        int minPathMtu,
        long pathMtuAgeNanos,
        int synAckRetries,
        int dscp,
        int timeToLive,
        int leastPartBytes,
        boolean multiSegment,
        int referenceBytes) {

    private static final long MILLISECOND = 1_000_000L;
    private static final long SECOND = 1_000 * MILLISECOND;

    public TcpConfig {
        atLeast("sendBufferBytes", sendBufferBytes, 1);
        atLeast("receiveWindowBytes", receiveWindowBytes, 1);
        if (receiveWindowBytes > 1 << 30) {
            throw new IllegalArgumentException("receiveWindowBytes is " + receiveWindowBytes
                    + ": at most 1 GiB can be announced (RFC 7323 section 2.3)");
        }
        atLeast("initialRtoNanos", initialRtoNanos, 1);
        atLeast("minRtoNanos", minRtoNanos, 1);
        atLeast("maxRtoNanos", maxRtoNanos, minRtoNanos);
        delayedAck(delayedAckNanos);
        atLeast("timeWaitNanos", timeWaitNanos, 0);
        atLeast("finWait2Nanos", finWait2Nanos, 0);
        atLeast("synRetries", synRetries, 0);
        atLeast("retries", retries, 0);
        Objects.requireNonNull(congestionControl, "congestionControl");
        atLeast("invalidAckNanos", invalidAckNanos, 0);
        between("promptAcks", promptAcks, 0, Byte.MAX_VALUE);
        atLeast("peerAckDelayNanos", peerAckDelayNanos, 0);
        atLeast("initialWindowSegments", initialWindowSegments, 1);
        atLeast("maxSegmentSize", maxSegmentSize, 0);
        atLeast("maxConnections", maxConnections, 1);
        atLeast("timeWaitLimit", timeWaitLimit, 1);
        atLeast("halfOpenLimit", halfOpenLimit, 1);
        atLeast("acceptQueueLimit", acceptQueueLimit, 1);
        atLeast("challengeAcksPerSecond", challengeAcksPerSecond, 0);
        Objects.requireNonNull(ecn, "ecn");
        Objects.requireNonNull(keepalive, "keepalive");
        atLeast("userTimeoutNanos", userTimeoutNanos, 0);
        Objects.requireNonNull(pacing, "pacing");
        atLeast("corkNanos", corkNanos, 1);
        if (timestampTickNanos < MILLISECOND || timestampTickNanos > SECOND) {
            throw new IllegalArgumentException("timestampTickNanos is " + timestampTickNanos
                    + ": a tick must be 1 ms to 1 s long (RFC 7323 section 5.4)");
        }
        atLeast("initialReceiveWindowBytes", initialReceiveWindowBytes, 1);
        atLeast("outOfOrderFrames", outOfOrderFrames, 0);
        atLeast("pathRetries", pathRetries, 1);
        atLeast("baseSegmentSize", baseSegmentSize, 48);
        atLeast("minPathMtu", minPathMtu, 68);
        atLeast("pathMtuAgeNanos", pathMtuAgeNanos, 1);
        atLeast("synAckRetries", synAckRetries, 0);
        if (synAckRetries > 126) {
            throw new IllegalArgumentException("synAckRetries is " + synAckRetries
                    + ": a SYN-ACK is sent at most 126 times again");
        }
        between("dscp", dscp, 0, 63);
        between("timeToLive", timeToLive, 1, 255);
        atLeast("leastPartBytes", leastPartBytes, 1);
        atLeast("referenceBytes", referenceBytes, 1);
    }

    static void between(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(name + " is " + value + ": it must be " + least + " to " + most);
        }
    }

    static void delayedAck(long nanos) {
        atLeast("delayedAckNanos", nanos, 0);
        if (nanos >= 500 * MILLISECOND) {
            throw new IllegalArgumentException("delayedAckNanos is " + nanos
                    + ": an ACK must not be delayed by 500 ms or more (RFC 9293 section 3.8.6.3)");
        }
    }

    static void atLeast(String name, long value, long least) {
        if (value < least) {
            throw new IllegalArgumentException(name + " is " + value + ": it must be at least " + least);
        }
    }

    public static TcpConfig defaults() {
        return builder().build();
    }

    public static Builder builder() {
        return new Builder();
    }

    /** Settings with the defaults of {@link TcpConfig}, to be changed one by one. */
    public static final class Builder {
        private int sendBufferBytes = 1 << 20;
        private int receiveWindowBytes = 1 << 20;
        private long initialRtoNanos = SECOND;
        private long minRtoNanos = 200 * MILLISECOND;
        private long maxRtoNanos = 120 * SECOND;
        private long delayedAckNanos = 40 * MILLISECOND;
        private long timeWaitNanos = 60 * SECOND;
        private long finWait2Nanos = 60 * SECOND;
        private int synRetries = 6;
        private int retries = 15;
        private boolean nagle;
        private boolean timestamps = true;
        private boolean windowScaling = true;
        private boolean sack = true;
        private CongestionAlgorithm congestionControl = CongestionAlgorithm.CUBIC;
        private long invalidAckNanos = 500 * MILLISECOND;
        private int promptAcks = 16;
        private long peerAckDelayNanos = 200 * MILLISECOND;
        private int initialWindowSegments = 10;
        private int maxSegmentSize;
        private int maxConnections = 1 << 20;
        private int timeWaitLimit = 1 << 16;
        private int halfOpenLimit = 1024;
        private boolean synCookies = true;
        private int acceptQueueLimit = 1024;
        private int challengeAcksPerSecond = 1000;
        private EcnMode ecn = EcnMode.PASSIVE;
        private Keepalive keepalive = Keepalive.OFF;
        private long userTimeoutNanos;
        private Pacing pacing = Pacing.OFF;
        private long corkNanos = 200 * MILLISECOND;
        private long timestampTickNanos = MILLISECOND;
        private boolean slowStartAfterIdle = true;
        private int initialReceiveWindowBytes = 65_535;
        private int outOfOrderFrames = 0;
        private int pathRetries = 3;
        private boolean blackHoleDetection = true;
        private int baseSegmentSize = 1024;
        private int minPathMtu = 68;
        private long pathMtuAgeNanos = 600 * SECOND;
        private int synAckRetries = 6;
        private int dscp;
        private int timeToLive = 64;
        private int leastPartBytes = 8;
        private boolean multiSegment;
        private int referenceBytes = 1024;

        private Builder() {
        }

        public Builder sendBufferBytes(int bytes) {
            sendBufferBytes = bytes;
            return this;
        }

        public Builder receiveWindowBytes(int bytes) {
            receiveWindowBytes = bytes;
            return this;
        }

        public Builder initialRtoNanos(long nanos) {
            initialRtoNanos = nanos;
            return this;
        }

        public Builder minRtoNanos(long nanos) {
            minRtoNanos = nanos;
            return this;
        }

        public Builder maxRtoNanos(long nanos) {
            maxRtoNanos = nanos;
            return this;
        }

        public Builder delayedAckNanos(long nanos) {
            delayedAckNanos = nanos;
            return this;
        }

        public Builder timeWaitNanos(long nanos) {
            timeWaitNanos = nanos;
            return this;
        }

        public Builder finWait2Nanos(long nanos) {
            finWait2Nanos = nanos;
            return this;
        }

        public Builder synRetries(int count) {
            synRetries = count;
            return this;
        }

        public Builder retries(int count) {
            retries = count;
            return this;
        }

        public Builder nagle(boolean on) {
            nagle = on;
            return this;
        }

        public Builder timestamps(boolean on) {
            timestamps = on;
            return this;
        }

        public Builder windowScaling(boolean on) {
            windowScaling = on;
            return this;
        }

        public Builder sack(boolean on) {
            sack = on;
            return this;
        }

        public Builder congestionControl(CongestionAlgorithm algorithm) {
            congestionControl = algorithm;
            return this;
        }

        public Builder invalidAckNanos(long nanos) {
            invalidAckNanos = nanos;
            return this;
        }

        public Builder promptAcks(int segments) {
            promptAcks = segments;
            return this;
        }

        public Builder peerAckDelayNanos(long nanos) {
            peerAckDelayNanos = nanos;
            return this;
        }

        public Builder initialWindowSegments(int segments) {
            initialWindowSegments = segments;
            return this;
        }

        public Builder maxSegmentSize(int bytes) {
            maxSegmentSize = bytes;
            return this;
        }

        public Builder maxConnections(int rows) {
            maxConnections = rows;
            return this;
        }

        public Builder timeWaitLimit(int rows) {
            timeWaitLimit = rows;
            return this;
        }

        public Builder halfOpenLimit(int rows) {
            halfOpenLimit = rows;
            return this;
        }

        public Builder synCookies(boolean on) {
            synCookies = on;
            return this;
        }

        public Builder acceptQueueLimit(int rows) {
            acceptQueueLimit = rows;
            return this;
        }

        public Builder challengeAcksPerSecond(int count) {
            challengeAcksPerSecond = count;
            return this;
        }

        public Builder ecn(EcnMode mode) {
            ecn = mode;
            return this;
        }

        public Builder keepalive(Keepalive probing) {
            keepalive = probing;
            return this;
        }

        public Builder userTimeoutNanos(long nanos) {
            userTimeoutNanos = nanos;
            return this;
        }

        public Builder pacing(Pacing rate) {
            pacing = rate;
            return this;
        }

        public Builder corkNanos(long nanos) {
            corkNanos = nanos;
            return this;
        }

        public Builder timestampTickNanos(long nanos) {
            timestampTickNanos = nanos;
            return this;
        }

        public Builder slowStartAfterIdle(boolean on) {
            slowStartAfterIdle = on;
            return this;
        }

        public Builder initialReceiveWindowBytes(int bytes) {
            initialReceiveWindowBytes = bytes;
            return this;
        }

        public Builder outOfOrderFrames(int frames) {
            outOfOrderFrames = frames;
            return this;
        }

        public Builder pathRetries(int count) {
            pathRetries = count;
            return this;
        }

        public Builder blackHoleDetection(boolean on) {
            blackHoleDetection = on;
            return this;
        }

        public Builder baseSegmentSize(int bytes) {
            baseSegmentSize = bytes;
            return this;
        }

        public Builder minPathMtu(int bytes) {
            minPathMtu = bytes;
            return this;
        }

        public Builder pathMtuAgeNanos(long nanos) {
            pathMtuAgeNanos = nanos;
            return this;
        }

        public Builder synAckRetries(int count) {
            synAckRetries = count;
            return this;
        }

        public Builder dscp(int value) {
            dscp = value;
            return this;
        }

        public Builder timeToLive(int hops) {
            timeToLive = hops;
            return this;
        }

        public Builder leastPartBytes(int bytes) {
            leastPartBytes = bytes;
            return this;
        }

        public Builder multiSegment(boolean on) {
            multiSegment = on;
            return this;
        }

        public Builder referenceBytes(int bytes) {
            referenceBytes = bytes;
            return this;
        }

        public TcpConfig build() {
            return new TcpConfig(sendBufferBytes, receiveWindowBytes, initialRtoNanos, minRtoNanos, maxRtoNanos,
                    delayedAckNanos, timeWaitNanos, finWait2Nanos, synRetries, retries, nagle, timestamps,
                    windowScaling, sack, congestionControl, invalidAckNanos, promptAcks, peerAckDelayNanos, initialWindowSegments, maxSegmentSize, maxConnections,
                    timeWaitLimit, halfOpenLimit, synCookies, acceptQueueLimit, challengeAcksPerSecond, ecn, keepalive,
                    userTimeoutNanos, pacing, corkNanos, timestampTickNanos, slowStartAfterIdle,
                    initialReceiveWindowBytes, outOfOrderFrames, pathRetries, blackHoleDetection, baseSegmentSize,
                    minPathMtu, pathMtuAgeNanos, synAckRetries, dscp, timeToLive, leastPartBytes, multiSegment,
                    referenceBytes);
        }
    }
}
