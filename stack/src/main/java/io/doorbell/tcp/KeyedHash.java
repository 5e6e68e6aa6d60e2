package io.doorbell.tcp;

/**
 * SipHash-2-4 over a connection's addresses and ports, under a secret key: the function F of RFC 6528 section 3 and of
 * RFC 6056 section 3.3.3.
 */
final class KeyedHash {
    private final long k0;
    private final long k1;

    KeyedHash(long k0, long k1) {
        this.k0 = k0;
        this.k1 = k1;
    }

    long hash(int localAddress, int remoteAddress, int ports) {
        return hash((long) localAddress << 32 | remoteAddress & 0xffff_ffffL, ports & 0xffff_ffffL);
    }

    /** The hash of a message of 16 bytes. */
    long hash(long first, long second) {
        long v0 = k0 ^ 0x736f6d6570736575L;
        long v1 = k1 ^ 0x646f72616e646f6dL;
        long v2 = k0 ^ 0x6c7967656e657261L;
        long v3 = k1 ^ 0x7465646279746573L;
        long word = first;
        // Three words: the message and its padding, whose top byte is the length; then four rounds to finish.
        for (int i = 0; i < 4; i++) {
            boolean last = i == 3;
            if (last) {
                v2 ^= 0xff;
            } else {
                v3 ^= word;
            }
            for (int round = last ? 4 : 2; round > 0; round--) {
                v0 += v1;
                v1 = Long.rotateLeft(v1, 13) ^ v0;
                v0 = Long.rotateLeft(v0, 32);
                v2 += v3;
                v3 = Long.rotateLeft(v3, 16) ^ v2;
                v0 += v3;
                v3 = Long.rotateLeft(v3, 21) ^ v0;
                v2 += v1;
                v1 = Long.rotateLeft(v1, 17) ^ v2;
                v2 = Long.rotateLeft(v2, 32);
            }
            if (!last) {
                v0 ^= word;
            }
            word = i == 0 ? second : 16L << 56;
        }
        return v0 ^ v1 ^ v2 ^ v3;
    }
}
