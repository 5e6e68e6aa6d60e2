package io.doorbell.tcp;

/** The ports in LISTEN, by number: two steps through arrays, of which only those exist that somebody listens in. */
final class ListenPorts {
    private final ListenPort[][] pages = new ListenPort[256][];

    /** Who listens on a port, null if nobody does. */
    ListenPort find(int port) {
        ListenPort[] page = pages[port >>> 8];
        return page == null ? null : page[port & 0xff];
    }

    /** Opens a port, for set-up: throws if that can't be. */
    void add(ListenPort listener) {
        int port = listener.port();
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("port " + port + " is not between 1 and 65535");
        }
        if (find(port) != null) {
            throw new IllegalStateException("port " + port
                    + " is in use by another listener of this stack: close that listener or choose another port");
        }
        if (pages[port >>> 8] == null) {
            pages[port >>> 8] = new ListenPort[256];
        }
        pages[port >>> 8][port & 0xff] = listener;
    }

    void remove(ListenPort listener) {
        pages[listener.port() >>> 8][listener.port() & 0xff] = null;
    }

    /** Any listener, null if there is none: for closing them all one by one. */
    ListenPort any() {
        for (ListenPort[] page : pages) {
            for (int i = 0; page != null && i < page.length; i++) {
                if (page[i] != null) {
                    return page[i];
                }
            }
        }
        return null;
    }
}
