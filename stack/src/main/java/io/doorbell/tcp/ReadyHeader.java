package io.doorbell.tcp;

import io.doorbell.ip.Neighbour;

/**
 * What the next new segment of a connection will say, and how long a message may be that leaves with it at once: found
 * out ahead, so that a template's send need not ask. {@link ReadyHeaders} makes it; whatever happens to the connection
 * makes it {@link #forget}.
 */
final class ReadyHeader {
    static final int UNKNOWN = -1;

    /** Bytes of a message, of one segment, that nothing holds back; {@link #UNKNOWN} if it has to be found out. */
    int room = UNKNOWN;
    /** What the connection's segment size was: a template formed for another one does not fit. */
    int segmentSize;
    Neighbour nextHop;

    // Of the header, as numbers in network byte order.
    int seq;
    int ack;
    int window;
    /** Behind the last byte that the window lets the peer send. */
    int rcvEdge;
    boolean timestamps;
    /** What is added to the clock, and the value echoed (RFC 7323). */
    int tsOffset;
    int tsRecent;
    /** Of all this but the clock, as for {@link io.doorbell.wire.Checksum#fold}. */
    long sum;

    /** Something may be different by now. */
    void forget() {
        room = UNKNOWN;
    }
}
