package io.doorbell.tools.bench;

/** The end of a stream that receives. */
interface StreamReceiver {
    /** Where a sender reaches it, as {@code 10.0.0.1}. */
    String address();

    /** Opens a port for the next connection. */
    int listen();

    /**
     * Takes one connection, checks and counts what comes until its end, and closes it.
     *
     * @param enough raised when the counted part is over
     */
    void receive(StreamMeter meter, Signal enough) throws Exception;
}
