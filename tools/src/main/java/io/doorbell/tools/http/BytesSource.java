package io.doorbell.tools.http;

import java.nio.ByteBuffer;

/** A body that is an array. */
public final class BytesSource implements BodySource {
    private final byte[] bytes;

    public BytesSource(byte[] bytes) {
        this.bytes = bytes;
    }

    @Override
    public long length() {
        return bytes.length;
    }

    @Override
    public int fill(ByteBuffer target, long position) {
        int count = (int) Math.min(target.remaining(), bytes.length - position);
        target.put(bytes, (int) position, count);
        return count;
    }
}
