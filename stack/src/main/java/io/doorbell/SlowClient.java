package io.doorbell;

/** What a {@link Batch} does with a message for a client that holds as many frames as it may. */
public enum SlowClient {
    /** The message is dropped for this client, and counted: those that were accepted before arrive, in order. */
    REFUSE,
    /**
     * The message waits, and takes the place of one with the same key that still waits: of each key the client gets the
     * latest value there is when it has room again. Messages without a key wait as they are. If as many wait as may,
     * the message is refused.
     */
    CONFLATE,
    /** The connection is reset, and counted. */
    DISCONNECT
}
