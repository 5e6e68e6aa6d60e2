package io.doorbell.script;

/** The Internet checksum as RFC 1071 words it, two bytes at a time: the oracle for the stack's fast one. */
final class SlowChecksum {
    private SlowChecksum() {
    }

    /** The checksum of a range, in network byte order; zero over data that carries its own valid checksum. */
    static int of(byte[] bytes, int from, int length, long start) {
        long sum = start;
        for (int i = 0; i < length; i++) {
            int value = bytes[from + i] & 0xff;
            sum += i % 2 == 0 ? value << 8 : value;
        }
        while (sum >> 16 != 0) {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        return (int) ~sum & 0xffff;
    }

    /** The sum of TCP's pseudo-header (RFC 9293 section 3.1), to start a checksum with. */
    static long pseudo(int source, int destination, int protocol, int length) {
        return (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff)
                + (long) protocol + length;
    }
}
