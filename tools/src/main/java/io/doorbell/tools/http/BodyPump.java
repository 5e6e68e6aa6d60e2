package io.doorbell.tools.http;

import io.doorbell.Connection;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Sends a head and a body over a connection as it makes room, through a scratch buffer of others. */
final class BodyPump {
    /** {@link #pump}: everything was handed to the stack. */
    static final int DONE = 1;
    /** {@link #pump}: no room; call again when the connection is writable. */
    static final int WAITING = 0;
    /** {@link #pump}: the connection takes nothing any more, or the source failed. */
    static final int FAILED = -1;

    private MemorySegment head;
    private int headSent;
    private BodySource body;
    private long length;
    private long position;

    /** The body is closed by {@link #close}; it may be null. */
    void start(byte[] head, BodySource body, boolean sendBody) {
        this.head = MemorySegment.ofArray(head);
        this.headSent = 0;
        this.body = body;
        this.length = body == null || !sendBody ? 0 : body.length();
        this.position = 0;
    }

    /** Bytes of the body that the stack has taken. */
    long position() {
        return position;
    }

    int pump(Connection connection, ByteBuffer scratch, MemorySegment scratchMemory) {
        int headLeft = (int) head.byteSize() - headSent;
        if (headLeft > 0) {
            int taken = connection.write(head, headSent, headLeft);
            if (taken < 0) {
                return FAILED;
            }
            headSent += taken;
            if (taken < headLeft) {
                return WAITING;
            }
        }
        while (position < length) {
            // At least one byte is offered even without room: only a write that took less brings a call of writable.
            int room = Math.max(1, connection.sendSpace());
            int count = (int) Math.min(length - position, Math.min(room, scratch.capacity()));
            scratch.clear().limit(count);
            if (body.fill(scratch, position) < count) {
                return FAILED;
            }
            int taken = connection.write(scratchMemory, 0, count);
            if (taken < 0) {
                return FAILED;
            }
            position += taken;
            if (taken < count) {
                return WAITING;
            }
        }
        return DONE;
    }

    void close() {
        if (body != null) {
            BodySource closing = body;
            body = null;
            closing.close();
        }
    }
}
