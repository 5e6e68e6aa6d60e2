package io.doorbell.tcp;

/**
 * Whether and how an idle connection asks if its peer is still there (RFC 9293 section 3.8.4). Immutable.
 *
 * @param on            whether an idle connection sends probes (RFC 1122 section 4.2.3.6: not unless it is asked for)
 * @param idleNanos     silence before the first probe (RFC 1122 section 4.2.3.6: 2 hours by default)
 * @param intervalNanos between probes that are not answered (75 s as in Linux)
 * @param probes        unanswered probes after which the connection ends (9 as in Linux); a user timeout takes their
 *                      place
 */
public record Keepalive(boolean on, long idleNanos, long intervalNanos, int probes) {
    private static final long SECOND = 1_000_000_000L;

    /** The standard's times, not used. */
    public static final Keepalive OFF = new Keepalive(false, 7200 * SECOND, 75 * SECOND, 9);

    /** The standard's times, used. */
    public static final Keepalive ON = new Keepalive(true, OFF.idleNanos, OFF.intervalNanos, OFF.probes);

    public Keepalive {
        TcpConfig.atLeast("keepalive.idleNanos", idleNanos, 1);
        TcpConfig.atLeast("keepalive.intervalNanos", intervalNanos, 1);
        TcpConfig.atLeast("keepalive.probes", probes, 1);
    }

    /** Keepalive with these times. */
    public static Keepalive after(long idleNanos, long intervalNanos, int probes) {
        return new Keepalive(true, idleNanos, intervalNanos, probes);
    }
}
