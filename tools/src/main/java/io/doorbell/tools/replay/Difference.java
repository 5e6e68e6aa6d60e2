package io.doorbell.tools.replay;

/**
 * One thing in which a replay and its capture differ.
 *
 * @param timeNanos since the capture's first packet of the connection
 * @param text      in words
 */
public record Difference(long timeNanos, String text) {
}
