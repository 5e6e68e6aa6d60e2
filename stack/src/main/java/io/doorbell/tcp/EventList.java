package io.doorbell.tcp;

/** The connections of which the user has something to hear, in the order of their first event. */
final class EventList {
    private Tcb first;
    private Tcb last;

    void add(Tcb c, int event) {
        c.events |= event;
        if (!c.eventPending) {
            c.eventPending = true;
            if (first == null) {
                first = c;
            } else {
                last.nextEvent = c;
            }
            last = c;
        }
    }

    boolean isEmpty() {
        return first == null;
    }

    /** Takes the whole list; the connections stay chained by {@link Tcb#nextEvent}. */
    Tcb takeAll() {
        Tcb all = first;
        first = null;
        last = null;
        return all;
    }
}
