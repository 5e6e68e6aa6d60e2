package io.doorbell.tools.bench;

import io.doorbell.Connection;
import io.doorbell.TcpStack;
import io.doorbell.tcp.MessageTemplate;

/** A template: all but the last bytes lies in its frame, summed. */
final class TemplateSends extends MessageSends {
    private final boolean rehearsed;
    private MessageTemplate template;

    TemplateSends(boolean rehearsed, int messageBytes, int index, PinnedThreads threads, PostedTimeLink link,
                  TcpStack sending, TcpStack receiving, String address) {
        super("template, " + messageBytes + " bytes" + (rehearsed ? ", rehearsed" : ""), messageBytes, index, threads,
                link, sending, receiving, address);
        this.rehearsed = rehearsed;
    }

    @Override
    void prepare(Connection connection) {
        template = connection.template(messageBytes());
        template.known(0, new byte[messageBytes() - NumberedMessages.NUMBER_BYTES]);
    }

    @Override
    void beforeSend(Connection connection, TcpStack stack) {
        if (rehearsed) {
            long now = System.nanoTime();
            template.update64(messageBytes() - NumberedMessages.NUMBER_BYTES, 0);
            template.send(now, MessageTemplate.WARM);
            stack.poll(now);
        }
    }

    @Override
    boolean send(Connection connection, TcpStack stack, long number, long nowNanos) {
        template.update64(messageBytes() - NumberedMessages.NUMBER_BYTES, number);
        return template.send(nowNanos) == MessageTemplate.FAST;
    }
}
