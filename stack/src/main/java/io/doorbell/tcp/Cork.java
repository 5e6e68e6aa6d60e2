package io.doorbell.tcp;

/**
 * Corking (Linux's TCP_CORK): full segments go, an incomplete last one waits for more bytes until the user uncorks, and
 * no longer than {@link TcpConfig#corkNanos}.
 */
final class Cork {
    private Cork() {
    }

    static void cork(Tcb c) {
        c.seldom().corked = true;
        c.changed();
    }

    /** What waits leaves now, whatever Nagle says. */
    static void uncork(Tcb c) {
        SeldomUsed s = c.seldom;
        if (s != null && s.corked) {
            s.corked = false;
            c.changed();
            s.corkDeadline = Tcb.NO_DEADLINE;
            s.tailMayGo = c.sendUnsent != Tcb.NONE;
        }
    }

    /** Whether an incomplete last segment has to wait. */
    static boolean holds(Tcb c, long corkNanos, long now) {
        SeldomUsed s = c.seldom;
        if (s == null || !s.corked || s.tailMayGo || c.finQueued) {
            return false;
        }
        if (s.corkDeadline == Tcb.NO_DEADLINE) {
            s.corkDeadline = now + corkNanos;
        }
        return true;
    }

    /** Whether an incomplete last segment is to leave although Nagle would hold it. */
    static boolean pushes(Tcb c) {
        return c.seldom != null && c.seldom.tailMayGo;
    }

    /** The longest wait is over. */
    static void expired(Tcb c) {
        c.seldom.corkDeadline = Tcb.NO_DEADLINE;
        c.seldom.tailMayGo = true;
    }

    /** A segment has left for the first time. */
    static void sent(Tcb c) {
        c.seldom.corkDeadline = Tcb.NO_DEADLINE;
        if (c.sendUnsent == Tcb.NONE) {
            c.seldom.tailMayGo = false;
        }
    }
}
