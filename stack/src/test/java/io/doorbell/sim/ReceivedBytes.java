package io.doorbell.sim;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import java.lang.foreign.MemorySegment;

/** Reads whatever comes, and counts it. */
final class ReceivedBytes implements ConnectionHandler {
    long count;

    @Override
    public int data(Connection c, MemorySegment memory, long offset, int length) {
        count += length;
        return length;
    }
}
