package io.doorbell.tcp;

/**
 * Whether and how fast segments are spread over the round trip instead of leaving as soon as the window allows.
 * Immutable. The rate is a percentage of the congestion window for each smoothed round-trip time.
 *
 * @param on               whether segments are paced; not by default, as in Linux
 * @param slowStartPercent percent of the window for each round trip while it is below half of the slow-start
 *                         threshold (200 as Linux's {@code tcp_pacing_ss_ratio})
 * @param avoidancePercent the same above that (120 as Linux's {@code tcp_pacing_ca_ratio})
 */
public record Pacing(boolean on, int slowStartPercent, int avoidancePercent) {
    /** Linux's ratios, not used. */
    public static final Pacing OFF = new Pacing(false, 200, 120);

    /** Linux's ratios, used. */
    public static final Pacing ON = new Pacing(true, OFF.slowStartPercent, OFF.avoidancePercent);

    private static final int MOST_PERCENT = 1000;

    public Pacing {
        percent("pacing.slowStartPercent", slowStartPercent);
        percent("pacing.avoidancePercent", avoidancePercent);
    }

    private static void percent(String name, int value) {
        if (value < 100 || value > MOST_PERCENT) {
            throw new IllegalArgumentException(name + " is " + value + ": a rate of less than 100 percent of the window"
                    + " for each round trip could never use the window; choose 100 to " + MOST_PERCENT);
        }
    }
}
