package io.doorbell.tools.bench;

import io.doorbell.Connection;
import io.doorbell.TcpStack;
import io.doorbell.tcp.MessageTemplate;
import io.doorbell.wire.Bytes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** An ordinary send: the whole message is copied and summed once its last bytes are known. */
final class PlainSends extends MessageSends {
    private final boolean rehearsed;
    private final MemorySegment message;

    PlainSends(boolean rehearsed, int messageBytes, int index, PinnedThreads threads, PostedTimeLink link,
               TcpStack sending, TcpStack receiving, String address) {
        super("plain send, " + messageBytes + " bytes" + (rehearsed ? ", rehearsed" : ""), messageBytes, index, threads,
                link, sending, receiving, address);
        this.rehearsed = rehearsed;
        message = Arena.ofAuto().allocate(messageBytes, 64);
    }

    @Override
    void prepare(Connection connection) {
        // All of it lies in the message already.
    }

    @Override
    void beforeSend(Connection connection, TcpStack stack) {
        if (rehearsed) {
            long now = System.nanoTime();
            Bytes.put64(message, messageBytes() - NumberedMessages.NUMBER_BYTES, 0);
            connection.send(message, 0, messageBytes(), MessageTemplate.WARM);
            stack.poll(now);
        }
    }

    @Override
    boolean send(Connection connection, TcpStack stack, long number, long nowNanos) {
        Bytes.put64(message, messageBytes() - NumberedMessages.NUMBER_BYTES, number);
        boolean accepted = connection.send(message, 0, messageBytes()) == messageBytes();
        stack.flush(nowNanos);
        return accepted;
    }
}
