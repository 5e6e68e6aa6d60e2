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

    private final int messageBytes;
    private int position;
    private long number;
    private long received;

    NumberedMessages(int messageBytes) {
        this.messageBytes = messageBytes;
    }

    /** Messages received whole. */
    long received() {
        return received;
    }

    @Override
    public int data(Connection c, MemorySegment memory, long offset, int length) {
        int at = 0;
        while (at < length) {
            int untilNumber = messageBytes - NUMBER_BYTES - position;
            if (untilNumber > 0) {
                int skipped = Math.min(untilNumber, length - at);
                position += skipped;
                at += skipped;
            } else {
                number = number << 8 | Bytes.u8(memory, offset + at);
                position++;
                at++;
                if (position == messageBytes) {
                    whole();
                }
            }
        }
        return length;
    }

    private void whole() {
        received++;
        if (number != received) {
            throw new UserError(ExitCode.FAILED, "message " + received + " of " + messageBytes + " bytes says it is "
                    + number);
        }
        number = 0;
        position = 0;
    }
}
