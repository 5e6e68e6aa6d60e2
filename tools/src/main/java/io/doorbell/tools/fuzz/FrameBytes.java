package io.doorbell.tools.fuzz;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Reads, writes and sums the bytes of frames without any code of the stack. */
final class FrameBytes {
    static final int IP = 14;
    static final int TCP = 34;
    static final int TYPE_IPV4 = 0x0800;
    static final int TYPE_ARP = 0x0806;
    static final int PROTOCOL_ICMP = 1;
    static final int PROTOCOL_TCP = 6;

    private static final VarHandle WORD = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

    private FrameBytes() {
    }

    static int u8(byte[] bytes, int at) {
        return bytes[at] & 0xff;
    }

    static int u16(byte[] bytes, int at) {
        return (bytes[at] & 0xff) << 8 | bytes[at + 1] & 0xff;
    }

    static int i32(byte[] bytes, int at) {
        return (int) WORD.get(bytes, at);
    }

    static void put16(byte[] bytes, int at, int value) {
        bytes[at] = (byte) (value >>> 8);
        bytes[at + 1] = (byte) value;
    }

    static void put32(byte[] bytes, int at, int value) {
        put16(bytes, at, value >>> 16);
        put16(bytes, at + 2, value);
    }

    static void putMac(byte[] bytes, int at, long mac) {
        put16(bytes, at, (int) (mac >>> 32));
        put32(bytes, at + 2, (int) mac);
    }

    /** The Internet checksum's field of a range, upon an initial sum. */
    static int checksum(byte[] bytes, int from, int length, long initial) {
        long sum = initial;
        int end = from + length;
        int at = from;
        for (; at + 3 < end; at += 4) {
            sum += (int) WORD.get(bytes, at) & 0xffff_ffffL;
        }
        for (; at + 1 < end; at += 2) {
            sum += u16(bytes, at);
        }
        if (at < end) {
            sum += u8(bytes, at) << 8;
        }
        while (sum >>> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return (int) ~sum & 0xffff;
    }

    static long pseudo(byte[] frame, int length) {
        return u16(frame, IP + 12) + u16(frame, IP + 14) + u16(frame, IP + 16) + u16(frame, IP + 18)
                + u8(frame, IP + 9) + length;
    }

    /** Makes the checksums right for what the frame says its lengths are, as far as that is possible. */
    static void mend(byte[] frame) {
        if (frame.length < TCP || u16(frame, 12) != TYPE_IPV4) {
            return;
        }
        int header = (frame[IP] & 15) * 4;
        if (header < 20 || IP + header > frame.length) {
            return;
        }
        put16(frame, IP + 10, 0);
        put16(frame, IP + 10, checksum(frame, IP, header, 0));
        int length = Math.min(u16(frame, IP + 2), frame.length - IP) - header;
        int body = IP + header;
        if (u8(frame, IP + 9) == PROTOCOL_TCP && length >= 18) {
            put16(frame, body + 16, 0);
            put16(frame, body + 16, checksum(frame, body, length, pseudo(frame, length)));
        } else if (u8(frame, IP + 9) == PROTOCOL_ICMP && length >= 4) {
            put16(frame, body + 2, 0);
            put16(frame, body + 2, checksum(frame, body, length, 0));
        }
    }

    /** A piece of a datagram whose IP header has no options: the bytes of its payload from {@code from} to {@code to}. */
    static byte[] fragment(byte[] frame, int from, int to, int identification) {
        byte[] piece = new byte[TCP + to - from];
        System.arraycopy(frame, 0, piece, 0, TCP);
        System.arraycopy(frame, TCP + from, piece, TCP, to - from);
        boolean last = TCP + to == frame.length;
        put16(piece, IP + 2, piece.length - IP);
        put16(piece, IP + 4, identification);
        put16(piece, IP + 6, from / 8 | (last ? 0 : 0x2000));
        put16(piece, IP + 10, 0);
        put16(piece, IP + 10, checksum(piece, IP, TCP - IP, 0));
        return piece;
    }

    /** What is wrong with the checksums of a frame with whole headers; null if nothing is. */
    static String wrongSums(byte[] frame) {
        if (u16(frame, 12) != TYPE_IPV4) {
            return null;
        }
        int header = (frame[IP] & 15) * 4;
        int length = u16(frame, IP + 2) - header;
        if (checksum(frame, IP, header, 0) != 0) {
            return "the IP checksum is wrong";
        }
        boolean tcp = u8(frame, IP + 9) == PROTOCOL_TCP;
        return checksum(frame, IP + header, length, tcp ? pseudo(frame, length) : 0) == 0 ? null
                : "the " + (tcp ? "TCP" : "ICMP") + " checksum is wrong";
    }
}
