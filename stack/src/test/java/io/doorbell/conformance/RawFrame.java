package io.doorbell.conformance;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** Changes frames behind the script's back and mends their checksums, so that only the change is wrong. */
final class RawFrame {
    static final int IP = 14;
    static final int TCP = 34;

    private RawFrame() {
    }

    /** Sends a TCP frame somewhere else, with valid checksums. */
    static void retarget(byte[] frame, int destination) {
        ByteBuffer.wrap(frame).putInt(IP + 16, destination);
        mend(frame);
    }

    /** Makes both checksums right again for what the frame says its lengths are, if that is possible. */
    static void mend(byte[] frame) {
        mendIp(frame);
        int length = frame.length - TCP;
        ByteBuffer bytes = ByteBuffer.wrap(frame).putShort(TCP + 16, (short) 0);
        long sum = 6L + length;
        for (int at = IP + 12; at < IP + 20; at += 2) {
            sum += bytes.getShort(at) & 0xffff;
        }
        bytes.putShort(TCP + 16, (short) ~fold(sum + sum(frame, TCP, length)));
    }

    /** An ICMP frame of which only the first {@code length} bytes are there, lengths and checksums being right for that. */
    static byte[] truncatedIcmp(byte[] frame, int length) {
        byte[] cut = Arrays.copyOf(frame, length);
        if (length >= TCP) {
            ByteBuffer.wrap(cut).putShort(IP + 2, (short) (length - IP));
            mendIp(cut);
        }
        if (length >= TCP + 4) {
            ByteBuffer bytes = ByteBuffer.wrap(cut).putShort(TCP + 2, (short) 0);
            bytes.putShort(TCP + 2, (short) ~fold(sum(cut, TCP, length - TCP)));
        }
        return cut;
    }

    /** Makes the IP header's checksum right again, for a header of 20 bytes. */
    static void mendIp(byte[] frame) {
        ByteBuffer bytes = ByteBuffer.wrap(frame).putShort(IP + 10, (short) 0);
        bytes.putShort(IP + 10, (short) ~fold(sum(frame, IP, 20)));
    }

    /** The Internet checksum of a range whose checksum field is zero. */
    static int checksum(byte[] bytes, int from, int length) {
        return ~fold(sum(bytes, from, length)) & 0xffff;
    }

    private static long sum(byte[] bytes, int from, int length) {
        long sum = 0;
        for (int i = 0; i < length; i++) {
            sum += (bytes[from + i] & 0xff) << (i % 2 == 0 ? 8 : 0);
        }
        return sum;
    }

    private static int fold(long sum) {
        long folded = sum;
        while (folded >> 16 != 0) {
            folded = (folded & 0xffff) + (folded >> 16);
        }
        return (int) folded;
    }
}
