package io.doorbell.counters;

/** Why a connection does not send more than it does. */
public enum SendLimit {
    /** It does not send in its state. */
    STATE,
    /** Everything that the user handed over is sent. */
    APPLICATION,
    RECEIVER_WINDOW,
    CONGESTION_WINDOW,
    /** Pacing, corking or Nagle's algorithm keeps a segment back. */
    HELD_BACK,
    /** No frame is free, or the link is full. */
    FRAMES;

    /** The name as tools print it: {@code congestion-window}. */
    public String label() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
}
