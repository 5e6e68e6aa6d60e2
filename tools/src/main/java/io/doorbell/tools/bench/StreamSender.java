package io.doorbell.tools.bench;

/** The end of a stream that sends. */
interface StreamSender {
    /**
     * Connects, sends the pattern as fast as it is taken until {@code enough} is raised, ends the stream in order, and
     * waits until the other end has closed, too.
     *
     * @param address of the receiver, as {@code 10.0.0.1}
     */
    void send(String address, int port, StreamMeter meter, Signal enough) throws Exception;
}
