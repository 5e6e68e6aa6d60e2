package io.doorbell.tools.http;

import java.lang.foreign.MemorySegment;

/** Takes the bytes of a received body, on the stack's thread. */
public interface BodySink extends AutoCloseable {
    /**
     * The next bytes; valid during the call only.
     *
     * @return false if they cannot be taken: the connection is given up
     */
    boolean take(MemorySegment memory, long offset, int length);

    /** Called once, when the body is complete or its connection is gone. */
    @Override
    default void close() {
    }
}
