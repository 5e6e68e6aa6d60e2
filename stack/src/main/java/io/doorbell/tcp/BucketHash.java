package io.doorbell.tcp;

/**
 * Spreads connections over hash buckets under a secret key, so that nobody outside can choose addresses and ports that
 * share one: multilinear hashing, which is strongly universal (Lemire and Kaser, 2014). Not for numbers that are shown
 * to a peer: those come from {@link KeyedHash}.
 */
final class BucketHash {
    private static final long UNSIGNED = 0xffff_ffffL;

    private final long k0;
    private final long k1;
    private final long k2;
    private final long k3;

    BucketHash(long k0, long k1, long k2, long k3) {
        this.k0 = k0;
        this.k1 = k1;
        this.k2 = k2;
        this.k3 = k3;
    }

    /** @param buckets how many there are: a power of two */
    int bucket(int localAddress, int remoteAddress, int ports, int buckets) {
        long sum = k0 + k1 * (localAddress & UNSIGNED) + k2 * (remoteAddress & UNSIGNED) + k3 * (ports & UNSIGNED);
        return (int) (sum >>> 32) & (buckets - 1);
    }
}
