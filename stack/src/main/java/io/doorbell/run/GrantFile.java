package io.doorbell.run;

import io.doorbell.grant.GrantBlock;
import io.doorbell.grant.GrantDirectory;
import io.doorbell.grant.GrantedMessage;
import io.doorbell.grant.GrantedSender;
import io.doorbell.link.Link;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * An engine's view of another process's stack: the grants that it offers, and the memory to send by them. The file is the
 * one that the stack's link was given for engines; beside it an engine needs a link of its own to the same network, and
 * the clock of {@link System#nanoTime}, which all processes of a machine share.
 *
 * <p>Any thread; what {@link #claim} returns belongs to the thread of its link.
 */
public final class GrantFile implements AutoCloseable {
    private static final int OTHERS = 077;

    private final Path path;
    private final Arena arena;
    private final MemorySegment memory;
    private final GrantDirectory directory;
    private boolean closed;

    private GrantFile(Path path, Arena arena, MemorySegment memory, GrantDirectory directory) {
        this.path = path;
        this.arena = arena;
        this.memory = memory;
        this.directory = directory;
    }

    /**
     * A grant that the stack offers.
     *
     * @param number        the block's number
     * @param claim         what its claim said
     * @param localAddress  the stack's address, a big-endian int, and so on
     * @param segments      the grant's slots
     * @param message       it is one message that is to be completed ({@link #claimMessage}), and not what comes next
     */
    public record Offer(int number, long claim, int localAddress, int localPort, int remoteAddress, int remotePort,
                        int segments, boolean message) {
    }

    /**
     * Opens the file of a stack that is at work.
     *
     * @throws IOException with what to do, if there is none, if it is another user's or open to others, if it is damaged, or
     *                     if the stack's process has ended
     */
    public static GrantFile open(Path file) throws IOException {
        Map<String, Object> before = attributes(file);
        check(file, before);
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(file, Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE,
                LinkOption.NOFOLLOW_LINKS))) {
            // What was looked at is what was opened.
            if (!before.get("ino").equals(attributes(file).get("ino"))) {
                throw new IOException(file + " was replaced at this moment: try again");
            }
            long bytes = channel.size();
            MemorySegment memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
            GrantDirectory directory = GrantDirectory.of(memory);
            if (bytes == GrantDirectory.bytes(directory.blocks(), directory.slots())) {
                throw new IOException(file + " has no frames: start the stack again, it makes a new one");
            }
            GrantFile opened = new GrantFile(file, arena, memory, directory);
            if (!opened.stackLives()) {
                throw new IOException(file + " is of process " + directory.process()
                        + ", which has ended: start the stack again");
            }
            return opened;
        } catch (IllegalArgumentException e) {
            arena.close();
            throw new IOException(file + ": " + e.getMessage(), e);
        } catch (IOException | RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    private static Map<String, Object> attributes(Path file) throws IOException {
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new IOException("there is no file " + file + ": start the stack first, and give it that name");
        }
        return Files.readAttributes(file, "unix:uid,mode,ino,isRegularFile", LinkOption.NOFOLLOW_LINKS);
    }

    private static void check(Path file, Map<String, Object> attributes) throws IOException {
        if (!(boolean) attributes.get("isRegularFile")) {
            throw new IOException(file + " is not a regular file: name the one that the stack was given");
        }
        if (!attributes.get("uid").equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))) {
            throw new IOException(file + " belongs to another user: run the engine as the stack's user");
        }
        if (((int) attributes.get("mode") & OTHERS) != 0) {
            throw new IOException("others may open " + file + ", who could send in this engine's name: chmod 600 it");
        }
    }

    /** Whether the process of the stack still runs. If not, no grant ever gets bytes again. */
    public boolean stackLives() {
        return ProcessHandle.of(directory.process()).isPresent();
    }

    /** What nobody has claimed yet, at this moment. */
    public List<Offer> offers() {
        List<Offer> offers = new ArrayList<>();
        for (int i = 0; i < directory.blocks(); i++) {
            long claim = directory.claim(i);
            int ports = directory.ports(i);
            Offer offer = new Offer(i, claim, directory.localAddress(i), ports >>> 16, directory.remoteAddress(i),
                    ports & 0xffff, directory.slotsInUse(i), directory.kind(i) == GrantDirectory.MESSAGE);
            // Of one that has changed meanwhile, half might be of another.
            if (claim != 0 && GrantDirectory.process(claim) == 0 && claim == directory.claim(i) && isSane(offer)) {
                offers.add(offer);
            }
        }
        return offers;
    }

    private boolean isSane(Offer offer) {
        return offer.segments > 1 && offer.segments <= directory.slots() && Integer.bitCount(offer.segments) == 1;
    }

    /**
     * Takes an offer to send what comes next on a connection, with the templates that its owner has prepared
     * ({@link GrantedSender#prepared}).
     *
     * @param link the engine's own, to the same network as the stack's
     * @return null if another was first, if it is not offered any more, or if it is one of a message
     * @throws IllegalArgumentException if the templates are damaged; the grant is given back then
     * @throws IllegalStateException    if the link has too few frames for them; the grant is given back then
     */
    public GrantedSender claim(Offer offer, Link link) {
        if (offer.message || !claims(offer)) {
            return null;
        }
        GrantedSender sender = new GrantedSender(directory.block(offer.number, offer.segments), memory,
                directory.regionBase(), link);
        try {
            sender.prepareAll(directory.firstTemplate(offer.number));
        } catch (IllegalArgumentException | IllegalStateException e) {
            sender.giveBack();
            throw e;
        }
        return sender;
    }

    /**
     * Takes an offer to complete a message.
     *
     * @param link the engine's own, to the same network as the stack's
     * @return null if another was first, if it is not offered any more, or if it is none of a message
     * @throws IllegalArgumentException if what the stack says of it is damaged; it is given back then
     * @throws IllegalStateException    if the link has no free frame for it; it is given back then
     */
    public GrantedMessage claimMessage(Offer offer, Link link) {
        if (!offer.message || !claims(offer)) {
            return null;
        }
        GrantBlock block = directory.block(offer.number, offer.segments);
        try {
            return new GrantedMessage(block, memory, directory.regionBase(), link);
        } catch (IllegalArgumentException | IllegalStateException e) {
            GrantedMessage.decline(block);
            throw e;
        }
    }

    private boolean claims(Offer offer) {
        return directory.claim(offer.number, offer.claim, (int) ProcessHandle.current().pid());
    }

    public Path path() {
        return path;
    }

    /**
     * Lets go of the memory: no sender that came from here may be used any more; give each grant back before, with
     * {@link GrantedSender#giveBack}. Idempotent.
     */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            arena.close();
        }
    }
}
