package io.doorbell.tools.http;

import io.doorbell.wire.Bytes;
import java.lang.foreign.MemorySegment;

/**
 * Finds the bytes of a body in what comes in, and its end: by length, by chunks (RFC 9112 section 7.1), or by the
 * connection's end. Fed in any pieces; nothing is allocated and nothing is copied.
 */
final class BodyDecoder {
    /** {@link #decode}: the chunks are malformed. */
    static final int MALFORMED = -1;
    /** {@link #decode}: the sink refused bytes. */
    static final int REFUSED = -2;

    private static final int MAX_CHUNK_LINE = 1024;
    private static final int MAX_TRAILER = 8192;
    private static final int MAX_SIZE_DIGITS = 15;

    private enum State { BYTES, SIZE, EXTENSION, SIZE_LF, CHUNK, CHUNK_CR, CHUNK_LF, TRAILER, DONE }

    private State state = State.DONE;
    private boolean chunked;
    /** Bytes of the body or of this chunk that are still to come. */
    private long left;
    private int sizeDigits;
    /** Bytes of the line, or of the trailer, that are not content. */
    private int overhead;
    private int lineLength;
    private long bytes;

    /** A body of {@code length} bytes; {@code Long.MAX_VALUE} if the connection's end ends it. */
    void startLength(long length) {
        bytes = 0;
        chunked = false;
        left = length;
        state = length == 0 ? State.DONE : State.BYTES;
    }

    void startChunked() {
        bytes = 0;
        chunked = true;
        startSize();
    }

    private void startSize() {
        state = State.SIZE;
        left = 0;
        sizeDigits = 0;
        overhead = 0;
    }

    boolean done() {
        return state == State.DONE;
    }

    /** Bytes of content since the start. */
    long bytes() {
        return bytes;
    }

    /** Takes input up to the body's end; returns how many bytes, {@link #MALFORMED} or {@link #REFUSED}. */
    int decode(MemorySegment memory, long offset, int length, BodySink sink) {
        int taken = 0;
        while (taken < length && state != State.DONE) {
            if (state == State.BYTES || state == State.CHUNK) {
                int count = (int) Math.min(left, length - taken);
                if (!sink.take(memory, offset + taken, count)) {
                    return REFUSED;
                }
                taken += count;
                bytes += count;
                left -= count;
                if (left == 0) {
                    state = chunked ? State.CHUNK_CR : State.DONE;
                }
            } else if (!frame(Bytes.u8(memory, offset + taken++))) {
                return MALFORMED;
            }
        }
        return taken;
    }

    /** One byte of the chunks' framing. */
    private boolean frame(int b) {
        switch (state) {
            case SIZE:
                return size(b);
            case EXTENSION:
                if (b == '\n') {
                    return endOfSize();
                }
                return ++overhead <= MAX_CHUNK_LINE;
            case SIZE_LF:
                return b == '\n' && endOfSize();
            case CHUNK_CR:
                state = State.CHUNK_LF;
                return b == '\r';
            case CHUNK_LF:
                startSize();
                return b == '\n';
            default:
                return trailer(b);
        }
    }

    private boolean size(int b) {
        int digit = Character.digit(b, 16);
        if (digit >= 0) {
            left = left << 4 | digit;
            return ++sizeDigits <= MAX_SIZE_DIGITS;
        }
        if (sizeDigits == 0) {
            return false;
        }
        if (b == '\r') {
            state = State.SIZE_LF;
            return true;
        }
        state = State.EXTENSION;
        return b == ';' || b == ' ' || b == '\t';
    }

    private boolean endOfSize() {
        state = left > 0 ? State.CHUNK : State.TRAILER;
        overhead = 0;
        lineLength = 0;
        return true;
    }

    private boolean trailer(int b) {
        if (b == '\n') {
            if (lineLength == 0) {
                state = State.DONE;
            }
            lineLength = 0;
        } else if (b != '\r') {
            lineLength++;
        }
        return ++overhead <= MAX_TRAILER;
    }
}
