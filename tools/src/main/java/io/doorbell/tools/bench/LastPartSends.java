package io.doorbell.tools.bench;

import io.doorbell.Connection;
import io.doorbell.TcpStack;
import io.doorbell.tcp.LinkBuffer;
import io.doorbell.tcp.MessageTemplate;
import io.doorbell.wire.Bytes;

/** A template whose last part lies in a buffer of the link when it is known: copied from there, or sent from there. */
final class LastPartSends extends MessageSends {
    static final int FIRST_BYTES = 32;
    private static final int BUFFERS = 64;

    private final boolean reference;
    private final int lastBytes;
    private final LinkBuffer[] buffers = new LinkBuffer[BUFFERS];
    private MessageTemplate template;
    private int next;

    LastPartSends(boolean reference, int lastBytes, int index, PinnedThreads threads, PostedTimeLink link,
                  TcpStack sending, TcpStack receiving, String address) {
        super((reference ? "by reference, " : "copied, ") + lastBytes + " bytes", FIRST_BYTES + lastBytes, index, threads,
                link, sending, receiving, address);
        this.reference = reference;
        this.lastBytes = lastBytes;
        for (int i = 0; i < BUFFERS; i++) {
            buffers[i] = sending.buffer();
        }
    }

    @Override
    void prepare(Connection connection) {
        template = connection.template(messageBytes());
        template.known(0, new byte[FIRST_BYTES]);
    }

    @Override
    boolean send(Connection connection, TcpStack stack, long number, long nowNanos) {
        LinkBuffer buffer = buffers[next++ % BUFFERS];
        Bytes.put64(buffer.memory(), buffer.address() + lastBytes - NumberedMessages.NUMBER_BYTES, number);
        boolean byReference = reference && template.last(buffer, lastBytes) == 0;
        if (!byReference) {
            template.update(FIRST_BYTES, buffer.memory(), buffer.address(), lastBytes);
        }
        return template.send(nowNanos) == MessageTemplate.FAST && byReference == reference;
    }

    @Override
    public void close() {
        super.close();
        for (LinkBuffer buffer : buffers) {
            buffer.close();
        }
    }
}
