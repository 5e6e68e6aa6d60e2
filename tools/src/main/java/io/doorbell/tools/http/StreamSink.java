package io.doorbell.tools.http;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Writes the bytes of a body to a stream, and hashes them on the way. */
public final class StreamSink implements BodySink {
    private final OutputStream out;
    private final DigestSink digest = new DigestSink();
    private final byte[] buffer = new byte[16 * 1024];
    private IOException failure;

    /** The caller keeps the stream and closes it. */
    public StreamSink(OutputStream out) {
        this.out = out;
    }

    @Override
    public boolean take(MemorySegment memory, long offset, int length) {
        digest.take(memory, offset, length);
        try {
            for (int done = 0; done < length; ) {
                int count = Math.min(buffer.length, length - done);
                MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, offset + done, buffer, 0, count);
                out.write(buffer, 0, count);
                done += count;
            }
            return true;
        } catch (IOException e) {
            failure = e;
            return false;
        }
    }

    /** Why {@link #take} answered false, or null. */
    public IOException failure() {
        return failure;
    }

    public DigestSink digest() {
        return digest;
    }
}
