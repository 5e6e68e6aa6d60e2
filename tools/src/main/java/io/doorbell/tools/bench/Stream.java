package io.doorbell.tools.bench;

import io.doorbell.tools.cli.ExitCode;
import io.doorbell.tools.cli.UserError;

/**
 * One connection that carries as much as it can in one direction; a new one for each round. The first of two pinned
 * threads sends, the second receives. The rate is the receiver's: payload that the program has taken.
 */
class Stream extends Contestant<Stream.Result> {
    private static final long SETTLE_NANOS = 200_000_000L;

    /** What both ends counted. */
    record Result(Transferred sent, Transferred received) {
    }

    private final PinnedThreads threads;
    private final StreamSender sender;
    private final StreamReceiver receiver;

    Stream(String name, PinnedThreads threads, StreamSender sender, StreamReceiver receiver) {
        super(name);
        this.threads = threads;
        this.sender = sender;
        this.receiver = receiver;
    }

    double medianGbps() {
        return median(result -> result.received().gbps());
    }

    double lowestGbps() {
        return -highest(result -> -result.received().gbps());
    }

    double highestGbps() {
        return highest(result -> result.received().gbps());
    }

    @Override
    Result round(long nanos) {
        Signal enough = new Signal();
        // The sender's counted part ends before the receiver's does, and with it the stream.
        StreamMeter sent = new StreamMeter(SETTLE_NANOS, nanos * 9 / 10);
        StreamMeter received = new StreamMeter(SETTLE_NANOS, nanos);
        int port = receiver.listen();
        threads.play(() -> sender.send(receiver.address(), port, sent, enough),
                () -> receiver.receive(received, enough), SETTLE_NANOS + nanos);
        if (sent.bytes() != received.bytes()) {
            throw new UserError(ExitCode.FAILED, name() + ": " + sent.bytes() + " bytes were sent and "
                    + received.bytes() + " received");
        }
        return new Result(sent.counted(), received.counted());
    }

    @Override
    public void close() {
        // Each round closes what it opens.
    }
}
