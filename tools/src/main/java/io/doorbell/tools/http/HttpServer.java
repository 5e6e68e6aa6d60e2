package io.doorbell.tools.http;

import io.doorbell.Acceptor;
import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * HTTP/1.1 on a stack's listener: {@code stack.listen(80, new HttpServer(site, log))}.
 *
 * <p>Lives on the stack's thread. One scratch buffer serves all connections: what a connection does not take is made
 * again when it has room, so a slow reader costs no memory here.
 */
public final class HttpServer implements Acceptor {
    private static final int SCRATCH_BYTES = 64 * 1024;

    final Site site;
    final ExchangeLog log;
    final ByteBuffer scratch = ByteBuffer.allocateDirect(SCRATCH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    final MemorySegment scratchMemory = MemorySegment.ofBuffer(scratch);

    public HttpServer(Site site, ExchangeLog log) {
        this.site = site;
        this.log = log;
    }

    @Override
    public ConnectionHandler accept(Connection connection) {
        return new ServerConnection(this);
    }
}
