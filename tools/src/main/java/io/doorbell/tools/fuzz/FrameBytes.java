package io.doorbell.tools.fuzz;

/** Reads, writes and sums the bytes of frames without any code of the stack. */
final class FrameBytes {
    static final int IP = 14;
    static final int TCP = 34;
    static final int TYPE_IPV4 = 0x0800;
    static final int TYPE_ARP = 0x0806;
    static final int PROTOCOL_ICMP = 1;
    static final int PROTOCOL_TCP = 6;

    private FrameBytes() {
    }

    static int u8(byte[] bytes, int at) {
        return bytes[at] & 0xff;
    }

    static int u16(byte[] bytes, int at) {
        return (bytes[at] & 0xff) << 8 | bytes[at + 1] & 0xff;
    }

    static int i32(byte[] bytes, int at) {
        return u16(bytes, at) << 16 | u16(bytes, at + 2);
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

    /** What is wrong with the checksums of a frame that the stack sent; null if nothing is. */
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
