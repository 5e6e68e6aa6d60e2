package io.doorbell.sim;

import java.util.Arrays;
import java.util.BitSet;

/**
 * What a stream must be that two write to: the owner of the connection, and engines. Each one's messages come whole and in
 * their order; whose is next is only known when it arrives. A byte that fits both leaves both possible.
 */
final class Interleaving {
    private final Writer owner = new Writer();
    private final Writer engine = new Writer();
    /** How many of the bytes that came may have been the owner's, in ascending order. */
    private int[] possible = {0};
    private int arrived;

    /** What one of them has sent, and where its messages end. */
    private static final class Writer {
        private final BitSet ends = new BitSet();
        private byte[] bytes = new byte[1024];
        private int length;

        Writer() {
            ends.set(0);
        }

        void add(byte[] message) {
            while (length + message.length > bytes.length) {
                bytes = Arrays.copyOf(bytes, 2 * bytes.length);
            }
            System.arraycopy(message, 0, bytes, length, message.length);
            length += message.length;
            ends.set(length);
        }

        boolean has(int position, int value) {
            return position < length && (bytes[position] & 0xff) == value;
        }
    }

    void ownerSent(byte[] message) {
        owner.add(message);
    }

    void engineSent(byte[] message) {
        engine.add(message);
    }

    long engineBytes() {
        return engine.length;
    }

    /** The next byte that arrived: whether it is one that may come here. */
    boolean arrives(int value) {
        int[] next = new int[2 * possible.length];
        int count = 0;
        for (int owners : possible) {
            int engines = arrived - owners;
            boolean ownerGoesOn = !owner.ends.get(owners);
            boolean engineGoesOn = !engine.ends.get(engines);
            if (!ownerGoesOn && engine.has(engines, value) && (count == 0 || next[count - 1] != owners)) {
                next[count++] = owners;
            }
            if (!engineGoesOn && owner.has(owners, value)) {
                next[count++] = owners + 1;
            }
        }
        arrived++;
        possible = Arrays.copyOf(next, count);
        return count > 0;
    }
}
