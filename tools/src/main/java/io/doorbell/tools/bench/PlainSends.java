package io.doorbell.tools.bench;

import io.doorbell.Connection;
import io.doorbell.TcpStack;
import io.doorbell.wire.Bytes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** An ordinary send: the whole message is copied and summed once its last bytes are known. */
final class PlainSends extends MessageSends {
    private final MemorySegment message;

    PlainSends(int messageBytes, int index, PinnedThreads threads, PostedTimeLink link, TcpStack sending,
               TcpStack receiving, String address) {
        super("plain send, " + messageBytes + " bytes", messageBytes, index, threads, link, sending, receiving, address);
        message = Arena.ofAuto().allocate(messageBytes, 64);
    }

    @Override
    void prepare(Connection connection) {
        // All of it lies in the message already.
    }

    @Override
    boolean send(Connection connection, TcpStack stack, long number, long nowNanos) {
        Bytes.put64(message, messageBytes() - NumberedMessages.NUMBER_BYTES, number);
        boolean accepted = connection.send(message, 0, messageBytes()) == messageBytes();
        stack.flush(nowNanos);
        return accepted;
    }
}
