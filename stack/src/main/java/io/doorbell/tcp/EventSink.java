package io.doorbell.tcp;

import java.lang.foreign.MemorySegment;

/** Who is told what happened to connections, after a burst and never within it. */
public interface EventSink {
    /** The handshake is complete. */
    void connected(Tcb c);

    /** In-order bytes, valid during the call; answers how many were taken, from the first on. */
    int data(Tcb c, MemorySegment memory, long offset, int length);

    /** There is room for sending again. */
    void writable(Tcb c);

    /** A partial message is open still, and its deadline has passed. */
    void partialOverdue(Tcb c, PartialMessage message);

    /** The peer has sent FIN, and everything before it was taken. */
    void peerClosed(Tcb c);

    /** The connection has ended: the last call for it. */
    void closed(Tcb c, CloseReason reason);
}
