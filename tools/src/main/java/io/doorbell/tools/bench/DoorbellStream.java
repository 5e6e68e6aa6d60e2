package io.doorbell.tools.bench;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tools.cli.ExitCode;
import io.doorbell.tools.cli.UserError;
import java.lang.foreign.MemorySegment;

/**
 * A Doorbell stack as one end of a stream, polled without a pause by whichever thread plays that end. Between rounds
 * nobody polls it.
 */
final class DoorbellStream implements StreamSender, StreamReceiver {
    private static final int PORT = 9;

    private final TcpStack stack;
    private final String address;
    private final StreamPattern pattern;
    private final int messageBytes;
    private final Signal failed;
    private Receiving receiving;

    /**
     * Opens the port.
     *
     * @param address      the stack's
     * @param messageBytes what one call sends
     * @param failed       ends the polling
     */
    DoorbellStream(TcpStack stack, String address, StreamPattern pattern, int messageBytes, Signal failed) {
        this.stack = stack;
        this.address = address;
        this.pattern = pattern;
        this.messageBytes = messageBytes;
        this.failed = failed;
        stack.listen(PORT, accepted -> receiving);
    }

    @Override
    public void send(String to, int port, StreamMeter meter, Signal enough) {
        Sending sending = new Sending(meter, enough);
        Connection connection = stack.connect(to, port, sending);
        while (sending.reason == null) {
            long now = System.nanoTime();
            stack.poll(now);
            meter.tick(now);
            if (enough.raised() && !sending.ended) {
                sending.ended = true;
                connection.close();
            }
            checkRunning();
        }
        checkEnd(sending.reason);
    }

    @Override
    public String address() {
        return address;
    }

    @Override
    public int listen() {
        return PORT;
    }

    @Override
    public void receive(StreamMeter meter, Signal enough) {
        receiving = new Receiving(meter);
        while (receiving.reason == null) {
            long now = System.nanoTime();
            stack.poll(now);
            meter.tick(now);
            if (meter.over()) {
                enough.raise();
            }
            checkRunning();
        }
        checkEnd(receiving.reason);
    }

    private void checkRunning() {
        if (failed.raised()) {
            throw new UserError(ExitCode.FAILED, "broken off");
        }
    }

    private static void checkEnd(CloseReason reason) {
        if (reason != CloseReason.NORMAL) {
            throw new UserError(ExitCode.FAILED, "the connection of a stream has ended: " + reason);
        }
    }

    /** Writes as much as is taken, whenever there is room. */
    private final class Sending implements ConnectionHandler {
        private final StreamMeter meter;
        private final Signal enough;
        private boolean ended;
        private CloseReason reason;

        private Sending(StreamMeter meter, Signal enough) {
            this.meter = meter;
            this.enough = enough;
        }

        @Override
        public void connected(Connection c) {
            write(c);
        }

        @Override
        public void writable(Connection c) {
            write(c);
        }

        private void write(Connection c) {
            int taken = messageBytes;
            while (taken == messageBytes && !enough.raised()) {
                taken = c.write(pattern.block(), pattern.indexOf(meter.bytes()), messageBytes);
                if (taken > 0) {
                    meter.moved(taken);
                }
            }
        }

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            throw new IllegalStateException("the receiver of a stream has sent something");
        }

        @Override
        public void closed(Connection c, CloseReason why) {
            reason = why;
        }
    }

    /** Takes everything where it lies. */
    private final class Receiving implements ConnectionHandler {
        private final StreamMeter meter;
        private CloseReason reason;

        private Receiving(StreamMeter meter) {
            this.meter = meter;
        }

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            pattern.check(memory, offset, length, meter.bytes());
            meter.moved(length);
            return length;
        }

        @Override
        public void closed(Connection c, CloseReason why) {
            reason = why;
        }
    }
}
