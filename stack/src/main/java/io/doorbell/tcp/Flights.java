package io.doorbell.tcp;

/**
 * The flights that are not in use, so that a connection which begins to send again costs no allocation. They are as
 * many as the pool has frames at the most: more connections than that cannot have data out at once.
 */
final class Flights {
    private final int limit;
    private Flight spare;
    private int spares;

    Flights(int limit) {
        this.limit = limit;
    }

    /** One in which nothing is known. */
    Flight take() {
        Flight flight = spare;
        if (flight == null) {
            flight = new Flight();
        } else {
            spare = flight.nextSpare;
            flight.nextSpare = null;
            spares--;
        }
        flight.clear();
        return flight;
    }

    /** The connection has nothing out any more, or has ended. Idempotent. */
    void giveBack(Tcb c) {
        Flight flight = c.flight;
        c.flight = null;
        if (flight != null && spares < limit) {
            flight.nextSpare = spare;
            spare = flight;
            spares++;
        }
    }
}
