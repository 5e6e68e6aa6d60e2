package io.doorbell.tcp;

import io.doorbell.counters.ConnectionField;
import io.doorbell.counters.InspectionBlock;
import io.doorbell.counters.InspectionLayout;
import java.util.Arrays;

/**
 * Which connection has which row of the inspection block, and which rows are due. Only connections that something
 * happened to since the last {@link #write} are written. A connection that finds no row is counted, and gets one when
 * something happens to it while one is free.
 */
public final class InspectionRows {
    /** Places of a table that one request looks at: whoever asks for a list must not hold the stack up. */
    private static final int PLACES_PER_REQUEST = 256;

    private final InspectionBlock block;
    private final Tcp tcp;
    private final HalfOpenTable halfOpen;
    private final TimeWaitTable timeWait;
    private final Tcb[] shown;
    private final long[] ids;
    private final int[] free;
    private int freeCount;
    private int used;
    private long lastId;
    private Tcb[] touched = new Tcb[256];
    private int touchedCount;
    private final ListenPort[] listening = new ListenPort[InspectionBlock.LISTENERS];

    InspectionRows(InspectionBlock block, Tcp tcp, HalfOpenTable halfOpen, TimeWaitTable timeWait) {
        this.halfOpen = halfOpen;
        this.timeWait = timeWait;
        this.block = block;
        this.tcp = tcp;
        shown = new Tcb[block.rows()];
        ids = new long[block.rows()];
        free = new int[block.rows()];
    }

    /** Something happened to the connection: its row is due. */
    void touch(Tcb c) {
        if (c.rowDue) {
            return;
        }
        c.rowDue = true;
        if (touchedCount == touched.length) {
            touched = Arrays.copyOf(touched, touchedCount * 2);
        }
        touched[touchedCount++] = c;
    }

    /** Writes the rows that are due. */
    public void write(long now) {
        for (int i = 0; i < touchedCount; i++) {
            Tcb c = touched[i];
            touched[i] = null;
            c.rowDue = false;
            if (c.state != TcpState.CLOSED) {
                write(c, now);
            }
        }
        touchedCount = 0;
    }

    private void write(Tcb c, long now) {
        boolean fresh = c.row == Tcb.NONE;
        if (fresh && !assign(c)) {
            block.rowMissing();
            return;
        }
        long row = block.beginRow(c.row);
        if (fresh) {
            RowCopy.identity(c, block, row, ids[c.row], now);
        }
        RowCopy.state(c, block, row, now);
        block.endRow(row);
    }

    private boolean assign(Tcb c) {
        if (freeCount > 0) {
            c.row = free[--freeCount];
        } else if (used < shown.length) {
            c.row = used++;
            block.rowsUsed(used);
        } else {
            return false;
        }
        shown[c.row] = c;
        ids[c.row] = ++lastId;
        return true;
    }

    /** The connection is no more: its row is free. */
    void release(Tcb c) {
        if (c.row == Tcb.NONE) {
            return;
        }
        long row = block.beginRow(c.row);
        block.set(row, ConnectionField.ID, 0);
        block.set(row, ConnectionField.STATE, TcpState.CLOSED.ordinal());
        block.endRow(row);
        shown[c.row] = null;
        free[freeCount++] = c.row;
        c.row = Tcb.NONE;
    }

    /** Shows a port, if there is a place for it. */
    void listen(ListenPort port) {
        for (int i = 0; i < listening.length; i++) {
            if (listening[i] == null || listening[i].closed) {
                listening[i] = port;
                return;
            }
        }
    }

    /** Brings what is shown of the ports up to date. */
    public void writeListeners() {
        for (int i = 0; i < listening.length; i++) {
            ListenPort port = listening[i];
            if (port != null) {
                block.listener(i, port.closed ? 0 : port.port(), port.accepted, port.halfOpenOverflows,
                        port.acceptOverflows);
                block.listenerCookies(i, port.cookiesSent, port.cookiesAccepted, port.cookiesRejected);
            }
        }
    }

    /** Lists handshakes that are not complete, from a place in their table on; a few with each call. */
    public void listHalfOpen(long from) {
        int place = place(from, halfOpen);
        int entries = 0;
        for (int seen = 0; seen < PLACES_PER_REQUEST && more(place, entries, halfOpen); seen++, place++) {
            if (halfOpen.waits(place)) {
                block.pageEntry(entries++, halfOpen.localAddress[place], halfOpen.remoteAddress[place],
                        halfOpen.ports[place], halfOpen.deadline[place], halfOpen.iss[place] + 1, halfOpen.irs[place] + 1,
                        halfOpen.retries[place]);
            }
        }
        block.pageEnd(entries, place < halfOpen.capacity() ? place : -1);
    }

    /** Lists connections in TIME-WAIT, from a place in their table on; a few with each call. */
    public void listTimeWait(long from) {
        int place = place(from, timeWait);
        int entries = 0;
        for (int seen = 0; seen < PLACES_PER_REQUEST && more(place, entries, timeWait); seen++, place++) {
            if (timeWait.waits(place)) {
                block.pageEntry(entries++, timeWait.localAddress[place], timeWait.remoteAddress[place],
                        timeWait.ports[place], timeWait.deadline[place], timeWait.sndNxt[place], timeWait.rcvNxt[place], 0);
            }
        }
        block.pageEnd(entries, place < timeWait.capacity() ? place : -1);
    }

    /** The place was written by others. */
    private static int place(long from, ConnectionRows table) {
        return (int) Math.clamp(from, 0L, (long) table.capacity());
    }

    private static boolean more(int place, int entries, ConnectionRows table) {
        return place < table.capacity() && entries < InspectionLayout.PAGE_ENTRIES;
    }

    /** Resets the connection whose row has this id; false if there is none. */
    public boolean kill(long id) {
        for (int row = 0; row < used; row++) {
            if (shown[row] != null && ids[row] == id) {
                tcp.closing().abort(shown[row]);
                return true;
            }
        }
        return false;
    }
}
