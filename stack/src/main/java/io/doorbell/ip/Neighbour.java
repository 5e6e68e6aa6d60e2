package io.doorbell.ip;

/**
 * One host on the link: its address, what is known of its MAC, and the frames that wait for it.
 *
 * <p>Handed out by {@link Ipv4#nextHop} and opaque to its users. The object is reused for another host once nobody
 * has it pinned, so it must not be kept after {@link Ipv4#release}.
 */
public final class Neighbour {
    /** Reachability, after RFC 4861 section 7.3.2 (its DELAY is left out: the entry stays usable while it is probed). */
    enum State {
        /** Never asked for. */
        NEW,
        /** Asked for by broadcast, no answer yet: frames are held. */
        INCOMPLETE,
        /** Confirmed less than the reachable time ago, as far as was checked. */
        REACHABLE,
        /** Known, but to be confirmed when next used. */
        STALE,
        /** Known, in use, and being confirmed by unicast requests. */
        PROBE,
        /** Did not answer: not asked again before {@link #deadlineNanos}. */
        FAILED
    }

    /** Frames held for one unresolved neighbour. */
    static final int HELD_LIMIT = 8;

    final long[] heldFrames = new long[HELD_LIMIT];
    final int[] heldLengths = new int[HELD_LIMIT];
    int heldFirst;
    int heldCount;

    int address;
    long mac;
    State state = State.NEW;
    /** When its MAC was last confirmed. */
    long confirmedNanos;
    /** When its MAC was last learned or changed. */
    long changedNanos;
    /** INCOMPLETE and PROBE: the next request or the end. FAILED: the end of the silence. */
    long deadlineNanos;
    int requests;

    /** How many keep it from being evicted. */
    int users;
    /** Its place among those that have a timer running, -1 for none. */
    int timed = -1;
    /** The ring of unpinned neighbours, least recently used first; unused while pinned. */
    Neighbour newer;
    Neighbour older;

    /** Only {@link Neighbours} makes them, all at set-up. */
    Neighbour() {
    }

    /** Its IPv4 address, big-endian. */
    public int address() {
        return address;
    }

    /** Whether a frame can be sent to it now. */
    public boolean isUsable() {
        return state == State.REACHABLE || state == State.STALE || state == State.PROBE;
    }

    void holdLast(long frame, int length) {
        int slot = (heldFirst + heldCount++) & (HELD_LIMIT - 1);
        heldFrames[slot] = frame;
        heldLengths[slot] = length;
    }

    void dropFirst() {
        heldFirst = (heldFirst + 1) & (HELD_LIMIT - 1);
        heldCount--;
    }
}
