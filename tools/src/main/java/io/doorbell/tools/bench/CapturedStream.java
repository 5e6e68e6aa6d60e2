package io.doorbell.tools.bench;

import io.doorbell.TcpStack;
import io.doorbell.counters.Counter;
import io.doorbell.counters.Counters;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A stream of a stack that shows itself, with a {@code stack-cli capture} of its own for each round, or none. The capture
 * runs where the other end does: there is no third processor.
 */
final class CapturedStream extends Stream {
    private static final Pattern END = Pattern.compile("([0-9]+) frames captured, ([0-9]+) lost");
    /** A capture asks for frames up to two seconds ahead: so long the stack goes on when it has ended. */
    private static final long ASKED_AHEAD_NANOS = 2_200_000_000L;
    /** For what the peer still sends when the connection has ended. */
    private static final long SETTLE_NANOS = 100_000_000L;

    private final PinnedThreads threads;
    private final TcpStack stack;
    private final List<String> captureArguments;
    private long frames;
    private long captured;
    private long lost;

    /** @param captureArguments what {@code capture} is to be told; null for a stream that nobody captures */
    CapturedStream(String name, PinnedThreads threads, StreamSender sender, StreamReceiver receiver, TcpStack stack,
                   List<String> captureArguments) {
        super(name, threads, sender, receiver);
        this.threads = threads;
        this.stack = stack;
        this.captureArguments = captureArguments;
    }

    @Override
    Result round(long nanos) {
        if (captureArguments == null) {
            // Another contestant's capture may be over and its frames still be asked for.
            pollFor(ASKED_AHEAD_NANOS);
            return super.round(nanos);
        }
        long atStart = counted();
        try (StackCliProcess capture = WatchedPingPong.onSecond(threads, captureArguments)) {
            while (capture.said("capturing") == 0 && capture.isAlive()) {
                stack.poll(System.nanoTime());
            }
            pollFor(SETTLE_NANOS);
            long before = counted();
            Result result = super.round(nanos);
            pollFor(SETTLE_NANOS);
            long after = counted();
            // Not INT, which it ignores if a shell runs the benchmark in the background.
            capture.signal("TERM");
            while (capture.isAlive()) {
                stack.poll(System.nanoTime());
            }
            capture.await();
            check(capture, after - before, after - atStart);
            return result;
        }
    }

    /** @param most frames, with those that came while the capture began */
    private void check(StackCliProcess capture, long least, long most) {
        Matcher end = END.matcher(capture.words());
        if (!end.find()) {
            throw capture.failure("capture did not tell what it captured");
        }
        long got = Long.parseLong(end.group(1));
        long missed = Long.parseLong(end.group(2));
        if (got + missed < least || got + missed > most) {
            throw capture.failure("capture accounts for " + (got + missed) + " frames, and the stack counted " + least);
        }
        frames += got + missed;
        captured += got;
        lost += missed;
    }

    private void pollFor(long nanos) {
        long begin = System.nanoTime();
        for (long now = begin; now - begin < nanos; now = System.nanoTime()) {
            stack.poll(now);
        }
    }

    private long counted() {
        Counters counters = stack.counters();
        return counters.get(Counter.RX_FRAMES) + counters.get(Counter.TX_FRAMES);
    }

    /** Frames that passed while captures ran, those of the warm-up included. */
    long frames() {
        return frames;
    }

    long captured() {
        return captured;
    }

    /** Frames that captures could not get, and said so. */
    long lost() {
        return lost;
    }
}
