package io.doorbell.run;

import io.doorbell.counters.InspectionBlock;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An {@link InspectionBlock} in a file that only its owner can read, for {@code stack-cli}: hand {@link #block} to
 * {@code TcpStack.on(link).inspection(...)}, and close the file after the stack. The times handed to the stack's
 * {@code poll} must be those of {@link System#nanoTime}. If the process dies the file stays, with the last state.
 */
public final class PublishedFile implements AutoCloseable {
    /** Connections that are shown, if not said otherwise. */
    public static final int DEFAULT_ROWS = 4096;
    /** Memory for captures, if not said otherwise. */
    public static final int DEFAULT_CAPTURE_BYTES = 4 << 20;
    /** What a file's name ends with; before it stand the process and, from its second stack on, a number. */
    public static final String SUFFIX = ".stack";
    /** The environment variable that names the directory, if it is not to be one of the usual ones. */
    public static final String DIRECTORY_VARIABLE = "DOORBELL_DIR";

    private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final FileAttribute<Set<PosixFilePermission>> OWNERS_DIRECTORY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    private static final AtomicInteger STACKS = new AtomicInteger();

    private final Path path;
    private final Arena arena;
    private final InspectionBlock block;
    private boolean closed;

    private PublishedFile(Path path, Arena arena, InspectionBlock block) {
        this.path = path;
        this.arena = arena;
        this.block = block;
    }

    /** Where files may be, the best place first: what the environment says, {@code /run}, the user's, the temporary one. */
    public static List<Path> directories() {
        String chosen = System.getenv(DIRECTORY_VARIABLE);
        if (chosen != null && !chosen.isEmpty()) {
            return List.of(Path.of(chosen));
        }
        List<Path> found = new ArrayList<>();
        found.add(Path.of("/run/doorbell"));
        String runtime = System.getenv("XDG_RUNTIME_DIR");
        if (runtime != null && !runtime.isEmpty()) {
            found.add(Path.of(runtime, "doorbell"));
        }
        found.add(Path.of(System.getProperty("java.io.tmpdir"), "doorbell-" + System.getProperty("user.name")));
        return found;
    }

    /** Makes a file of the usual size in the first of the {@link #directories} that can be had. */
    public static PublishedFile open() throws IOException {
        IOException last = null;
        for (Path directory : directories()) {
            try {
                return open(directory, DEFAULT_ROWS, DEFAULT_CAPTURE_BYTES);
            } catch (IOException e) {
                last = e;
            }
        }
        throw new IOException("no place for the file that shows the stack: " + last.getMessage() + "; set "
                + DIRECTORY_VARIABLE + " to a directory that only this user can write", last);
    }

    /**
     * Makes a file.
     *
     * @param directory    made if there is none; else it must be this user's and nobody else may write there
     * @param rows         connections that can be shown at once
     * @param captureBytes memory for captures; 0 if there are to be none
     */
    public static PublishedFile open(Path directory, int rows, int captureBytes) throws IOException {
        makeDirectory(directory);
        ProcessHandle self = ProcessHandle.current();
        int number = STACKS.incrementAndGet();
        String name = number == 1 ? self.pid() + SUFFIX : self.pid() + "." + number + SUFFIX;
        Path path = directory.resolve(name);
        // Nobody must see the file before its header is there: it is made under another name.
        Path unfinished = directory.resolve("." + name);
        Files.deleteIfExists(unfinished);
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(unfinished, Set.of(StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ, StandardOpenOption.WRITE), OWNER_ONLY)) {
            long length = InspectionBlock.bytes(rows, captureBytes);
            allocate(channel, length);
            MemorySegment memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, length, arena);
            InspectionBlock block = create(memory, self, rows, captureBytes);
            // A file of that name is of an earlier process with this number.
            Files.deleteIfExists(path);
            Files.move(unfinished, path);
            return new PublishedFile(path, arena, block);
        } catch (IOException | RuntimeException | Error e) {
            arena.close();
            Files.deleteIfExists(unfinished);
            throw e;
        }
    }

    private static InspectionBlock create(MemorySegment memory, ProcessHandle self, int rows, int captureBytes) {
        long startMillis = self.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
        Instant now = Instant.now();
        long epochNanos = now.getEpochSecond() * 1_000_000_000L + now.getNano();
        return InspectionBlock.create(memory, rows, captureBytes, self.pid(), startMillis, epochNanos,
                epochNanos - System.nanoTime());
    }

    /** Takes the pages for good: a store to one that the file system cannot give later would kill the stack's thread. */
    private static void allocate(FileChannel channel, long length) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocate(1 << 16);
        for (long at = 0; at < length; ) {
            zeros.clear().limit((int) Math.min(zeros.capacity(), length - at));
            at += channel.write(zeros, at);
        }
    }

    private static void makeDirectory(Path directory) throws IOException {
        try {
            Files.createDirectory(directory, OWNERS_DIRECTORY);
        } catch (FileAlreadyExistsException e) {
            Object owner = Files.getAttribute(directory, "unix:uid", LinkOption.NOFOLLOW_LINKS);
            if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)
                    || !owner.equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))) {
                throw new IOException(directory + " is not a directory of this user: remove it", e);
            }
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(directory);
            if (permissions.contains(PosixFilePermission.GROUP_WRITE)
                    || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
                throw new IOException("others may write in " + directory + ": chmod 700 it", e);
            }
        }
    }

    /** What to give the stack; valid until {@link #close}. */
    public InspectionBlock block() {
        return block;
    }

    public Path path() {
        return path;
    }

    /** Removes the file. The stack must have been closed, or must not be polled again. Idempotent. */
    @Override
    public void close() throws IOException {
        if (!closed) {
            closed = true;
            Files.deleteIfExists(path);
            arena.close();
        }
    }
}
