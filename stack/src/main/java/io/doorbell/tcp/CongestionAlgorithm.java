package io.doorbell.tcp;

/** How a connection finds out how much may be out. */
public enum CongestionAlgorithm {
    /** CUBIC (RFC 9438) with HyStart++ (RFC 9406). */
    CUBIC {
        @Override
        CongestionControl control() {
            return new Cubic();
        }
    },
    /** The rules of RFC 5681. */
    NEW_RENO {
        @Override
        CongestionControl control() {
            return new NewReno();
        }
    };

    abstract CongestionControl control();
}
