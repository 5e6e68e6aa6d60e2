package io.doorbell.tcp;

/**
 * What the growth of one connection's receive window needs to remember. Made when a good part of the first window was
 * taken, so that connections with little traffic do without.
 */
final class WindowTuning {
    /** Bytes offered beyond what the user has taken. */
    int windowBytes;
    /** The most that the user took in one round trip. */
    int takenBytes;
    /** Where the present measurement began, and when. */
    int fromSeq;
    long sinceNanos;

    WindowTuning(int windowBytes, int takenBytes, int fromSeq, long sinceNanos) {
        this.windowBytes = windowBytes;
        this.takenBytes = takenBytes;
        this.fromSeq = fromSeq;
        this.sinceNanos = sinceNanos;
    }
}
