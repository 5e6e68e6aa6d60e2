package io.doorbell.tcp;

import java.util.Objects;

/**
 * What can be chosen for a single connection; it begins with what {@link TcpConfig} says under the same names.
 * Immutable, and shared by all connections that were not given others.
 *
 * @param nagle             see {@link TcpConfig#nagle}
 * @param sendBufferBytes   see {@link TcpConfig#sendBufferBytes}
 * @param delayedAckNanos   see {@link TcpConfig#delayedAckNanos}
 * @param congestionControl see {@link TcpConfig#congestionControl}; another one begins with what it knows of a new path,
 *                          in the window that there is
 * @param keepalive         see {@link TcpConfig#keepalive}
 * @param userTimeoutNanos  see {@link TcpConfig#userTimeoutNanos}
 * @param pacing            see {@link TcpConfig#pacing}
 * @param dscp              see {@link TcpConfig#dscp}; what a listener's SYN-ACK says is the stack's
 */
public record ConnectionOptions(
        boolean nagle,
        int sendBufferBytes,
        long delayedAckNanos,
        CongestionAlgorithm congestionControl,
        Keepalive keepalive,
        long userTimeoutNanos,
        Pacing pacing,
        int dscp) {

    static final ConnectionOptions STANDARD = of(TcpConfig.defaults());

    public ConnectionOptions {
        TcpConfig.atLeast("sendBufferBytes", sendBufferBytes, 1);
        TcpConfig.delayedAck(delayedAckNanos);
        Objects.requireNonNull(congestionControl, "congestionControl");
        Objects.requireNonNull(keepalive, "keepalive");
        TcpConfig.atLeast("userTimeoutNanos", userTimeoutNanos, 0);
        Objects.requireNonNull(pacing, "pacing");
        TcpConfig.between("dscp", dscp, 0, 63);
    }

    /** What connections of a stack with these settings begin with. */
    public static ConnectionOptions of(TcpConfig config) {
        return new ConnectionOptions(config.nagle(), config.sendBufferBytes(), config.delayedAckNanos(),
                config.congestionControl(), config.keepalive(), config.userTimeoutNanos(), config.pacing(), config.dscp());
    }

    /** Whether any of this needs state that most connections do without. */
    boolean needsState() {
        return keepalive.on() || userTimeoutNanos > 0 || pacing.on();
    }

    public ConnectionOptions withNagle(boolean on) {
        return new ConnectionOptions(on, sendBufferBytes, delayedAckNanos, congestionControl, keepalive,
                userTimeoutNanos, pacing, dscp);
    }

    public ConnectionOptions withSendBufferBytes(int bytes) {
        return new ConnectionOptions(nagle, bytes, delayedAckNanos, congestionControl, keepalive, userTimeoutNanos,
                pacing, dscp);
    }

    public ConnectionOptions withDelayedAckNanos(long nanos) {
        return new ConnectionOptions(nagle, sendBufferBytes, nanos, congestionControl, keepalive, userTimeoutNanos,
                pacing, dscp);
    }

    public ConnectionOptions withCongestionControl(CongestionAlgorithm algorithm) {
        return new ConnectionOptions(nagle, sendBufferBytes, delayedAckNanos, algorithm, keepalive, userTimeoutNanos,
                pacing, dscp);
    }

    public ConnectionOptions withKeepalive(Keepalive probing) {
        return new ConnectionOptions(nagle, sendBufferBytes, delayedAckNanos, congestionControl, probing,
                userTimeoutNanos, pacing, dscp);
    }

    public ConnectionOptions withUserTimeoutNanos(long nanos) {
        return new ConnectionOptions(nagle, sendBufferBytes, delayedAckNanos, congestionControl, keepalive, nanos,
                pacing, dscp);
    }

    public ConnectionOptions withPacing(Pacing rate) {
        return new ConnectionOptions(nagle, sendBufferBytes, delayedAckNanos, congestionControl, keepalive,
                userTimeoutNanos, rate, dscp);
    }

    public ConnectionOptions withDscp(int value) {
        return new ConnectionOptions(nagle, sendBufferBytes, delayedAckNanos, congestionControl, keepalive,
                userTimeoutNanos, pacing, value);
    }
}
