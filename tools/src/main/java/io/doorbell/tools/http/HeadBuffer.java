package io.doorbell.tools.http;

import io.doorbell.wire.Bytes;
import java.lang.foreign.MemorySegment;

/**
 * Collects the head of a message, start line and fields, until its empty line, in whatever pieces it comes.
 * A line ends with LF, with or without CR before it (RFC 9112 section 2.2).
 */
final class HeadBuffer {
    /** Bytes that a head may have; more is answered with 431. */
    static final int LIMIT = 8192;

    private final byte[] bytes = new byte[LIMIT];
    private int length;
    private int lineLength;
    private boolean complete;

    /** Takes bytes up to the end of the head or of the room for it; returns how many. */
    int feed(MemorySegment memory, long offset, int count) {
        int taken = 0;
        while (taken < count && !complete && length < LIMIT) {
            byte b = (byte) Bytes.u8(memory, offset + taken++);
            if (b == '\n') {
                // Empty lines before the start line are skipped: RFC 9112 section 2.2.
                complete = lineLength == 0 && length > 0;
                lineLength = 0;
            } else if (b != '\r') {
                lineLength++;
            }
            if (length > 0 || lineLength > 0) {
                bytes[length++] = b;
            }
        }
        return taken;
    }

    boolean complete() {
        return complete;
    }

    /** No room left, and the head's end not seen. */
    boolean overflown() {
        return !complete && length == LIMIT;
    }

    boolean empty() {
        return length == 0;
    }

    /** Parses what was collected; the buffer is then ready for the next message. */
    Head take() throws HttpProblem {
        int end = length;
        length = 0;
        lineLength = 0;
        complete = false;
        return Head.parse(bytes, end);
    }
}
