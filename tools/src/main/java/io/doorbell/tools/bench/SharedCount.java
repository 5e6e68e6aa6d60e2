package io.doorbell.tools.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A number that one process counts up and another one sees, in memory that both map. One thread adds. */
final class SharedCount implements AutoCloseable {
    /** A file system in memory: to write to the page costs no disk's time. */
    private static final Path DIRECTORY = Path.of("/dev/shm");
    private static final VarHandle COUNT = ValueLayout.JAVA_LONG.varHandle();

    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory;
    private final Path file;

    private SharedCount(Path file) {
        this.file = file;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, Long.BYTES, arena);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A new count, 0, in a file that is to be {@link #unlink}ed when the other process has it, too. */
    static SharedCount create() {
        try {
            return new SharedCount(Files.createTempFile(DIRECTORY, "doorbell", ".count"));
        } catch (IOException e) {
            throw new UncheckedIOException("a file in " + DIRECTORY + " is needed, and could not be made: "
                    + e.getMessage(), e);
        }
    }

    /** That of another process. */
    static SharedCount open(Path file) {
        return new SharedCount(file);
    }

    Path file() {
        return file;
    }

    long get() {
        return (long) COUNT.getAcquire(memory, 0L);
    }

    void add(long amount) {
        COUNT.setRelease(memory, 0L, (long) COUNT.get(memory, 0L) + amount);
    }

    /** Takes the file's name away: from now on it lasts as long as somebody maps it. Idempotent. */
    void unlink() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
