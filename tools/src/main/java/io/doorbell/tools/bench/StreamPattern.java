package io.doorbell.tools.bench;

import io.doorbell.tools.cli.ExitCode;
import io.doorbell.tools.cli.UserError;
import io.doorbell.wire.Bytes;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/**
 * The bytes of a stream, each following from its position, so that a receiver sees what is missing, doubled or wrong.
 * They repeat after a prime number of bytes, which no buffer or ring is a multiple of.
 */
final class StreamPattern {
    /** The longest message that can be sent from {@link #block}, in bytes; receivers read as much at once. */
    static final int LONGEST_MESSAGE = 1 << 17;

    private static final int PERIOD = 65_521;
    /** Every so many bytes of the stream, eight are compared: it costs both kinds of receivers the same, and little. */
    private static final int SAMPLE_EVERY = 512;
    private static final long SEED = 20_26;

    private final ByteBuffer buffer = ByteBuffer.allocateDirect(PERIOD + LONGEST_MESSAGE);
    private final MemorySegment block = MemorySegment.ofBuffer(buffer);

    StreamPattern() {
        byte[] period = new byte[PERIOD];
        new SplittableRandom(SEED).nextBytes(period);
        for (int i = 0; i < buffer.capacity(); i++) {
            buffer.put(i, period[i % PERIOD]);
        }
    }

    /** {@link #LONGEST_MESSAGE} bytes of the stream lie at any {@link #indexOf} here. */
    MemorySegment block() {
        return block;
    }

    /** The same bytes as {@link #block}, in a view of the caller's own. */
    ByteBuffer view() {
        return buffer.duplicate();
    }

    /** Where in the block the stream's byte at {@code position} lies. */
    int indexOf(long position) {
        return (int) (position % PERIOD);
    }

    /** Compares a sample of received bytes, the first of which is the stream's at {@code position}. */
    void check(MemorySegment memory, long offset, int length, long position) {
        long end = position + length - Long.BYTES;
        for (long at = (position + SAMPLE_EVERY - 1) / SAMPLE_EVERY * SAMPLE_EVERY; at <= end; at += SAMPLE_EVERY) {
            if (Bytes.native64(memory, offset + (at - position)) != Bytes.native64(block, indexOf(at))) {
                throw new UserError(ExitCode.FAILED, "wrong bytes were received at position " + at + " of the stream");
            }
        }
    }
}
