package io.doorbell.tcp;

/** The user's calls that end a connection: CLOSE of one side or both, and ABORT (RFC 9293 section 3.10). */
public final class Closing {
    private final Lifecycle lifecycle;
    private final DataInput data;
    private final Delegation delegation;

    Closing(Lifecycle lifecycle, DataInput data, Delegation delegation) {
        this.lifecycle = lifecycle;
        this.data = data;
        this.delegation = delegation;
    }

    /** CLOSE of the sending side (RFC 9293 section 3.10.4). */
    public void closeOutput(Tcb c) {
        if (c.finQueued) {
            return;
        }
        switch (c.state) {
            case ESTABLISHED -> c.state = TcpState.FIN_WAIT_1;
            case CLOSE_WAIT -> c.state = TcpState.LAST_ACK;
            case SYN_RECEIVED -> { }
            default -> {
                return;
            }
        }
        c.finQueued = true;
        delegation.closing(c);
        TemplateOutput.closeAll(c);
        lifecycle.wantOutput(c);
    }

    /**
     * Messages that were accepted before CLOSE wait for room in the send space: "queue this until all preceding SENDs have
     * been segmentized" (RFC 9293 section 3.10.4). To be called right before it, and {@link #releaseFin} when none waits.
     */
    public void holdFin(Tcb c) {
        if (c.takesSends()) {
            c.finWaits = true;
        }
    }

    /** What {@link #holdFin} held may follow. */
    public void releaseFin(Tcb c) {
        if (c.finWaits) {
            c.finWaits = false;
            lifecycle.wantOutput(c);
        }
    }

    /** CLOSE of both sides: nothing more is read. */
    public void close(Tcb c) {
        if (c.userClosed) {
            return;
        }
        c.userClosed = true;
        tellHeldEnd(c);
        if (c.state == TcpState.SYN_SENT) {
            lifecycle.end(c, CloseReason.NORMAL);
        } else if (c.unread() > 0 && !c.delivering) {
            // RFC 9293 section 3.6.1 and RFC 2525 section 2.17: what was acknowledged will not be read.
            lifecycle.reset(c, CloseReason.ABORTED);
        } else {
            closeOutput(c);
            if (c.state == TcpState.FIN_WAIT_2) {
                lifecycle.awaitFin(c);
            }
        }
    }

    /** ABORT (RFC 9293 section 3.10.5). */
    public void abort(Tcb c) {
        c.userClosed = true;
        tellHeldEnd(c);
        lifecycle.reset(c, CloseReason.ABORTED);
        data.clear(c);
    }

    /** An end that was held back until the user had read everything need not wait any more: nothing will be read. */
    private void tellHeldEnd(Tcb c) {
        if (c.eventsHeld != 0) {
            data.clear(c);
            lifecycle.event(c, Tcb.EVENT_READABLE);
        }
    }
}
