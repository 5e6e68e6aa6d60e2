package io.doorbell.tools.bench;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.tools.cli.ExitCode;
import io.doorbell.tools.cli.UserError;
import io.doorbell.wire.Bytes;
import java.lang.foreign.MemorySegment;

/**
 * The receiving end of a stream of messages of one length, each with its number, counted from 1, in its last eight
 * bytes, the most significant first: it checks the numbers.
 */
final class NumberedMessages implements ConnectionHandler {
    /** Bytes of the number. */
    static final int NUMBER_BYTES = Long.BYTES;

    /**
     * What is written at every message lies in the middle of an array, so that no object of the sender's can be in the same
     * cache lines: which objects lie next to each other is the garbage collector's choice, and each run's is another.
     */
    private static final int APART = 16;
    private static final int NUMBER = APART;
    private static final int RECEIVED = APART + 1;
    private static final int POSITION = APART + 2;

    private final int messageBytes;
    private final long[] state = new long[POSITION + 1 + APART];

    NumberedMessages(int messageBytes) {
        this.messageBytes = messageBytes;
    }

    /** Messages received whole. */
    long received() {
        return state[RECEIVED];
    }

    @Override
    public int data(Connection c, MemorySegment memory, long offset, int length) {
        int at = 0;
        int position = (int) state[POSITION];
        while (at < length) {
            int untilNumber = messageBytes - NUMBER_BYTES - position;
            if (untilNumber > 0) {
                int skipped = Math.min(untilNumber, length - at);
                position += skipped;
                at += skipped;
            } else {
                state[NUMBER] = state[NUMBER] << 8 | Bytes.u8(memory, offset + at);
                position++;
                at++;
                if (position == messageBytes) {
                    whole();
                    position = 0;
                }
            }
        }
        state[POSITION] = position;
        return length;
    }

    private void whole() {
        long received = ++state[RECEIVED];
        if (state[NUMBER] != received) {
            throw new UserError(ExitCode.FAILED, "message " + received + " of " + messageBytes + " bytes says it is "
                    + state[NUMBER]);
        }
        state[NUMBER] = 0;
    }
}
