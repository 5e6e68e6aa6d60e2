package io.doorbell.sim;

import java.util.ArrayDeque;

/**
 * What one stream of bytes must be: a byte follows from the stream's key and its position, except where a message was
 * sent whose bytes were chosen before its position was known. The end that sends notes those, the other end checks.
 */
final class StreamContent {
    private final long key;
    private final ArrayDeque<Message> messages = new ArrayDeque<>();
    /** Null if only the owner writes. Then positions are those among the owner's bytes. */
    final Interleaving engines;

    /** Bytes that do not follow from their position. */
    private record Message(long start, byte[] bytes) {
    }

    StreamContent(long key, boolean engines) {
        this.key = key;
        this.engines = engines ? new Interleaving() : null;
    }

    /** The owner's bytes from this place on were accepted, as one message. */
    void accepted(long start, int length) {
        if (engines != null && length > 0) {
            byte[] message = new byte[length];
            for (int i = 0; i < length; i++) {
                message[i] = (byte) expected(start + i);
            }
            engines.ownerSent(message);
        }
    }

    /** Whether this byte may come at this position; they are asked for in ascending order. */
    boolean arrives(long position, int value) {
        return engines == null ? value == expected(position) : engines.arrives(value);
    }

    /** Bytes that engines have sent. */
    long engineBytes() {
        return engines == null ? 0 : engines.engineBytes();
    }

    /** The byte at a position that nothing was noted for. */
    int usual(long position) {
        return (int) ((position + key) * 0x9e37_79b9_7f4a_7c15L >>> 56);
    }

    /** A message was accepted at this place, behind all others that were noted. */
    void note(long start, byte[] bytes) {
        messages.add(new Message(start, bytes));
    }

    /** The byte that must come next; positions are asked for in ascending order. */
    private int expected(long position) {
        Message next = messages.peek();
        while (next != null && next.start + next.bytes.length <= position) {
            messages.remove();
            next = messages.peek();
        }
        return next == null || position < next.start ? usual(position) : next.bytes[(int) (position - next.start)] & 0xff;
    }
}
