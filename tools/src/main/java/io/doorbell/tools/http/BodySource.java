package io.doorbell.tools.http;

import java.nio.ByteBuffer;

/** The bytes of a body to send, readable from any position: what the stack does not take now is asked for again. */
public interface BodySource extends AutoCloseable {
    /** Bytes in all. */
    long length();

    /**
     * Writes the bytes from {@code position} on into {@code target}, up to its limit.
     *
     * @return how many were written; fewer than there was room for means that the source has failed
     */
    int fill(ByteBuffer target, long position);

    /** Called once, when the body is sent or its connection is gone. */
    @Override
    default void close() {
    }
}
