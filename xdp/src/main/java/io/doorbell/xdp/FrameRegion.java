package io.doorbell.xdp;

import io.doorbell.grant.GrantDirectory;
import io.doorbell.xdp.ffi.Errno;
import io.doorbell.xdp.ffi.Libc;
import io.doorbell.xdp.ffi.SystemCallException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The memory of a link's frames. If engines of other processes are to write to some, those, at its end, are pages of a
 * file; in front of them in the file, but not among the frames, lies the directory of grants:
 * <pre>
 *   frames     | the stack's own, anonymous           | engines' |
 *   file                                  | directory | engines' |
 * </pre>
 */
final class FrameRegion {
    /** The files of this process's links. */
    private static final Set<Path> OPEN = ConcurrentHashMap.newKeySet();
    private static final int READ_WRITE = Libc.PROT_READ | Libc.PROT_WRITE;

    /** What is registered with the kernel. */
    final MemorySegment frames;
    final int engineFrames;
    /** Null if there are no engines of other processes. */
    final MemorySegment directory;
    private final Path file;

    private FrameRegion(MemorySegment frames, int engineFrames, MemorySegment directory, Path file) {
        this.frames = frames;
        this.engineFrames = engineFrames;
        this.directory = directory;
        this.file = file;
    }

    /**
     * @param count   the stack's own frames
     * @param engines null if there are none
     * @param arena   how long it is mapped
     */
    static FrameRegion map(int count, int frameSize, EngineMemory engines, Arena arena) {
        int engineFrames = engines == null ? 0 : engines.frames();
        long own = (long) count * frameSize;
        if (engines != null && own % GrantDirectory.PAGE_BYTES != 0) {
            throw new IllegalArgumentException(count + " frames: give an even number, as engines' frames begin on a page");
        }
        // Populated at once: the kernel pins every page anyway.
        MemorySegment frames = segment(MemorySegment.NULL, own + (long) engineFrames * frameSize,
                Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS | Libc.MAP_POPULATE, -1, 0, "use fewer frames");
        MemorySegment region = frames.reinterpret(arena, area -> Libc.munmap(Errno.ofThread(), area, area.byteSize()));
        if (engines == null) {
            return new FrameRegion(region, 0, null, null);
        }
        Path file = engines.file().toAbsolutePath();
        try {
            create(file, engines, frameSize);
        } catch (IOException e) {
            throw new UncheckedIOException("the file for engines, " + file + ", cannot be made (" + e.getMessage()
                    + "): name one in a directory that this user may write to, such as /dev/shm", e);
        }
        try {
            return shared(region, own, file, engines, frameSize, arena);
        } catch (RuntimeException | Error e) {
            delete(file);
            throw e;
        }
    }

    private static FrameRegion shared(MemorySegment region, long own, Path file, EngineMemory engines, int frameSize,
                                      Arena arena) {
        long ahead = GrantDirectory.bytes(engines.grants(), engines.segments());
        int fd;
        try (Arena local = Arena.ofConfined()) {
            fd = SystemCallException.check("open " + file, Libc.open(Errno.ofThread(),
                    local.allocateFrom(file.toString()), Libc.O_RDWR | Libc.O_CLOEXEC | Libc.O_NOFOLLOW, 0));
        }
        try {
            segment(region.asSlice(own), region.byteSize() - own,
                    Libc.MAP_SHARED | Libc.MAP_FIXED | Libc.MAP_POPULATE, fd, ahead, "use fewer frames for engines");
            MemorySegment directory = segment(MemorySegment.NULL, ahead, Libc.MAP_SHARED | Libc.MAP_POPULATE, fd, 0,
                    "use fewer grants").reinterpret(arena, area -> Libc.munmap(Errno.ofThread(), area, area.byteSize()));
            GrantDirectory.create(directory, ProcessHandle.current().pid(), engines.grants(), engines.segments(),
                    frameSize, engines.frames(), own);
            OPEN.add(file);
            return new FrameRegion(region, engines.frames(), directory, file);
        } finally {
            Libc.close(Errno.ofThread(), fd);
        }
    }

    private static MemorySegment segment(MemorySegment at, long bytes, int flags, int fd, long fileOffset, String fix) {
        long address = Libc.mmap(Errno.ofThread(), at, bytes, READ_WRITE, flags, fd, fileOffset);
        if (address < 0) {
            throw new SystemCallException("mmap of " + bytes + " bytes of frames", (int) -address, fix);
        }
        return MemorySegment.ofAddress(address).reinterpret(bytes);
    }

    /**
     * All of its pages are written: a store to one that the file system cannot give later would kill the process. One of
     * that name of an earlier process goes; who has it mapped keeps what he has.
     */
    private static void create(Path file, EngineMemory engines, int frameSize) throws IOException {
        requireMine(file);
        Files.deleteIfExists(file);
        long length = GrantDirectory.bytes(engines.grants(), engines.segments()) + (long) engines.frames() * frameSize;
        try (FileChannel channel = FileChannel.open(file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            ByteBuffer zeros = ByteBuffer.allocate(1 << 16);
            for (long at = 0; at < length; ) {
                zeros.clear().limit((int) Math.min(zeros.capacity(), length - at));
                at += channel.write(zeros, at);
            }
        } catch (IOException e) {
            Files.deleteIfExists(file);
            throw e;
        }
    }

    /** Whatever stands in the way is removed only if it is what this makes. */
    private static void requireMine(Path file) throws IOException {
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        boolean ours = Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
        long process = 0;
        if (ours) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ); Arena arena = Arena.ofConfined()) {
                process = GrantDirectory.of(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena)).process();
            } catch (IllegalArgumentException e) {
                ours = false;
            }
        }
        if (!ours) {
            throw new IOException("there is something else of that name, which is not touched");
        }
        // An earlier process may have had this one's number.
        boolean own = process == ProcessHandle.current().pid();
        if (own && OPEN.contains(file) || !own && ProcessHandle.of(process).isPresent()) {
            throw new IOException("process " + process + " has it: a file for each link");
        }
    }

    /** Removes the file, if there is one. */
    void unlink() {
        if (file != null && OPEN.remove(file)) {
            delete(file);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException("the file for engines, " + file + ", cannot be removed", e);
        }
    }
}
