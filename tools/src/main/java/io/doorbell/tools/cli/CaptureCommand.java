package io.doorbell.tools.cli;

import io.doorbell.link.CaptureRingReader;
import io.doorbell.link.PcapWriter;
import io.doorbell.tools.demo.Cleanup;
import io.doorbell.tools.inspect.Condition;
import io.doorbell.tools.inspect.FrameFilter;
import io.doorbell.tools.inspect.StackFile;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code stack-cli capture}. */
@Command(name = "capture", mixinStandardHelpOptions = true,
        description = {"Captures what a running stack receives and sends, as pcap with nanosecond times, until Ctrl-C.",
            "The stack never waits for the capture: what it overtakes is lost, and counted at the end."},
        footer = {"", "A filter is words joined by 'and': host IP, port N, tcp, icmp, arp.", "", "Examples:",
            "  tools/stack-cli capture 4711 -w out.pcap --count 1000 host 10.0.0.3 and port 80",
            "  tools/stack-cli capture 4711 -w - | tshark -r -"})
final class CaptureCommand extends InspectCommand {
    private static final long WANTED_NANOS = 2_000_000_000L;
    private static final int BATCH = 64;
    /** Gathered before it is written, so that it is in a near cache still; a look at the ring adds a few frames more. */
    private static final int BLOCK_BYTES = 1 << 16;
    /** To wake up costs what some eighty frames do: a slow stack is looked at seldom, a fast one before its ring is full. */
    private static final long SHORTEST_PAUSE_NANOS = 200_000;
    private static final long LONGEST_PAUSE_NANOS = 2_000_000;
    /** Looking at the stack's process costs more than looking at the ring. */
    private static final long CONDITION_NANOS = 100_000_000L;

    @Parameters(index = "0", paramLabel = "PID", description = "The stack.")
    private String stack;

    @Parameters(index = "1..*", paramLabel = "FILTER", description = "Only such frames.")
    private List<String> words = List.of();

    @Option(names = {"-w", "--write"}, paramLabel = "FILE", required = true, description = "Where to; - is standard output.")
    private String target;

    @Option(names = {"-c", "--count"}, paramLabel = "N", defaultValue = "9223372036854775807",
            description = "Stop after so many frames.")
    private long count;

    @Option(names = {"-s", "--snaplen"}, paramLabel = "BYTES", defaultValue = "65535",
            description = "Bytes kept of each frame, at most. Default: ${DEFAULT-VALUE}.")
    private int snaplen;

    @Option(names = "--seconds", paramLabel = "S", defaultValue = "0", description = "Stop after so many seconds.")
    private double seconds;

    private final CaptureRingReader.Sink frames = this::frame;
    private PcapWriter writer;
    private FrameFilter filter;
    private Condition condition = Condition.RUNNING;
    private long epochOffsetNanos;
    private volatile boolean stop;

    @Override
    int run() throws IOException {
        if (snaplen < 1 || snaplen > 65_535 || count < 1) {
            throw UserError.usage("--snaplen is 1 to 65535 and --count 1 or more");
        }
        if (!(seconds >= 0)) {
            throw UserError.usage("--seconds " + seconds + " cannot be: 0 or more");
        }
        filter = FrameFilter.parse(words);
        try (StackFile file = StackFile.openToAsk(directory().find(stack)); Cleanup cleanup = new Cleanup()) {
            if (file.condition() != Condition.RUNNING) {
                throw UserError.environment("stack " + stack + " cannot be captured: " + file.condition().label());
            }
            CaptureRingReader reader = new CaptureRingReader(file.ring());
            Thread self = Thread.currentThread();
            boolean[] finished = {false};
            cleanup.add(() -> await(self, finished));
            try (WritableByteChannel sink = sink(file.path())) {
                writer = new PcapWriter(sink, 1 << 20, snaplen);
                epochOffsetNanos = file.epochOffsetNanos();
                capture(file, reader);
                // Before the hook is let go: the process ends with it.
                say("%d frames captured, %d lost%n", writer.records(), reader.lost() + writer.lost());
            } finally {
                synchronized (finished) {
                    finished[0] = true;
                    finished.notifyAll();
                }
            }
            if (writer.failure() != null) {
                throw cannotWrite(writer.failure().getMessage());
            }
        }
        return ExitCode.OK;
    }

    /** On Ctrl-C: lets what was read be written before the process ends. */
    private void await(Thread capturing, boolean[] finished) throws InterruptedException {
        stop = true;
        if (Thread.currentThread() != capturing) {
            synchronized (finished) {
                while (!finished[0]) {
                    finished.wait(2_000);
                }
            }
        }
    }

    private UserError cannotWrite(String why) {
        return UserError.environment("cannot write to " + (target.equals("-") ? "standard output" : target) + ": " + why);
    }

    /** @param shown where the stack shows itself: to begin a capture there would take the ground from under the stack */
    private WritableByteChannel sink(Path shown) throws IOException {
        if (target.equals("-")) {
            return new FileOutputStream(FileDescriptor.out).getChannel();
        }
        Path path = Path.of(target);
        try {
            if (Files.exists(path) && Files.isSameFile(path, shown)) {
                throw UserError.usage(target + " is where the stack shows itself: give another file");
            }
            return FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
                    StandardOpenOption.TRUNCATE_EXISTING);
        } catch (FileSystemException e) {
            throw cannotWrite(e instanceof NoSuchFileException ? "its directory does not exist" : UserError.why(e));
        }
    }

    private void capture(StackFile file, CaptureRingReader reader) throws IOException {
        long start = System.nanoTime();
        long conditionDue = start;
        long wantedNanos = 0;
        long pause = SHORTEST_PAUSE_NANOS;
        writer.drain();
        while (!stop && writer.records() < count && writer.failure() == null) {
            long heartbeat = file.heartbeatNanos();
            if (heartbeat + WANTED_NANOS / 2 >= wantedNanos) {
                boolean first = wantedNanos == 0;
                wantedNanos = heartbeat + WANTED_NANOS;
                // A filter sees more of a frame than may be wanted of it.
                reader.want(wantedNanos, Math.max(snaplen, FrameFilter.MOST_BYTES));
                if (first) {
                    say("capturing stack %s, %d bytes of each frame at most; Ctrl-C ends it%n", stack, snaplen);
                }
            }
            long unread = reader.unreadBytes();
            take(reader, unread);
            writer.drain();
            long now = System.nanoTime();
            if (seconds > 0 && now - start > seconds * 1e9) {
                break;
            }
            if (now - conditionDue >= 0) {
                conditionDue = now + CONDITION_NANOS;
                if (unread == 0 && over(file)) {
                    break;
                }
            }
            pause = pause(pause, unread, reader.capacity());
            LockSupport.parkNanos(pause);
        }
        // What was in the ring already when Ctrl-C came belongs to the capture; a stack at full rate adds to it meanwhile.
        take(reader, reader.unreadBytes());
        writer.drain();
    }

    /** Whether nothing more can come. A stack that pauses may go on: that is said, and waited for. */
    private boolean over(StackFile file) {
        Condition now = file.condition();
        if (now != condition && now != Condition.RUNNING) {
            say("stack %s: %s, %s%n", stack, now.label(), silent(file));
        }
        condition = now;
        return now == Condition.CLOSED || now == Condition.DIED;
    }

    /** How long to wait before the next look if there were so many bytes at this one; 0 if it was too late nearly. */
    static long pause(long last, long unread, long capacity) {
        if (unread > capacity / 2) {
            return 0;
        }
        if (unread > capacity / 4) {
            return Math.max(SHORTEST_PAUSE_NANOS, last / 2);
        }
        return unread > capacity / 8 ? Math.max(SHORTEST_PAUSE_NANOS, last) : Math.clamp(last * 2, SHORTEST_PAUSE_NANOS,
                LONGEST_PAUSE_NANOS);
    }

    /** Takes so many bytes of the ring, or more; fewer if the capture is complete or nothing more can be written. */
    private void take(CaptureRingReader reader, long bytes) {
        long end = reader.position() + bytes;
        while (reader.position() < end && writer.records() < count && writer.failure() == null) {
            if (writer.pending() > BLOCK_BYTES) {
                writer.drain();
            }
            writer.mark();
            int read = reader.read(frames, BATCH);
            if (read == CaptureRingReader.OVERTAKEN) {
                writer.takeBack();
            } else if (read == 0) {
                return;
            }
        }
    }

    private void say(String format, Object... arguments) {
        err().printf(Locale.ROOT, format, arguments);
        err().flush();
    }

    private void frame(MemorySegment memory, long offset, int kept, int frameLength, long timeNanos) {
        if (writer.records() < count && filter.matches(memory, offset, kept)) {
            writer.write(memory, offset, Math.min(kept, snaplen), frameLength, timeNanos + epochOffsetNanos);
        }
    }
}
