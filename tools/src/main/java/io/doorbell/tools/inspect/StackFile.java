package io.doorbell.tools.inspect;

import io.doorbell.counters.ConnectionField;
import io.doorbell.counters.InspectionLayout;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The file in which a stack shows itself ({@link InspectionLayout}), read without the stack's knowledge. Nothing in it is
 * trusted: every number is checked against the file's length before it is used. One thread.
 */
public final class StackFile implements AutoCloseable {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final VarHandle SHARED = LONG.varHandle();
    private static final long MAX_LENGTH = 1L << 40;
    /** A row that is being written whenever it is looked at is given up, and counted. */
    private static final int ATTEMPTS = 1000;
    /** How often and how long one look at all rows waits for a row that is half written. */
    private static final int PAUSES = 300;
    private static final long PAUSE_NANOS = 100_000;
    private static final Integer ROOT = 0;
    /** An answer of a stack that polls without a pause comes sooner than a thread can be woken. */
    private static final int SPINS = 2000;
    private static final long STALE_NANOS = 1_000_000_000L;

    private final Path path;
    private final Arena arena;
    private final MemorySegment memory;
    private final List<String> counterNames;
    private final List<String> gaugeNames;
    private final int[] places;
    private final List<String> fieldNames;
    private int torn;
    private int pauses;

    private StackFile(Path path, Arena arena, MemorySegment memory) throws StackFileException {
        this.path = path;
        this.arena = arena;
        this.memory = memory;
        checkHeader();
        List<String> names = names();
        int counters = (int) header(InspectionLayout.SLOT_COUNTERS);
        int gauges = (int) header(InspectionLayout.SLOT_GAUGES);
        counterNames = names.subList(0, counters);
        gaugeNames = names.subList(counters, counters + gauges);
        fieldNames = names.subList(counters + gauges, names.size());
        places = Arrays.stream(ConnectionField.values()).mapToInt(field -> fieldNames.indexOf(field.label())).toArray();
    }

    /** Opens a file to read. */
    public static StackFile open(Path path) throws IOException {
        return open(path, false);
    }

    /** Opens a file to ask its stack for something, too: only its owner and root may. */
    public static StackFile openToAsk(Path path) throws IOException {
        return open(path, true);
    }

    private static StackFile open(Path path, boolean ask) throws IOException {
        Arena arena = Arena.ofConfined();
        Set<StandardOpenOption> how = ask ? Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE)
                : Set.of(StandardOpenOption.READ);
        try {
            if (ask) {
                checkOwner(path);
            }
            if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) && Files.exists(path)) {
                throw new StackFileException(path + " is not a regular file");
            }
            try (FileChannel channel = FileChannel.open(path, how)) {
                long length = channel.size();
                if (length < InspectionLayout.HEADER_LENGTH || length > MAX_LENGTH) {
                    throw new StackFileException(path + " is damaged: it has " + length + " bytes");
                }
                MemorySegment memory = channel.map(ask ? FileChannel.MapMode.READ_WRITE : FileChannel.MapMode.READ_ONLY,
                        0, length, arena);
                return new StackFile(path, arena, memory);
            }
        } catch (NoSuchFileException e) {
            arena.close();
            throw new StackFileException(path + " is gone: its stack was closed");
        } catch (AccessDeniedException e) {
            arena.close();
            throw new StackFileException(path + " is somebody else's: only its owner can read it");
        } catch (IOException | RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    private static void checkOwner(Path path) throws IOException {
        Object owner = Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        Object self = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        if (!owner.equals(self) && !self.equals(ROOT)) {
            throw new StackFileException(path + " is somebody else's: only its owner ("
                    + Files.getOwner(path, LinkOption.NOFOLLOW_LINKS).getName() + ") may ask its stack for anything");
        }
    }

    // ---- what is checked before anything is believed

    private void checkHeader() throws StackFileException {
        if (header(InspectionLayout.SLOT_MAGIC) != InspectionLayout.MAGIC) {
            throw new StackFileException(path + " does not show a stack: it does not begin as such a file does");
        }
        long version = header(InspectionLayout.SLOT_VERSION);
        if (version != InspectionLayout.VERSION) {
            throw new StackFileException(path + " is of version " + version + " and this stack-cli reads version "
                    + InspectionLayout.VERSION + ": use the stack-cli that came with that stack");
        }
        require(header(InspectionLayout.SLOT_LENGTH) <= memory.byteSize(), "it is shorter than it says");
        long rowLength = header(InspectionLayout.SLOT_ROW_LENGTH);
        long fields = header(InspectionLayout.SLOT_FIELDS);
        requireCount(InspectionLayout.SLOT_COUNTERS, InspectionLayout.SLOT_GAUGES, InspectionLayout.SLOT_FIELDS,
                InspectionLayout.SLOT_LISTENERS);
        require(rowLength >= 8 + fields * 8 && rowLength <= 1 << 20 && rowLength % 8 == 0, "its rows cannot be that long");
        long rows = header(InspectionLayout.SLOT_ROWS);
        require(rows >= 0 && rows <= Integer.MAX_VALUE, "it cannot have that many rows");
        requirePart(InspectionLayout.HEADER_LENGTH, header(InspectionLayout.SLOT_NAMES_LENGTH));
        requirePart(header(InspectionLayout.SLOT_TEXT_OFFSET), InspectionLayout.TEXT_LENGTH);
        requirePart(header(InspectionLayout.SLOT_COUNTERS_OFFSET), header(InspectionLayout.SLOT_COUNTERS) * 8);
        requirePart(header(InspectionLayout.SLOT_GAUGES_OFFSET), header(InspectionLayout.SLOT_GAUGES) * 8);
        requirePart(header(InspectionLayout.SLOT_LISTENERS_OFFSET),
                header(InspectionLayout.SLOT_LISTENERS) * InspectionLayout.LISTENER_LENGTH);
        requirePart(header(InspectionLayout.SLOT_PAGE_OFFSET), InspectionLayout.PAGE_LENGTH);
        requirePart(header(InspectionLayout.SLOT_ROWS_OFFSET), rows * rowLength);
        requirePart(header(InspectionLayout.SLOT_RING_OFFSET), header(InspectionLayout.SLOT_RING_LENGTH));
    }

    private void require(boolean right, String what) throws StackFileException {
        if (!right) {
            throw new StackFileException(path + " is damaged: " + what);
        }
    }

    private void requireCount(int... slots) throws StackFileException {
        for (int slot : slots) {
            require(header(slot) >= 0 && header(slot) <= 1 << 16, "it cannot have that many entries");
        }
    }

    private void requirePart(long offset, long length) throws StackFileException {
        require(offset >= 0 && length >= 0 && offset <= memory.byteSize() && length <= memory.byteSize() - offset
                && (offset & 7) == 0, "a part of it lies outside of it");
    }

    private List<String> names() throws StackFileException {
        long length = header(InspectionLayout.SLOT_NAMES_LENGTH);
        require(length <= 1 << 20, "its names are too long");
        String text = text(InspectionLayout.HEADER_LENGTH, (int) length);
        List<String> names = List.of(text.split("\n"));
        long expected = header(InspectionLayout.SLOT_COUNTERS) + header(InspectionLayout.SLOT_GAUGES)
                + header(InspectionLayout.SLOT_FIELDS);
        require(names.size() == expected, "it has " + names.size() + " names for " + expected + " numbers");
        return names.stream().map(StackFile::printable).toList();
    }

    private String text(long offset, int length) {
        byte[] bytes = new byte[length];
        MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, offset, bytes, 0, length);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** What could steer a terminal is not shown. */
    private static String printable(String text) {
        return text.replaceAll("\\P{Print}", "?");
    }

    private long header(int slot) {
        return memory.get(LONG, slot);
    }

    // ---- the stack as a whole

    public Path path() {
        return path;
    }

    public long pid() {
        return header(InspectionLayout.SLOT_PID);
    }

    /** Nanoseconds since 1970. */
    public long startNanos() {
        return header(InspectionLayout.SLOT_START_NANOS);
    }

    /** The stack's time when it was last polled. */
    public long heartbeatNanos() {
        return (long) SHARED.getOpaque(memory, (long) InspectionLayout.HEARTBEAT_NANOS);
    }

    public long epochOffsetNanos() {
        return header(InspectionLayout.SLOT_EPOCH_OFFSET_NANOS);
    }

    public long polls() {
        return (long) SHARED.getOpaque(memory, (long) InspectionLayout.POLLS);
    }

    /** How long ago the stack was polled last. */
    public long silentNanos() {
        Instant now = Instant.now();
        long nowNanos = now.getEpochSecond() * 1_000_000_000L + now.getNano();
        return Math.max(0, nowNanos - (heartbeatNanos() + epochOffsetNanos()));
    }

    /** What has become of the stack. */
    public Condition condition() {
        if ((long) SHARED.getOpaque(memory, (long) InspectionLayout.CLOSED) != 0) {
            return Condition.CLOSED;
        }
        ProcessHandle process = pid() <= 0 ? null : ProcessHandle.of(pid()).orElse(null);
        if (process == null || !process.isAlive()) {
            return Condition.DIED;
        }
        long started = process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
        long expected = header(InspectionLayout.SLOT_PROCESS_START_MILLIS);
        // The kernel tells the start in ticks since it was booted: the same process may seem a little older or younger.
        if (started != 0 && expected != 0 && Math.abs(started - expected) > 2_000) {
            return Condition.DIED;
        }
        return polls() == 0 || silentNanos() > STALE_NANOS ? Condition.NOT_POLLED : Condition.RUNNING;
    }

    /** What carries the frames and how. */
    public String linkMode() {
        String text = text(header(InspectionLayout.SLOT_TEXT_OFFSET), InspectionLayout.TEXT_LENGTH);
        int end = text.indexOf('\0');
        return printable(end < 0 ? text : text.substring(0, end));
    }

    /** Counters by name, in the file's order. */
    public Map<String, Long> counters() {
        return numbers(counterNames, header(InspectionLayout.SLOT_COUNTERS_OFFSET));
    }

    /** Gauges by name, in the file's order. */
    public Map<String, Long> gauges() {
        return numbers(gaugeNames, header(InspectionLayout.SLOT_GAUGES_OFFSET));
    }

    private Map<String, Long> numbers(List<String> names, long offset) {
        Map<String, Long> numbers = new java.util.LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) {
            numbers.put(names.get(i), (long) SHARED.getOpaque(memory, offset + i * 8L));
        }
        return numbers;
    }

    /** Ports in LISTEN. */
    public List<ListenerRow> listeners() {
        List<ListenerRow> found = new ArrayList<>();
        long offset = header(InspectionLayout.SLOT_LISTENERS_OFFSET);
        for (long i = 0; i < header(InspectionLayout.SLOT_LISTENERS); i++) {
            long at = offset + i * InspectionLayout.LISTENER_LENGTH;
            long port = memory.get(LONG, at);
            if (port != 0) {
                found.add(new ListenerRow(port, memory.get(LONG, at + 8), memory.get(LONG, at + 16),
                        memory.get(LONG, at + 24), memory.get(LONG, at + 32), memory.get(LONG, at + 40),
                        memory.get(LONG, at + 48)));
            }
        }
        return found;
    }

    /** Connections that found no free row, each time something happened to them. */
    public long rowsMissing() {
        return (long) SHARED.getOpaque(memory, (long) InspectionLayout.ROWS_MISSING);
    }

    /** The memory for captures. */
    public MemorySegment ring() throws StackFileException {
        long length = header(InspectionLayout.SLOT_RING_LENGTH);
        require(length > 0, "its stack keeps no memory for captures");
        return memory.asSlice(header(InspectionLayout.SLOT_RING_OFFSET), length);
    }

    // ---- connections

    /** Every connection, each as it was at one moment. */
    public List<ConnectionRow> connections() {
        List<ConnectionRow> found = new ArrayList<>();
        forEachConnection(row -> found.add(row.copy()));
        return found;
    }

    /** Shows {@code visitor} every connection, each as it was at one moment; the row is valid during the call. */
    public void forEachConnection(Consumer<ConnectionRow> visitor) {
        long used = Math.clamp((long) SHARED.getAcquire(memory, (long) InspectionLayout.ROWS_USED), 0,
                header(InspectionLayout.SLOT_ROWS));
        long length = header(InspectionLayout.SLOT_ROW_LENGTH);
        long rows = header(InspectionLayout.SLOT_ROWS_OFFSET);
        long[] values = new long[fieldNames.size()];
        ConnectionRow shown = new ConnectionRow(fieldNames, places, values);
        torn = 0;
        pauses = 0;
        for (long row = 0; row < used; row++) {
            if (read(rows + row * length, values) && shown.id() != 0) {
                visitor.accept(shown);
            }
        }
    }

    /** Rows that the last look at all connections could not read, because they were always being written. */
    public int torn() {
        return torn;
    }

    /** Whether the row could be read into {@code values}. */
    private boolean read(long at, long[] values) {
        for (int attempt = 0; attempt < ATTEMPTS || pauses < PAUSES; attempt++) {
            long before = (long) SHARED.getAcquire(memory, at);
            if ((before & 1) == 0) {
                MemorySegment.copy(memory, LONG, at + 8, values, 0, values.length);
                VarHandle.loadLoadFence();
                if ((long) SHARED.getOpaque(memory, at) == before) {
                    return true;
                }
            }
            if (attempt < ATTEMPTS) {
                Thread.onSpinWait();
            } else {
                // The stack was put off its processor in the middle of this row; one row at a time can be so.
                pauses++;
                java.util.concurrent.locks.LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
        torn++;
        return false;
    }

    // ---- requests

    /**
     * Asks the stack for something and waits for its answer.
     *
     * @return the result, 0 if it did not answer in time
     */
    public long ask(long operation, long argument, long timeoutNanos) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
                java.nio.channels.FileLock lock = channel.tryLock()) {
            requireLock(lock);
            return exchange(operation, argument, timeoutNanos);
        }
    }

    private static void requireLock(java.nio.channels.FileLock lock) throws StackFileException {
        if (lock == null) {
            throw new StackFileException("somebody else is asking this stack for something: try again");
        }
    }

    private long exchange(long operation, long argument, long timeoutNanos) {
        memory.set(LONG, InspectionLayout.REQUEST_OPERATION, operation);
        memory.set(LONG, InspectionLayout.REQUEST_ARGUMENT, argument);
        long number = memory.get(LONG, InspectionLayout.REQUEST_NUMBER) + 1;
        SHARED.setRelease(memory, (long) InspectionLayout.REQUEST_NUMBER, number);
        long deadline = System.nanoTime() + timeoutNanos;
        for (int tries = 0; (long) SHARED.getAcquire(memory, (long) InspectionLayout.ANSWER_NUMBER) != number; tries++) {
            if (System.nanoTime() - deadline > 0) {
                return 0;
            }
            if (tries < SPINS) {
                Thread.onSpinWait();
            } else {
                java.util.concurrent.locks.LockSupport.parkNanos(100_000);
            }
        }
        return memory.get(LONG, InspectionLayout.ANSWER_RESULT);
    }

    /**
     * Asks the stack for the connections that have no rows: handshakes that are not complete, and TIME-WAIT. What comes
     * or goes meanwhile may be missing.
     *
     * @param timeoutNanos for each answer, of which there are many
     */
    public List<WaitingRow> waiting(long timeoutNanos) throws IOException {
        Set<WaitingRow> found = new java.util.LinkedHashSet<>();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
                java.nio.channels.FileLock lock = channel.tryLock()) {
            requireLock(lock);
            list(found, InspectionLayout.OPERATION_LIST_HALF_OPEN, "SYN-RECEIVED", timeoutNanos);
            list(found, InspectionLayout.OPERATION_LIST_TIME_WAIT, "TIME-WAIT", timeoutNanos);
        }
        return List.copyOf(found);
    }

    private void list(Set<WaitingRow> found, long operation, String state, long timeoutNanos) throws StackFileException {
        long page = header(InspectionLayout.SLOT_PAGE_OFFSET);
        for (long from = 0; from >= 0;) {
            if (exchange(operation, from, timeoutNanos) != InspectionLayout.RESULT_DONE) {
                throw new StackFileException("the stack does not answer");
            }
            long entries = Math.clamp(memory.get(LONG, page), 0, InspectionLayout.PAGE_ENTRIES);
            for (long i = 0; i < entries; i++) {
                long at = page + InspectionLayout.LINE + i * InspectionLayout.PAGE_ENTRY_LENGTH;
                found.add(new WaitingRow(state, (int) memory.get(LONG, at), (int) memory.get(LONG, at + 16),
                        (int) memory.get(LONG, at + 8), (int) memory.get(LONG, at + 24), memory.get(LONG, at + 32),
                        memory.get(LONG, at + 40), memory.get(LONG, at + 48), memory.get(LONG, at + 56)));
            }
            long next = memory.get(LONG, page + 8);
            require(next < 0 || next > from, "its list goes round in circles");
            from = next;
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
