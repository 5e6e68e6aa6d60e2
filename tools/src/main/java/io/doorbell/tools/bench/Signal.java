package io.doorbell.tools.bench;

/** Says once, from one thread to loops on others, that something has happened. */
final class Signal {
    private volatile boolean raised;

    void raise() {
        raised = true;
    }

    boolean raised() {
        return raised;
    }
}
