package io.doorbell.tools.http;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Counts and hashes (SHA-256) the bytes of a body and drops them. */
public final class DigestSink implements BodySink {
    private final MessageDigest digest = sha256();
    // MessageDigest copies direct memory through an array anyway; our own saves the view per call.
    private final byte[] buffer = new byte[16 * 1024];
    private long bytes;

    /** The algorithm of every digest in these tools. */
    public static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this JDK has no SHA-256, which every Java platform must have", e);
        }
    }

    @Override
    public boolean take(MemorySegment memory, long offset, int length) {
        for (int done = 0; done < length; ) {
            int count = Math.min(buffer.length, length - done);
            MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, offset + done, buffer, 0, count);
            digest.update(buffer, 0, count);
            done += count;
        }
        bytes += length;
        return true;
    }

    public long bytes() {
        return bytes;
    }

    /** The digest of what was taken since the last call, in hexadecimal. */
    public String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }
}
