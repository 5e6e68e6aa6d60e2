package io.doorbell.sim;

/** What an engine does in the middle of a send. */
interface EngineConduct {
    /** It has looked at its lease, and has not published yet. */
    void beforePublishing();

    /**
     * It has published, and a packet is to leave.
     *
     * @return how long it stays in the link, {@link Long#MAX_VALUE} for ever; negative if the link is full
     */
    long published();
}
