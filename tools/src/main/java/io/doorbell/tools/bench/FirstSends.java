package io.doorbell.tools.bench;

import io.doorbell.Connection;
import io.doorbell.TcpStack;
import io.doorbell.tcp.MessageTemplate;

/** Sends of a template, each the first one after other work, with or without rehearsals during that work. */
final class FirstSends extends MessageSends {
    private static final int MESSAGE_BYTES = 256;
    /** So many sends without a pause have the code compiled before the first pause; they are part of warming up. */
    private static final int TRAINING = 30_000;

    private final OtherWork work;
    private final long pauseNanos;
    private final long rehearsalNanos;
    private MessageTemplate template;
    private int training = TRAINING;
    private long rehearsals;

    /**
     * @param pauseNanos     how long the other work goes on before each send
     * @param rehearsalNanos how long after each rehearsal the next one follows, or the send; 0 for no rehearsals
     */
    FirstSends(String name, int index, PinnedThreads threads, PostedTimeLink link, TcpStack sending, TcpStack receiving,
               String address, OtherWork work, long pauseNanos, long rehearsalNanos) {
        super(name, MESSAGE_BYTES, index, threads, link, sending, receiving, address);
        this.work = work;
        this.pauseNanos = pauseNanos;
        this.rehearsalNanos = rehearsalNanos;
    }

    @Override
    void prepare(Connection connection) {
        template = connection.template(MESSAGE_BYTES);
        template.known(0, new byte[MESSAGE_BYTES - NumberedMessages.NUMBER_BYTES]);
    }

    @Override
    void beforeSend(Connection connection, TcpStack stack) {
        if (training > 0) {
            training--;
            rehearse();
            return;
        }
        long end = System.nanoTime() + pauseNanos;
        if (rehearsalNanos == 0) {
            work.until(end);
            return;
        }
        for (long next = end - pauseNanos + rehearsalNanos; next - end < 0; next += rehearsalNanos) {
            work.until(next);
            rehearse();
        }
        work.until(end);
    }

    @Override
    boolean training() {
        return training > 0;
    }

    private void rehearse() {
        if (template.send(System.nanoTime(), MessageTemplate.WARM) == MessageTemplate.FAST) {
            rehearsals++;
        }
    }

    /** Rehearsals that were done, not refused. */
    long rehearsals() {
        return rehearsals;
    }

    @Override
    boolean send(Connection connection, TcpStack stack, long number, long nowNanos) {
        template.update64(MESSAGE_BYTES - NumberedMessages.NUMBER_BYTES, number);
        return template.send(nowNanos) == MessageTemplate.FAST;
    }
}
