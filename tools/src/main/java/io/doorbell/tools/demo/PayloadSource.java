package io.doorbell.tools.demo;

import io.doorbell.tools.http.BodySource;
import io.doorbell.tools.http.DigestSink;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.HexFormat;

/**
 * Bytes that follow from a seed and their position (SplitMix64 in counter mode): any part can be made again at any
 * time, and none is stored.
 */
public final class PayloadSource implements BodySource {
    private static final long STEP = 0x9e37_79b9_7f4a_7c15L;

    private final long seed;
    private final long length;

    public PayloadSource(long seed, long length) {
        this.seed = seed;
        this.length = length;
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public int fill(ByteBuffer target, long position) {
        int count = (int) Math.min(target.remaining(), length - position);
        int end = target.position() + count;
        int at = target.position();
        ByteOrder order = target.order();
        target.order(ByteOrder.LITTLE_ENDIAN);
        while (at < end && (position & 7) != 0) {
            target.put(at++, byteAt(position++));
        }
        for (; at <= end - 8; at += 8, position += 8) {
            target.putLong(at, word(position >>> 3));
        }
        while (at < end) {
            target.put(at++, byteAt(position++));
        }
        target.position(end).order(order);
        return count;
    }

    private byte byteAt(long position) {
        return (byte) (word(position >>> 3) >>> ((position & 7) * 8));
    }

    private long word(long index) {
        long z = seed + (index + 1) * STEP;
        z = (z ^ z >>> 30) * 0xbf58_476d_1ce4_e5b9L;
        z = (z ^ z >>> 27) * 0x94d0_49bb_1331_11ebL;
        return z ^ z >>> 31;
    }

    /** The SHA-256 of all of it, in hexadecimal. */
    public String hex() {
        MessageDigest digest = DigestSink.sha256();
        ByteBuffer buffer = ByteBuffer.allocate(64 * 1024);
        for (long position = 0; position < length; position += buffer.limit()) {
            buffer.clear();
            fill(buffer, position);
            digest.update(buffer.flip());
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
