package io.doorbell.tools.inspect;

/** What has become of a stack. */
public enum Condition {
    RUNNING("running"),
    /** Its process lives, and nobody has polled it for a second. */
    NOT_POLLED("not polled"),
    /** Closed in order. */
    CLOSED("closed"),
    /** Its process is no more; what its file shows is the last state. */
    DIED("died");

    private final String label;

    Condition(String label) {
        this.label = label;
    }

    public String label() {
        return label;
    }
}
