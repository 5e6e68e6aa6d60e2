package io.doorbell.tools.bench;

import io.doorbell.tools.cli.ExitCode;
import io.doorbell.tools.cli.UserError;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;

/**
 * A number of messages for each of a number of clients: timed from the first message to the moment at which all have been
 * handed to the kernel. The next time begins when the clients have all of them. The first of two pinned threads sends;
 * the clients read on the other processor.
 */
abstract class FanOut extends Contestant<FanOut.Result> {
    private static final long LONGEST_NANOS = 10_000_000_000L;
    private static final int DIGITS = 3;
    private static final int COUNTED = 20;
    /** Ethernet, IPv4, and TCP with timestamps. */
    private static final int HEADERS_BYTES = 14 + 20 + 32;
    private static final int TURNS_BETWEEN_CHECKS = 1_000;

    /**
     * What one round yields.
     *
     * @param p50Nanos       half of the fan-outs took no longer
     * @param callP50Nanos   half of the fan-outs spent no longer in the kernel; 0 if that is not known
     * @param count          fan-outs
     * @param calls          system calls that sent, of all of them
     * @param packets        frames, of all of them; 0 if that is not known
     * @param allocatedBytes by the sending thread
     */
    record Result(long p50Nanos, long callP50Nanos, long count, long calls, long packets, long allocatedBytes) {
    }

    private final PinnedThreads threads;
    private final FanOutClients clients;
    private final long bytes;
    private final Histogram times = new Histogram(LONGEST_NANOS, DIGITS);
    private final Histogram callTimes = new Histogram(LONGEST_NANOS, DIGITS);
    private long allocated;
    private long calls;
    private long packets;

    /** @param bytes that all clients together get each time */
    FanOut(String name, PinnedThreads threads, FanOutClients clients, long bytes) {
        super(name);
        this.threads = threads;
        this.clients = clients;
        this.bytes = bytes;
    }

    /** Compiled code allocates nothing. Code that is still interpreted does, at each doorbell. */
    @Override
    boolean isWarm() {
        return allocated == 0;
    }

    /** Sends all messages to all clients. */
    abstract void send() throws Exception;

    /** Does what sending leaves to do: to be called until the clients have everything. */
    abstract void settle();

    /** Waits, at the end of a round, until nothing is left to do: nobody attends to it while others are measured. */
    abstract void rest();

    /** How long all system calls have taken, ever; 0 if that is not known. */
    abstract long callNanos();

    /** What the kernel calls the system call that sends. */
    abstract String systemCall();

    /** System calls that have sent something, ever. */
    abstract long calls();

    /** Frames that have left, ever. */
    abstract long packets();

    @Override
    Result round(long nanos) {
        times.reset();
        callTimes.reset();
        threads.play(() -> sendFor(nanos), () -> { }, nanos);
        return new Result(times.getValueAtPercentile(50), callTimes.getValueAtPercentile(50), times.getTotalCount(), calls, packets, allocated);
    }

    /** Frames of one fan-out, as the last round had them; 1 if it had none. */
    final int packetsEach() {
        return (int) Math.max(1, packets / Math.max(1, times.getTotalCount()));
    }

    /** How long each of them was, on average. */
    final int frameBytes() {
        return (int) (bytes / packetsEach()) + HEADERS_BYTES;
    }

    private void sendFor(long nanos) throws Exception {
        long callsBefore = calls();
        long packetsBefore = packets();
        long allocatedBefore = ThreadStatus.allocatedBytes();
        long expected = clients.received();
        long until = System.nanoTime() + nanos;
        do {
            long callNanosBefore = callNanos();
            long begin = System.nanoTime();
            send();
            times.recordValue(Math.min(System.nanoTime() - begin, LONGEST_NANOS));
            callTimes.recordValue(Math.min(callNanos() - callNanosBefore, LONGEST_NANOS));
            expected += bytes;
            await(expected);
        } while (System.nanoTime() - until < 0);
        allocated = ThreadStatus.allocatedBytes() - allocatedBefore;
        calls = calls() - callsBefore;
        packets = packets() - packetsBefore;
        rest();
        if (clients.received() != expected) {
            throw wrong("the clients have got " + (clients.received() - expected) + " bytes too many");
        }
    }

    /**
     * Has the kernel count the system calls of some fan-outs, apart from those that are timed: counting takes time.
     *
     * @return calls for each fan-out
     * @throws UserError if the kernel and {@link #calls} do not agree
     */
    final double callsSeenOutside() {
        AtomicLong seen = new AtomicLong();
        threads.play(() -> {
            try (SystemCallCount outside = SystemCallCount.of(systemCall())) {
                long callsBefore = calls();
                for (int i = 0; i < COUNTED; i++) {
                    long expected = clients.received() + bytes;
                    long before = outside.get();
                    send();
                    seen.addAndGet(outside.get() - before);
                    await(expected);
                    // What is not acknowledged yet may fill a congestion window: then nothing would leave at once.
                    rest();
                }
                long counted = calls() - callsBefore;
                if (counted != seen.get()) {
                    throw wrong("counts " + counted + " system calls where the kernel has seen " + seen.get() + " "
                            + systemCall());
                }
            }
        }, () -> { }, LONGEST_NANOS);
        return (double) seen.get() / COUNTED;
    }

    private void await(long expected) {
        long giveUp = System.nanoTime() + LONGEST_NANOS;
        for (long turns = 1; clients.received() < expected; turns++) {
            settle();
            waiting();
            if (turns % TURNS_BETWEEN_CHECKS == 0) {
                clients.check();
                if (System.nanoTime() - giveUp > 0) {
                    throw wrong("after " + LONGEST_NANOS / 1_000_000_000L + " s the clients still lack "
                            + (expected - clients.received()) + " of " + bytes + " bytes");
                }
            }
        }
    }

    final void waiting() {
        if (threads.failed().raised()) {
            throw wrong("broken off");
        }
    }

    final UserError wrong(String what) {
        return new UserError(ExitCode.FAILED, name() + ": " + what);
    }
}
