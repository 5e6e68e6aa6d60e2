package io.doorbell;

/** What few connections need: the sets a connection is in, and what of a {@link Batch} waits for it. Plain fields. */
final class BatchClient {
    static final int NONE = -1;

    // The batch's.
    /** Null for the batch's own. */
    SlowClient policy;
    int firstWaiting = NONE;
    int lastWaiting = NONE;
    int waiting;
    /** Mixed into the hash of a waiting message's key. */
    int number;
    long conflated;
    long refused;

    /** The first of the sets that the connection is in. */
    ConnectionSet.Membership memberships;

    /** Its entry in an {@link EventSet}, {@link #NONE} if there is none. */
    int eventEntry = NONE;
}
