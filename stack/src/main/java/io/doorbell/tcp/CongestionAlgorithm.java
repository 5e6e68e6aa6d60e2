package io.doorbell.tcp;

/** How a connection finds out how much may be out. */
public enum CongestionAlgorithm {
    /** CUBIC (RFC 9438) with HyStart++ (RFC 9406). */
    CUBIC(new Cubic()),
    /** The rules of RFC 5681. */
    NEW_RENO(new NewReno());

    /** One for all connections: what it knows of each is in the connection's fields. */
    private final CongestionControl control;

    CongestionAlgorithm(CongestionControl control) {
        this.control = control;
    }

    CongestionControl control() {
        return control;
    }
}
