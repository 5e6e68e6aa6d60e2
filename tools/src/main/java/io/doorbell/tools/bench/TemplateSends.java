package io.doorbell.tools.bench;

import io.doorbell.Connection;
import io.doorbell.TcpStack;
import io.doorbell.tcp.MessageTemplate;

/** A template: all but the last bytes lies in its frame, summed. */
final class TemplateSends extends MessageSends {
    private MessageTemplate template;

    TemplateSends(int messageBytes, int index, PinnedThreads threads, PostedTimeLink link, TcpStack sending,
                  TcpStack receiving, String address) {
        super("template, " + messageBytes + " bytes", messageBytes, index, threads, link, sending, receiving, address);
    }

    @Override
    void prepare(Connection connection) {
        template = connection.template(messageBytes());
        template.known(0, new byte[messageBytes() - NumberedMessages.NUMBER_BYTES]);
    }

    @Override
    boolean send(Connection connection, TcpStack stack, long number, long nowNanos) {
        template.update64(messageBytes() - NumberedMessages.NUMBER_BYTES, number);
        return template.send(nowNanos) == MessageTemplate.FAST;
    }
}
